//! Conditions built into trial functions, and energies in place of residuals.

#![allow(clippy::unwrap_used, clippy::panic)]

use ansatz::pde::{Mlp, Objective, Pde, PdeError, PdeOptions, Pig, RandomFeatures, StepMethod};
use ansatz_problem::{Problem, ProblemBuilder, Shape};
use ansatz_tests::each;

/// −u'' + u³ = f on [0, 1] with u = sin(2πx), which makes ∫ u'²/2 + u⁴/4 − fu least.
fn cubic() -> ProblemBuilder {
    Problem::on(Shape::interval(0.0, 1.0))
        .field("u")
        .define("f", "-laplacian(u_exact) + u_exact^3")
        .exact("u", "sin(2*pi*x)")
        .energy("u_x^2/2 + u^4/4 - f*u")
        .equation("-u_xx + u^3 = f")
        .boundary("all", "u = 0")
}

fn pde(builder: ProblemBuilder) -> Pde {
    builder.build().unwrap().into()
}

fn options(steps: usize) -> PdeOptions {
    PdeOptions { points: Some(120), max_steps: Some(steps), baseline: false, ..PdeOptions::default() }
}

/// With x(1 − x) built in, no boundary residual is left at all, whatever the features; the source is not in the features' span,
/// so the bound is what 40 sines reach in f64, with a factor of 1000.
#[test]
fn conditions_that_are_built_in_hold_exactly() {
    each(|gpu| {
        let run = pde(cubic().transform("u", "x*(1 - x)*u"))
            .solve(gpu, &RandomFeatures::new(40).with_bandwidth(&[6.0]), &options(20))
            .unwrap();
        assert!(run.report.relative_l2_error.unwrap() < 1e-9, "{}", run.report);
        assert_eq!(run.report.conditions[1].residual_max, 0.0);
        assert_eq!(run.solutions[0].values(0, &[0.0, 1.0]), [0.0, 0.0]);
    });
}

/// The energy is quadratic about its least value, so its error is the square of that of u; the bounds are ten times what sixty
/// steps reach.
#[test]
fn energies_are_minimised() {
    each(|gpu| {
        let options = PdeOptions { objective: Objective::Energy, rtol: 0.05, ..options(60) };
        let problem = || pde(cubic().transform("u", "x*(1 - x)*u"));
        for run in [
            problem().solve(gpu, &Pig { units: 0, ..Pig::new(10) }, &options).unwrap(),
            problem().solve(gpu, &Pig { embeddings: 2, units: 6, ..Pig::new(8) }, &options).unwrap(),
            problem().solve(gpu, &Mlp::new(&[12]), &options).unwrap(),
        ] {
            let energies = &run.report.loss_history;
            assert!(energies.windows(2).all(|pair| pair[1] < pair[0]), "{energies:?}");
            assert!(run.report.relative_l2_error.unwrap() < 1e-2, "{}", run.report);
            assert_eq!(run.report.optimizer, "natural gradient of the energy");
        }
    });
}

#[test]
fn energies_are_for_what_has_one() {
    each(|gpu| {
        let energy = PdeOptions { objective: Objective::Energy, ..options(5) };
        let refused = |pde: Pde| match pde.solve(gpu, &Pig::new(4), &energy) {
            Err(PdeError::Setting { name, .. }) => name,
            other => panic!("{:?}", other.map(|run| run.report)),
        };
        assert_eq!(
            refused(pde(Problem::on(Shape::interval(0.0, 1.0))
                .field("u")
                .equation("u_xx = 1")
                .boundary("all", "u = 0"))),
            "loss"
        );
        let by_products = PdeOptions { step: StepMethod::ConjugateGradients, ..energy.clone() };
        let refused = pde(cubic()).solve(gpu, &Pig::new(4), &by_products);
        assert!(matches!(refused, Err(PdeError::Setting { name: "step", .. })));
        let untrained = pde(cubic()).solve(gpu, &RandomFeatures::new(10), &energy);
        assert!(matches!(untrained, Err(PdeError::Setting { name: "loss", .. })));
    });
}
