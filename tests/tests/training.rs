//! Training of features: that it can be interrupted at any step, and that what is not finite is named.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::ops::ControlFlow;
use std::path::Path;

use ansatz::Gpu;
use ansatz::layers::Activation;
use ansatz::pde::{
    AdamOptions, Balance, ByResidual, Checkpoint, Decay, Fisher, FitPrecision, GradientNorm, Interval, Lbfgs,
    Method, MfacOptions, Mlp, Objective, Optimizer, Pde, PdeError, PdeOptions, PdeProgress, PdeReport,
    PdeRun, Pig, RandomFeatures, Resample, Schedule, StepMethod,
};
use ansatz_problem::{Problem, ProblemBuilder, Shape};
use ansatz_tests::{devices, each, runs};

fn pde(builder: ProblemBuilder) -> Pde {
    builder.build().unwrap().into()
}

/// −u'' + u³ = f on [0, 1] with u = sin(kπx).
fn cubic(k: f64) -> Pde {
    pde(Problem::on(Shape::interval(0.0, 1.0))
        .field("u")
        .parameter("k", k)
        .exact("u", "sin(k*pi*x)")
        .equation("-u_xx + u^3 = (k*pi)^2*u_exact + u_exact^3")
        .boundary("all", "u = u_exact"))
}

/// u_t = u_xx on [0, 1] over [0, 0.2].
fn heat() -> Pde {
    pde(Problem::on(ansatz_problem::Domain::from(Shape::interval(0.0, 1.0)).over("t", [0.0, 0.2]))
        .field("u")
        .exact("u", "exp(-pi^2*t)*sin(pi*x)")
        .equation("u_t = u_xx")
        .boundary("all", "u = 0")
        .initial("u = u_exact"))
}

fn options(steps: usize) -> PdeOptions {
    PdeOptions {
        points: Some(60),
        boundary_points: Some(20),
        boundary_weight: Some(1.0),
        baseline: false,
        max_steps: Some(steps),
        ..PdeOptions::default()
    }
}

/// With a rate that falls, which a checkpoint must not forget.
fn adam() -> Optimizer {
    let decay = Decay::Cosine { steps: 30, last: 1e-2 };
    let schedule = Schedule { decay, warm_up: 4, ..Schedule::constant(1e-2) };
    Optimizer::Adam(AdamOptions { schedule, ..AdamOptions::default() })
}

fn every_step(file: &Path) -> Option<Checkpoint> {
    Some(Checkpoint { every: Interval::Steps(1), ..Checkpoint::new(file) })
}

/// Bits of u at some points, of every seed, and of all losses. Twenty numbers are points in one dimension or two.
fn bits(run: &PdeRun) -> Vec<u64> {
    let points: Vec<f64> = (0..20).map(|i| 0.01 * f64::from(i)).collect();
    let values = run.solutions.iter().flat_map(|solution| solution.values(0, &points));
    values.chain(run.report.loss_history.iter().copied()).map(f64::to_bits).collect()
}

#[test]
fn training_goes_on_as_if_it_had_never_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.safetensors");
    let small = Pig { embeddings: 2, units: 4, ..Pig::new(5) };
    let [sum, dense] = [Pig { units: 0, ..Pig::new(5) }, Pig { optimizer: adam(), ..small.clone() }];
    let lbfgs = Lbfgs::default();
    let handed = Optimizer::AdamThenLbfgs { adam: AdamOptions::default(), steps: 5, lbfgs };
    let rule = GradientNorm { every: 4, ..GradientNorm::default() };
    let mfac = |fisher| Optimizer::Mfac(MfacOptions { window: 4, fisher, ..MfacOptions::default() });
    let methods: [&dyn Method; 9] = [
        &small,
        &Mlp::new(&[6, 5]),
        &dense,
        &Pig { optimizer: adam(), ..sum },
        &Mlp { optimizer: adam(), ..Mlp::new(&[6, 5]) },
        &Pig { optimizer: Optimizer::Lbfgs(lbfgs), ..small.clone() },
        &Mlp { optimizer: handed, ..Mlp::new(&[6, 5]) },
        &Mlp { optimizer: mfac(Fisher::Sliding), ..Mlp::new(&[6, 5]) },
        &Pig { optimizer: mfac(Fisher::Static), ..small.clone() },
    ];
    each(|gpu| {
        let both = [FitPrecision::F32, FitPrecision::F64];
        // Of first order, one in each: the device has the same state in either.
        let precisions = |number: usize| if number < 2 { both.to_vec() } else { vec![both[number % 2]] };
        let pairs = methods.into_iter().enumerate();
        for (method, precision) in pairs.flat_map(|(number, method)| {
            precisions(number).into_iter().map(move |precision| (method, precision))
        }) {
            let balance = Balance::GradientNorm(rule);
            let second_order = method.training() == Optimizer::LevenbergMarquardt;
            let variable_projection = second_order && precision == FitPrecision::F64;
            let options = |steps| PdeOptions { precision, balance, variable_projection, ..options(steps) };
            let whole = cubic(2.0).solve(gpu, method, &options(12)).unwrap();
            let checkpoint = Some(Checkpoint::new(&file));
            let half = PdeOptions { checkpoint: checkpoint.clone(), ..options(6) };
            let half = cubic(2.0).solve(gpu, method, &half).unwrap();
            assert_ne!(bits(&half), bits(&whole));
            let rest = PdeOptions { checkpoint, resume: Some(file.clone()), ..options(12) };
            let rest = cubic(2.0).solve(gpu, method, &rest).unwrap();
            assert_eq!(bits(&rest), bits(&whole), "{method:?}");
            assert_eq!(rest.report.steps, 12);
            let note = rest.report.notes.iter().find(|note| note.contains("resumed"));
            assert!(note.is_some_and(|note| note.contains("after 6 steps")), "{:?}", rest.report.notes);
        }
    });
}

/// A moment of a solve.
type Moment<'a> = &'a dyn Fn(&PdeProgress) -> bool;

/// Before a step of the training of a fit.
fn before(run: usize, window: usize, step: usize) -> impl Fn(&PdeProgress) -> bool {
    move |now| now.training.is_some() && (now.run, now.window, now.step) == (run, window, step)
}

/// Before the training of a run, while its first coefficients are found.
fn before_training(run: usize) -> impl Fn(&PdeProgress) -> bool {
    move |now| now.training.is_none() && (now.run, now.step) == (run, 2)
}

/// Stops a run at some moments, resumes it each time, and compares it with one that nobody stopped.
fn assert_resumes(gpu: &Gpu, pde: &Pde, method: &dyn Method, options: &PdeOptions, moments: &[Moment<'_>]) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.safetensors");
    let whole = pde.solve(gpu, method, options).unwrap();
    assert_eq!(whole.solutions.len(), options.seeds, "{}", whole.report);
    for (number, moment) in moments.iter().enumerate() {
        let saving = PdeOptions { checkpoint: Some(Checkpoint::new(&file)), ..options.clone() };
        let stopped = pde.solve_watched(gpu, method, &saving, |now| {
            if moment(now) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        let notes = stopped.unwrap().report.notes;
        assert!(notes.iter().any(|note| note.contains("stopped by the caller while fitting")), "{notes:?}");
        let resuming = PdeOptions { resume: Some(file.clone()), ..options.clone() };
        let resumed = pde.solve(gpu, method, &resuming).unwrap();
        assert_eq!(bits(&resumed), bits(&whole), "stopped at moment {number}");
    }
}

#[test]
fn seeds_go_on_as_well() {
    let options = PdeOptions { seeds: 2, ..options(4) };
    each(|gpu| {
        assert_resumes(
            gpu,
            &cubic(1.0),
            &Mlp::new(&[5]),
            &options,
            &[&before_training(1), &before(1, 1, 3), &before_training(2), &before(2, 1, 1)],
        );
        let lbfgs = Optimizer::Lbfgs(Lbfgs::default());
        let moments: [Moment<'_>; 3] = [&before_training(1), &before(1, 1, 1), &before(2, 1, 3)];
        assert_resumes(gpu, &cubic(1.0), &Mlp { optimizer: lbfgs, ..Mlp::new(&[5]) }, &options, &moments);
        assert_resumes(
            gpu,
            &cubic(1.0),
            &Pig { embeddings: 1, units: 2, optimizer: adam(), ..Pig::new(3) },
            &PdeOptions { max_steps: Some(30), ..options.clone() },
            &[&before_training(1), &before(1, 1, 12), &before(2, 1, 2)],
        );
    });
}

/// A window is begun once the one before has settled.
#[test]
fn time_windows_go_on_as_well() {
    let options = PdeOptions { windows: Some(2), ..options(500) };
    assert_resumes(&Gpu::cpu(), &heat(), &Mlp::new(&[2]), &options, &[&before(1, 1, 20), &before(1, 2, 3)]);
}

/// A front that wanders through both windows: what the first has made of the features fits the second better than features that
/// are drawn, even before these are trained.
#[test]
fn a_window_begins_with_the_features_of_the_one_before() {
    let front =
        pde(Problem::on(ansatz_problem::Domain::from(Shape::interval(0.0, 1.0)).over("t", [0.0, 0.4]))
            .field("u")
            .exact("u", "tanh(12*(x - t - 0.3))")
            .equation("u_t + u_x = 0")
            .boundary("all", "u = u_exact")
            .initial("u = u_exact"));
    let steps = 20;
    let options = PdeOptions { windows: Some(2), ..options(steps) };
    for method in [&Mlp::new(&[4]) as &dyn Method, &Pig { embeddings: 2, units: 4, ..Pig::new(8) }] {
        let losses = front.solve(&Gpu::cpu(), method, &options).unwrap().report.loss_history;
        assert_eq!(losses.len(), 2 * (steps + 1));
        let (first, second) = (losses[0], losses[steps + 1]);
        println!("{}: {first:e} {second:e} {:e}", method.name(), losses[2 * steps + 1]);
        assert!(second < 0.5 * first, "{}: {second:e} after {first:e}", method.name());
    }
}

#[test]
fn checkpoints_of_something_else_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.safetensors");
    let method = Mlp::new(&[4]);
    let gpu = Gpu::cpu();
    let saving = PdeOptions { checkpoint: every_step(&file), ..options(1) };
    cubic(1.0).solve(&gpu, &method, &saving).unwrap();
    let resuming = PdeOptions { resume: Some(file.clone()), ..options(2) };
    let refused = |pde: Pde, method: &dyn Method, options: &PdeOptions, part: &str| match pde
        .solve(&gpu, method, options)
    {
        Err(error @ (PdeError::Read(_) | PdeError::Setting { .. })) => {
            assert!(error.to_string().contains(part), "{error}");
        }
        other => panic!("{part}: {other:?}"),
    };
    refused(cubic(2.0), &method, &resuming, "another problem");
    refused(cubic(1.0), &Mlp::new(&[5]), &resuming, "another method");
    refused(cubic(1.0), &method, &PdeOptions { seed: 1, ..resuming.clone() }, "another seed");
    refused(cubic(1.0), &method, &PdeOptions { points: Some(61), ..resuming.clone() }, "another points");
    refused(cubic(1.0), &RandomFeatures::new(20), &resuming, "trains its features");
    refused(cubic(1.0), &RandomFeatures::new(20), &saving, "trains its features");
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() - 5]).unwrap();
    refused(cubic(1.0), &method, &resuming, "cut off or damaged");
    let absent = PdeOptions { resume: Some(folder.path().join("absent")), ..options(2) };
    refused(cubic(1.0), &method, &absent, "no such file");
    // Where it cannot be written at all, that is said at once.
    let nowhere = folder.path().join("no/run.safetensors");
    let failed =
        cubic(1.0).solve(&gpu, &method, &PdeOptions { checkpoint: every_step(&nowhere), ..options(9) });
    assert!(matches!(failed, Err(PdeError::Write(_))), "{failed:?}");
}

/// What is not finite is found at the step where it occurs, its cause is named, and the last good state stays.
#[test]
fn the_cause_of_what_is_not_finite_is_named() {
    let problem = |equation: &str| {
        pde(Problem::on(Shape::interval(0.0, 1.0)).field("u").equation(equation).boundary("all", "u = 1"))
    };
    each(|gpu| {
        // u = 0 to begin with.
        for (equation, part) in [
            ("u_xx + log(u) = 0", "log(u) is −∞ where u = 0"),
            ("u_xx + 1/u = 0", "1/u is +∞ where u = 0"),
            ("u_xx + sqrt(u - 1) = 0", "sqrt(u - 1) is NaN where u - 1 = -1"),
        ] {
            let mfac = Optimizer::Mfac(MfacOptions::default());
            let lbfgs = Optimizer::Lbfgs(Lbfgs::default());
            for optimizer in [Optimizer::LevenbergMarquardt, adam(), lbfgs, mfac] {
                let method = Mlp { optimizer, ..Mlp::new(&[4]) };
                let run = problem(equation).solve(gpu, &method, &options(20)).unwrap();
                let PdeRun { report, .. } = &run;
                assert_eq!((report.reason.as_str(), report.steps), ("NonFinite", 0), "{report}");
                for text in [&report.stop_reason, &report.hint] {
                    assert!(
                        text.contains("`equation[1]`") && text.contains(part) && text.contains("at x = "),
                        "{text}"
                    );
                }
            }
        }
    });
}

#[test]
fn an_energy_that_is_not_finite_is_named() {
    let problem = Problem::on(Shape::interval(0.0, 1.0))
        .field("u")
        .equation("u_xx = log(u) + 1")
        .energy("u_x^2/2 + u*log(u - 1)")
        .boundary("all", "u = 1");
    let options = PdeOptions { objective: Objective::Energy, ..options(6) };
    let PdeRun { report, .. } = pde(problem).solve(&Gpu::cpu(), &Mlp::new(&[4]), &options).unwrap();
    assert_eq!((report.reason.as_str(), report.steps), ("NonFinite", 0), "{report}");
    let part = "in `energy`, log(u - 1) is NaN where u - 1 = -1, at x = ";
    assert!(report.stop_reason.contains(part), "{}", report.stop_reason);
}

/// From u = 0 on there is no step after which the residual has a value.
#[test]
fn the_last_good_state_stays() {
    let problem = |equation: &str| {
        pde(Problem::on(Shape::interval(0.0, 1.0)).field("u").equation(equation).boundary("all", "u = 1"))
    };
    each(|gpu| {
        let blocked =
            problem("u_xx + log(1 - 1e200*u^2) = 1").solve(gpu, &Mlp::new(&[4]), &options(20)).unwrap();
        let report = &blocked.report;
        assert_eq!((report.reason.as_str(), report.steps), ("NonFinite", 0), "{report}");
        assert!(report.stop_reason.contains("log((-1e200)*u^2 + 1) is NaN"), "{}", report.stop_reason);
        assert_eq!(blocked.solutions[0].values(0, &[0.3, 0.5]), [0.0, 0.0]);
        // Adam steps there, and back.
        let stepped = Mlp { optimizer: adam(), ..Mlp::new(&[4]) };
        let stepped = problem("u_xx + log(1 - 1e20*u^2) = 1").solve(gpu, &stepped, &options(20)).unwrap();
        let report = &stepped.report;
        assert_eq!((report.reason.as_str(), report.steps), ("NonFinite", 0), "{report}");
        assert!(report.stop_reason.contains("log((-1e20)*u^2 + 1) is NaN"), "{}", report.stop_reason);
        assert!(stepped.solutions[0].values(0, &[0.3, 0.5]).iter().all(|u| u.abs() < 1e-6));
        // There is no way past ½ to u = 1; steps that would go there are not taken.
        let bounded = problem("u_xx + sqrt(0.5 - u) = 0").solve(gpu, &Mlp::new(&[4]), &options(30)).unwrap();
        let history = &bounded.report.history;
        assert!(history.windows(2).all(|pair| pair[1] < pair[0]), "{history:?}");
        assert!(history.len() > 5, "{history:?}");
    });
}

/// ∫ ½u'² + ¼u⁴ − fu is least where −u'' + u³ = f.
#[test]
fn a_training_by_energy_goes_on_as_well() {
    let problem = Problem::on(Shape::interval(0.0, 1.0))
        .field("u")
        .exact("u", "sin(pi*x)")
        .equation("-u_xx + u^3 = pi^2*u_exact + u_exact^3")
        .energy("u_x^2/2 + u^4/4 - (pi^2*sin(pi*x) + sin(pi*x)^3)*u")
        .boundary("all", "u = 0");
    let problem = pde(problem);
    each(|gpu| {
        let options = PdeOptions { objective: Objective::Energy, ..options(6) };
        assert_resumes(gpu, &problem, &Mlp::new(&[6]), &options, &[&before(1, 1, 1), &before(1, 1, 4)]);
    });
}

/// New points are drawn after steps 3 and 6; it stops before, at and after a draw.
#[test]
fn resampling_goes_on_as_well() {
    each(|gpu| {
        let by_residual = Some(ByResidual::default());
        for resample in [Resample { every: 3, by_residual: None }, Resample { every: 3, by_residual }] {
            let options = PdeOptions { resample: Some(resample), ..options(8) };
            let moments: [Moment<'_>; 4] =
                [&before(1, 1, 3), &before(1, 1, 4), &before(1, 1, 6), &before(1, 1, 8)];
            assert_resumes(gpu, &cubic(2.0), &Mlp::new(&[6]), &options, &moments);
        }
        let dense = Mlp { optimizer: adam(), ..Mlp::new(&[6]) };
        for resample in [Resample { every: 3, by_residual: None }, Resample { every: 3, by_residual }] {
            let options = PdeOptions { resample: Some(resample), ..options(8) };
            assert_resumes(gpu, &cubic(2.0), &dense, &options, &[&before(1, 1, 4), &before(1, 1, 7)]);
        }
        // Points of all conditions follow the residual, in the second window those of what the first one left, too.
        let resample = Some(Resample { every: 3, by_residual });
        let options_in_time = PdeOptions { resample, windows: Some(2), ..options(8) };
        let moments: [Moment<'_>; 3] = [&before(1, 1, 5), &before(1, 2, 4), &before(1, 2, 7)];
        assert_resumes(gpu, &heat(), &Mlp::new(&[6]), &options_in_time, &moments);
        let losses = |resample| {
            let options = PdeOptions { resample, ..options(8) };
            cubic(2.0).solve(gpu, &Mlp::new(&[6]), &options).unwrap().report.loss_history
        };
        let never = losses(None);
        let uniform = losses(Some(Resample { every: 3, by_residual: None }));
        let adaptive = losses(Some(Resample { every: 3, by_residual }));
        assert_eq!((&never[..4], &never[..4]), (&uniform[..4], &adaptive[..4]), "the first three steps");
        assert!(never[4] != uniform[4] && uniform[4] != adaptive[4] && never[4] != adaptive[4]);
    });
}

/// The weights of conditions follow their gradients: a boundary that hardly counted comes to count.
#[test]
fn losses_are_balanced() {
    each(|gpu| {
        for optimizer in [Optimizer::LevenbergMarquardt, adam(), Optimizer::Lbfgs(Lbfgs::default())] {
            let method = Mlp { optimizer, ..Mlp::new(&[6]) };
            let solve = |balance| {
                let options = PdeOptions { balance, boundary_weight: Some(1e-3), ..options(30) };
                cubic(1.0).solve(gpu, &method, &options).unwrap().report
            };
            let rule = GradientNorm { every: 5, memory: 0.2 };
            let [fixed, balanced] = [Balance::Fixed, Balance::GradientNorm(rule)].map(solve);
            assert!(fixed.balance.is_empty());
            let lambda: Vec<f64> = balanced.balance.iter().map(|(_, lambda)| *lambda).collect();
            assert!(lambda[1] > 100.0 * lambda[0] && lambda[0] >= 1.0, "{optimizer:?}: {lambda:?}");
            // Losses are told without λ, so that they can be compared.
            let boundary = |report: &PdeReport| report.losses[1].1.last().copied().unwrap();
            assert!(boundary(&balanced) < 0.5 * boundary(&fixed), "{optimizer:?}");
        }
    });
}

/// Features that are trained with the best coefficients at hand resolve u in fewer steps.
#[test]
fn coefficients_follow_the_features() {
    each(|gpu| {
        let sum = Pig { units: 0, ..Pig::new(6) };
        let losses = [false, true].map(|variable_projection| {
            let options = PdeOptions { variable_projection, ..options(15) };
            heat().solve(gpu, &sum, &options).unwrap().report.loss_history
        });
        let [without, with] = losses.map(|losses| losses.last().copied().unwrap());
        println!("{without:e} {with:e}");
        assert!(with < 0.8 * without, "{with:e} {without:e}");
        let options = PdeOptions { variable_projection: true, ..options(15) };
        let adam = Pig { optimizer: adam(), ..sum };
        let error = heat().solve(gpu, &adam, &options).unwrap_err().to_string();
        assert!(
            error.contains("variable-projection is beside Adam; expected levenberg-marquardt"),
            "{error}"
        );
    });
}

/// Whichever way a step is solved, training leads to the same u; the way is chosen by the size of the Jacobian, and said.
#[test]
fn steps_are_solved_in_three_ways() {
    let all = 1 << 30;
    let by_qr = (StepMethod::Qr, all, "on the host (faer), the triangle");
    let named = [
        by_qr,
        (StepMethod::ConjugateGradients, all, "conjugate gradients"),
        (StepMethod::Kernel, all, "kernel form"),
    ];
    let chosen = [
        (StepMethod::Auto, all, by_qr.2),
        (StepMethod::Auto, 1000, "it would take 1 MB where 0 MB are allowed"),
    ];
    let sum = Pig { units: 0, ..Pig::new(4) };
    each(|gpu| {
        for (pde, method, ways) in
            [(cubic(1.0), &sum as &dyn Method, &named[..]), (heat(), &Mlp::new(&[4]), &chosen[..])]
        {
            let solve = |&(step, jacobian_bytes, says): &(StepMethod, u64, &str)| {
                let options = PdeOptions { step, jacobian_bytes, ..options(15) };
                let report = pde.solve(gpu, method, &options).unwrap().report;
                assert!(report.tier.contains(says), "{step:?}: {}", report.tier);
                report.history
            };
            let histories: Vec<Vec<f64>> = ways.iter().map(solve).collect();
            println!("{histories:?}");
            // The first step, from where the residual is large, is the same but for what conjugate gradients leave of the gradient.
            assert!((histories[0][1] - histories[1][1]).abs() < 0.1 * histories[0][1], "{histories:?}");
            // In the kernel form nothing accelerates the steps, and their ends lie a little apart.
            let last = |history: &Vec<f64>| history.last().copied().unwrap();
            assert!(
                histories.iter().all(|history| last(history) < 10.0 * last(&histories[0])),
                "{histories:?}"
            );
        }
    });
    let few = PdeOptions { step: StepMethod::Qr, points: Some(4), boundary_points: Some(2), ..options(3) };
    let error = cubic(1.0).solve(&Gpu::cpu(), &Mlp::new(&[9]), &few).unwrap_err().to_string();
    assert!(error.contains("qr with 8 rows for 28 parameters"), "{error}");
    let wide = PdeOptions { step: StepMethod::Auto, ..few };
    let report = cubic(1.0).solve(&Gpu::cpu(), &Mlp::new(&[9]), &wide).unwrap().report;
    assert!(report.tier.contains("8 rows, fewer than its 28 columns"), "{}", report.tier);
}

/// Once a step of second order has been taken, another one makes no buffer, no bind group and no pipeline: what depends on sizes and points
/// is there, whatever way the step is solved, but for what is factored on the device itself, which no software adapter does by itself.
#[test]
fn steps_after_the_first_make_nothing_on_the_device() {
    let (pig, sum) = (Pig { embeddings: 2, units: 4, ..Pig::new(5) }, Pig { units: 0, ..Pig::new(6) });
    let mlp = Mlp::new(&[6]);
    let methods: [(&dyn Method, StepMethod, FitPrecision); 4] = [
        (&pig, StepMethod::Qr, FitPrecision::F32),
        (&sum, StepMethod::Kernel, FitPrecision::F32),
        (&pig, StepMethod::ConjugateGradients, FitPrecision::F32),
        (&mlp, StepMethod::Qr, FitPrecision::F64),
    ];
    for device in devices() {
        let gpu = &device.reopen(|_| {});
        for (method, step, precision) in methods {
            if precision == FitPrecision::F64 && !runs::<f64>(gpu) {
                continue;
            }
            let variable_projection = precision == FitPrecision::F64;
            let balance = Balance::GradientNorm(GradientNorm { every: 3, memory: 0.5 });
            let options = PdeOptions { precision, step, variable_projection, balance, ..options(7) };
            let mut made = Vec::new();
            let solved = heat().solve_watched(gpu, method, &options, |now| {
                if now.training.is_some() {
                    let now = gpu.counters();
                    made.push([now.buffers, now.bind_groups, now.pipelines]);
                }
                ControlFlow::Continue(())
            });
            assert_eq!(solved.unwrap().report.steps, 7, "{method:?}, {step:?}");
            // What reads results back is made when it is first needed.
            assert!(made[2..].iter().all(|now| *now == made[2]), "{method:?}, {step:?}: {made:?}");
        }
    }
}

/// u = sin 20πx: a network of coordinates learns such frequencies last.
#[test]
fn waves_resolve_what_a_network_of_coordinates_does_not() {
    let poisson = pde(Problem::on(Shape::interval(0.0, 1.0))
        .field("u")
        .exact("u", "sin(20*pi*x)")
        .equation("-u_xx = 400*pi^2*u_exact")
        .boundary("all", "u = 0"));
    let options = PdeOptions { points: Some(200), boundary_weight: None, ..options(50) };
    let error = |method: &Mlp| {
        let run = poisson.solve(&Gpu::cpu(), method, &options).unwrap();
        println!("{}: {:?}", run.report.family, run.report.relative_l2_error);
        run.report.relative_l2_error.unwrap()
    };
    for activation in [Activation::Tanh, Activation::Gelu] {
        let plain = Mlp { activation, ..Mlp::new(&[12]) };
        let waves = Mlp { waves: Some(12), bandwidth: vec![20.0], ..plain.clone() };
        assert!(error(&plain) > 0.5);
        assert!(error(&waves) < 0.05);
    }
}
