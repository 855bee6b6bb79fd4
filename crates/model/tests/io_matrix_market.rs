//! Matrix Market files: what is read, what is refused and in which words, and that writing loses nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use ansatz::io::{
    ErrorKind, ReadError, WriteError,
    matrix_market::{Coordinates, MatrixMarket, Symmetry, parse, read, write_array, write_coordinates},
};
use proptest::prelude::*;
use std::{collections::BTreeMap, io::Read, path::Path};

fn coordinates(text: &str) -> Coordinates {
    match parse(text.as_bytes(), "A.mtx").unwrap() {
        MatrixMarket::Coordinate(matrix) => matrix,
        other => panic!("not sparse: {other:?}"),
    }
}

fn array(text: &str) -> (usize, usize, Vec<f64>) {
    match parse(text.as_bytes(), "A.mtx").unwrap() {
        MatrixMarket::Array { rows, columns, values } => (rows, columns, values),
        other => panic!("not dense: {other:?}"),
    }
}

/// The message for a bad file.
fn flaw(bytes: impl AsRef<[u8]>) -> String {
    let error = parse(bytes.as_ref(), "A.mtx").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadData, "{error}");
    let message = error.to_string();
    assert!(message.contains("; expected ") && message.contains(" — "), "{message}");
    assert!(message.len() < 400 && !message.contains('\n'), "{message}");
    message
}

#[track_caller]
fn assert_flaw(bytes: impl AsRef<[u8]>, start: &str, part: &str) {
    let message = flaw(bytes);
    assert!(message.starts_with(start) && message.contains(part), "{message}");
}

#[test]
fn reads_a_general_matrix() {
    let matrix = coordinates(
        "%%MatrixMarket matrix coordinate real general\n% words\n\n2 3 3\n1 1 1.5\n2 3 -2e0\n1 1 .5\n",
    );
    assert_eq!((matrix.rows, matrix.columns, matrix.symmetry), (2, 3, Symmetry::General));
    assert_eq!(matrix.entries, [(0, 0, 1.5), (1, 2, -2.0), (0, 0, 0.5)]);
}

#[test]
fn mirrors_a_symmetric_matrix() {
    let matrix = coordinates("%%MatrixMarket matrix coordinate real symmetric\n2 2 2\n1 1 4\n2 1 3\n");
    assert_eq!(matrix.entries, [(0, 0, 4.0), (1, 0, 3.0), (0, 1, 3.0)]);
    let matrix = coordinates("%%MatrixMarket matrix coordinate real skew-symmetric\n2 2 2\n1 1 0\n2 1 3\n");
    assert_eq!(matrix.entries, [(0, 0, 0.0), (1, 0, 3.0), (0, 1, -3.0)]);
}

#[test]
fn reads_every_field() {
    let pattern = coordinates("%%MatrixMarket matrix coordinate pattern symmetric\n2 2 1\n2 1\n");
    assert_eq!(pattern.entries, [(1, 0, 1.0), (0, 1, 1.0)]);
    let integer = coordinates("%%MatrixMarket matrix coordinate integer general\n1 1 1\n1 1 -7\n");
    assert_eq!(integer.entries, [(0, 0, -7.0)]);
    let double = coordinates("%%MatrixMarket matrix coordinate double general\n1 1 1\n1 1 -7\n");
    assert_eq!(double.entries, integer.entries);
}

#[test]
fn reads_arrays() {
    let text = "%%MatrixMarket matrix array real general\n2 2\n1\n2\n3\n4\n";
    assert_eq!(array(text), (2, 2, vec![1.0, 2.0, 3.0, 4.0]));
    let text = "%%MatrixMarket matrix array real symmetric\n3 3\n11\n21\n31\n22\n32\n33\n";
    assert_eq!(array(text), (3, 3, vec![11., 21., 31., 21., 22., 32., 31., 32., 33.]));
    let text = "%%MatrixMarket matrix array integer skew-symmetric\n3 3\n21\n31\n32\n";
    assert_eq!(array(text), (3, 3, vec![0., 21., 31., -21., 0., 32., -31., -32., 0.]));
    let text = "%%MatrixMarket matrix array real general\n0 4\n";
    assert_eq!(array(text), (0, 4, vec![]));
}

#[test]
fn is_lenient_about_layout() {
    let text = "\u{feff}%%MATRIXmarket  Matrix\tCOORDINATE Real General \r\n%\r\n  % x\r\n \t\r\n 1  2\t2 \r\n\
                \r\n%y\r\n1 1 1.0D+03\r\n  % z\r\n 1 2 2.5d-1";
    assert_eq!(coordinates(text).entries, [(0, 0, 1000.0), (0, 1, 0.25)]);
    let comment = format!("%%MatrixMarket matrix array real general\n%{}\n1 1\n5\n%end", "x".repeat(5000));
    assert_eq!(array(&comment), (1, 1, vec![5.0]));
    // Old files carry names in Latin-1.
    let latin = b"%%MatrixMarket matrix array real general\n% Andr\xe9\n1 1\n5\n";
    assert!(parse(&latin[..], "A.mtx").is_ok());
}

#[test]
fn keeps_values_that_are_not_finite() {
    let (_, _, values) =
        array("%%MatrixMarket matrix array real general\n5 1\nnan\nNaN\ninf\n-Inf\n+infinity\n");
    assert!(values[0].is_nan() && values[1].is_nan());
    assert_eq!(values[2..], [f64::INFINITY, f64::NEG_INFINITY, f64::INFINITY]);
}

#[test]
fn refuses_bad_banners() {
    assert_flaw("", "A.mtx:1: the file is empty;", "`%%MatrixMarket matrix coordinate real general`");
    assert_flaw("1 1 1\n1 1 1\n", "A.mtx:1: the file starts with `1 1 1`;", "Matrix Market");
    assert_flaw("%%MatrixMarket\n1 1 1\n", "A.mtx:1: the banner names no object", "`matrix`");
    assert_flaw("%%MatrixMarket vector array real general\n", "A.mtx:1:", "object `vector`");
    assert_flaw("%%MatrixMarket matrix csr real general\n", "A.mtx:1:", "format `csr`");
    assert_flaw("%%MatrixMarket matrix coordinate quad general\n", "A.mtx:1:", "field `quad`");
    assert_flaw("%%MatrixMarket matrix coordinate complex general\n", "A.mtx:1:", "field `complex`");
    assert_flaw("%%MatrixMarket matrix array pattern general\n", "A.mtx:1:", "field `pattern`");
    assert_flaw("%%MatrixMarket matrix coordinate real hermitian\n", "A.mtx:1:", "symmetry `hermitian`");
    assert_flaw("%%MatrixMarket matrix coordinate real odd\n", "A.mtx:1:", "symmetry `odd`");
    assert_flaw("%%MatrixMarket matrix coordinate real\n", "A.mtx:1:", "names no symmetry");
    assert_flaw("%%MatrixMarket matrix coordinate pattern skew-symmetric\n", "A.mtx:1:", "skew-symmetric");
    assert_flaw("%%MatrixMarket matrix coordinate real general x\n", "A.mtx:1:", "`x`");
}

/// A file in coordinate format after its banner.
fn body(symmetry: &str, rest: &str) -> String {
    format!("%%MatrixMarket matrix coordinate real {symmetry}\n{rest}")
}

#[test]
fn refuses_bad_sizes() {
    let general = |rest: &str| body("general", rest);
    assert_flaw(general(""), "A.mtx:1: the file ends before its size line", "three whole numbers");
    assert_flaw(general("% only\n\n"), "A.mtx:3: the file ends before its size line", "");
    assert_flaw(general("2 2\n1 1 1\n"), "A.mtx:2: the size line `2 2` has 2 numbers", "three");
    assert_flaw(general("2 2 1 1\n1 1 1\n"), "A.mtx:2: the size line `2 2 1 1` has 4 numbers", "");
    assert_flaw(general("2 2.5 1\n"), "A.mtx:2: `2.5` in the size line is not a size", "");
    assert_flaw(general("-2 2 1\n"), "A.mtx:2: `-2` in the size line", "");
    assert_flaw(general("99999999999999999999 2 1\n"), "A.mtx:2: `99999999999999999999` in", "");
    assert_flaw(
        general("1000000000000000000 2 1\n"),
        "A.mtx:2: a matrix of 1000000000000000000 by 2",
        "4294967294",
    );
    assert_flaw(general("1 4294967295 1\n"), "A.mtx:2: a matrix of 1 by 4294967295", "");
    assert_flaw(body("symmetric", "2 3 1\n2 1 1\n"), "A.mtx:2: the banner names a symmetry", "2 by 3");
    let array = "%%MatrixMarket matrix array real general\n2 2 4\n1\n";
    assert_flaw(array, "A.mtx:2: the size line `2 2 4` has 3 numbers", "two whole numbers");
}

#[test]
fn refuses_wrong_counts() {
    let general = |rest: &str| body("general", rest);
    assert_flaw(
        general("2 2 3\n1 1 1\n2 2 1\n"),
        "A.mtx:4: the file ends after 2 entries; expected 3 entries, as the size on line 2 says",
        "cut short",
    );
    assert_flaw(
        general("2 2 1\n1 1 1\n\n2 2 1\n"),
        "A.mtx:5: `2 2 1` follows the last entry; expected 1 entries",
        "",
    );
    // Neither memory nor time is spent on what the size line promises.
    assert_flaw(
        general("4294967294 4294967294 18446744073709551615\n1 1 1\n"),
        "A.mtx:3: the file ends after 1 entries; expected 18446744073709551615",
        "",
    );
    let array = "%%MatrixMarket matrix array real symmetric\n4294967294 4294967294\n1\n";
    assert_flaw(array, "A.mtx:3: the file ends after 1 entries; expected 9223372030412324865", "");
}

#[test]
fn refuses_bad_entries() {
    let general = |rest: &str| body("general", &format!("% size\n2 3 1\n{rest}\n"));
    assert_eq!(
        flaw(general("1 600 1")),
        "A.mtx:4: column index 600 is outside 1..=3; expected an index within the size given on line 3 — check the \
         size line or the entry; indices count from 1"
    );
    assert_flaw(general("0 1 1"), "A.mtx:4: row index 0 is outside 1..=2;", "line 3");
    assert_flaw(general("3 1 1"), "A.mtx:4: row index 3 is outside 1..=2;", "");
    assert_flaw(general("99999999999999999999999 1 1"), "A.mtx:4: row index 99999999999999999999999 is", "");
    assert_flaw(general("1.0 1 1"), "A.mtx:4: the row index `1.0` is not a whole number", "1..=2");
    assert_flaw(general("-1 1 1"), "A.mtx:4: the row index `-1` is not a whole number", "");
    assert_flaw(general("1 1"), "A.mtx:4: the entry `1 1` is incomplete", "value");
    assert_flaw(general("1"), "A.mtx:4: the entry `1` is incomplete", "");
    assert_flaw(general("1 1 1 1"), "A.mtx:4: `1` follows the entry", "row, column and value");
    assert_flaw(general("1 1 abc"), "A.mtx:4: cannot take `abc` as a value", "a number");
    assert_flaw(general("1 1 1,5"), "A.mtx:4: cannot take `1,5`", "");
    assert_flaw(general("1 1 1e400"), "A.mtx:4: cannot take `1e400`", "range of f64");
    assert_flaw(general("1 1 -1D400"), "A.mtx:4: cannot take `-1D400`", "range of f64");
    assert_flaw(general("1 1 d"), "A.mtx:4: cannot take `d`", "");
    let long = format!("1 1 {}", "z".repeat(500));
    assert_flaw(general(&long), "A.mtx:4: cannot take `zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz…`", "");
    let pattern = "%%MatrixMarket matrix coordinate pattern general\n1 1 1\n1 1 5\n";
    assert_flaw(pattern, "A.mtx:3: `5` follows the entry", "`pattern`");
    let integer = "%%MatrixMarket matrix coordinate integer general\n1 1 1\n1 1 5.5\n";
    assert_flaw(integer, "A.mtx:3: cannot take `5.5`", "whole number");
    let array = "%%MatrixMarket matrix array real general\n2 1\n1 2\n";
    assert_flaw(array, "A.mtx:3: `2` follows the value", "one value per line");
}

#[test]
fn refuses_entries_against_the_symmetry() {
    let message = flaw(body("symmetric", "2 2 1\n1 2 5\n"));
    assert!(message.starts_with("A.mtx:3: the entry (1, 2) lies above the diagonal"), "{message}");
    assert!(message.contains("swap row and column"), "{message}");
    assert_flaw(body("skew-symmetric", "2 2 1\n1 2 5\n"), "A.mtx:3: the entry (1, 2) lies above", "");
    assert_flaw(body("skew-symmetric", "2 2 1\n2 2 5\n"), "A.mtx:3: the diagonal entry (2, 2) is 5", "");
    assert_flaw(body("skew-symmetric", "2 2 1\n2 2 nan\n"), "A.mtx:3: the entry (2, 2) is NaN", "");
}

#[test]
fn refuses_what_is_not_text() {
    assert_flaw([0_u8; 64], "A.mtx:1: not a text file", "compressed");
    assert_flaw([0xff_u8; 4096], "A.mtx:1: not a text file", "");
    assert_flaw(b"\x1f\x8b\x08\xff\xfe", "A.mtx:1: not a text file", "");
    assert_flaw("x".repeat(4096), "A.mtx:1: a line of more than 1024 bytes, `xxxx", "");
    assert_flaw("%".repeat(4096), "A.mtx:1: a line of more than 1024 bytes", "");
    // A character that the cut goes through does not make it binary.
    assert_flaw("é".repeat(4096), "A.mtx:1: a line of more than 1024 bytes", "");
    assert_flaw(body("general", "1 1 1\n1 1 \0"), "A.mtx:3: not a text file", "");
    assert_flaw(b"%%MatrixMarket matrix array real general\n1 1\n\xff\n", "A.mtx:3: not a text file", "");
    let long = body("general", &format!("1 1 1\n1 1 {}1\n", " ".repeat(2000)));
    assert_flaw(long, "A.mtx:3: a line of more than 1024 bytes", "");
}

#[test]
fn stops_early_in_a_huge_line() {
    let mut counter = Counter { left: 100 << 20, read: 0 };
    let error = parse(std::io::BufReader::new(&mut counter), "A.mtx").unwrap_err();
    assert!(error.to_string().contains("more than 1024 bytes"), "{error}");
    assert!(counter.read <= 1 << 16, "read {} bytes", counter.read);
}

/// 100 MB without a line break.
struct Counter {
    left: usize,
    read: usize,
}

impl Read for Counter {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = buffer.len().min(self.left);
        buffer[..count].fill(b'x');
        self.left -= count;
        self.read += count;
        Ok(count)
    }
}

#[test]
fn tells_a_missing_file_from_an_unreadable_one() {
    let folder = tempfile::tempdir().unwrap();
    let missing = read(&folder.path().join("none.mtx")).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
    assert!(missing.to_string().contains("none.mtx: no such file"), "{missing}");
    let unreadable = read(folder.path()).unwrap_err();
    assert_eq!(unreadable.kind(), ErrorKind::Io, "{unreadable}");
    assert!(matches!(unreadable, ReadError::Io { .. }));
}

#[test]
fn writer_refuses_what_it_would_lose() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("A.mtx");
    let matrix = |symmetry, entries: &[(u32, u32, f64)]| Coordinates {
        rows: 2,
        columns: 2,
        entries: entries.to_vec(),
        symmetry,
    };
    for wrong in [
        matrix(Symmetry::General, &[(2, 0, 1.0)]),
        matrix(Symmetry::Symmetric, &[(1, 0, 1.0)]),
        matrix(Symmetry::Symmetric, &[(1, 0, 1.0), (0, 1, 2.0)]),
        matrix(Symmetry::SkewSymmetric, &[(1, 0, 1.0), (0, 1, 1.0)]),
        matrix(Symmetry::SkewSymmetric, &[(1, 1, 1.0)]),
    ] {
        let error = write_coordinates(&path, &wrong).unwrap_err();
        assert!(matches!(error, WriteError::Unsuitable { .. }), "{error}");
    }
    assert!(matches!(write_array(&path, 2, 2, &[1.0]), Err(WriteError::Unsuitable { .. })));
    assert!(!path.exists());
}

fn round_trip(path: &Path, matrix: &Coordinates) -> Coordinates {
    write_coordinates(path, matrix).unwrap();
    match read(path).unwrap() {
        MatrixMarket::Coordinate(matrix) => matrix,
        other => panic!("not sparse: {other:?}"),
    }
}

/// The bits of the values by place, so that the order of mirrored entries does not matter.
fn by_place(matrix: &Coordinates) -> BTreeMap<(u32, u32), Vec<u64>> {
    let mut places = BTreeMap::<_, Vec<_>>::new();
    for &(row, column, value) in &matrix.entries {
        places.entry((row, column)).or_default().push(value.to_bits());
    }
    places
}

fn any_value() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>().prop_filter("any NaN is written as the one NaN", |v| !v.is_nan()),
        (-5_i32..5).prop_map(f64::from),
        Just(f64::MIN_POSITIVE / 8.0),
    ]
}

fn any_coordinates() -> impl Strategy<Value = Coordinates> {
    let symmetries =
        prop_oneof![Just(Symmetry::General), Just(Symmetry::Symmetric), Just(Symmetry::SkewSymmetric)];
    (symmetries, 1..40_u32, 1..40_u32).prop_flat_map(|(symmetry, rows, columns)| {
        let columns = if symmetry == Symmetry::General { columns } else { rows };
        let finite = any_value().prop_filter("a matrix is finite", |value| value.is_finite());
        let places = prop::collection::vec((0..rows, 0..columns, finite), 0..60);
        places.prop_map(move |places| {
            let mut entries = Vec::new();
            for (row, column, value) in places {
                match symmetry {
                    Symmetry::General => entries.push((row, column, value)),
                    _ if row == column => {
                        entries.push((row, row, if symmetry == Symmetry::Symmetric { value } else { 0.0 }));
                    }
                    Symmetry::Symmetric => entries.extend([(row, column, value), (column, row, value)]),
                    Symmetry::SkewSymmetric => entries.extend([(row, column, value), (column, row, -value)]),
                }
            }
            if symmetry == Symmetry::SkewSymmetric {
                entries.retain(|&(row, column, _)| row != column);
            }
            Coordinates { rows: rows as usize, columns: columns as usize, entries, symmetry }
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn coordinates_survive_a_round_trip(matrix in any_coordinates()) {
        let folder = tempfile::tempdir().unwrap();
        let back = round_trip(&folder.path().join("A.mtx"), &matrix);
        prop_assert_eq!((back.rows, back.columns, back.symmetry), (matrix.rows, matrix.columns, matrix.symmetry));
        prop_assert_eq!(by_place(&back), by_place(&matrix));
    }

    #[test]
    fn arrays_survive_a_round_trip(rows in 0..9_usize, columns in 0..9_usize, pool in prop::collection::vec(any_value(), 64)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.mtx");
        let values = &pool[..rows * columns];
        write_array(&path, rows, columns, values).unwrap();
        let expected = MatrixMarket::Array { rows, columns, values: values.to_vec() };
        prop_assert_eq!(read(&path).unwrap(), expected);
    }
}

#[test]
fn reads_the_collection() {
    let Some(folder) = std::env::var_os("ANSATZ_MATRICES") else {
        println!("skipped: ANSATZ_MATRICES is not set");
        return;
    };
    let folder = Path::new(&folder);
    // From the table in the folder: rows, and entries of both triangles.
    for (name, n, count) in [
        ("bcsstk01", 48, 400),
        ("lund_a", 147, 2449),
        ("nos5", 468, 5172),
        ("494_bus", 494, 1666),
        ("1138_bus", 1138, 4054),
        ("Chem97ZtZ", 2541, 7361),
    ] {
        let MatrixMarket::Coordinate(matrix) = read(&folder.join(name).with_extension("mtx")).unwrap() else {
            panic!("{name} is not sparse");
        };
        assert_eq!((matrix.rows, matrix.columns, matrix.entries.len()), (n, n, count), "{name}");
        assert_eq!(matrix.symmetry, Symmetry::Symmetric, "{name}");
    }
}

/// `cargo test --test io_matrix_market -- --ignored --nocapture`
#[test]
#[ignore = "a measurement"]
fn speed() {
    let mut text = body("general", "1000000 1000000 1000000\n");
    for i in 1..=1_000_000_u32 {
        use std::fmt::Write;
        writeln!(text, "{i} {} {:e}", 1_000_001 - i, f64::from(i).sqrt()).unwrap();
    }
    let start = std::time::Instant::now();
    assert_eq!(coordinates(&text).entries.len(), 1_000_000);
    println!("10^6 entries in {:?}", start.elapsed());
}
