//! Least squares on the host: small cases by hand, and how it ends where there is no solution.

#![allow(clippy::unwrap_used)]

use ansatz_gpu::{Gpu, GpuError, Real};
use ansatz_linalg::{LeastSquares, LeastSquaresReason, LeastSquaresSolution, Matrix, Place};

const EXACT: LeastSquares = LeastSquares { tikhonov: Some(0.0), place: Place::Auto };

fn solve<T: Real>(
    how: LeastSquares,
    rows: usize,
    columns: usize,
    a: &[f64],
    b: &[f64],
) -> LeastSquaresSolution {
    let gpu = Gpu::cpu();
    let matrix = |columns, entries: &[f64]| {
        let entries: Vec<T> = entries.iter().copied().map(T::from_f64).collect();
        Matrix::upload(&gpu, "matrix", rows, columns, &entries).unwrap()
    };
    let rhs = b.len().checked_div(rows).unwrap_or(1);
    how.solve(&gpu, &matrix(columns, a), &matrix(rhs, b)).unwrap()
}

#[test]
fn a_line_through_points() {
    fn check<T: Real>() {
        let found = solve::<T>(EXACT, 4, 2, &[1.0, 1.0, 1.0, 1.0, 0.0, 1.0, 2.0, 3.0], &[1.0, 2.0, 2.0, 3.0]);
        let tolerance = 20.0 * T::epsilon().widen();
        assert!(found.solved() && found.rank == 2, "{found:?}");
        assert!((found.x[0][0] - 1.1).abs() < tolerance, "{found:?}");
        assert!((found.x[0][1] - 0.6).abs() < tolerance, "{found:?}");
        assert!((found.residual_norms[0] - 0.2f64.sqrt()).abs() < tolerance, "{found:?}");
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn several_right_hand_sides_of_integers() {
    let a = [2.0, 0.0, 1.0, 1.0, 3.0, 0.0, 0.0, 1.0, 4.0];
    let b = [3.0, 4.0, 5.0, 4.0, -5.0, 9.0];
    let found = solve::<f64>(EXACT, 3, 3, &a, &b);
    for (x, b) in found.x.iter().zip(b.chunks(3)) {
        for (i, b) in b.iter().enumerate() {
            let ax: f64 = (0..3).map(|j| a[3 * j + i] * x[j]).sum();
            assert!((ax - b).abs() < 1e-14);
        }
    }
}

#[test]
fn what_has_no_solution_says_why() {
    let reason = |how, rows, columns, a: &[f64], b: &[f64]| {
        let found = solve::<f64>(how, rows, columns, a, b);
        assert!(found.x.is_empty() && !found.solved());
        found.reason
    };
    let (nan, ones) = (f64::NAN, [1.0; 6]);
    assert_eq!(
        reason(EXACT, 2, 3, &ones, &ones[..2]),
        LeastSquaresReason::TooFewRows { rows: 2, columns: 3 }
    );
    assert_eq!(
        reason(EXACT, 3, 2, &ones, &ones[..3]),
        LeastSquaresReason::RankDeficient { rank: 1, column: 1 }
    );
    assert_eq!(
        reason(EXACT, 3, 2, &[1.0, 2.0, 3.0, 0.0, 0.0, 0.0], &ones[..3]),
        LeastSquaresReason::RankDeficient { rank: 1, column: 1 }
    );
    assert_eq!(
        reason(LeastSquares::default(), 3, 2, &[1.0, 2.0, 3.0, 0.0, nan, 0.0], &ones[..3]),
        LeastSquaresReason::NonFiniteMatrix { row: 1, column: 1 }
    );
    assert_eq!(
        reason(LeastSquares::default(), 3, 2, &ones, &[1.0, 1.0, f64::INFINITY]),
        LeastSquaresReason::NonFiniteRhs { row: 2, column: 0 }
    );
    assert_eq!(reason(EXACT, 0, 2, &[], &[]), LeastSquaresReason::TooFewRows { rows: 0, columns: 2 });
}

#[test]
fn with_tikhonov_everything_finite_has_a_solution() {
    let how = LeastSquares::default();
    // The smallest solution of c₀ + c₁ = 1, as far as λ tells it from the others; and with more columns than rows.
    let found = solve::<f64>(how, 3, 2, &[1.0; 6], &[1.0; 3]);
    assert!(found.rank == 1 && found.x[0].iter().all(|x| (x - 0.5).abs() < 0.1), "{found:?}");
    assert!((found.x[0].iter().sum::<f64>() - 1.0).abs() < 1e-14, "{found:?}");
    let found = solve::<f64>(how, 1, 3, &[1.0; 3], &[1.0]);
    assert!(found.solved() && found.x[0].iter().all(|x| (x - 1.0 / 3.0).abs() < 1e-6), "{found:?}");
    let found = solve::<f64>(how, 0, 2, &[], &[]);
    assert_eq!((found.x, found.rank), (vec![vec![0.0; 2]], 0));
    let found = solve::<f64>(how, 2, 0, &[], &[3.0, 4.0]);
    assert_eq!((found.x, found.residual_norms), (vec![vec![]], vec![5.0]));
}

#[test]
fn huge_and_tiny_columns_are_scaled() {
    let (big, small) = (1e30, 1e-30);
    let a = [big, big, 0.0, small, -small, small];
    let found = solve::<f32>(LeastSquares::default(), 3, 2, &a, &[3e20, 1e20, 1e20]);
    let expected = [2e-10, 1e50];
    for (x, expected) in found.x[0].iter().zip(expected) {
        assert!((x / expected - 1.0).abs() < 1e-5, "{found:?}");
    }
}

/// A wide problem by its kernel form, and the same with rows of zeros below, which make it tall, by its triangle.
#[test]
fn the_kernel_form_gives_the_step_of_the_triangle() {
    fn check<T: Real>(rows: usize, columns: usize, damping: &dyn Fn(usize) -> f64, condition: f64) {
        let gpu = Gpu::cpu();
        let number =
            |i: usize, j: usize| T::from_f64((1.3 * i as f64 + 0.1 * ((i + 2) * j * j) as f64).sin());
        // Columns of very different lengths, and one of nothing.
        let entry =
            |i, j| number(i, j) * T::from_f64([1.0, 1e3, 1e-3, 1.0][j % 4] * f64::from(u8::from(j != 3)));
        let factor = |below: usize| {
            let column = |j: usize| (0..rows).map(move |i| entry(i, j)).chain(vec![T::zero(); below]);
            let a: Vec<T> = (0..columns).flat_map(column).collect();
            let b: Vec<T> = (0..rows).map(|i| number(i, 1000)).chain(vec![T::zero(); below]).collect();
            let a = Matrix::upload(&gpu, "a", rows + below, columns, &a).unwrap();
            let b = Matrix::upload(&gpu, "b", rows + below, 1, &b).unwrap();
            LeastSquares::default().factor(&gpu, &a, &b).unwrap().unwrap()
        };
        let (wide, tall) = (factor(0), factor(columns - rows));
        assert_eq!(wide.lengths(), tall.lengths());
        let (found, expected) = (wide.solve(damping), tall.solve(damping));
        let (promised, as_promised) = (found.decrease, expected.decrease);
        let (found, expected) = (found.x, expected.x);
        // Both lose the condition of [A; Λ]; the triangle in `T`, the kernel form in f64.
        let tolerance = 20.0 * T::epsilon().widen() * condition * (rows as f64).sqrt();
        let scaled = |x: &[f64]| -> Vec<f64> { x.iter().zip(tall.lengths()).map(|(x, d)| x * d).collect() };
        let (found, expected) = (scaled(&found), scaled(&expected));
        let size = expected.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
        for (found, expected) in found.iter().zip(&expected) {
            assert!(
                (found - expected).abs() <= tolerance * size,
                "{found:e}, not {expected:e} within {tolerance:e}"
            );
        }
        assert!(
            (promised - as_promised).abs() <= tolerance * as_promised,
            "{promised:e}, not {as_promised:e}"
        );
    }
    for (rows, columns) in [(1, 2), (3, 10), (64, 65), (70, 150)] {
        check::<f64>(rows, columns, &|_| 0.1, 1e2);
        check::<f32>(rows, columns, &|_| 0.1, 1e2);
        check::<f64>(rows, columns, &|j| [1.0, 0.01, 1e12][j % 3], 1e3);
        check::<f64>(rows, columns, &|_| 1e-5, 1e6);
    }
}

/// Without damping, the shortest of all solutions.
#[test]
fn a_wide_problem_without_damping_has_its_shortest_solution() {
    let gpu = Gpu::cpu();
    let a = Matrix::upload(&gpu, "a", 1, 3, &[1.0f64, -1.0, 1.0]).unwrap();
    let b = Matrix::upload(&gpu, "b", 1, 1, &[3.0f64]).unwrap();
    let problem = LeastSquares::default().factor(&gpu, &a, &b).unwrap().unwrap();
    let solution = problem.solve(|_| 0.0);
    let (x, decrease) = (solution.x, solution.decrease);
    assert!(x.iter().zip([1.0, -1.0, 1.0]).all(|(x, expected)| (x - expected).abs() < 1e-14), "{x:?}");
    assert!((decrease - 9.0).abs() < 1e-13, "{decrease}");
    // Without rows nothing is asked, so nothing moves.
    let [a, b] = [3, 1].map(|columns| Matrix::<f64>::zeros(&gpu, "none", 0, columns).unwrap());
    let problem = LeastSquares::default().factor(&gpu, &a, &b).unwrap().unwrap();
    let solution = problem.solve(|_| 0.0);
    assert_eq!((solution.x, solution.decrease), (vec![0.0; 3], 0.0));
}

#[test]
fn shapes_and_settings_are_checked() {
    let gpu = Gpu::cpu();
    let matrix = Matrix::<f32>::zeros(&gpu, "a", 3, 2).unwrap();
    let short = Matrix::zeros(&gpu, "b", 2, 1).unwrap();
    let refused = |how: LeastSquares, rhs| how.solve(&gpu, &matrix, rhs).unwrap_err();
    assert!(matches!(refused(EXACT, &short), GpuError::Misuse { .. }));
    for tikhonov in [-1.0, f64::NAN, f64::INFINITY] {
        let how = LeastSquares { tikhonov: Some(tikhonov), ..EXACT };
        assert!(matches!(refused(how, &matrix), GpuError::Misuse { .. }));
    }
}
