//! Baselines against exact solutions, and their orders.

use ansatz_gpu::Gpu;
use ansatz_problem::{Problem, Shape, examples};

use super::{Baseline, BaselineError, BaselineMethod, differences};

fn example(name: &str) -> Problem {
    examples::find(name).unwrap().problem(&[]).unwrap()
}

/// ‖u − u*‖₂/‖u*‖₂ of the first field on the grid of the problem.
fn error(problem: &Problem, value: impl Fn(&[f64]) -> Vec<f64>) -> f64 {
    let points = problem.evaluation_points().unwrap();
    let exact = problem.values(&[problem.exact[0].clone().unwrap()], &points).remove(0);
    let found = value(&points.coordinates);
    let difference: f64 = found.iter().zip(&exact).map(|(u, exact)| (u - exact).powi(2)).sum();
    (difference / exact.iter().map(|exact| exact.powi(2)).sum::<f64>()).sqrt()
}

/// Solves by polynomials and returns error, estimate and degree.
fn smooth(problem: &Problem) -> (f64, f64, usize) {
    let baseline = Baseline::solve(problem, &Gpu::cpu()).unwrap();
    let BaselineMethod::Chebyshev { degree } = baseline.method else {
        panic!("{} is smooth", problem.name);
    };
    assert!(baseline.seconds > 0.0 && baseline.order.is_none());
    (error(problem, |x| baseline.values(0, x)), baseline.difference, degree)
}

#[test]
fn polynomials_reach_rounding_where_the_solution_is_analytic() {
    // The bounds are some ten times what rounding, amplified by two derivatives of degree n (n⁴ ε), leaves.
    for (name, bound) in [
        ("poisson_2d", 1e-11),
        ("wave_1d", 1e-9),
        ("bratu", 1e-11),
        ("nonlinear_helmholtz", 1e-11),
        ("burgers_steady", 1e-10),
        ("allen_cahn_steady", 1e-10),
        ("legendre", 1e-10),
    ] {
        let (error, _, degree) = smooth(&example(name));
        assert!(error < bound, "{name}: {error:e} at degree {degree}");
    }
}

#[test]
fn systems_periodic_sides_and_normals() {
    // u_t = v_x, v_t = u_x on a circle; then a Robin condition in one dimension.
    let problem = Problem::on(ansatz_problem::Domain::from(Shape::interval(-1.0, 1.0)).over("t", [0.0, 0.5]))
        .field("u")
        .field("v")
        .exact("u", "sin(pi*x + 1)*cos(pi*t)")
        .exact("v", "cos(pi*x + 1)*sin(pi*t)")
        .equation("u_t = v_x")
        .equation("v_t = u_x")
        .initial("u = u_exact")
        .initial("v = v_exact")
        .periodic("x")
        .build()
        .unwrap();
    assert!(smooth(&problem).0 < 1e-10);
    let problem = Problem::on(Shape::interval(0.0, 2.0))
        .field("u")
        .exact("u", "exp(x)")
        .equation("u_xx = u")
        .boundary("x_min", "dn(u) + 2*u = 1")
        .boundary("x_max", "dn(u) = exp(2)")
        .build()
        .unwrap();
    assert!(smooth(&problem).0 < 1e-10);
}

#[test]
fn what_polynomials_do_not_resolve_is_said() {
    // Ten waves along each coordinate take a degree past 40, and the estimate tells what is left.
    let settings = ["a1", "a2"].map(|name| (name.to_owned(), "10".to_owned()));
    let problem = examples::find("helmholtz").unwrap().problem(&settings).unwrap();
    let (error, estimate, degree) = smooth(&problem);
    assert_eq!(degree, 48);
    assert!(error < 3.0 * estimate && error < 1e-4, "{error:e}, estimated {estimate:e}");
}

#[test]
fn differences_are_of_second_order_up_to_curved_boundaries() {
    let disk = Shape::disk([0.1, -0.2], 0.8).minus(Shape::rectangle([-0.3, 0.2], [-0.4, 0.0]));
    let problem = Problem::on(disk)
        .field("u")
        .exact("u", "sin(2*x + 1)*exp(y)")
        .equation("-2*u_xx - u_yy + 3*u = -2*d(u_exact, x, x) - d(u_exact, y, y) + 3*u_exact")
        .boundary("all", "u = u_exact")
        .build()
        .unwrap();
    let gpu = Gpu::cpu();
    let errors = [64, 128, 256].map(|intervals| {
        let grid = differences::on(&problem, &gpu, intervals).unwrap();
        error(&problem, |x| x.chunks(2).map(|x| grid.value([x[0], x[1]])).collect())
    });
    let order = (errors[0] / errors[2]).log2() / 2.0;
    assert!((order - 2.0).abs() < 0.25 && errors[2] < 5e-5, "order {order}, errors {errors:?}");
}

#[test]
fn corners_lower_the_order_and_holes_do_not() {
    let gpu = Gpu::cpu();
    // r^{2/3} sin(2θ/3) at the corner of the L: order 4/3 away from it.
    let l_shape = Baseline::solve(&example("l_shape"), &gpu).unwrap();
    let order = l_shape.order.unwrap();
    assert!((order - 4.0 / 3.0).abs() < 0.25 && l_shape.difference < 2e-3);
    assert_eq!(l_shape.method, BaselineMethod::FiniteDifferences { intervals: 192 });
    // u at the middle of the L's upper left square lies between that of the square alone and of the whole square.
    let u = l_shape.values(0, &[-0.5, 0.5])[0];
    assert!(u > 0.0737 && u < 0.2947, "{u}");

    let disks = Baseline::solve(&example("four_disks"), &gpu).unwrap();
    assert!(disks.order.unwrap() > 1.5 && disks.difference < 2e-3);
    // By fundamental solutions, 280 of them, which fulfil the boundary conditions to 5e-6.
    let points = [0.0, 0.0, 0.3, 0.19, 0.49, 0.0];
    for (u, known) in disks.values(0, &points).into_iter().zip([0.233585, 0.045965, 0.961410]) {
        assert!((u - known).abs() < 3e-4, "{u} {known}");
    }
}

#[test]
fn there_is_no_baseline_for_everything() {
    let gpu = Gpu::cpu();
    let in_five = Baseline::solve(&example("poisson_5d"), &gpu);
    assert!(matches!(in_five, Err(BaselineError::Domain { coordinates: 5 })));
    let disk = Problem::on(Shape::disk([0.0, 0.0], 1.0)).field("u");
    let wavy = disk.clone().equation("laplacian(u) + 9*u = 1").boundary("all", "u = 0").build().unwrap();
    assert!(matches!(Baseline::solve(&wavy, &gpu), Err(BaselineError::Equation(_))));
    let flux = disk.equation("-laplacian(u) = 1").boundary("all", "dn(u) = 0").build().unwrap();
    assert!(matches!(Baseline::solve(&flux, &gpu), Err(BaselineError::Equation(_))));
    // 40 waves along each coordinate are past any degree that is tried.
    let settings = ["a1", "a2"].map(|name| (name.to_owned(), "40".to_owned()));
    let waves = examples::find("helmholtz").unwrap().problem(&settings).unwrap();
    assert!(matches!(Baseline::solve(&waves, &gpu), Err(BaselineError::Unresolved { degree: 48, .. })));
}
