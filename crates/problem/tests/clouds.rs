//! Points from files and from arrays.

use ansatz_problem::{Array, PointSet, Problem, ProblemError, Region, Sampler, Shape};

const FILE: &str = r#"fields = ["u"]
time = { t = [0, 2] }

[coordinates]
x = [0, 0.1]

[[equation]]
residual = "u_t = u_xx"

[[boundary]]
on = "all"
residual = "u = 0"

[[initial]]
residual = "u = 0"

[[points]]
points_file = "data.npy"
residual = "u"

[method]
points_file = "cloud.npy"
"#;

/// The problem where `data.npy` and `cloud.npy` hold these.
fn with(data: (&[usize], &[f64]), cloud: (&[usize], &[f64])) -> Result<Problem, ProblemError> {
    let array = |(shape, values): (&[usize], &[f64])| Array::new(shape.to_vec(), values.to_vec());
    Problem::parse_with("p.toml", FILE, &[], &|name, most| {
        assert_eq!(most, if name == "data.npy" { 30_000_000 } else { 20_000_000 });
        Ok(array(if name == "data.npy" { data } else { cloud }))
    })
}

const DATA: (&[usize], &[f64]) = (&[2, 3], &[0.05, 0.5, 7.0, 0.01, 1.5, 8.0]);
const CLOUD: (&[usize], &[f64]) = (&[2, 2], &[0.05, 0.5, 0.02, 1.0]);

#[test]
fn rows_are_points_with_values() {
    let problem = with(DATA, CLOUD).unwrap();
    let cloud = problem.cloud.unwrap();
    assert_eq!(cloud.file.as_deref(), Some("cloud.npy"));
    assert_eq!(cloud.points.coordinates, CLOUD.1);
    let Region::Points(points) = &problem.conditions[3].region else { panic!("no points") };
    assert_eq!(points.coordinates, [0.05, 0.5, 0.01, 1.5]);
    assert_eq!(points.values.as_deref(), Some(&[7.0, 8.0][..]));
    // A time window has the points in it, with their values.
    let window = problem.domain.clone().over("t", [1.0, 2.0]);
    let there = window.sample(&problem.conditions[3].region, 0, Sampler::Sobol, 0).unwrap();
    assert_eq!((there.coordinates, there.values), (vec![0.01, 1.5], Some(vec![8.0])));
    // The value may be left out.
    let problem = with((&[1, 2], &[0.05, 0.5]), CLOUD).unwrap();
    let Region::Points(points) = &problem.conditions[3].region else { panic!("no points") };
    assert_eq!(points.values, None);
}

#[test]
fn ends_in_f32_are_ends() {
    let end = f64::from(0.1f32);
    assert!(end > 0.1);
    assert_eq!(with(DATA, (&[1, 2], &[end, 1.0])).unwrap().cloud.unwrap().points.coordinates, [0.1, 1.0]);
}

#[test]
fn wrong_arrays_are_said_with_key_row_and_remedy() {
    for (data, cloud, parts) in [
        (
            DATA,
            (&[2, 3][..], DATA.1),
            &[
                "p.toml:22:",
                "method.points_file",
                "`cloud.npy`: 3 columns",
                "expected 2, one for each of x, t",
            ][..],
        ),
        (DATA, (&[4], CLOUD.1), &["`cloud.npy`: 1 column"]),
        (DATA, (&[1, 2, 2], CLOUD.1), &["3 dimensions"]),
        (DATA, (&[0, 2], &[]), &["there are no points"]),
        (DATA, (&[2, 2], &[0.05, 0.5, f64::NAN, 1.0]), &["`cloud.npy`: point 2 holds NaN", "remove its row"]),
        (DATA, (&[1, 2], &[0.05, f64::INFINITY]), &["point 1 holds inf"]),
        (
            DATA,
            (&[2, 2], &[0.05, 0.5, 0.2, 1.0]),
            &["p.toml:22:", "point 2, (0.2, 1), lies outside", "remove its row"],
        ),
        (DATA, (&[1, 2], &[1e300, 1.0]), &["(1e300, 1)"]),
        (
            (&[1, 4], &[0.0; 4]),
            CLOUD,
            &["p.toml:18:", "points[1].points_file", "4 columns", "one more for the value"],
        ),
        ((&[1, 3], &[0.05, 0.5, f64::NAN]), CLOUD, &["`data.npy`: point 1 holds NaN"]),
        ((&[1, 3], &[0.05, 2.5, 0.0]), CLOUD, &["points[1].points_file", "(0.05, 2.5), lies outside"]),
    ] {
        let message = with(data, cloud).unwrap_err().to_string();
        for part in parts.iter().chain(&["expected", " — "]) {
            assert!(message.contains(part), "`{part}` is missing in: {message}");
        }
    }
}

#[test]
fn a_text_without_a_folder_has_no_files() {
    let message = Problem::parse("p.toml", FILE, &[]).unwrap_err().to_string();
    assert!(message.starts_with("p.toml:18:15: points[1].points_file: `data.npy`: "), "{message}");
    for (old, new, part) in [
        ("[method]", "[method]\npoints = 5", "`points_file` beside `points`"),
        (
            "points_file = \"data.npy\"",
            "at = [[0, 0]]\npoints_file = \"data.npy\"",
            "the points are given twice",
        ),
        ("points_file = \"data.npy\"", "", "it is not said at which points it holds"),
        ("points_file = \"data.npy\"", "points_file = 3", "a text in quotes"),
    ] {
        let array = Array::new(vec![1, 2], vec![0.05, 1.0]);
        let read = Problem::parse_with("p.toml", &FILE.replacen(old, new, 1), &[], &|_, _| Ok(array.clone()));
        let message = read.unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn arrays_in_rust() {
    let square = || {
        let shape = Shape::rectangle([0.0, 1.0], [0.0, 1.0]);
        Problem::on(shape).field("u").equation("laplacian(u) = 0").boundary("all", "u = x")
    };
    let points = || PointSet::new(2, vec![0.5, 0.5, 0.25, 0.75]);
    let problem = square().collocation(points()).at(points().with_values(vec![0.5, 0.25]), "u");
    let problem = problem.exact("u", "x").build().unwrap();
    assert_eq!(problem.cloud.unwrap().points.len(), 2);
    let key = |builder: ansatz_problem::ProblemBuilder| builder.build().unwrap_err().key;
    // The exact solution takes other values.
    assert_eq!(
        key(square().at(points().with_values(vec![0.5, 0.5]), "u").exact("u", "x")),
        "points[1].residual"
    );
    assert_eq!(key(square().at(points().with_values(vec![0.5]), "u")), "points[1].at");
    assert_eq!(key(square().collocation(PointSet::new(2, vec![2.0, 0.0]))), "method.points_file");
}
