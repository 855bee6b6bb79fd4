//! Deflated conjugate gradients on each device: iterations that are known, spaces of all kinds, and what is refused.

#![allow(clippy::unwrap_used)]

use std::ops::ControlFlow;
use std::sync::Arc;

use ansatz::gpu::Gpu;
use ansatz::krylov::deflation::{Deflation, DeflationVectors, Recycling};
use ansatz::krylov::operator::{Csr, Operator};
use ansatz::krylov::{generate, solve};
use ansatz::{Method, Outcome, Precision, Preconditioner, Progress, Reason, SolveOptions};
use ansatz_tests::each;

fn go_on(_: &Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn random(seed: u64, n: usize) -> Vec<f64> {
    (0..n as u64).map(|i| generate::random(seed, i)).collect()
}

fn diagonal(entries: &[f64]) -> Csr {
    let entries: Vec<_> = entries.iter().enumerate().map(|(i, &value)| (i, i, value)).collect();
    Csr::from_triplets(entries.len(), entries.len(), &entries).unwrap()
}

fn with(a: &dyn Operator, vectors: &[Vec<f64>], options: &SolveOptions) -> SolveOptions {
    SolveOptions { deflation: Some(Arc::new(Deflation::new(a, vectors).unwrap())), ..options.clone() }
}

/// The outcome of each right-hand side, all of which are verified here once more.
fn solved(gpu: &Gpu, a: &dyn Operator, b: &[Vec<f64>], options: &SolveOptions) -> Vec<Outcome> {
    let outcomes = solve(gpu, a, b, None, options, &mut go_on).unwrap().outcomes;
    for (outcome, b) in outcomes.iter().zip(b) {
        let mut ax = vec![0.0; b.len()];
        a.apply(&outcome.x, &mut ax);
        let square = |v: &mut dyn Iterator<Item = f64>| v.map(|v| v * v).sum::<f64>();
        let residual = square(&mut ax.iter().zip(b).map(|(ax, b)| b - ax)).sqrt();
        let norm = square(&mut b.iter().copied()).sqrt();
        assert!(outcome.converged() && residual <= options.rtol * norm, "{}: {residual:e}", outcome.reason);
    }
    outcomes
}

/// Nine eigenvalues, of which the four that are alone in their spaces are deflated: conjugate gradients need as many iterations as there
/// are eigenvalues, so that five are left.
#[test]
fn deflated_eigenvalues_take_no_iterations() {
    each(|gpu| {
        if !gpu.capabilities().f64 {
            return;
        }
        let n = 203;
        let mut entries: Vec<f64> = (0..n).map(|i| 1.0 + (i % 5) as f64).collect();
        entries[..4].copy_from_slice(&[1e-3, 2e-3, 5e-3, 40.0]);
        let a = diagonal(&entries);
        let b = [random(1, n), random(2, n)];
        let base = SolveOptions { preconditioner: Preconditioner::None, rtol: 1e-9, ..Default::default() };
        let unit = |k: usize| (0..n).map(|i| f64::from(u8::from(i == k))).collect::<Vec<_>>();
        // The same space by other vectors, too many of them, and zero.
        let mixed =
            |k: usize| (0..n).map(|i| if i < 4 { ((i + 1) * (k + 2)) as f64 % 7.0 } else { 0.0 }).collect();
        let spaces: [Vec<Vec<f64>>; 2] =
            [(0..4).map(unit).collect(), (0..9).map(mixed).chain([vec![0.0; n]]).collect()];
        for outcome in solved(gpu, &a, &b, &base) {
            // More, as rounding brings back what was found.
            assert!(outcome.iterations >= 9);
        }
        for space in spaces {
            let deflated = with(&a, &space, &base);
            assert_eq!(deflated.deflation.as_ref().unwrap().rank(), 4);
            for outcome in solved(gpu, &a, &b, &deflated) {
                assert_eq!(outcome.iterations, 5);
            }
        }
        // All of the space is the direct solution.
        let few = diagonal(&entries[..6]);
        let whole: Vec<_> = (0..6).map(|k| random(30 + k, 6)).collect();
        assert_eq!(solved(gpu, &few, &[random(3, 6)], &with(&few, &whole, &base))[0].iterations, 0);
    });
}

/// Whatever preconditioner is inside and whatever the precision, a space takes iterations off and the answer stays verified.
#[test]
fn spaces_go_with_preconditioners() {
    each(|gpu| {
        for text in ["poisson:41x37", "neumann:40x24", "obstacles:12x12x12", "elasticity:17x15"] {
            let a = generate::parse(text, 1).unwrap().operator;
            let n = a.dimension();
            let mut b = [7, 8].map(|seed| {
                let entry = |(i, b)| if a.is_active(i) { b } else { 0.0 };
                random(seed, n).into_iter().enumerate().map(entry).collect::<Vec<f64>>()
            });
            if text.starts_with("neumann") {
                for b in &mut b {
                    let mean = b.iter().sum::<f64>() / n as f64;
                    b.iter_mut().for_each(|b| *b -= mean);
                }
            }
            let vectors =
                DeflationVectors::Blocks(16).of(gpu, &*a, 0, |_| ControlFlow::Continue(())).unwrap();
            for pc in ["none", "jacobi", "block-jacobi", "chebyshev:4", "amg"] {
                for precision in [Precision::Auto, Precision::F32] {
                    let preconditioner: Preconditioner = pc.parse().unwrap();
                    let base = SolveOptions { preconditioner, precision, ..SolveOptions::default() };
                    let plain = solved(gpu, &*a, &b, &base);
                    let deflated = solved(gpu, &*a, &b, &with(&*a, &vectors, &base));
                    let counts = [&plain, &deflated].map(|outcomes| outcomes[1].iterations);
                    // With a cycle inside there is little left to take off.
                    let most = if pc == "amg" { counts[0] + 2 } else { counts[0] };
                    assert!(counts[1] <= most, "{text}, {pc}, {precision:?}: {counts:?}");
                }
            }
        }
    });
}

/// With the sixteen smallest eigenvalues of a Poisson problem deflated, the condition of the rest is κ = λₙ/λ₁₇, for which
/// ‖r_k‖ ≤ 2√κ ((√κ − 1)/(√κ + 1))ᵏ ‖r₀‖; with Ritz vectors likewise, once they have converged.
#[test]
fn ritz_vectors_deflate_as_eigenvectors_do() {
    each(|gpu| {
        let (nx, ny) = (31, 29);
        let a = generate::parse("poisson:31x29", 0).unwrap().operator;
        let pi = std::f64::consts::PI;
        let mode = |kx: usize, ky: usize| -> (f64, Vec<f64>) {
            let (tx, ty) = (kx as f64 * pi / (nx + 1) as f64, ky as f64 * pi / (ny + 1) as f64);
            let value = 4.0 - 2.0 * tx.cos() - 2.0 * ty.cos();
            let vector =
                (0..nx * ny).map(|i| (tx * (i % nx + 1) as f64).sin() * (ty * (i / nx + 1) as f64).sin());
            (value, vector.collect())
        };
        let mut modes: Vec<_> = (1..8).flat_map(|kx| (1..8).map(move |ky| mode(kx, ky))).collect();
        modes.sort_by(|a, b| a.0.total_cmp(&b.0));
        let eigenvectors: Vec<Vec<f64>> = modes[..16].iter().map(|mode| mode.1.clone()).collect();
        let ritz = DeflationVectors::Ritz { count: 16, steps: 200 };
        let ritz = ritz.of(gpu, &*a, 3, |_| ControlFlow::Continue(())).unwrap();
        let base = SolveOptions { preconditioner: Preconditioner::None, ..SolveOptions::default() };
        let b = [random(9, nx * ny)];
        let plain = solved(gpu, &*a, &b, &base)[0].iterations;
        let exact = solved(gpu, &*a, &b, &with(&*a, &eigenvectors, &base))[0].iterations;
        let by_ritz = solved(gpu, &*a, &b, &with(&*a, &ritz, &base))[0].iterations;
        let root = (8.0 / modes[16].0).sqrt();
        // r₀ is what the projection leaves of b, at most √κ₁ times as long.
        let factor = 2.0 * root * (8.0 / modes[0].0).sqrt() / base.rtol;
        let bound = factor.ln() / ((root + 1.0) / (root - 1.0)).ln();
        assert!(exact as f64 <= bound && bound < 0.7 * plain as f64, "{plain}, {exact}, {bound}");
        assert!(by_ritz.abs_diff(exact) <= 3, "{by_ritz}, {exact}");
    });
}

/// Coefficients that differ by 1e6 let rounding bring back the part of r in W again and again.
#[test]
fn spaces_bear_contrasts() {
    each(|gpu| {
        let a = generate::parse("contrast:32x32:1e6", 1).unwrap().operator;
        let b = [random(11, a.dimension())];
        // In f32 the order of the sums decides how often such a system is refined.
        let base = SolveOptions { precision: Precision::F64, ..SolveOptions::default() };
        let plain = solved(gpu, &*a, &b, &base)[0].iterations;
        for space in ["blocks:16", "ritz:16"] {
            let space: DeflationVectors = space.parse().unwrap();
            let vectors = space.of(gpu, &*a, 5, |_| ControlFlow::Continue(())).unwrap();
            let deflated = solved(gpu, &*a, &b, &with(&*a, &vectors, &base))[0].iterations;
            assert!(deflated as f64 <= 1.2 * plain as f64, "{space}: {deflated}, {plain}");
        }
    });
}

#[test]
fn what_does_not_fit_is_refused() {
    let a = diagonal(&[1.0, 2.0, 3.0]);
    let refused = |a: &Csr, vectors: &[Vec<f64>]| Deflation::new(a, vectors).unwrap_err().to_string();
    assert!(refused(&a, &[vec![1.0; 2]]).contains("2 entries"));
    assert!(refused(&a, &[]).contains("1 to 64"));
    assert!(refused(&a, &vec![vec![1.0; 3]; 65]).contains("65"));
    assert!(refused(&a, &[vec![1.0, f64::NAN, 0.0]]).contains("vector 0"));
    assert!(refused(&a, &[vec![0.0; 3]]).contains("positive curvature"));
    assert!(refused(&diagonal(&[-1.0, -2.0]), &[vec![1.0; 2]]).contains("positive curvature"));
    let options = with(&a, &[vec![1.0; 3]], &SolveOptions { method: Method::Minres, ..Default::default() });
    let b = [vec![1.0; 3]];
    let error = solve(&Gpu::cpu(), &a, &b, None, &options, &mut go_on).unwrap_err();
    assert!(error.to_string().contains("minres, with deflation"), "{error}");
    let options = SolveOptions { method: Method::Cg, ..options };
    let error = solve(&Gpu::cpu(), &diagonal(&[1.0; 4]), &[vec![1.0; 4]], None, &options, &mut go_on);
    assert!(error.unwrap_err().to_string().contains("3 entries"));
    for text in ["blocks", "blocks:0", "blocks:65", "ritz:9:8", "ritz:2:3000", "ritz:a", "others:3"] {
        assert!(text.parse::<DeflationVectors>().is_err(), "{text}");
    }
}

/// Of nine eigenvalues the smallest three are alone in their spaces: their vectors are found on the way and recycled, and later right-hand
/// sides need as many iterations as there are eigenvalues left.
#[test]
fn eigenvectors_are_recycled() {
    each(|gpu| {
        if !gpu.capabilities().f64 {
            return;
        }
        let n = 203;
        let mut entries: Vec<f64> = (0..n).map(|i| 1.0 + (i % 6) as f64).collect();
        entries[..3].copy_from_slice(&[1e-3, 2e-3, 5e-3]);
        let a = diagonal(&entries);
        let b: Vec<_> = (0..3).map(|k| random(40 + k, n)).collect();
        let base = SolveOptions { preconditioner: Preconditioner::None, rtol: 1e-9, ..Default::default() };
        let recycle = Some(Recycling { count: 3, steps: 30 });
        let solution =
            solve(gpu, &a, &b, None, &SolveOptions { recycle, ..base.clone() }, &mut go_on).unwrap();
        let iterations: Vec<u64> = solution.outcomes.iter().map(|outcome| outcome.iterations).collect();
        assert!(solution.outcomes.iter().all(Outcome::converged));
        assert!(iterations[0] >= 9, "{iterations:?}");
        // Rounding may ask for one more.
        assert!(iterations[1..].iter().all(|&count| (6..=7).contains(&count)), "{iterations:?}");
        // What is left serves a later solve.
        let deflation = solution.recycled;
        assert_eq!(deflation.as_ref().unwrap().rank(), 3);
        let later = solved(gpu, &a, &[random(50, n)], &SolveOptions { deflation, ..base });
        assert!((6..=7).contains(&later[0].iterations), "{}", later[0].iterations);
    });
}

/// On a matrix with slow modes every right-hand side leaves the next fewer iterations, in either precision.
#[test]
fn iterations_go_down_from_one_right_hand_side_to_the_next() {
    each(|gpu| {
        let a = generate::parse("contrast:24x24:1e3", 0).unwrap().operator;
        let n = a.dimension();
        let b: Vec<_> = (0..6).map(|k| random(60 + k, n)).collect();
        for precision in [Precision::F32, Precision::Auto] {
            let recycle = Some(Recycling { count: 10, steps: 80 });
            let options = SolveOptions { precision, recycle, ..Default::default() };
            let outcomes = solved(gpu, &*a, &b, &options);
            let iterations: Vec<u64> = outcomes.iter().map(|outcome| outcome.iterations).collect();
            let plain = solved(gpu, &*a, &b, &SolveOptions { recycle: None, ..options });
            assert_eq!(iterations[0], plain[0].iterations);
            let (first, last) = (iterations[0], iterations[5]);
            assert!(4 * last <= 3 * first, "{precision:?}: {iterations:?}");
        }
    });
}

/// What cannot be recycled is told, and what needs no iteration leaves nothing.
#[test]
fn recycling_has_its_bounds() {
    each(|gpu| {
        let a = generate::parse("poisson:9x9", 0).unwrap().operator;
        let b = [random(1, 81), vec![0.0; 81]];
        let options =
            |count, steps| SolveOptions { recycle: Some(Recycling { count, steps }), ..Default::default() };
        for (count, steps) in [(0, 4), (65, 100), (4, 3), (4, 257)] {
            let error = solve(gpu, &*a, &b, None, &options(count, steps), &mut go_on).unwrap_err();
            assert!(error.to_string().contains("recycling"), "{error}");
        }
        let minres = SolveOptions { method: Method::Minres, ..options(2, 8) };
        assert!(solve(gpu, &*a, &b, None, &minres, &mut go_on).is_err());
        let short = [random(1, 80)];
        assert!(solve(gpu, &*a, &short, None, &options(2, 8), &mut go_on).is_err());
        let x0 = [vec![0.0; 81]];
        assert!(solve(gpu, &*a, &b, Some(&x0), &options(2, 8), &mut go_on).is_err());
        let zero = solve(gpu, &*a, &b[1..], None, &options(2, 8), &mut go_on).unwrap();
        assert!(zero.recycled.is_none() && zero.outcomes[0].iterations == 0);
        let both = solve(gpu, &*a, &b, None, &options(2, 8), &mut go_on).unwrap();
        assert_eq!((both.outcomes.len(), both.recycled.unwrap().rank()), (2, 2));
        for (text, expected) in [("8", Some((8, 48))), ("60", Some((60, 256))), ("3:9", Some((3, 9)))] {
            let read: Result<Recycling, _> = text.parse();
            assert_eq!(read.ok().map(|found| (found.count, found.steps)), expected);
        }
        for text in ["", "0", "x", "3:2", "65", "4:300", "4:8:9"] {
            assert!(text.parse::<Recycling>().is_err(), "{text}");
        }
    });
}

/// A matrix that is positive nowhere leaves nothing to recycle, and is named; a space that does not help is dropped; and what was not begun
/// when a solve was stopped stays as it was.
#[test]
fn recycling_ends_well() {
    each(|gpu| {
        let b: Vec<_> = (0..3).map(|k| random(70 + k, 50)).collect();
        let recycle = Some(Recycling { count: 4, steps: 24 });
        let negative = diagonal(&[-1.0; 50]);
        let shifted = generate::parse("shifted:10x5:1", 0).unwrap().operator;
        for a in [&negative as &dyn Operator, &*shifted] {
            let options = SolveOptions { recycle, ..Default::default() };
            let outcomes = solve(gpu, a, &b, None, &options, &mut go_on).unwrap().outcomes;
            assert!(outcomes.iter().all(|outcome| outcome.reason == Reason::IndefiniteOperator));
        }
        // Without a preconditioner, contrasts of 10⁶ make Ritz vectors that rounding spoils.
        let a = generate::parse("contrast:24x24:1e6", 0).unwrap().operator;
        let b: Vec<_> = (0..3).map(|k| random(80 + k, a.dimension())).collect();
        let none = SolveOptions { preconditioner: Preconditioner::None, recycle, ..Default::default() };
        let iterations: Vec<u64> = solved(gpu, &*a, &b, &none).iter().map(|o| o.iterations).collect();
        assert!(iterations.iter().all(|&count| count <= 4 * iterations[0] + 200), "{iterations:?}");

        let a = generate::parse("poisson:40x40", 0).unwrap().operator;
        let b: Vec<_> = (0..3).map(|k| random(90 + k, 1600)).collect();
        let options = SolveOptions { recycle, look_every: 8, ..Default::default() };
        let stopped = solve(gpu, &*a, &b, None, &options, &mut |_| ControlFlow::Break(())).unwrap().outcomes;
        assert!(stopped.iter().all(|outcome| outcome.reason == Reason::Stopped));
        assert!(stopped[0].iterations > 0 && stopped[1].iterations == 0 && stopped[2].iterations == 0);
        assert!(stopped[2].x.iter().all(|&x| x == 0.0));
    });
}
