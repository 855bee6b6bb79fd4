//! Functions with known minima; those called by number are of Moré, Garbow and Hillstrom (ACM Trans. Math. Softw. 7, 1981).

use std::cell::Cell;
use std::convert::Infallible;
use std::ops::ControlFlow;

use ansatz_optim::{Lbfgs, LbfgsReason, Minimum};
use num_complex::Complex64;

type Residuals = fn(&[Complex64]) -> Vec<Complex64>;

/// Σ r², and its gradient by complex steps (Squire and Trapp, SIAM Review 40, 1998), which are exact up to rounding.
fn sum_of_squares(residuals: Residuals) -> impl FnMut(&[f64], &mut [f64]) -> Result<f64, Infallible> + Copy {
    const STEP: f64 = 1e-30;
    move |theta, gradient| {
        let mut x: Vec<Complex64> = theta.iter().map(|&x| x.into()).collect();
        for (j, gradient) in gradient.iter_mut().enumerate() {
            x[j].im = STEP;
            *gradient = residuals(&x).iter().map(|r| 2.0 * r.re * r.im / STEP).sum();
            x[j].im = 0.0;
        }
        Ok(residuals(&x).iter().map(|r| r.re * r.re).sum())
    }
}

fn run(
    lbfgs: Lbfgs,
    theta: &[f64],
    objective: impl FnMut(&[f64], &mut [f64]) -> Result<f64, Infallible>,
) -> Minimum {
    let Ok(minimum) = lbfgs.minimise(theta.to_vec(), objective, |_| ControlFlow::Continue(()));
    assert_eq!(minimum.history.len(), minimum.iterations + 1);
    assert!(minimum.history.last().is_some_and(|last| last.to_bits() == minimum.value.to_bits()));
    minimum
}

fn rosenbrock(x: &[Complex64]) -> Vec<Complex64> {
    x.chunks(2).flat_map(|x| [10.0 * (x[1] - x[0] * x[0]), 1.0 - x[0]]).collect()
}

fn freudenstein_roth(x: &[Complex64]) -> Vec<Complex64> {
    let (x, y) = (x[0], x[1]);
    vec![-13.0 + x + ((5.0 - y) * y - 2.0) * y, -29.0 + x + ((y + 1.0) * y - 14.0) * y]
}

fn powell_badly_scaled(x: &[Complex64]) -> Vec<Complex64> {
    vec![1e4 * x[0] * x[1] - 1.0, (-x[0]).exp() + (-x[1]).exp() - 1.0001]
}

fn brown_badly_scaled(x: &[Complex64]) -> Vec<Complex64> {
    vec![x[0] - 1e6, x[1] - 2e-6, x[0] * x[1] - 2.0]
}

fn beale(x: &[Complex64]) -> Vec<Complex64> {
    [1.5, 2.25, 2.625].iter().zip(1..).map(|(y, i)| *y - x[0] * (1.0 - x[1].powi(i))).collect()
}

fn helical_valley(x: &[Complex64]) -> Vec<Complex64> {
    let half = if x[0].re < 0.0 { 0.5 } else { 0.0 };
    // The complex arc tangent loses an imaginary part as small as that of a complex step.
    let ratio = x[1] / x[0];
    let angle = Complex64::new(ratio.re.atan(), ratio.im / (1.0 + ratio.re * ratio.re));
    let turn = angle / std::f64::consts::TAU + half;
    vec![10.0 * (x[2] - 10.0 * turn), 10.0 * ((x[0] * x[0] + x[1] * x[1]).sqrt() - 1.0), x[2]]
}

fn box_three(x: &[Complex64]) -> Vec<Complex64> {
    let row = |i: u32| {
        let t = 0.1 * f64::from(i);
        (-t * x[0]).exp() - (-t * x[1]).exp() - x[2] * ((-t).exp() - (-10.0 * t).exp())
    };
    (1..=10).map(row).collect()
}

fn powell_singular(x: &[Complex64]) -> Vec<Complex64> {
    let row = |x: &[Complex64]| {
        [
            x[0] + 10.0 * x[1],
            5f64.sqrt() * (x[2] - x[3]),
            (x[1] - 2.0 * x[2]).powi(2),
            10f64.sqrt() * (x[0] - x[3]).powi(2),
        ]
    };
    x.chunks(4).flat_map(row).collect()
}

fn wood(x: &[Complex64]) -> Vec<Complex64> {
    vec![
        10.0 * (x[1] - x[0] * x[0]),
        1.0 - x[0],
        90f64.sqrt() * (x[3] - x[2] * x[2]),
        1.0 - x[2],
        10f64.sqrt() * (x[1] + x[3] - 2.0),
        (x[1] - x[3]) / 10f64.sqrt(),
    ]
}

fn penalty(x: &[Complex64]) -> Vec<Complex64> {
    let sphere = x.iter().map(|x| x * x).sum::<Complex64>() - 0.25;
    x.iter().map(|x| 1e-5f64.sqrt() * (x - 1.0)).chain([sphere]).collect()
}

fn variably_dimensioned(x: &[Complex64]) -> Vec<Complex64> {
    let sum: Complex64 = x.iter().zip(1..).map(|(x, j)| f64::from(j) * (x - 1.0)).sum();
    x.iter().map(|x| x - 1.0).chain([sum, sum * sum]).collect()
}

fn trigonometric(x: &[Complex64]) -> Vec<Complex64> {
    let n = x.len() as f64;
    let cosines: Complex64 = x.iter().map(|x| x.cos()).sum();
    x.iter().zip(1..).map(|(x, i)| n - cosines + f64::from(i) * (1.0 - x.cos()) - x.sin()).collect()
}

fn boundary_value(x: &[Complex64]) -> Vec<Complex64> {
    let h = 1.0 / (x.len() + 1) as f64;
    let at = |i: usize| if i == 0 || i > x.len() { Complex64::default() } else { x[i - 1] };
    let row =
        |i: usize| 2.0 * at(i) - at(i - 1) - at(i + 1) + 0.5 * h * h * (at(i) + (i as f64 * h + 1.0)).powi(3);
    (1..=x.len()).map(row).collect()
}

/// Each from its standard start to its published minimum.
#[test]
fn the_functions_of_more_garbow_and_hillstrom() {
    let count =
        |n: usize, f: fn(f64, f64) -> f64| (1..=n).map(|i| f(i as f64, n as f64)).collect::<Vec<f64>>();
    let problems: [(&str, Residuals, Vec<f64>, &[f64]); 15] = [
        ("1", rosenbrock, vec![-1.2, 1.0], &[0.0]),
        ("2", freudenstein_roth, vec![0.5, -2.0], &[0.0, 48.98425]),
        ("3", powell_badly_scaled, vec![0.0, 1.0], &[0.0]),
        ("4", brown_badly_scaled, vec![1.0, 1.0], &[0.0]),
        ("5", beale, vec![1.0, 1.0], &[0.0]),
        ("7", helical_valley, vec![-1.0, 0.0, 0.0], &[0.0]),
        ("12", box_three, vec![0.0, 10.0, 20.0], &[0.0]),
        ("13", powell_singular, vec![3.0, -1.0, 0.0, 1.0], &[0.0]),
        ("14", wood, vec![-3.0, -1.0, -3.0, -1.0], &[0.0]),
        ("21", rosenbrock, [-1.2, 1.0].repeat(50), &[0.0]),
        ("23, n = 4", penalty, count(4, |j, _| j), &[2.24997e-5]),
        ("23, n = 10", penalty, count(10, |j, _| j), &[7.08765e-5]),
        ("25", variably_dimensioned, count(10, |j, n| 1.0 - j / n), &[0.0]),
        // Others have found the local minimum too.
        ("26", trigonometric, vec![0.1; 10], &[0.0, 2.79506e-5]),
        ("28", boundary_value, count(10, |j, n| j / (n + 1.0) * (j / (n + 1.0) - 1.0)), &[0.0]),
    ];
    for (name, residuals, theta, minima) in problems {
        let minimum = run(Lbfgs::default(), &theta, sum_of_squares(residuals));
        println!(
            "{name}: f = {:.3e}, ‖∇f‖ = {:.1e}, {} steps, {} evaluations, {:?}",
            minimum.value, minimum.gradient_norm, minimum.iterations, minimum.evaluations, minimum.reason
        );
        assert!(minimum.reason.converged(), "{name}: {minimum:?}");
        // Published to six digits; zero to what a gradient of 1e-8 says of a singular Hessian.
        let close = |f: &f64| (minimum.value - f).abs() <= 2e-5 * f + 1e-10;
        assert!(minima.iter().any(close), "{name}: {minimum:?}");
        // Published codes take about as many.
        assert!(minimum.evaluations < 700, "{name}: {} evaluations", minimum.evaluations);
    }
}

/// With exact line searches, BFGS ends on a quadratic of n variables after n steps (Nocedal and Wright, theorem 6.4).
#[test]
fn a_quadratic_takes_as_many_steps_as_variables() {
    let n = 12;
    let quadratic = |theta: &[f64], gradient: &mut [f64]| {
        let mut value = 0.0;
        for (i, (theta, gradient)) in theta.iter().zip(gradient).enumerate() {
            let (a, x) = ((i + 1) as f64, theta - 1.0);
            *gradient = a * x;
            value += 0.5 * a * x * x;
        }
        Ok(value)
    };
    let exact = Lbfgs { memory: n, c2: 1e-9, c1: 1e-10, gtol: 1e-6, ..Lbfgs::default() };
    let minimum = run(exact, &vec![0.0; n], quadratic);
    assert!(minimum.reason.converged() && minimum.iterations <= n + 1, "{minimum:?}");
}

/// f = x − ln x is defined for x > 0 alone, and the first step goes far beyond.
#[test]
fn a_step_out_of_the_domain_is_taken_back() {
    for start in [1e-3, 50.0] {
        let barrier = |theta: &[f64], gradient: &mut [f64]| {
            gradient[0] = 1.0 - 1.0 / theta[0];
            gradient[1] = 2.0 * theta[1];
            Ok(theta[0] - theta[0].ln() + theta[1] * theta[1])
        };
        let minimum = run(Lbfgs::default(), &[start, 3.0], barrier);
        assert!(minimum.reason.converged() && (minimum.theta[0] - 1.0).abs() < 1e-7, "{minimum:?}");
    }
    // NaN from a wall on.
    let wall = |theta: &[f64], gradient: &mut [f64]| {
        gradient[0] = if theta[0] < 1e-9 { -1.0 } else { f64::NAN };
        Ok(if theta[0] < 1e-9 { -theta[0] } else { f64::NAN })
    };
    let minimum = run(Lbfgs { max_iterations: 3, ..Lbfgs::default() }, &[0.0], wall);
    assert!(minimum.value < 0.0 && minimum.theta[0] < 1e-9, "{minimum:?}");
}

/// f in f32: its differences say nothing any more where its gradient still does.
#[test]
fn rounding_of_f_does_not_stop_it_before_its_gradient_is_small() {
    let mut exact = sum_of_squares(rosenbrock);
    let rounded = |theta: &[f64], gradient: &mut [f64]| {
        let value = exact(theta, gradient)?;
        // About 100, so that the last digit is 8e-6.
        Ok(f64::from((value + 100.0) as f32))
    };
    let aware = Lbfgs { noise: 1e-7, ..Lbfgs::default() };
    let minimum = run(aware, &[-1.2, 1.0], rounded);
    assert!(minimum.reason.converged(), "{minimum:?}");
    assert!(minimum.theta.iter().all(|x| (x - 1.0).abs() < 1e-6), "{minimum:?}");
}

/// Gradients of f32, too: it ends by itself, as near as they let it come.
#[test]
fn rounding_of_the_gradient_ends_it_with_a_reason() {
    let mut exact = sum_of_squares(rosenbrock);
    let rounded = |theta: &[f64], gradient: &mut [f64]| {
        let value = exact(theta, gradient)?;
        let noise = |i: usize| 1e-4f64.copysign((1e7 * (theta[0] + 2.0 * theta[1]) + i as f64).sin());
        gradient.iter_mut().enumerate().for_each(|(i, g)| *g += noise(i));
        Ok(f64::from((value + 100.0) as f32))
    };
    let minimum = run(Lbfgs { noise: 1e-7, ..Lbfgs::default() }, &[-1.2, 1.0], rounded);
    let ended = matches!(minimum.reason, LbfgsReason::AttainableAccuracy | LbfgsReason::LineSearch);
    assert!(ended && minimum.value < 100.001, "{minimum:?}");
}

#[test]
fn every_stop_has_its_reason() {
    let rosenbrock = sum_of_squares(rosenbrock);
    let start = [-1.2, 1.0];
    let reason = |lbfgs: Lbfgs, theta: &[f64]| run(lbfgs, theta, rosenbrock).reason;
    let limited = Lbfgs { max_iterations: 3, ..Lbfgs::default() };
    assert_eq!(reason(limited, &start), LbfgsReason::MaxIterations);
    assert_eq!(reason(Lbfgs::default(), &[1.0, 1.0]), LbfgsReason::GradientSmall);
    assert_eq!(reason(Lbfgs::default(), &[f64::NAN, 1.0]), LbfgsReason::NonFinite);

    let seen = Cell::new(0);
    let Ok(stopped) = Lbfgs::default().minimise(start.to_vec(), rosenbrock, |progress| {
        seen.set(progress.iteration);
        if progress.iteration == 5 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!((stopped.reason, stopped.iterations, seen.get()), (LbfgsReason::Stopped, 5, 5));

    let with = |value: fn(f64) -> f64, slope: fn(f64) -> f64| {
        let objective = move |theta: &[f64], gradient: &mut [f64]| {
            gradient[0] = slope(theta[0]);
            Ok(value(theta[0]))
        };
        run(Lbfgs { gtol: 0.0, ..Lbfgs::default() }, &[1.0], objective).reason
    };
    // The gradient has the wrong sign; it is too small to be squared; f is defined at the start alone.
    assert_eq!(with(|x| x * x, |x| -2.0 * x), LbfgsReason::LineSearch);
    assert_eq!(with(|x| 1e-200 * x, |_| 1e-200), LbfgsReason::NoDescent);
    assert_eq!(with(|x| if x == 1.0 { 0.0 } else { f64::NAN }, |_| 1.0), LbfgsReason::NonFinite);

    let Err(error) = Lbfgs::default().minimise(vec![0.0], |_, _| Err("lost"), |_| ControlFlow::Continue(()))
    else {
        unreachable!("the objective fails");
    };
    assert_eq!(error, "lost");
}

/// −x falls for ever: the step grows until the evaluations are used up, and the next is lost in the rounding of θ.
#[test]
fn what_has_no_minimum_does_not_converge() {
    let down = |theta: &[f64], gradient: &mut [f64]| {
        gradient[0] = -1.0;
        Ok(-theta[0])
    };
    let minimum = run(Lbfgs::default(), &[0.0], down);
    assert!(minimum.reason == LbfgsReason::LineSearch && minimum.value < -1e20, "{minimum:?}");
}
