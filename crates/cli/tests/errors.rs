//! What goes wrong, and what the program says of it.

#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::io::Read;
use std::process::Stdio;

use support::{Matrix, Place, to_npy};

const USAGE: i32 = 64;
const BAD_DATA: i32 = 65;
const NOT_FOUND: i32 = 66;
const NO_DEVICE: i32 = 3;

#[test]
fn help_and_version_are_no_errors() {
    let place = Place::new();
    for arguments in [&["--help"][..], &["--version"], &["solve", "--help"], &["bench", "krylov", "--help"]] {
        assert!(!place.expect(0, arguments).stdout.is_empty());
    }
}

#[test]
fn wrong_usage_is_64() {
    let place = Place::new();
    place.write("A.mtx", Matrix::chain(3, 1.0).to_text());
    for arguments in [
        "",
        "dance",
        "solve",
        "solve A.mtx --generate poisson:3x3",
        "solve A.mtx --pc magic",
        "solve A.mtx --rtol many",
        "solve A.mtx --max-iterations -3",
        "solve A.mtx --precision f16",
        "solve A.mtx --frobnicate",
        "bench",
        "bench krylov --n 99",
        "solve A.mtx B.mtx",
    ] {
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        let ran = place.expect(USAGE, &arguments);
        assert!(!ran.stderr.is_empty(), "{arguments:?}");
    }
    for (arguments, parts) in [
        ("solve A.mtx --rtol -1", &["rtol", "-1"][..]),
        ("solve A.mtx --rtol nan", &["rtol", "NaN"]),
        ("solve A.mtx --atol -1e-3", &["atol", "-0.001"]),
        ("solve A.mtx --rhs 0", &["--rhs", "at least 1"]),
        ("solve A.mtx --rhs 999999999999", &["--rhs is 999999999999", "at most 10000"]),
        ("solve A.mtx --rtol 1e300", &["--rtol is 1e300", "at most 1"]),
        ("solve A.mtx -o x.txt", &["x.txt", ".npy or .mtx or .vti"]),
        ("solve A.mtx -o x", &["--output x", ".npy"]),
        ("solve A.mtx -o x.vti", &["x.vti", "no grid"]),
        ("solve A.mtx --plot h.jpg", &["h.jpg", ".png or .svg"]),
        (
            "solve A.mtx -o no/such/x.npy",
            &["no/such/x.npy", "the folder no/such does not exist", "create it"],
        ),
        ("solve A.mtx --json no/r.json", &["no/r.json", "the folder no does not exist"]),
        ("solve A.mtx --plot no/h.png", &["no/h.png", "the folder no does not exist"]),
        ("verify --json no/v.json", &["no/v.json"]),
        ("bench krylov --json no/b.json", &["no/b.json"]),
        ("solve A.mtx --json .", &["this is a folder"]),
    ] {
        place.expect_error(USAGE, &arguments.split_whitespace().collect::<Vec<_>>(), parts);
    }
}

#[test]
fn an_unknown_device_is_3_and_the_others_are_named() {
    let place = Place::new();
    let arguments = ["solve", "--generate", "poisson:5x5", "--device", "warp-drive"];
    place.expect_error(NO_DEVICE, &arguments, &["warp-drive", "CPU executor", "0 = "]);
    place.expect_error(NO_DEVICE, &["verify", "--device", "99"], &["99", "CPU executor"]);
}

#[test]
fn what_is_not_there_is_66() {
    let place = Place::new();
    place.expect_error(NOT_FOUND, &["solve", "absent.mtx"], &["absent.mtx", "no such file"]);
    for option in ["-b", "--x0"] {
        let arguments = ["solve", "--generate", "poisson:5x5", option, "absent.npy"];
        place.expect_error(NOT_FOUND, &arguments, &["absent.npy", "no such file"]);
    }
    place.expect_error(NOT_FOUND, &["solve", "."], &["cannot be read"]);
}

#[test]
fn malformed_matrices_are_65_with_file_and_line() {
    let place = Place::new();
    let real = "%%MatrixMarket matrix coordinate real general\n";
    for (what, content, line) in [
        ("an empty file", String::new(), 1),
        ("no header", "2 2 1\n1 1 1\n".to_owned(), 1),
        (
            "complex numbers",
            "%%MatrixMarket matrix coordinate complex general\n1 1 1\n1 1 1 0\n".to_owned(),
            1,
        ),
        ("a word for a size", format!("{real}2 two 1\n1 1 1\n"), 2),
        ("a row beyond the size", format!("{real}2 2 2\n1 1 1\n3 1 1\n"), 4),
        ("row 0", format!("{real}2 2 1\n0 1 1\n"), 3),
        ("a word for a value", format!("{real}2 2 2\n1 1 1\n2 2 eleven\n"), 4),
        ("too few entries", format!("{real}2 2 3\n1 1 1\n2 2 1\n"), 4),
        ("too many entries", format!("{real}2 2 1\n1 1 1\n2 2 1\n"), 4),
        (
            "a huge size that the file does not hold",
            format!("{real}2000000000 2000000000 4000000000\n1 1 1\n"),
            3,
        ),
        ("a value that is no number", format!("{real}2 2 2\n1 1 1\n2 2 nan\n"), 4),
        ("a value without bounds", format!("{real}2 2 1\n1 1 -inf\n"), 3),
        ("a line with too little on it", format!("{real}2 2 1\n1 1\n"), 3),
    ] {
        place.write("A.mtx", content);
        println!("{what}");
        place.expect_error(BAD_DATA, &["solve", "A.mtx"], &[&format!("A.mtx:{line}:"), "expected"]);
    }

    place.write("wide.mtx", format!("{real}2 3 2\n1 1 1\n2 2 1\n"));
    place.expect_error(BAD_DATA, &["solve", "wide.mtx"], &["2", "3", "square"]);
    place.write("hollow.mtx", format!("{real}2000000000 2000000000 1\n1 1 1\n"));
    place.expect_error(BAD_DATA, &["solve", "hollow.mtx"], &["hollow.mtx", "2000000000"]);
    place.write("binary.mtx", vec![0x9f; 1 << 20]);
    place.expect_error(BAD_DATA, &["solve", "binary.mtx"], &["binary.mtx:1:"]);
}

#[test]
fn right_hand_sides_that_do_not_fit_are_65() {
    let place = Place::new();
    place.write("short.npy", to_npy(&[24], &[1.0; 24]));
    place.write("three.npy", to_npy(&[25, 3], &[1.0; 75]));
    place.write("noise.npy", "not numpy at all");
    place.write("cut.npy", &to_npy(&[25], &[1.0; 25])[..200]);
    place.write("A.mtx", Matrix::chain(25, 1.0).to_text());
    for (arguments, parts) in [
        ("-b short.npy", &["short.npy", "24 rows", "25"][..]),
        ("-b noise.npy", &["noise.npy", "expected"]),
        ("-b cut.npy", &["cut.npy", "expected"]),
        ("-b A.mtx", &["A.mtx", "sparse", "array"]),
        ("-b three.npy --rhs 2", &["three.npy", "3 columns", "--rhs"]),
        ("--x0 short.npy", &["short.npy", "24 rows", "25"]),
        ("--x0 three.npy", &["three.npy", "3 initial guesses for 1"]),
    ] {
        let arguments: Vec<&str> =
            "solve --generate poisson:5x5".split(' ').chain(arguments.split(' ')).collect();
        place.expect_error(BAD_DATA, &arguments, parts);
    }
}

#[test]
fn wrong_texts_of_generated_systems_are_65_with_the_column() {
    let place = Place::new();
    for (text, column) in
        [("posson:4x4", "column 1"), ("poisson:4", "column 9"), ("obstacles:4x4x4:0.9", "column 17")]
    {
        place.expect_error(BAD_DATA, &["solve", "--generate", text], &[text, column, "expected"]);
    }
    place.expect_error(BAD_DATA, &["solve", "--generate", "poisson:99999x99999x99999"], &["99999"]);
}

#[test]
fn nothing_is_written_where_the_input_is_wrong() {
    let place = Place::new();
    place.write("A.mtx", "nonsense");
    place.write("x.npy", "kept");
    place.expect(BAD_DATA, &["solve", "A.mtx", "-o", "x.npy", "--json", "r.json"]);
    assert_eq!(std::fs::read_to_string(place.path("x.npy")).unwrap(), "kept");
    assert!(!place.exists("r.json"));
    let left = std::fs::read_dir(place.path(".")).unwrap().count();
    assert_eq!(left, 2, "a temporary file was left");
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let place = Place::new();
    let mut command = place.command(&["solve", "--generate", "poisson:65x65", "--json", "-"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{said}");
    assert!(!said.contains("panicked"), "{said}");
}
