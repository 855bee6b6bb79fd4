//! `ansatz pde` with unknown parameters and measurements in files.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::f64::consts::PI;

use support::{Place, to_npy};

const BAD_DATA: i32 = 65;

/// −k u″ = sin(πx): u = sin(πx)/(kπ²).
const POISSON: &str = r#"
fields = ["u"]

[unknowns]
k = { start = 1, min = 0, exact = 2 }

[coordinates]
x = [0, 1]

[exact]
u = "sin(pi*x)/(k*pi^2)"

[[equation]]
residual = "-k*u_xx = sin(pi*x)"

[[boundary]]
on = "all"
residual = "u = 0"

[[data]]
of = "u"
file = "measured.csv"
weight = 10
"#;

const QUICK: [&str; 11] =
    ["pde", "p.toml", "--device", "cpu", "--features", "40", "--bandwidth", "3", "--points", "150", "-q"];

fn u(x: f64) -> f64 {
    (PI * x).sin() / (2.0 * PI * PI)
}

fn measured(place: &Place) {
    let rows: String = (1..10).map(|i| 0.1 * f64::from(i)).map(|x| format!("{:e},{x}\n", u(x))).collect();
    place.write("measured.csv", format!("# by a thermometer\nu,x\n{rows}"));
}

fn place() -> Place {
    let place = Place::new();
    place.write("p.toml", POISSON);
    measured(&place);
    place
}

#[test]
fn a_coefficient_is_found_and_reported() {
    let place = place();
    let ran = place.expect(0, &[&QUICK[..10], &["-o", "out", "--json", "report.json"]].concat());
    let report = place.json("report.json");
    let found = &report["unknown_parameters"][0];
    assert!((found["value"].as_f64().unwrap() - 2.0).abs() < 1e-5, "{found}");
    assert_eq!((&found["name"], &found["start"], &found["exact"]), (&"k".into(), &1.0.into(), &2.0.into()));
    assert!(
        found["standard_error"].as_f64().unwrap() < 1e-3 && found["values"].as_array().unwrap().len() == 1
    );
    // The classical method solves the equation with what was found.
    assert!(report["baseline"]["relative_l2_error"].as_f64().is_none_or(|error| error < 1e-4), "{report}");
    assert!(ran.stdout.contains("\nfound        k = "), "{}", ran.stdout);
    let markdown = std::fs::read_to_string(place.path("out/report.md")).unwrap();
    assert!(markdown.contains("| k") && markdown.contains("standard error"), "{markdown}");
    // The same measurements in binary; the search begins elsewhere.
    let rows: Vec<f64> = (1..10).map(|i| 0.1 * f64::from(i)).flat_map(|x| [x, u(x)]).collect();
    place.write("measured.npy", to_npy(&[9, 2], &rows));
    place.write("p.toml", POISSON.replace("measured.csv", "measured.npy"));
    place.expect(0, &[&QUICK[..], &["--set", "k=5", "--json", "report.json"]].concat());
    let found = &place.json("report.json")["unknown_parameters"][0];
    assert!((found["value"].as_f64().unwrap() - 2.0).abs() < 1e-5 && found["start"] == 5.0, "{found}");
}

/// Every k has its u.
#[test]
fn where_nothing_is_measured_it_is_said() {
    let place = place();
    let (known, _) = POISSON.split_once("[[data]]").unwrap();
    place.write("p.toml", known);
    let ran = place.expect(2, &QUICK[..10]);
    assert!(ran.stdout.contains("note         nothing was measured: "), "{}", ran.stdout);
    assert!(ran.stdout.contains("NOT CONVERGED: Undetermined"), "{}", ran.stdout);
    // What else the conditions say of u determines it.
    place.write("p.toml", format!("{known}\n[[points]]\nat = [[0.5]]\nresidual = \"u = 1/(2*pi^2)\"\n"));
    let ran = place.expect(0, &QUICK[..10]);
    assert!(
        ran.stdout.contains("\nfound        k = 2,") || ran.stdout.contains("\nfound        k = 2.0"),
        "{}",
        ran.stdout
    );
}

#[test]
fn bad_measurements_are_said_with_file_line_and_value() {
    let place = place();
    for (csv, parts) in [
        ("", &["p.toml:22:8: data[1].file: `measured.csv`: there are no points"][..]),
        ("x,u\n", &["there are no points", "at least one"]),
        ("x,u\n0.5,1\n0.6,nan\n", &["`measured.csv`: line 3: value 2, `nan`, is no finite number"]),
        ("x,u\n0.5,1\n0.6,much\n", &["line 3: value 2, `much`"]),
        ("x,u\n0.5,1,2\n", &["line 2: 3 values", "expected 2"]),
        ("0.5,1\n\n1.5,1\n", &["line 3: point 2, (1.5), lies outside"]),
        ("0.5,1,2\n", &["3 columns", "one for each of x, and one more for the value of u"]),
        ("y,u\n0.5,1\n", &["the columns are y, u"]),
        ("0.5\n", &["there are no measured values"]),
    ] {
        place.write("measured.csv", csv);
        place.expect_error(BAD_DATA, &QUICK, parts);
    }
    std::fs::remove_file(place.path("measured.csv")).unwrap();
    place.expect_error(BAD_DATA, &QUICK, &["`measured.csv`: no such file", "npy or csv"]);
}

#[test]
fn measurements_are_not_overwritten() {
    let place = place();
    let before = std::fs::read(place.path("measured.csv")).unwrap();
    for option in ["--json", "--checkpoint"] {
        let method = if option == "--json" { "random-features" } else { "mlp" };
        let arguments = ["pde", "p.toml", "--device", "cpu", "--method", method, option, "measured.csv"];
        place.expect_error(64, &arguments, &[option, "would overwrite a file that the problem names"]);
    }
    assert_eq!(std::fs::read(place.path("measured.csv")).unwrap(), before);
}

/// To open a pipe would wait for somebody to write into it.
#[cfg(unix)]
#[test]
fn pipes_are_refused() {
    let place = place();
    let pipe = |name: &str| {
        let _ = std::fs::remove_file(place.path(name));
        let made = std::process::Command::new("mkfifo").arg(place.path(name)).status();
        assert!(made.unwrap().success());
    };
    pipe("measured.csv");
    place.expect_error(BAD_DATA, &QUICK, &["`measured.csv`: this is no regular file"]);
    pipe("run.ckpt");
    measured(&Place::new());
    place.write("q.toml", POISSON.split("[[data]]").next().unwrap());
    let resumed = ["pde", "q.toml", "--method", "mlp", "--resume", "run.ckpt", "--device", "cpu", "-q"];
    place.expect_error(BAD_DATA, &resumed, &["run.ckpt: this is no regular file", "save what comes"]);
    pipe("p.toml");
    place.expect_error(BAD_DATA, &QUICK, &["p.toml: this is no regular file", "a pipe"]);
    place.expect_error(BAD_DATA, &["pde", ".", "--device", "cpu"], &[".: this is no regular file"]);
}
