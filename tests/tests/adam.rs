//! Adam on every device: against its twin and against what the paper's formulas give by hand.

#![allow(clippy::unwrap_used)]

use std::ops::ControlFlow;

use ansatz_gpu::{Gpu, GpuError, Plan, Real, Repeat};
use ansatz_linalg::{Axpby, Grid};
use ansatz_optim::{Adam, AdamOptions, AdamUpdate, Decay, Schedule};
use ansatz_tests::{assert_close, each, noise, runs};

const RATE: f64 = 1e-2;

/// `f32` and `f64`, where `gpu` has it.
macro_rules! in_both {
    ($test:ident) => {
        each(|gpu| {
            $test::<f32>(gpu);
            if runs::<f64>(gpu) {
                $test::<f64>(gpu);
            }
        });
    };
}

fn with(schedule: Schedule) -> AdamOptions {
    AdamOptions { schedule, ..AdamOptions::default() }
}

fn wide<T: Real>(x: &[T]) -> Vec<f64> {
    x.iter().map(|&x| x.widen()).collect()
}

/// θ, m, v and the control words after a step along each gradient, in turn.
fn steps<T: Real>(gpu: &Gpu, options: AdamOptions, theta: &[T], gradients: &[Vec<T>]) -> [Vec<T>; 4] {
    let (theta, g) = (gpu.upload("θ", theta).unwrap(), gpu.buffer("g", theta.len()).unwrap());
    let adam = Adam::new(gpu, theta.len(), options).unwrap();
    let mut plan = Plan::new(gpu, "adam");
    adam.record(&mut plan, &theta, &g).unwrap();
    for gradient in gradients {
        gpu.write(&g, 0, gradient).unwrap();
        plan.run().unwrap();
    }
    [&theta, adam.m(), adam.v(), adam.control()].map(|buffer| gpu.read(buffer).unwrap())
}

#[test]
fn steps_agree_with_the_twin() {
    fn check<T: Real>(gpu: &Gpu) {
        let cpu = Gpu::cpu();
        let options = AdamOptions { clip: Some(3.0), ..with(Schedule::constant(RATE)) };
        for n in [0, 1, 3, 4, 257, 100_003] {
            let theta = noise::<T>(n, 1);
            let gradients: Vec<Vec<T>> = (2..6).map(|seed| noise(n, seed)).collect();
            let wide_gradients: Vec<_> = gradients.iter().map(|g| wide(g)).collect();
            let [theta_twin, m_twin, v_twin, control_twin] =
                steps(&cpu, options, &wide(&theta), &wide_gradients);
            let [theta, m, v, control] = steps(gpu, options, &theta, &gradients);
            // The norm of the gradient, by which it is scaled, is a sum of n squares of one sign in trees: as many
            // roundings as a lane takes and the trees are high, at most. Ten more per element and step.
            let epsilon = T::epsilon().widen() * (300.0 + (n / 4096) as f64);
            assert_close(&m, &m_twin, |_| epsilon);
            assert_close(&v, &v_twin, |i| epsilon * v_twin[i]);
            assert_close(&theta, &theta_twin, |_| 4.0 * (RATE * epsilon + T::epsilon().widen()));
            assert_close(&control, &control_twin, |i| epsilon * control_twin[i]);
        }
    }
    in_both!(check);
}

#[test]
fn more_workgroups_than_one_dimension_holds() {
    fn check<T: Real>(gpu: &Gpu) {
        let n = 300_001;
        let options = with(Schedule::constant(RATE));
        let (g, theta) =
            (gpu.upload("g", &noise::<T>(n, 1)).unwrap(), gpu.upload("θ", &noise::<T>(n, 2)).unwrap());
        let (m, v) = (gpu.buffer("m", n).unwrap(), gpu.buffer("v", n).unwrap());
        // t = 1: η, 1 − β₁, 1 − β₂, and no scaling.
        let control = [0.0, 1.0, RATE, 0.1, 0.001, 1.0, 1.0].map(T::from_f64);
        let control = gpu.upload("control", &control).unwrap();
        let mut plan = Plan::new(gpu, "adam");
        for grid in [Grid { lanes: 1, groups: 70_001 }, Grid { lanes: 4, groups: 66_000 }] {
            let (g, theta, m, v, control) = (&g, &theta, &m, &v, &control);
            AdamUpdate { options, control, g, theta, m, v, grid }.record(&mut plan).unwrap();
        }
        let before = gpu.read(&theta).unwrap();
        plan.run().unwrap();
        // Two such steps: m = (1 − β₁²)g and v = (1 − β₂²)g² after the second.
        let after =
            |(theta, g): (&T, &f64)| theta.widen() - g.signum() * RATE * (1.0 + 1.9 / 1.999f64.sqrt());
        let gradients = wide(&gpu.read(&g).unwrap());
        let expected: Vec<f64> = before.iter().zip(&gradients).map(after).collect();
        // 1.9 and 1.999 stand for sums of a few roundings each; ε = 1e-8 is beside a |g| that may be small.
        let small = |i: usize| (1e-8 / gradients[i].abs()).min(2.0);
        assert_close(&gpu.read(&theta).unwrap(), &expected, |i| {
            64.0 * T::epsilon().widen() + 4.0 * RATE * small(i)
        });
    }
    in_both!(check);
}

/// m/(1 − β₁ᵗ) = g and v/(1 − β₂ᵗ) = g² where g is always the same: each step is η g/(|g| + ε).
#[test]
fn a_constant_gradient_moves_by_the_rate() {
    fn check<T: Real>(gpu: &Gpu) {
        let gradient = [2.0, -3e-4, 1e5, 0.0, -1.0].map(T::from_f64).to_vec();
        let count = 50;
        let [theta, ..] =
            steps(gpu, with(Schedule::constant(RATE)), &[T::zero(); 5], &vec![gradient.clone(); count]);
        let expected: Vec<f64> =
            wide(&gradient).iter().map(|g| -(count as f64) * RATE * g / (g.abs() + 1e-8)).collect();
        // A few roundings of each sum and step; the sums forget them as they forget gradients, so β₂ keeps 50.
        assert_close(&theta, &expected, |_| count as f64 * RATE * 100.0 * T::epsilon().widen());
    }
    in_both!(check);
}

#[test]
fn the_rate_follows_the_schedule() {
    fn check<T: Real>(gpu: &Gpu) {
        let schedules = [
            Schedule::constant(0.3),
            Schedule { warm_up: 7, ..Schedule::constant(0.3) },
            Schedule { warm_up: 3, decay: Decay::Cosine { steps: 20, last: 0.01 }, rate: 0.3 },
            Schedule { warm_up: 1, decay: Decay::Exponential { factor: 0.9, steps: 11 }, rate: 0.3 },
        ];
        for schedule in schedules {
            let (theta, g) = (gpu.buffer::<T>("θ", 1).unwrap(), gpu.buffer("g", 1).unwrap());
            let adam = Adam::new(gpu, 1, with(schedule)).unwrap();
            let mut plan = Plan::new(gpu, "rates");
            adam.record(&mut plan, &theta, &g).unwrap();
            for first in [0, 1, 2, 3, 6, 7, 13, 22, 23, 24, 1000, 100_000] {
                gpu.write(adam.control(), Adam::<T>::STEP, &[T::from_f64(f64::from(first))]).unwrap();
                plan.run().unwrap();
                let rate = gpu.read(adam.control()).unwrap()[Adam::<T>::RATE].widen();
                // The exponent is a rounded product, and e^x is as wrong as its exponent.
                let roundings = 8.0 + 2.0 * f64::from(first) * schedule_speed(&schedule);
                let expected = schedule.rate_of(first + 1);
                let close = roundings * T::epsilon().widen() * expected + 1e-30;
                // Near its end a cosine is a difference of numbers of size 1.
                let close = close + 2.0 * T::epsilon().widen() * 0.3;
                assert!(
                    (rate - expected).abs() <= close,
                    "{schedule:?}, step {first}: {rate:e}, not {expected:e}"
                );
            }
        }
    }
    fn schedule_speed(schedule: &Schedule) -> f64 {
        match schedule.decay {
            Decay::Exponential { factor, steps } => -factor.ln() / f64::from(steps),
            _ => 0.0,
        }
    }
    in_both!(check);
}

#[test]
fn long_gradients_are_shortened() {
    fn check<T: Real>(gpu: &Gpu) {
        let options = AdamOptions { clip: Some(1.0), ..with(Schedule::constant(RATE)) };
        // ‖(3, 4)‖ = 5, and ‖(0.3, 0.4)‖ is short enough.
        for (gradient, scale) in [([3.0, 4.0], 0.2), ([0.3, 0.4], 1.0)] {
            let gradient = gradient.map(T::from_f64).to_vec();
            let [_, m, _, control] = steps(gpu, options, &[T::zero(); 2], std::slice::from_ref(&gradient));
            let expected: Vec<f64> = wide(&gradient).iter().map(|g| 0.1 * scale * g).collect();
            assert_close(&m, &expected, |i| 8.0 * T::epsilon().widen() * expected[i]);
            let square: f64 = wide(&gradient).iter().map(|g| g * g).sum();
            assert!(
                (control[Adam::<T>::SQUARE].widen() - square).abs() <= 4.0 * T::epsilon().widen() * square
            );
        }
    }
    in_both!(check);
}

#[test]
fn a_gradient_that_is_not_finite_stops_it_and_harms_nothing() {
    fn check<T: Real>(gpu: &Gpu) {
        let (options, theta) = (with(Schedule::constant(RATE)), noise::<T>(1001, 1));
        let good = noise::<T>(1001, 2);
        for bad in [T::nan(), T::infinity(), T::max_value()] {
            let mut broken = good.clone();
            broken[900] = bad;
            let before = steps(gpu, options, &theta, std::slice::from_ref(&good));
            // No step is taken after it either.
            let after = steps(gpu, options, &theta, &[good.clone(), broken, good.clone()]);
            assert_eq!(before[..3], after[..3], "with {bad}");
            let word = |word: usize| after[3][word].widen();
            assert_eq!(
                (word(Adam::<T>::STATUS), word(Adam::<T>::STEP)),
                (f64::from(Adam::<T>::NOT_FINITE), 1.0)
            );
        }
    }
    in_both!(check);
}

/// ∇‖θ − a‖²/2 in one recorded plan, stopped by the host when it is small, and taken up again with the same bits.
#[test]
fn a_plan_trains_by_itself_and_goes_on_from_its_words() {
    fn check<T: Real>(gpu: &Gpu) {
        let n = 1003;
        let target = gpu.upload("a", &noise::<T>(n, 3)).unwrap();
        let schedule =
            Schedule { decay: Decay::Cosine { steps: 400, last: 1e-3 }, ..Schedule::constant(0.05) };
        let machine = |theta: &[T]| {
            let theta = gpu.upload("θ", theta).unwrap();
            let g = gpu.buffer::<T>("g", n).unwrap();
            let adam = Adam::new(gpu, n, with(schedule)).unwrap();
            let mut plan = Plan::new(gpu, "training");
            let grid = Grid::stream(gpu, n);
            let (one, minus) = (T::one(), -T::one());
            Axpby { alpha: one, x: &theta, beta: T::zero(), y: &g, grid }.record(&mut plan).unwrap();
            Axpby { alpha: minus, x: &target, beta: one, y: &g, grid }.record(&mut plan).unwrap();
            adam.record(&mut plan, &theta, &g).unwrap();
            (plan, adam, theta)
        };
        let (mut plan, adam, theta) = machine(&vec![T::zero(); n]);
        let mut norms = Vec::new();
        let repeat = Repeat { max_rounds: 400, look_every: 100, ..Repeat::default() };
        plan.repeat(repeat, adam.control(), Adam::<T>::WORDS, |words, _| {
            norms.push(words[Adam::<T>::SQUARE].widen().sqrt());
            ControlFlow::Continue(())
        })
        .unwrap();
        assert!(norms.len() == 4 && norms.is_sorted_by(|a, b| a > b) && norms[3] < 1e-2, "{norms:?}");

        // Stopped after 150 steps, and set up again from what was saved then.
        let (mut plan, adam, half) = machine(&vec![T::zero(); n]);
        plan.repeat_blindly(150).unwrap();
        let saved = [&half, adam.m(), adam.v(), adam.control()].map(|buffer| gpu.read(buffer).unwrap());
        let (mut plan, adam, resumed) = machine(&saved[0]);
        for (buffer, saved) in [adam.m(), adam.v(), adam.control()].into_iter().zip(&saved[1..]) {
            gpu.write(buffer, 0, saved).unwrap();
        }
        plan.repeat_blindly(250).unwrap();
        assert_eq!(gpu.read(&resumed).unwrap(), gpu.read(&theta).unwrap());
    }
    in_both!(check);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let gpu = Gpu::cpu();
    let good = AdamOptions::default();
    let schedule = |schedule: Schedule| with(schedule);
    let wrong = [
        AdamOptions { beta1: 1.0, ..good },
        AdamOptions { beta2: f64::NAN, ..good },
        AdamOptions { epsilon: 0.0, ..good },
        AdamOptions { epsilon: 1e-60, ..good },
        AdamOptions { clip: Some(0.0), ..good },
        AdamOptions { clip: Some(1e30), ..good },
        schedule(Schedule::constant(-1.0)),
        schedule(Schedule::constant(f64::INFINITY)),
        schedule(Schedule { decay: Decay::Exponential { factor: 0.0, steps: 1 }, ..good.schedule }),
        schedule(Schedule { decay: Decay::Exponential { factor: 0.5, steps: 0 }, ..good.schedule }),
        schedule(Schedule { decay: Decay::Cosine { steps: 5, last: 1.5 }, ..good.schedule }),
    ];
    for options in wrong {
        let refused = Adam::<f32>::new(&gpu, 3, options);
        assert!(matches!(refused, Err(GpuError::Misuse { .. })), "{options:?}: {refused:?}");
    }
    let adam = Adam::<f32>::new(&gpu, 3, good).unwrap();
    let (three, four) = (gpu.buffer("three", 3).unwrap(), gpu.buffer("four", 4).unwrap());
    let mut plan = Plan::new(&gpu, "refused");
    assert!(adam.record(&mut plan, &four, &three).is_err());
    assert!(adam.record(&mut plan, &three, &four).is_err());
}
