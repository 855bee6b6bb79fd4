//! Running the program, and reading and checking its files without its own code.

#![allow(dead_code)] // No test program uses all of it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A folder of its own for every test, in which the program runs.
pub struct Place {
    folder: TempDir,
}

/// How a run ended.
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Place {
    pub fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    pub fn exists(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// The program, about to run here; its device is that of `ANSATZ_DEVICE`.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ansatz"));
        command.current_dir(self.folder.path()).args(arguments).stdin(Stdio::null());
        // Neither the time it takes nor what it finds belongs to a test.
        command.env("ANSATZ_TUNING", "off");
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        let Output { status, stdout, stderr } = self.command(arguments).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let (stdout, stderr) = (text(stdout), text(stderr));
        assert!(!stderr.contains("panicked"), "{arguments:?}: {stderr}");
        Ran { code: status.code(), stdout, stderr }
    }

    /// Runs and expects an exit code.
    pub fn expect(&self, code: i32, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(code), "{arguments:?}\n{}{}", ran.stdout, ran.stderr);
        ran
    }

    /// Runs, expects an exit code, and one line that begins with `error: ` and holds all `parts`.
    pub fn expect_error(&self, code: i32, arguments: &[&str], parts: &[&str]) {
        let ran = self.expect(code, arguments);
        // Drivers print lines of their own.
        let lines: Vec<&str> = ran
            .stderr
            .lines()
            .filter(|line| line.starts_with("error: ") && !line.contains("XDG_RUNTIME_DIR"))
            .collect();
        let [line] = lines[..] else { panic!("{arguments:?}: {} lines of error: {lines:?}", lines.len()) };
        for part in parts {
            assert!(line.contains(part), "{arguments:?}: `{part}` is missing in: {line}");
        }
        assert_eq!(ran.stdout, "", "{arguments:?}");
    }

    pub fn json(&self, name: &str) -> serde_json::Value {
        serde_json::from_str(&std::fs::read_to_string(self.path(name)).unwrap()).unwrap()
    }

    /// The shape and values of an `.npy` file of f64, row after row.
    pub fn npy(&self, name: &str) -> (Vec<usize>, Vec<f64>) {
        read_npy(&self.path(name))
    }
}

/// A square matrix as triplets, counted from 0.
pub struct Matrix {
    pub n: usize,
    pub triplets: Vec<(usize, usize, f64)>,
}

impl Matrix {
    /// Tridiagonal, symmetric and positive definite: 2 + `shift` on the diagonal, −1 beside it.
    pub fn chain(n: usize, shift: f64) -> Self {
        let row = |i: usize| [(i, i, 2.0 + shift), (i, i + 1, -1.0), (i + 1, i, -1.0)];
        let mut triplets: Vec<_> = (0..n).flat_map(row).collect();
        triplets.retain(|&(row, column, _)| row < n && column < n);
        Self { n, triplets }
    }

    /// As a Matrix Market file of all entries.
    pub fn to_text(&self) -> String {
        let (n, count) = (self.n, self.triplets.len());
        let mut text =
            format!("%%MatrixMarket matrix coordinate real general\n% a comment\n{n} {n} {count}\n");
        for (row, column, value) in &self.triplets {
            text += &format!("{} {} {value:e}\n", row + 1, column + 1);
        }
        text
    }

    /// Reads the kinds of file that lie in `$ANSATZ_MATRICES`.
    pub fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let mut lines = text.lines();
        let header = lines.next().unwrap().to_lowercase();
        let symmetric = header.contains("symmetric");
        let mut lines = lines.filter(|line| !line.starts_with('%') && !line.trim().is_empty());
        let n = lines.next().unwrap().split_whitespace().next().unwrap().parse().unwrap();
        let mut triplets = Vec::new();
        for line in lines {
            let words: Vec<&str> = line.split_whitespace().collect();
            let (row, column): (usize, usize) = (words[0].parse().unwrap(), words[1].parse().unwrap());
            let value = words.get(2).map_or(1.0, |word| word.parse().unwrap());
            triplets.push((row - 1, column - 1, value));
            if symmetric && row != column {
                triplets.push((column - 1, row - 1, value));
            }
        }
        Self { n, triplets }
    }

    /// ‖b − Ax‖₂/‖b‖₂.
    pub fn relative_residual(&self, x: &[f64], b: &[f64]) -> f64 {
        let mut r = b.to_vec();
        for &(row, column, value) in &self.triplets {
            r[row] -= value * x[column];
        }
        let norm = |v: &[f64]| v.iter().map(|v| v * v).sum::<f64>().sqrt();
        norm(&r) / norm(b)
    }
}

/// An `.npy` file of version 1.0 with f64, row after row.
pub fn to_npy(shape: &[usize], values: &[f64]) -> Vec<u8> {
    let shape: String = shape.iter().map(|side| format!("{side}, ")).collect();
    let mut header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({shape}), }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.as_bytes());
    file.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    file
}

pub fn read_npy(path: &Path) -> (Vec<usize>, Vec<f64>) {
    let file = std::fs::read(path).unwrap();
    assert_eq!(&file[..6], b"\x93NUMPY");
    let length = usize::from(u16::from_le_bytes([file[8], file[9]]));
    let header = std::str::from_utf8(&file[10..10 + length]).unwrap();
    assert!(header.contains("'<f8'"), "{header}");
    let (_, shape) = header.split_once("'shape': (").unwrap();
    let (shape, _) = shape.split_once(')').unwrap();
    let shape: Vec<usize> = shape.split(',').filter_map(|side| side.trim().parse().ok()).collect();
    let mut values: Vec<f64> = file[10 + length..]
        .chunks_exact(8)
        .map(|bytes| f64::from_le_bytes(bytes.try_into().unwrap()))
        .collect();
    assert_eq!(values.len(), shape.iter().product::<usize>());
    if let ([rows, columns], true) = (&shape[..], header.contains("'fortran_order': True")) {
        values = (0..rows * columns).map(|at| values[at % columns * rows + at / columns]).collect();
    }
    (shape, values)
}
