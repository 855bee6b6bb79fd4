//! `ansatz solve`: answers, reports and files, checked without the program's own code.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use support::{Matrix, Place, to_npy};

/// Keys that every report has.
const KEYS: [&str; 30] = [
    "problem",
    "n",
    "nnz",
    "method",
    "preconditioner",
    "device",
    "backend",
    "driver",
    "executor",
    "tier",
    "seed",
    "converged",
    "reason",
    "hint",
    "petsc_code",
    "rtol",
    "atol",
    "backward",
    "iterations",
    "outer_iterations",
    "true_relative_residual",
    "backward_error",
    "setup_seconds",
    "solve_seconds",
    "layout",
    "launches_per_iteration",
    "history",
    "verified",
    "right_hand_sides",
    "profile",
];

fn ones(n: usize) -> Vec<f64> {
    vec![1.0; n]
}

#[test]
fn a_file_is_solved_and_the_report_is_true() {
    let (place, matrix) = (Place::new(), Matrix::chain(301, 0.01));
    place.write("A.mtx", matrix.to_text());
    let ran = place
        .expect(0, &["solve", "A.mtx", "--rtol", "1e-10", "-o", "x.npy", "--json", "r.json", "--seed", "7"]);
    let (shape, x) = place.npy("x.npy");
    assert_eq!(shape, [301]);
    let residual = matrix.relative_residual(&x, &ones(301));
    assert!(residual <= 1e-10, "{residual:e}");

    let report = place.json("r.json");
    for key in KEYS {
        assert!(report.get(key).is_some(), "{key} is missing");
    }
    assert_eq!((report["n"].as_u64(), report["nnz"].as_u64()), (Some(301), Some(901)));
    assert_eq!((report["seed"].as_u64(), report["converged"].as_bool()), (Some(7), Some(true)));
    let told = report["true_relative_residual"].as_f64().unwrap();
    assert!((told - residual).abs() <= 1e-12, "told {told:e}, found {residual:e}");
    for part in [
        "A.mtx",
        "device",
        "executor",
        "tier",
        "seed         7",
        "Rtol",
        "residual",
        "backward",
        "x.npy",
        "r.json",
    ] {
        assert!(ran.stdout.contains(part), "`{part}` is missing in\n{}", ran.stdout);
    }
}

/// Real matrices, where `ANSATZ_MATRICES` names a folder of them.
#[test]
fn real_matrices_are_solved() {
    let Some(folder) = std::env::var_os("ANSATZ_MATRICES") else {
        println!("skipped: ANSATZ_MATRICES is not set");
        return;
    };
    let place = Place::new();
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "mtx") {
            continue;
        }
        let name = path.to_str().unwrap();
        place.expect(0, &["solve", name, "--rtol", "1e-10", "-o", "x.npy", "--json", "r.json", "-q"]);
        let matrix = Matrix::read(&path);
        let residual = matrix.relative_residual(&place.npy("x.npy").1, &ones(matrix.n));
        println!("{name}: {residual:.2e}");
        assert!(residual <= 1e-10, "{name}: {residual:e}");
        assert_eq!(place.json("r.json")["converged"], true, "{name}");
        count += 1;
    }
    assert!(count > 0, "no matrix in ANSATZ_MATRICES");
}

#[test]
fn three_iterations_are_not_enough_and_it_says_so() {
    let (place, matrix) = (Place::new(), Matrix::chain(200, 0.0));
    place.write("A.mtx", matrix.to_text());
    let ran =
        place.expect(2, &["solve", "A.mtx", "--max-iterations", "3", "-o", "x.npy", "--json", "r.json"]);
    assert!(ran.stdout.contains("NOT CONVERGED: MaxIterations"), "{}", ran.stdout);
    let report = place.json("r.json");
    assert_eq!((report["reason"].as_str(), report["iterations"].as_u64()), (Some("MaxIterations"), Some(3)));
    assert_eq!(report["converged"], false);
    let residual = matrix.relative_residual(&place.npy("x.npy").1, &ones(200));
    let told = report["true_relative_residual"].as_f64().unwrap();
    assert!((told - residual).abs() <= 1e-9 * residual, "told {told:e}, found {residual:e}");
}

#[test]
fn right_hand_sides_come_in_all_forms() {
    let (place, matrix) = (Place::new(), Matrix::chain(40, 0.5));
    place.write("A.mtx", matrix.to_text());
    let b: Vec<f64> = (0..40).map(|i| f64::from(i) - 7.5).collect();
    let lines = |values: &[f64]| values.iter().map(|value| format!("{value}\n")).collect::<String>();
    place.write("b.npy", to_npy(&[40], &b));
    place.write("b2.npy", to_npy(&[40, 1], &b));
    place.write("b.mtx", format!("%%MatrixMarket matrix array real general\n40 1\n{}", lines(&b)));
    for file in ["b.npy", "b2.npy", "b.mtx"] {
        place.expect(0, &["solve", "A.mtx", "-b", file, "-o", "x.npy", "-q"]);
        let residual = matrix.relative_residual(&place.npy("x.npy").1, &b);
        assert!(residual <= 1e-8, "{file}: {residual:e}");
    }

    // Two columns: rows after one another in npy, columns in Matrix Market.
    let columns = [b.clone(), b.iter().map(|b| b * b).collect::<Vec<f64>>()];
    place.write("k.npy", to_npy(&[40, 2], &(0..80).map(|at| columns[at % 2][at / 2]).collect::<Vec<_>>()));
    place.write(
        "k.mtx",
        format!("%%MatrixMarket matrix array real general\n40 2\n{}", lines(&columns.concat())),
    );
    for file in ["k.npy", "k.mtx"] {
        place.expect(0, &["solve", "A.mtx", "-b", file, "-o", "x.npy", "--json", "r.json", "-q"]);
        let (shape, x) = place.npy("x.npy");
        assert_eq!(shape, [40, 2], "{file}");
        for (column, b) in columns.iter().enumerate() {
            let x: Vec<f64> = x.iter().skip(column).step_by(2).copied().collect();
            let residual = matrix.relative_residual(&x, b);
            assert!(residual <= 1e-8, "{file}, column {column}: {residual:e}");
        }
        assert_eq!(place.json("r.json")["right_hand_sides"].as_array().unwrap().len(), 2);
    }
}

#[test]
fn random_right_hand_sides_follow_the_seed() {
    let (place, matrix) = (Place::new(), Matrix::chain(33, 0.1));
    place.write("A.mtx", matrix.to_text());
    let run = |seed: &str, name: &str| {
        place.expect(0, &["solve", "A.mtx", "--rhs", "3", "--seed", seed, "-o", name, "-q"]);
        place.npy(name)
    };
    let (shape, first) = run("1", "x.npy");
    assert_eq!(shape, [33, 3]);
    assert_eq!(first, run("1", "again.npy").1);
    let other = run("2", "other.npy").1;
    assert!((0..33).all(|i| first[3 * i] == other[3 * i]), "the first is all ones");
    assert!((0..33).any(|i| first[3 * i + 1] != other[3 * i + 1]));
}

#[test]
fn a_solve_goes_on_from_its_own_answer() {
    let (place, matrix) = (Place::new(), Matrix::chain(300, 0.0));
    place.write("A.mtx", matrix.to_text());
    place.expect(0, &["solve", "A.mtx", "--rtol", "1e-9", "-o", "x.npy", "-q"]);
    place.expect(0, &["solve", "A.mtx", "--x0", "x.npy", "--rtol", "1e-8", "--json", "r.json", "-q"]);
    assert_eq!(place.json("r.json")["iterations"], 0);
    place.expect(0, &["solve", "A.mtx", "--x0", "x.npy", "--rtol", "1e-11", "-o", "better.mtx", "-q"]);
    let text = std::fs::read_to_string(place.path("better.mtx")).unwrap();
    let x: Vec<f64> = text
        .lines()
        .filter(|line| !line.starts_with('%'))
        .skip(1)
        .map(|line| line.parse().unwrap())
        .collect();
    assert!(matrix.relative_residual(&x, &ones(300)) <= 1e-11);
}

#[test]
fn every_option_is_understood() {
    let place = Place::new();
    for options in [
        "--pc none",
        "--pc jacobi",
        "--pc block-jacobi",
        "--pc block-jacobi:2",
        "--pc chebyshev",
        "--pc chebyshev:3",
        "--flexible",
        "--precision f32",
        "--precision f64",
        "--precision auto",
        "--atol 1e-3 --rtol 0",
        "--backward 1e-10 --rtol 0",
        "--max-iterations 10000",
        "--device cpu",
        "--profile",
    ] {
        let arguments: Vec<&str> =
            ["solve", "--generate", "poisson:31x17"].into_iter().chain(options.split(' ')).collect();
        let ran = place.expect(0, &arguments);
        assert!(ran.stdout.contains("converged: "), "{options}\n{}", ran.stdout);
    }
}

#[test]
fn the_cpu_executor_is_named_where_it_runs() {
    let place = Place::new();
    place.expect(0, &["solve", "--generate", "poisson:9x9x9", "--device", "cpu", "--json", "r.json", "-q"]);
    let report = place.json("r.json");
    assert_eq!((report["executor"].as_str(), report["backend"].as_str()), (Some("cpu"), Some("cpu")));
}

#[test]
fn the_profile_names_the_kernels() {
    let place = Place::new();
    let ran = place.expect(0, &["solve", "--generate", "poisson:31x31", "--profile", "--json", "r.json"]);
    assert!(ran.stdout.contains("krylov/cg_update"), "{}", ran.stdout);
    let report = place.json("r.json");
    let kernels = report["profile"].as_array().unwrap();
    assert!(kernels.len() >= 3);
    assert!(kernels.iter().all(|kernel| kernel["launches"].as_u64().unwrap() > 0));
}

#[test]
fn json_on_standard_output_is_nothing_but_json() {
    let place = Place::new();
    let ran = place.expect(0, &["solve", "--generate", "poisson:9x9", "--json", "-"]);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["converged"], true);
    assert!(ran.stderr.contains("converged: "), "the report for people goes to standard error");
}

#[test]
fn quiet_prints_nothing() {
    let place = Place::new();
    let ran = place.expect(0, &["solve", "--generate", "poisson:9x9", "--quiet"]);
    assert_eq!(ran.stdout, "");
}

#[test]
fn pictures_and_fields_are_written() {
    let place = Place::new();
    place.expect(0, &["solve", "--generate", "obstacles:16x16x16", "-o", "x.vti", "--plot", "h.png", "-q"]);
    place.expect(0, &["solve", "--generate", "poisson:16x16", "--plot", "h.svg", "-o", "flat.vti", "-q"]);
    let read = |name: &str| std::fs::read(place.path(name)).unwrap();
    assert!(read("h.png").starts_with(b"\x89PNG"));
    assert!(read("h.svg").starts_with(b"<svg"));
    for name in ["x.vti", "flat.vti"] {
        assert!(read(name).starts_with(b"<?xml"), "{name}");
    }
}

#[test]
fn hopeless_systems_end_with_their_reason() {
    let place = Place::new();
    let matrix = |entries: &str| {
        format!("%%MatrixMarket matrix coordinate real general\n2 2 {}\n{entries}", entries.lines().count())
    };
    for (name, content, reason) in [
        ("singular.mtx", matrix("1 1 1\n1 2 -1\n2 1 -1\n2 2 1\n"), "Inconsistent"),
        ("indefinite.mtx", matrix("1 1 1\n2 2 -1\n"), "IndefiniteOperator"),
        ("lopsided.mtx", matrix("1 1 1\n1 2 0.5\n2 2 1\n"), "NonSymmetricOperator"),
    ] {
        place.write(name, content);
        place.expect(2, &["solve", name, "--json", "r.json", "-o", "x.npy", "-q"]);
        let report = place.json("r.json");
        assert_eq!(report["reason"].as_str(), Some(reason), "{name}");
        assert!(!report["hint"].as_str().unwrap().is_empty());
        assert!(place.exists("x.npy"));
    }

    // What is not a number is null in JSON.
    place.write("nan.npy", to_npy(&[81], &[f64::NAN; 81]));
    place.expect(2, &["solve", "--generate", "poisson:9x9", "-b", "nan.npy", "--json", "r.json", "-q"]);
    let report = place.json("r.json");
    assert_eq!(report["reason"].as_str(), Some("NonFinite"));
    assert!(report["true_relative_residual"].is_null());
}

/// The first Ctrl-C stops the solve, and what there is of it is kept.
#[cfg(unix)]
#[test]
fn an_interrupt_keeps_the_iterate() {
    use std::process::{Command, Stdio};
    let place = Place::new();
    let arguments = [
        "solve",
        "--generate",
        "aniso:700x700:0.001",
        "--rtol",
        "0",
        "--max-iterations",
        "100000000",
        "-o",
        "x.npy",
        "--json",
        "r.json",
    ];
    let mut child = place.command(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_secs(2));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(2));
    assert_eq!(place.json("r.json")["reason"].as_str(), Some("Stopped"));
    assert_eq!(place.npy("x.npy").0, [490_000]);
}
