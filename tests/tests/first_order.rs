//! Training by Adam, which never leaves the device.

#![allow(clippy::unwrap_used)]

use ansatz::Gpu;
use ansatz::pde::{
    AdamOptions, Fisher, FitPrecision, Lbfgs, MfacOptions, Optimizer, Pde, PdeOptions, Pig, Schedule,
    TrainingStep,
};
use ansatz_tests::{adapters, each};

fn method() -> Pig {
    let options = AdamOptions { schedule: Schedule::constant(3e-3), ..AdamOptions::default() };
    Pig { embeddings: 2, units: 4, optimizer: Optimizer::Adam(options), ..Pig::new(10) }
}

fn options(steps: usize) -> PdeOptions {
    let default = PdeOptions::default();
    PdeOptions { precision: FitPrecision::F32, points: Some(150), max_steps: Some(steps), ..default }
}

fn history(gpu: &Gpu, name: &str, steps: usize) -> Vec<f64> {
    let options = PdeOptions { baseline: false, ..options(steps) };
    let run = Pde::example(name, &[]).unwrap().solve(gpu, &method(), &options).unwrap();
    run.report.history.clone()
}

#[test]
fn the_loss_falls_and_the_same_seed_gives_the_same_bits() {
    each(|gpu| {
        let found = history(gpu, "poisson_2d", 120);
        assert!(found.last() < Some(&(0.7 * found[0])), "{found:?}");
        // How often the host looks depends on the time, what it sees at the end does not.
        assert_eq!(found.last(), history(gpu, "poisson_2d", 120).last());
    });
}

/// From where Adam stands, L-BFGS goes far beyond; and it ends for a reason of its own.
#[test]
fn one_goes_on_from_where_the_other_ends() {
    let with = |optimizer| Pig { optimizer, ..method() };
    let Optimizer::Adam(adam) = method().optimizer else { unreachable!() };
    let handed = Optimizer::AdamThenLbfgs { adam, steps: 60, lbfgs: Lbfgs::default() };
    each(|gpu| {
        let solve = |optimizer, steps| {
            let options = PdeOptions { baseline: false, ..options(steps) };
            Pde::example("poisson_2d", &[]).unwrap().solve(gpu, &with(optimizer), &options).unwrap().report
        };
        let [alone, before] = [120, 60].map(|steps| solve(Optimizer::Adam(adam), steps));
        let both = solve(handed, 120);
        let shared = before.history.len() - 1;
        assert_eq!(both.history[..shared], before.history[..shared]);
        assert!(both.history.last() < Some(&(0.8 * alone.history[alone.history.len() - 1])));
        assert_eq!((both.steps, both.stop_reason.as_str()), (120, "MaxSteps"));
        assert_eq!(both.optimizer, "Adam, then L-BFGS");
        assert_eq!(both.loss_steps, [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120]);
    });
    // −u″ = f with so few functions has a least residual, where the gradient vanishes in f64.
    let method =
        Pig { embeddings: 1, units: 1, ..with(Optimizer::Lbfgs(Lbfgs { gtol: 1e-3, ..Lbfgs::default() })) };
    let method = Pig { gaussians: 2, ..method };
    let options = PdeOptions { baseline: false, precision: FitPrecision::F64, ..options(1000) };
    let report =
        Pde::example("poisson_2d", &[]).unwrap().solve(&Gpu::cpu(), &method, &options).unwrap().report;
    assert_eq!(report.stop_reason, "Settled: GradientSmall of L-BFGS", "{report}");
}

/// At the same rate, in as many steps, further than Adam; and the other way, which learns of the gradients in one window what it knows
/// in the next.
#[test]
fn inverse_fisher_matrices_guide_steps() {
    each(|gpu| {
        let history = |optimizer| {
            let (method, options) =
                (Pig { optimizer, ..method() }, PdeOptions { baseline: false, ..options(60) });
            let run = Pde::example("poisson_2d", &[]).unwrap().solve(gpu, &method, &options).unwrap();
            run.report.history.clone()
        };
        let (mfac, adam) = (MfacOptions::default(), history(method().optimizer));
        let sliding = history(Optimizer::Mfac(mfac));
        assert!(sliding.last() < adam.last(), "{sliding:?}, Adam: {adam:?}");
        let fixed = history(Optimizer::Mfac(MfacOptions { fisher: Fisher::Static, window: 8, ..mfac }));
        assert!(fixed.last() < Some(&(0.9 * fixed[0])), "{fixed:?}");
    });
}

#[test]
fn a_step_makes_nothing_on_the_device() {
    for device in adapters() {
        let gpu = device.reopen(|_| {});
        for name in ["klein_gordon", "allen_cahn"] {
            let pde = Pde::example(name, &[]).unwrap();
            let mut step: TrainingStep<f32> = pde.training_step(&gpu, &method(), &options(1)).unwrap();
            step.plan().run().unwrap();
            gpu.wait().unwrap();
            let before = gpu.counters();
            step.plan().repeat_blindly(5).unwrap();
            gpu.wait().unwrap();
            let after = gpu.counters();
            assert_eq!(
                (after.buffers, after.pipelines, after.bind_groups, after.read_backs),
                (before.buffers, before.pipelines, before.bind_groups, before.read_backs)
            );
        }
    }
}
