//! Reference solutions: exact on their grid, accurate between its points, and refused where they are no grid.
#![allow(clippy::unwrap_used, clippy::panic)]

use ansatz::io::{ErrorKind, npy, npz};
use ansatz::{Axis, Reference};
use std::path::{Path, PathBuf};

fn axis(name: &str, low: f64, high: f64, periodic: bool) -> Axis {
    Axis { name: name.into(), low, high, periodic }
}

fn sampled(axes: &[Vec<f64>], f: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let mut points = vec![vec![]];
    for axis in axes {
        points =
            points.iter().flat_map(|p: &Vec<f64>| axis.iter().map(|&x| [&p[..], &[x]].concat())).collect();
    }
    points.iter().map(|point| f(point)).collect()
}

fn even(low: f64, high: f64, count: usize) -> Vec<f64> {
    (0..count).map(|k| low + (high - low) * k as f64 / (count - 1) as f64).collect()
}

#[test]
fn cubics_are_interpolated_without_error_and_grid_points_without_rounding() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("u.npz");
    let grids = [vec![0.0, 0.1, 0.35, 0.4, 0.9], even(-1.0, 1.0, 7), vec![2.0, 3.0]];
    let f = |p: &[f64]| (1.0 + p[0] - 2.0 * p[0].powi(3)) * (p[1].powi(3) - p[1]) * (3.0 - p[2]);
    let values = sampled(&grids, f);
    let arrays = [("t", npy::Array::vector(&grids[0])), ("u", npy::Array::row_major(&[5, 7, 2], &values))];
    npz::write(&path, &arrays).unwrap();
    // x and y are implied by the domain.
    let axes = [axis("t", 0.0, 1.0, false), axis("x", -1.0, 1.0, false), axis("y", 2.0, 3.0, false)];
    let reference = Reference::read(&path, "u", &axes).unwrap();
    let mut at = 0;
    for &t in &reference.axes()[0] {
        for &x in &reference.axes()[1] {
            for &y in &reference.axes()[2] {
                assert_eq!(reference.at(&[t, x, y]), values[at]);
                at += 1;
            }
        }
    }
    for point in [[0.05, -0.9, 2.5], [0.5, 0.1, 2.1], [0.89, 0.99, 3.0], [0.2, 0.0, 2.0], [0.95, 0.5, 2.5]] {
        let (found, expected) = (reference.at(&point), f(&point));
        assert!((found - expected).abs() < 1e-14, "{point:?}: {found} {expected}");
    }
    assert!(reference.at(&[0.0]).is_nan());
}

#[test]
fn the_error_falls_with_the_fourth_power_also_across_a_period() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("u.npz");
    let wave = |x: f64| (std::f64::consts::PI * x).sin();
    let error = |count: usize, both_ends: bool| {
        let mut x = even(-1.0, 1.0, count + 1);
        x.truncate(if both_ends { count + 1 } else { count });
        let u: Vec<f64> = x.iter().map(|&x| wave(x)).collect();
        npz::write(&path, &[("x", npy::Array::vector(&x)), ("u", npy::Array::vector(&u))]).unwrap();
        let reference = Reference::read(&path, "u", &[axis("x", -1.0, 1.0, true)]).unwrap();
        even(-3.0, 3.0, 997).iter().map(|&x| (reference.at(&[x]) - wave(x)).abs()).fold(0.0, f64::max)
    };
    for both_ends in [false, true] {
        let order = (error(16, both_ends) / error(32, both_ends)).log2();
        assert!((3.8..4.2).contains(&order), "{order}");
    }
}

#[test]
fn what_is_no_grid_is_refused_with_file_and_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("u.npz");
    let axes = [axis("x", 0.0, 1.0, false)];
    let refused = |x: &[f64], shape: &[usize], u: &[f64], axes: &[Axis], part: &str| {
        npz::write(&path, &[("x", npy::Array::vector(x)), ("u", npy::Array::row_major(shape, u))]).unwrap();
        let error = Reference::read(&path, "u", axes).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadData);
        let message = error.to_string();
        assert!(message.contains("u.npz") && message.contains(part) && message.contains(" — "), "{message}");
    };
    refused(&[0.0, 1.0], &[1, 2], &[0.0, 0.0], &axes, "has 2 dimensions; expected 1, one for each of x");
    refused(&[0.0, 1.0], &[3], &[0.0; 3], &axes, "the grid of x has 2 points for 3 values");
    refused(&[1.0, 0.0], &[2], &[0.0; 2], &axes, "does not rise");
    refused(&[0.0, f64::NAN], &[2], &[0.0; 2], &axes, "not finite");
    refused(&[], &[0], &[], &axes, "empty");
    refused(&[0.0, 1.0], &[2], &[0.0, f64::NAN], &axes, "value number 1 of the solution is NaN");
    refused(&[0.0, 2.0], &[2], &[0.0; 2], &[axis("x", 0.0, 1.0, true)], "longer than the period");
    assert_eq!(Reference::read(Path::new("no.npy"), "u", &axes).unwrap_err().kind(), ErrorKind::NotFound);
}

/// The project's own references, where `ANSATZ_REFERENCES` names their folder.
#[test]
fn the_projects_references_are_read() {
    let Some(folder) = std::env::var_os("ANSATZ_REFERENCES").map(PathBuf::from) else {
        println!("skipped: ANSATZ_REFERENCES is not set");
        return;
    };
    let axes = [axis("t", 0.0, 1.0, false), axis("x", -1.0, 1.0, true)];
    let allen_cahn = Reference::read(&folder.join("allen_cahn.npz"), "u", &axes).unwrap();
    assert_eq!((allen_cahn.axes()[0].len(), allen_cahn.axes()[1].len()), (201, 1024));
    for (row, &t) in allen_cahn.axes()[0].iter().enumerate() {
        for (column, &x) in allen_cahn.axes()[1].iter().enumerate() {
            assert_eq!(allen_cahn.at(&[t, x]), allen_cahn.values()[row * 1024 + column]);
        }
    }
    let initial = |x: f64| x * x * (std::f64::consts::PI * x).cos();
    assert!((allen_cahn.at(&[0.0, 0.1234567]) - initial(0.1234567)).abs() < 1e-9);

    let axes = [axis("t", 0.0, 1.0, false), axis("x", -1.0, 1.0, false), axis("y", -1.0, 1.0, false)];
    let diffusion = Reference::read(&folder.join("nonlinear_diffusion.npy"), "u", &axes).unwrap();
    let initial = |x: f64, y: f64| {
        0.25 * (-((x - 0.3).powi(2) + (y - 0.2).powi(2)) / 0.1).exp()
            + 0.4 * (-15.0 * ((x + 0.5).powi(2) + (y + 0.1).powi(2))).exp()
            + 0.3 * (-20.0 * (x * x + (y + 0.5).powi(2))).exp()
    };
    for (x, y) in [(0.0, 0.0), (0.301, 0.217), (-0.4567, -0.123)] {
        let found = diffusion.at(&[0.0, x, y]);
        assert!((found - initial(x, y)).abs() < 1e-5, "{found} {}", initial(x, y));
    }
}
