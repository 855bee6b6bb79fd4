//! Unknown parameters of equations, found along with the solution.

#![allow(clippy::unwrap_used, clippy::panic)]

use ansatz::Gpu;
use ansatz::pde::{
    AdamOptions, Decay, FitPrecision, Lbfgs, Method, Mlp, Objective, Optimizer, Pde, PdeError, PdeOptions,
    PdeRun, Pig, RandomFeatures, Schedule, UnknownReport,
};
use ansatz_problem::{PointSet, Problem, ProblemBuilder, Shape, Unknown};
use ansatz_tests::{devices, each};

/// −k u″ = sin(πx) on [0, 1] with k = 2, of which u is measured at nine points.
fn poisson() -> ProblemBuilder {
    poisson_of(Unknown::new("k", 0.7).between([0.0, f64::INFINITY]).exactly(2.0))
}

fn poisson_of(k: Unknown) -> ProblemBuilder {
    let x: Vec<f64> = (1..10).map(|i| 0.1 * f64::from(i)).collect();
    let u = |x: &f64| (std::f64::consts::PI * x).sin() / (2.0 * std::f64::consts::PI.powi(2));
    let values = x.iter().map(u).collect();
    Problem::on(Shape::interval(0.0, 1.0))
        .field("u")
        .unknown(k)
        .equation("-k*u_xx = sin(pi*x)")
        .boundary("all", "u = 0")
        .data("u", PointSet::new(1, x).with_values(values))
        .weight(10.0)
}

fn solve(
    gpu: &Gpu,
    problem: ProblemBuilder,
    method: &dyn Method,
    options: &PdeOptions,
) -> Result<PdeRun, PdeError> {
    Pde::from(problem.build().unwrap()).solve(gpu, method, options)
}

fn options(precision: FitPrecision) -> PdeOptions {
    PdeOptions { precision, baseline: false, ..PdeOptions::default() }
}

fn example(gpu: &Gpu, name: &str, set: &[(&str, &str)], options: &PdeOptions) -> Vec<UnknownReport> {
    let set: Vec<_> = set.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let method = RandomFeatures::new(200).with_bandwidth(&[6.0]);
    let run = Pde::example(name, &set).unwrap().solve(gpu, &method, options).unwrap();
    let found = run.report.unknown_parameters.clone();
    let values: Vec<f64> = found.iter().map(|unknown| unknown.value).collect();
    assert_eq!(run.solutions[0].unknowns(), values);
    found
}

fn off(unknown: &UnknownReport) -> f64 {
    (unknown.value - unknown.exact.unwrap()).abs()
}

/// In f32 the rounding of values of u, of which the second derivatives are far larger, leaves some 1e-5.
#[test]
fn random_features_find_a_coefficient() {
    each(|gpu| {
        for (precision, most) in [(FitPrecision::F64, 1e-6), (FitPrecision::F32, 1e-4)] {
            let found = example(gpu, "diffusion_inverse", &[], &options(precision));
            assert!(off(&found[0]) < most, "{found:?}");
            assert_eq!((found[0].name.as_str(), found[0].start), ("D", 1.0));
        }
    });
}

#[test]
fn the_search_begins_where_it_is_told_to() {
    let near = example(&Gpu::cpu(), "diffusion_inverse", &[("D", "0.02")], &options(FitPrecision::F64));
    assert!(near[0].start == 0.02 && off(&near[0]) < 1e-6, "{near:?}");
}

#[test]
fn two_unknowns_and_their_standard_errors() {
    let gpu = Gpu::cpu();
    let exactly =
        example(&gpu, "advection_diffusion_inverse", &[("noise", "0")], &options(FitPrecision::F64));
    assert!(exactly.iter().all(|unknown| off(unknown) < 1e-6), "{exactly:?}");
    let mut options = options(FitPrecision::F64);
    // With noise, each is off by no more than some standard errors, which are of the size that the noise suggests: of a wave with
    // amplitude 1 that 400 measurements tell within 1 %, a place is known to some 1e-3/π.
    let noisy = example(&gpu, "advection_diffusion_inverse", &[], &options);
    for unknown in &noisy {
        let error = unknown.standard_error.unwrap();
        assert!((1e-5..3e-3).contains(&error) && off(unknown) < 4.0 * error, "{noisy:?}");
    }
    // Ten times the noise makes them about ten times as large.
    options.rtol = 0.1;
    let noisier = example(&gpu, "advection_diffusion_inverse", &[("noise", "0.1")], &options);
    for (unknown, before) in noisier.iter().zip(&noisy) {
        let ratio = unknown.standard_error.unwrap() / before.standard_error.unwrap();
        assert!(
            (4.0..25.0).contains(&ratio) && off(unknown) < 4.0 * unknown.standard_error.unwrap(),
            "{ratio}"
        );
    }
}

/// Steps of Levenberg and Marquardt move features, coefficients and parameters together.
/// Only the product of two coefficients matters: the residual is as small as ever, and neither is known.
#[test]
fn what_measurements_do_not_determine_is_not_converged() {
    for noise in [0.0, 1e-3] {
        let x: Vec<f64> = (1..10).map(|i| 0.1 * f64::from(i)).collect();
        let u = |x: &f64| (std::f64::consts::PI * x).sin() / 20.0 + noise * (40.0 * x).sin();
        let values = x.iter().map(u).collect();
        let problem = Problem::on(Shape::interval(0.0, 1.0))
            .field("u")
            .unknown(Unknown::new("k", 0.7))
            .unknown(Unknown::new("m", 1.5))
            .equation("-k*m*u_xx = sin(pi*x)")
            .boundary("all", "u = 0")
            .data("u", PointSet::new(1, x).with_values(values));
        let options = PdeOptions { rtol: 1e-1, ..options(FitPrecision::F64) };
        let report = solve(&Gpu::cpu(), problem.clone(), &Pig::new(6), &options).unwrap().report;
        assert!(report.reason == "Undetermined" && !report.converged, "{report}");
        assert!(report.hint.contains("`k`"), "{}", report.hint);
        // Steps of Gauss–Newton, whose length nothing bounds, do not even begin.
        let method = RandomFeatures::new(20).with_bandwidth(&[3.0]);
        let report = solve(&Gpu::cpu(), problem, &method, &options).unwrap().report;
        assert!(!report.converged && report.unknown_parameters[0].standard_error > Some(1e3), "{report}");
    }
}

/// Every k and q with kπ² + q = π² solve it, and exact measurements leave a residual of nothing but rounding.
#[test]
fn a_line_of_solutions_is_not_converged() {
    let x: Vec<f64> = (1..20).map(|i| 0.05 * f64::from(i)).collect();
    let values = x.iter().map(|x| (std::f64::consts::PI * x).sin()).collect();
    let problem = Problem::on(Shape::interval(0.0, 1.0))
        .field("u")
        .unknown(Unknown::new("k", 2.0))
        .unknown(Unknown::new("q", 1.0))
        .equation("-k*u_xx + q*u = pi^2*sin(pi*x)")
        .boundary("all", "u = 0")
        .data("u", PointSet::new(1, x).with_values(values));
    let features = RandomFeatures::new(30).with_bandwidth(&[2.0]);
    let methods: [&dyn Method; 3] = [&features, &Mlp::new(&[8]), &Pig::new(4)];
    for method in methods {
        let options = PdeOptions { points: Some(100), max_steps: Some(100), ..options(FitPrecision::F64) };
        let report = solve(&Gpu::cpu(), problem.clone(), method, &options).unwrap().report;
        assert!(report.reason == "Undetermined", "{report}");
        assert!(report.hint.contains("`k`, `q`"), "{}", report.hint);
    }
}

/// The best k is 2.
#[test]
fn a_bound_that_is_run_into_is_said() {
    each(|gpu| {
        for bounds in [[3.0, 5.0], [3.0, f64::INFINITY], [0.1, 1.5], [f64::NEG_INFINITY, 1.5]] {
            let start = if bounds[1] == 1.5 { 1.0 } else { 4.0 };
            let problem = poisson_of(Unknown::new("k", start).between(bounds)).weight(100.0);
            let method = RandomFeatures::new(20).with_bandwidth(&[3.0]);
            let report = solve(gpu, problem, &method, &options(FitPrecision::F32)).unwrap().report;
            let found = &report.unknown_parameters[0];
            assert!(found.value >= bounds[0] && found.value <= bounds[1], "{report}");
            assert!(!report.converged && report.reason != "NonFinite", "{report}");
            assert!(report.notes.iter().any(|note| note.contains("has run into its bound")), "{report}");
        }
    });
}

#[test]
fn trained_features_find_a_coefficient() {
    each(|gpu| {
        let pig = Pig { embeddings: 2, units: 6, ..Pig::new(6) };
        let methods: [&dyn Method; 2] = [&pig, &Mlp::new(&[6, 6])];
        for method in methods {
            let options = PdeOptions { points: Some(120), max_steps: Some(60), ..options(FitPrecision::F32) };
            let run = solve(gpu, poisson(), method, &options).unwrap();
            let found = &run.report.unknown_parameters[0];
            assert!(off(found) < 1e-3, "{}: {found}", run.report);
            assert!(run.converged(), "{}", run.report);
        }
    });
}

/// From ten times its value, as `--optimizer adam,lbfgs --rate 3e-3` does: on one device, as it takes seconds.
#[test]
fn adam_and_then_lbfgs_find_a_coefficient() {
    let gpu = &devices()[0].gpu;
    let decay = Decay::Cosine { steps: 600, last: 0.01 };
    let adam =
        AdamOptions { schedule: Schedule { decay, ..Schedule::constant(3e-3) }, ..AdamOptions::default() };
    let optimizer = Optimizer::AdamThenLbfgs { adam, steps: 600, lbfgs: Lbfgs::default() };
    let pig = Pig { units: 8, optimizer, ..Pig::new(20) };
    let options = PdeOptions { points: Some(300), max_steps: Some(1600), ..options(FitPrecision::F32) };
    let run = Pde::example("diffusion_inverse", &[]).unwrap().solve(gpu, &pig, &options).unwrap();
    let found = &run.report.unknown_parameters[0];
    assert!(found.start == 1.0 && off(found) < 0.003, "{found}");
}

/// Nor does it matter to first-order methods how large a parameter without bounds is.
#[test]
fn a_coefficient_of_any_size_is_found() {
    let gpu = Gpu::cpu();
    let optimizer = Optimizer::Adam(AdamOptions::default());
    let pig = Pig { embeddings: 2, units: 6, optimizer, ..Pig::new(6) };
    for size in [1e-4, 1e4] {
        let problem = Problem::on(Shape::interval(0.0, 1.0))
            .field("u")
            .unknown(Unknown::new("k", 0.5 * size).exactly(size))
            .parameter("size", size)
            .equation("-u_xx = k/size*pi^2*sin(pi*x)")
            .boundary("all", "u = 0")
            .data(
                "u",
                PointSet::new(1, vec![0.25, 0.5, 0.75]).with_values(vec![
                    0.5_f64.sqrt(),
                    1.0,
                    0.5_f64.sqrt(),
                ]),
            );
        let options = PdeOptions { points: Some(120), max_steps: Some(400), ..options(FitPrecision::F32) };
        let run = solve(&gpu, problem, &pig, &options).unwrap();
        let found = &run.report.unknown_parameters[0];
        assert!(off(found) < 0.05 * size, "{found}");
    }
}

#[test]
fn what_means_nothing_is_refused() {
    let gpu = Gpu::cpu();
    let settings =
        |options: PdeOptions, problem: ProblemBuilder| match solve(&gpu, problem, &Pig::new(4), &options) {
            Err(PdeError::Setting { name, .. }) => name,
            other => panic!("{:?}", other.map(|run| run.report.reason)),
        };
    let energy = PdeOptions { objective: Objective::Energy, ..options(FitPrecision::F64) };
    assert_eq!(settings(energy, poisson().energy("u_x^2/2")), "loss");
    let windows = PdeOptions { windows: Some(2), ..options(FitPrecision::F64) };
    let heat = Problem::on(ansatz_problem::Domain::from(Shape::interval(0.0, 1.0)).over("t", [0.0, 1.0]))
        .field("u")
        .unknown(Unknown::new("k", 1.0))
        .equation("u_t = k*u_xx")
        .boundary("all", "u = 0")
        .initial("u = sin(pi*x)");
    assert_eq!(settings(windows, heat), "windows");
}
