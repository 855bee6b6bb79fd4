//! Training by Adam, which never leaves the device.

#![allow(clippy::unwrap_used)]

use ansatz::Gpu;
use ansatz::pde::{AdamOptions, FitPrecision, Optimizer, Pde, PdeOptions, Pig, Schedule, TrainingStep};
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
