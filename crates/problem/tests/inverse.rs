//! Unknown parameters, and measurements.

use ansatz_problem::{Array, Problem, ProblemError, Region, Shape, Unknown};

const FILE: &str = r#"fields = ["u"]
time = { t = [0, 1] }

[unknowns]
k = { start = 1, min = 0, exact = 0.5 }
s = 2

[coordinates]
x = [0, 1]

[[equation]]
residual = "u_t - k*u_xx = s*sin(pi*x)"

[[boundary]]
on = "all"
residual = "u = 0"

[[initial]]
residual = "u = 0"

[[data]]
of = "u"
file = "measured.csv"
noise = 0.1
"#;

/// Where `measured.csv` has these columns, values and lines.
fn with(columns: &[&str], values: &[f64], lines: &[u64]) -> Result<Problem, ProblemError> {
    let width = if columns.is_empty() { 3 } else { columns.len() };
    Problem::parse_with("p.toml", FILE, &[], &|_, _| {
        Ok(Array {
            columns: columns.iter().map(|name| name.to_string()).collect(),
            lines: lines.to_vec(),
            ..Array::new(vec![values.len() / width, width], values.to_vec())
        })
    })
}

#[test]
fn unknowns_are_parameters_that_come_last() {
    let problem = with(&[], &[0.5, 0.5, 3.0, 0.25, 1.0, -4.0], &[1, 2]).unwrap();
    assert_eq!(problem.unknowns.len(), 2);
    assert_eq!(problem.unknowns[0], Unknown::new("k", 1.0).between([0.0, f64::INFINITY]).exactly(0.5));
    // The true value, or where the search begins.
    assert_eq!(problem.parameters, [0.5, 2.0]);
    let data = &problem.conditions[3];
    assert_eq!((data.name.as_str(), data.key.as_str()), ("data[1]", "data[1].of"));
    assert!((data.noise.unwrap() - 0.1 * 12.5f64.sqrt()).abs() < 1e-15);
    let settled = problem.settled(&[3.0, 4.0]);
    assert!(settled.parameters == [3.0, 4.0] && settled.unknowns.is_empty());
}

#[test]
fn named_columns_stand_in_any_order() {
    for (columns, row) in [
        (&["t", "u", "x"][..], &[0.75, 7.0, 0.25][..]),
        (&["v", "u", "t", "x"], &[9.0, 7.0, 0.75, 0.25]),
        (&["x", "t", "temperature"], &[0.25, 0.75, 7.0]),
    ] {
        let problem = with(columns, row, &[2]).unwrap();
        let Region::Points(points) = &problem.conditions[3].region else { panic!("no points") };
        assert_eq!(
            (&points.coordinates[..], points.values.as_deref()),
            (&[0.25, 0.75][..], Some(&[7.0][..]))
        );
    }
}

#[test]
fn wrong_measurements_are_said_with_file_and_line() {
    for (columns, values, lines, parts) in [
        (&[][..], &[][..], &[][..], &["`measured.csv`: there are no points"][..]),
        (
            &[],
            &[0.5, 0.5, 1.0, 0.5, 1.5, 1.0],
            &[1, 4],
            &["data[1].file: `measured.csv`: line 4: point 2, (0.5, 1.5), lies outside"],
        ),
        (&[], &[0.5, 0.5, f64::NAN], &[7], &["line 7: point 1 holds NaN"]),
        (
            &["x", "u"],
            &[0.5, 1.0],
            &[2],
            &["the columns are x, u", "expected columns of the names x, t, and one more for the value of u"],
        ),
        (&["x", "t", "v", "w"], &[0.5; 4], &[2], &["data[1]: there are no measured values"]),
        (&["x", "t"], &[0.5; 2], &[2], &["there are no measured values"]),
        (&["a", "b", "c", "d"], &[0.5; 4], &[2], &["the columns are a, b, c, d"]),
    ] {
        let message = with(columns, values, lines).unwrap_err().to_string();
        for part in parts.iter().chain(&["p.toml:2", "expected", " — "]) {
            assert!(message.contains(part), "`{part}` is missing in: {message}");
        }
    }
}

#[test]
fn noise_is_as_large_as_it_is_said_to_be() {
    let sampled = |noise: f64, seed: u64| {
        let problem = Problem::on(Shape::interval(0.0, 1.0))
            .field("u")
            .unknown(Unknown::new("k", 1.0))
            .equation("k*u_xx = 1")
            .boundary("all", "u = 0")
            .samples("u", "2 + x", 10_000, seed)
            .noise(noise);
        let problem = problem.build().unwrap();
        let Region::Points(points) = &problem.conditions[2].region else { panic!("no points") };
        let values = points.values.clone().unwrap();
        let error: Vec<f64> = values.iter().zip(points.iter()).map(|(value, x)| value - 2.0 - x[0]).collect();
        (problem.conditions[2].noise.unwrap(), error)
    };
    let rms = |values: &[f64]| (values.iter().map(|v| v * v).sum::<f64>() / values.len() as f64).sqrt();
    let (deviation, error) = sampled(0.1, 3);
    // Of 2 + x, ∫(2 + x)² dx = 19/3; of 10⁴ numbers within three standard deviations.
    assert!((deviation - 0.1 * (19.0f64 / 3.0).sqrt()).abs() < 2e-3 * deviation);
    assert!((rms(&error) / deviation - 1.0).abs() < 3.0 / 2e4f64.sqrt());
    assert_eq!(sampled(0.1, 3).1, error);
    assert_ne!(sampled(0.1, 4).1, error);
    assert!(rms(&sampled(0.0, 3).1) < 1e-15);
}
