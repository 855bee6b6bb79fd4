//! `ansatz pde`: solutions, reports and files, and what it says of wrong problems.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use support::{Place, to_npy};

const NOT_CONVERGED: i32 = 2;
const USAGE: i32 = 64;
const BAD_DATA: i32 = 65;
const NOT_FOUND: i32 = 66;

/// Keys that every report has.
const KEYS: [&str; 24] = [
    "problem",
    "method",
    "precision",
    "executor",
    "device",
    "driver",
    "tier",
    "seeds",
    "unknowns",
    "points",
    "relative_l2_error",
    "relative_l2_errors",
    "residual_rms",
    "residual_max",
    "residual_max_at",
    "converged",
    "reason",
    "hint",
    "steps",
    "setup_seconds",
    "solve_seconds",
    "conditions",
    "history",
    "baseline",
];

/// −u'' = π² sin πx on [0, 1], as a small problem of one's own.
const STRING: &str = r#"
title = "A loaded string"
fields = ["u"]

[parameters]
load = 1

[coordinates]
x = [0, 1]

[exact]
u = "load*sin(pi*x)"

[[equation]]
residual = "-u_xx = load*pi^2*sin(pi*x)"

[[boundary]]
on = "all"
residual = "u = 0"
"#;

/// Options that make a solve quick.
const QUICK: [&str; 7] = ["--features", "80", "--bandwidth", "4", "--no-baseline", "--device", "cpu"];

fn arguments<'a>(first: &[&'a str]) -> Vec<&'a str> {
    first.iter().copied().chain(QUICK).collect()
}

#[test]
fn a_file_is_solved_and_everything_is_written() {
    let place = Place::new();
    place.write("string.toml", STRING);
    let command = [
        "pde",
        "string.toml",
        "--seeds",
        "2",
        "--seed",
        "5",
        "--set",
        "load=2",
        "-o",
        "out",
        "--json",
        "r.json",
    ];
    let ran = place.expect(0, &arguments(&command));
    for part in
        ["string", "device", "executor", "seeds", "converged", "residual", "error", "report.md", "r.json"]
    {
        assert!(ran.stdout.contains(part), "`{part}` is missing in\n{}", ran.stdout);
    }
    let report = place.json("r.json");
    for key in KEYS {
        assert!(report.get(key).is_some(), "{key} is missing");
    }
    assert_eq!(report["problem"], "string");
    assert_eq!(report["seeds"], serde_json::json!([5, 6]));
    assert_eq!(report["converged"], true);
    assert_eq!(report["unknowns"], 80);
    assert!(report["baseline"].is_null());
    let errors = report["relative_l2_errors"].as_array().unwrap();
    assert_eq!(errors.len(), 2);
    assert!(report["relative_l2_error"].as_f64().unwrap() < 1e-6, "{report}");

    for name in ["solution.png", "error.png"] {
        assert!(std::fs::read(place.path(&format!("out/{name}"))).unwrap().starts_with(b"\x89PNG"), "{name}");
    }
    assert!(std::fs::read(place.path("out/solution.npz")).unwrap().starts_with(b"PK"));
    assert!(std::fs::read(place.path("out/solution.vti")).unwrap().starts_with(b"<?xml"));
    let text = std::fs::read_to_string(place.path("out/report.md")).unwrap();
    for part in [
        "# string",
        "**Converged**",
        "| method",
        "(seed 5)",
        "(seed 6)",
        "load = 2",
        "solution.png",
        "error.png",
    ] {
        assert!(text.contains(part), "`{part}` is missing in\n{text}");
    }
    let left = std::fs::read_dir(place.path("out")).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(
        left.into_iter().all(|name| !name.to_str().unwrap().contains(".tmp")),
        "a temporary file was left"
    );
}

#[test]
fn the_same_seed_gives_the_same_solution() {
    let place = Place::new();
    place.write("string.toml", STRING);
    let error = |seed: &str| {
        place.expect(0, &arguments(&["pde", "string.toml", "--seed", seed, "--json", "r.json", "-q"]));
        place.json("r.json")["relative_l2_error"].as_f64().unwrap()
    };
    let first = error("1");
    assert_eq!(first, error("1"));
    assert_ne!(first, error("2"));
}

#[test]
fn examples_are_listed_and_solved_by_name() {
    let place = Place::new();
    let ran = place.expect(0, &["pde", "--list"]);
    for name in ["helmholtz ", "allen_cahn ", "poisson_5d ", "l_shape ", "four_disks "] {
        let line = ran.stdout.lines().find(|line| line.starts_with(name));
        assert!(line.is_some_and(|line| line.len() > 30), "{name} in\n{}", ran.stdout);
    }
    place.expect(0, &arguments(&["pde", "legendre", "--json", "r.json", "-q"]));
    assert_eq!(place.json("r.json")["problem"], "legendre");
}

#[test]
fn pictures_and_files_suit_the_domain() {
    let place = Place::new();
    // Whether so few features converge does not matter here.
    let solve = |problem: &str, more: &[&str]| {
        let options = [
            "--features",
            "60",
            "--points",
            "200",
            "--bandwidth",
            "2",
            "--no-baseline",
            "--device",
            "cpu",
            "-q",
        ];
        let all: Vec<&str> =
            ["pde", problem, "-o", problem].iter().chain(&options).chain(more).copied().collect();
        let ran = place.run(&all);
        assert!(matches!(ran.code, Some(0 | 2)), "{problem}: {}", ran.stderr);
    };
    let there = |names: &[&str]| names.iter().for_each(|name| assert!(place.exists(name), "{name}"));
    solve("l_shape", &[]);
    there(&["l_shape/solution.png", "l_shape/solution.vtu", "l_shape/report.md"]);
    solve("wave_1d", &[]);
    there(&["wave_1d/solution.png", "wave_1d/lines.png", "wave_1d/error.png", "wave_1d/solution.vti"]);
    solve("maxwell_tm", &["--frames", "3"]);
    there(&["maxwell_tm/solution.pvd", "maxwell_tm/solution_0005.vti", "maxwell_tm/frames/frame_0002.png"]);
    solve("poisson_5d", &[]);
    there(&["poisson_5d/solution.png", "poisson_5d/solution.vti"]);
}

#[test]
fn too_few_features_do_not_converge_and_it_says_so() {
    let place = Place::new();
    let options = ["--features", "12", "--bandwidth", "2", "--no-baseline", "--device", "cpu"];
    let all: Vec<&str> =
        ["pde", "helmholtz", "--json", "r.json", "-o", "out"].into_iter().chain(options).collect();
    let ran = place.expect(NOT_CONVERGED, &all);
    assert!(ran.stdout.contains("NOT CONVERGED"), "{}", ran.stdout);
    let report = place.json("r.json");
    assert_eq!(report["converged"], false);
    assert!(!report["hint"].as_str().unwrap().is_empty());
    let text = std::fs::read_to_string(place.path("out/report.md")).unwrap();
    assert!(text.contains("**Not converged**"), "{text}");
}

#[test]
fn json_on_standard_output_is_nothing_but_json() {
    let place = Place::new();
    place.write("string.toml", STRING);
    let ran = place.expect(0, &arguments(&["pde", "string.toml", "--json", "-"]));
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["converged"], true);
    assert!(ran.stderr.contains("converged"), "the report for people goes to standard error");
}

#[test]
fn wrong_usage_is_64() {
    let place = Place::new();
    place.write("string.toml", STRING);
    place.write("file", "");
    for (arguments, parts) in [
        ("pde string.toml --json no/r.json", &["no/r.json", "the folder no does not exist"][..]),
        ("pde string.toml --json string.toml", &["--json string.toml would overwrite the problem"]),
        ("pde string.toml -o out --json out/report.md", &["--json out/report.md would overwrite"]),
        ("pde string.toml -o file", &["--output file", "cannot be made"]),
        ("pde string.toml --features 0", &["features", "0"]),
        ("pde string.toml --seeds 0", &["seeds", "0"]),
        ("pde string.toml --points 0", &["points", "0"]),
        ("pde string.toml --points 1000000000", &["points", "1000000000"]),
        ("pde string.toml --boundary-points 0", &["boundary-points", "0"]),
        ("pde string.toml --rtol -1", &["rtol", "-1"]),
        ("pde string.toml --rtol 1e300", &["rtol is 1e300", "at most 1"]),
        ("pde string.toml --tikhonov nan", &["tikhonov", "NaN"]),
        ("pde string.toml --tikhonov 1e300", &["tikhonov is 1e300", "from 0 to 1000"]),
        ("pde string.toml --tikhonov -1", &["tikhonov is -1", "from 0 to 1000"]),
        ("pde string.toml --boundary-weight 1e300", &["boundary-weight is 1e300", "1e12"]),
        ("pde string.toml --bandwidth 1e300", &["bandwidth is 1e300", "1e6"]),
        ("pde string.toml --steps 0", &["steps is 0", "at least 1"]),
        (
            "pde string.toml --seed 18446744073709551615 --seeds 2",
            &["seed is 18446744073709551615 for 2 runs"],
        ),
        ("pde string.toml -o out --frames 3", &["--frames 3", "no time", "leave it out"]),
        ("pde string.toml --method gaussians --units 3", &["--units", "--method pig"]),
        ("pde string.toml --method pig --activation tanh", &["--activation", "--method random-features"]),
        ("pde string.toml --method mlp --activation sigmoid", &["--activation", "mlp", "softplus"]),
        ("pde string.toml --activation gelu", &["--activation", "random-features", "sigmoid"]),
        ("pde string.toml --method pig --fourier 8", &["--fourier", "--method mlp"]),
        ("pde string.toml --method pig --embeddings 0", &["--embeddings is 0", "from 1 to 8"]),
        (
            "pde string.toml --method pig --embeddings 18446744073709551615",
            &["--embeddings is 18446744073709551615", "from 1 to 8"],
        ),
        (
            "pde string.toml --method mlp --widths 18446744073709551615,6 --points 9",
            &["width number 0", "100,000"],
        ),
        (
            "pde string.toml --method mlp --widths 99999,99999 --points 9",
            &["number of parameters", "at most"],
        ),
        ("pde string.toml --covariance full", &["--covariance", "--method pig"]),
        ("pde string.toml --method pig --gated", &["--gated", "--method mlp"]),
        ("pde string.toml --method mlp --gated --widths 8", &["--gated", "two --widths"]),
        ("pde string.toml --method mlp --gated --widths 8,9", &["--gated", "all the same"]),
        ("pde string.toml --method mlp --fourier 0", &["--fourier COUNT", "from 1 to"]),
        ("pde wave_1d -o out --frames 3", &["--frames 3", "lines.png"]),
        ("pde maxwell_tm -o out --frames 99999999999", &["--frames 99999999999", "at most 10000"]),
        ("pde string.toml --boundary-weight 0", &["boundary-weight", "0"]),
        ("pde string.toml --bandwidth 1,2,3", &["bandwidth", "3 numbers"]),
    ] {
        place.expect_error(USAGE, &arguments.split(' ').collect::<Vec<_>>(), parts);
    }
    for arguments in [
        "pde",
        "pde string.toml --list",
        "pde string.toml --method magic",
        "pde string.toml --precision f16",
        "pde string.toml --sampler dice",
        "pde string.toml --set load",
        "pde string.toml --frames 3",
    ] {
        place.expect(USAGE, &arguments.split(' ').collect::<Vec<_>>());
    }
    assert_eq!(std::fs::read_to_string(place.path("string.toml")).unwrap(), STRING);
}

#[test]
fn what_is_not_there_is_66() {
    let place = Place::new();
    place.expect_error(NOT_FOUND, &["pde", "helmholz"], &["helmholz", "no such file", "--list"]);
    place.expect_error(NOT_FOUND, &["pde", "absent.toml"], &["absent.toml", "no such file"]);
}

/// Every class of mistake is refused with the file, the key, the place in it and a remedy.
#[test]
fn wrong_problems_are_65_with_file_key_column_and_remedy() {
    let place = Place::new();
    let helmholtz = "fields = [\"u\"]\n[coordinates]\nx = [0, 1]\ny = [0, 1]\n";
    let inside = "[[equation]]\nresidual = \"laplacian(u) = 1\"\n";
    let all = "[[boundary]]\non = \"all\"\nresidual = \"u = 0\"\n";
    let periodic =
        "[[boundary]]\nperiodic = \"x\"\n[[boundary]]\non = [\"y_min\", \"y_max\"]\nresidual = \"u = 0\"\n";
    for (what, content, parts) in [
        (
            "an unknown name",
            format!("{helmholtz}[[equation]]\nresidual = \"laplacian(v) = 1\"\n{all}"),
            &["p.toml:6:", "equation[1].residual", "column", "`v`"][..],
        ),
        (
            "a missing boundary",
            format!("{helmholtz}{inside}[[boundary]]\non = \"x_min\"\nresidual = \"u = 0\"\n"),
            &["p.toml", "x_max"],
        ),
        (
            "a derivative of too high an order",
            // With conditions left out on purpose, so that nothing else is wrong.
            format!(
                "allow_missing = [\"x_min\", \"x_max\", \"y_min\", \"y_max\"]\n{helmholtz}[[equation]]\nresidual = \"u_xxxxx = 1\"\n{all}"
            ),
            &["p.toml:7:", "equation[1]", "u_xxxxx", "order 5"],
        ),
        (
            "no volume",
            format!("{}{inside}{all}", helmholtz.replace("y = [0, 1]", "y = [1, 1]")),
            &["p.toml:4:"],
        ),
        (
            "a periodic boundary with unequal values",
            format!("{helmholtz}[exact]\nu = \"x*x/2\"\n{inside}{periodic}"),
            &["p.toml", "boundary[1]"],
        ),
        (
            "a thousand million points",
            format!("{helmholtz}{inside}{all}[method]\npoints = 1000000000\n"),
            &["p.toml:", "points", "1000000000"],
        ),
        ("no TOML", "fields = [".to_owned(), &["p.toml:1:"]),
        ("an unknown key", format!("colour = 3\n{helmholtz}{inside}{all}"), &["p.toml:1:", "colour"]),
        ("an empty file", String::new(), &["p.toml"]),
        (
            "more time windows than a solve can have",
            format!("{helmholtz}{inside}{all}[method]\nwindows = 9999999\n"),
            &["p.toml:11:11: method.windows: ", "from 1 to 10000"],
        ),
        (
            "a control character",
            format!("{helmholtz}{inside}{all}[method]\npoints_file = \"a\\u0000b\"\n"),
            &["p.toml:11:15: method.points_file: ", "a b"],
        ),
        (
            "a title of two lines",
            format!("title = \"a\\nb\"\n{helmholtz}{inside}{all}"),
            &["p.toml:1:", "title", "line break"],
        ),
        (
            "two values in one place",
            format!("{helmholtz}{inside}{all}[[boundary]]\non = \"y_max\"\nresidual = \"2*u = x\"\n"),
            &[
                "p.toml:12:",
                "boundary[2].residual",
                "contradicts boundary[1].residual: at `y_max` `u` would be 0 and",
            ],
        ),
        (
            "names of coordinates outside of [domain]",
            format!(
                "coordinates = [\"r\", \"z\"]\nfields = [\"u\"]\n[domain]\nbox = [[0, 1], [0, 1]]\n{inside}{all}"
            ),
            &["p.toml:1:", "coordinates", "within [domain]"],
        ),
        (
            "a long number",
            format!("{}{inside}{all}", helmholtz.replace("y = [0, 1]", "y = [1e300, -1e300]")),
            &["p.toml:4:", "[1e300, -1e300]"],
        ),
        (
            "deep brackets",
            format!("{helmholtz}{}{all}", inside.replace('1', &"(".repeat(60_000))),
            &["p.toml:6:", "nest"],
        ),
        (
            "a long expression",
            format!("{helmholtz}{}{all}", inside.replace('1', &"1+".repeat(50_000))),
            &["p.toml:6:", "bytes"],
        ),
    ] {
        println!("{what}");
        place.write("p.toml", content);
        let wanted: Vec<&str> = parts.iter().copied().chain(["expected", " — "]).collect();
        place.expect_error(BAD_DATA, &["pde", "p.toml", "--device", "cpu", "--features", "20"], &wanted);
    }
    place.write("b.toml", [0x66, 0xff, 0xfe]);
    place.expect_error(BAD_DATA, &["pde", "b.toml"], &["b.toml", "UTF-8"]);
    place.write("long.toml", vec![b'#'; 2 << 20]);
    place.expect_error(BAD_DATA, &["pde", "long.toml"], &["long.toml", "bytes"]);
    place.expect_error(BAD_DATA, &["pde", "helmholtz", "--set", "a3=1"], &["a3"]);
    #[cfg(unix)]
    place.expect_error(BAD_DATA, &["pde", "/dev/zero"], &["/dev/zero", "no regular file"]);
}

/// Header and values of an npy of f32.
fn to_npy_f32(shape: &[usize], values: &[f32]) -> Vec<u8> {
    let mut file = to_npy(shape, &[]);
    let at = file.windows(3).position(|bytes| bytes == b"<f8").unwrap();
    file[at + 2] = b'4';
    file.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    file
}

#[test]
fn points_come_from_files() {
    let place = Place::new();
    let data = "[[points]]\npoints_file = \"data.npy\"\nresidual = \"u\"\n";
    place.write("string.toml", format!("{STRING}\n{data}\n[method]\npoints_file = \"sub/cloud.npy\"\n"));
    std::fs::create_dir(place.path("sub")).unwrap();
    let lattice: Vec<f32> = (0..300).map(|i| i as f32 / 299.0).collect();
    place.write("sub/cloud.npy", to_npy_f32(&[300, 1], &lattice));
    let half = std::f64::consts::FRAC_1_SQRT_2;
    place.write("data.npy", to_npy(&[2, 2], &[0.25, half, 0.5, 1.0]));

    // Named from the folder of the problem file, wherever the program runs.
    let name = place.path("string.toml");
    let command = ["pde", name.to_str().unwrap(), "--seeds", "2", "--json", "r.json", "-o", "out"];
    let ran = place.expect(0, &arguments(&command));
    let note =
        "the collocation points inside are the 300 given ones of `sub/cloud.npy`, the same for every seed";
    assert!(ran.stdout.contains(note), "{}", ran.stdout);
    let report = place.json("r.json");
    assert!(report["notes"][0].as_str().unwrap().contains(note), "{report}");
    assert!(report["relative_l2_error"].as_f64().unwrap() < 1e-6, "{report}");
    // 300 inside, 2 ends and 2 data, each block padded to 4 rows; the verification has points of its own.
    assert_eq!(report["points"], 308);
    assert_eq!(report["conditions"][0]["points"], 4000);
    assert!(std::fs::read_to_string(place.path("out/report.md")).unwrap().contains("300 given ones"));
    // A number on the command line overrides the file.
    place.expect(0, &arguments(&["pde", "string.toml", "--points", "200", "--json", "r.json", "-q"]));
    assert_eq!(place.json("r.json")["points"], 208);

    let huge = to_npy(&[1_000_000_000, 1], &[0.5]);
    let mut complex = to_npy(&[1, 1], &[]);
    let at = complex.windows(3).position(|bytes| bytes == b"<f8").unwrap();
    complex[at + 1] = b'c';
    for (what, content, parts) in [
        (
            "too few",
            to_npy(&[3, 1], &[0.2, 0.4, 0.6]),
            &["3 points of `sub/cloud.npy`", "too few for 80 unknowns"][..],
        ),
        ("wrong columns", to_npy(&[2, 2], &[0.5; 4]), &["2 columns", "expected 1, one for each of x"]),
        ("NaN", to_npy(&[2, 1], &[0.5, f64::NAN]), &["point 2 holds NaN"]),
        ("outside", to_npy(&[2, 1], &[0.5, 1.5]), &["point 2, (1.5), lies outside", "remove its row"]),
        ("a thousand million points", huge, &["1000000000 by 1", "at most 10000000"]),
        ("complex numbers", complex, &["c8", "f8, f4"]),
        ("no npy", b"0.5\n0.6\n".to_vec(), &["does not start as an .npy does"]),
        ("nothing", Vec::new(), &["the file is empty"]),
    ] {
        println!("{what}");
        place.write("sub/cloud.npy", content);
        let place_in_file = ["string.toml:26:15: method.points_file: ", "expected", " — "];
        let wanted: Vec<&str> = parts.iter().copied().chain(place_in_file).collect();
        place.expect_error(BAD_DATA, &arguments(&["pde", "string.toml"]), &wanted);
    }
    std::fs::remove_file(place.path("sub/cloud.npy")).unwrap();
    place.expect_error(
        BAD_DATA,
        &arguments(&["pde", "string.toml"]),
        &["method.points_file", "no such file: sub/cloud.npy"],
    );
    place.write("data.npy", to_npy(&[1, 3], &[0.25, half, 0.5]));
    place.write("sub/cloud.npy", to_npy_f32(&[300, 1], &lattice));
    place.expect_error(
        BAD_DATA,
        &arguments(&["pde", "string.toml"]),
        &["points[1].points_file", "3 columns"],
    );
}

/// A window has the points within its time.
#[test]
fn given_points_are_shared_out_to_time_windows() {
    let place = Place::new();
    let heat = "fields = [\"u\"]\ntime = { t = [0, 1] }\n[coordinates]\nx = [0, 1]\n[exact]\n\
                u = \"exp(-t)*sin(x)\"\n[[equation]]\nresidual = \"u_t = u_xx\"\n[[boundary]]\non = \"all\"\n\
                residual = \"u = u_exact\"\n[[initial]]\nresidual = \"u = u_exact\"\n[[points]]\nat = [[0.5, 0.75]]\n\
                residual = \"u = u_exact\"\n[method]\npoints_file = \"cloud.npy\"\n";
    place.write("heat.toml", heat);
    let lattice = |times: usize| -> Vec<f64> {
        (0..times * 20).flat_map(|i| [(i % 20) as f64 / 19.0, (i / 20) as f64 / 39.0]).collect()
    };
    place.write("cloud.npy", to_npy(&[800, 2], &lattice(40)));
    place.expect(0, &arguments(&["pde", "heat.toml", "--windows", "2", "--json", "r.json", "-q"]));
    assert!(place.json("r.json")["relative_l2_error"].as_f64().unwrap() < 1e-4);
    // Half the lattice leaves nothing for the last of three windows.
    place.write("cloud.npy", to_npy(&[400, 2], &lattice(20)));
    let command = ["pde", "heat.toml", "--windows", "3"];
    place.expect_error(
        BAD_DATA,
        &arguments(&command),
        &["0 points of `cloud.npy` from time 0.6667 to 1", "too few"],
    );
}
