//! Problems in Rust: what is enough, and what is not.

use ansatz_expr::{Expr, Jet, Leaf};
use ansatz_problem::{Domain, PointSet, Problem, ProblemBuilder, Region, Sampler, Shape};

fn square() -> Shape {
    Shape::rectangle([0.0, 1.0], [0.0, 1.0])
}

fn key(builder: ProblemBuilder) -> String {
    match builder.build() {
        Ok(_) => "fine".into(),
        Err(error) => {
            assert!(error.place.is_none());
            error.key
        }
    }
}

/// The Stokes equations: two velocities of order 2, a pressure of order 1.
#[test]
fn systems() {
    let stokes = || {
        Problem::on(square())
            .field("u")
            .field("v")
            .field("p")
            .exact("u", "sin(pi*x)^2*sin(2*pi*y)")
            .exact("v", "-sin(2*pi*x)*sin(pi*y)^2")
            .exact("p", "x*y")
            .equation("-laplacian(u) + p_x = -laplacian(u_exact) + d(p_exact, x)")
            .equation("-laplacian(v) + p_y = -laplacian(v_exact) + d(p_exact, y)")
            .equation("div([u, v]) = 0")
            .at(PointSet::new(2, vec![0.0, 0.0]), "p = 0")
    };
    let problem = stokes().boundary("all", "u = 0").boundary("all", "v = 0").build().unwrap();
    assert!(problem.is_linear());
    assert_eq!(problem.exact_defects().unwrap().len(), 6);
    assert_eq!(key(stokes().boundary("all", "u = 0")), "boundary");
    assert_eq!(key(stokes().boundary("all", "u = 0").boundary("all", "v = 1e-3")), "boundary[2].residual");
}

#[test]
fn robin_and_neumann_conditions() {
    let robin = Problem::on(Shape::disk([0.0, 0.0], 2.0))
        .field("u")
        .exact("u", "x^2 + y^2")
        .equation("laplacian(u) = 4")
        .boundary("circle", "dn(u) + 3*u = 16")
        .build()
        .unwrap();
    let defects = robin.exact_defects().unwrap();
    assert!(defects.iter().all(|defect| defect.largest < 1e-12), "{defects:?}");
}

#[test]
fn a_plate_with_a_hole_has_all_its_pieces() {
    let plate = || {
        Problem::on(square().minus(Shape::disk([0.5, 0.5], 0.2)))
            .field("u")
            .equation("laplacian(u) = 0")
            .boundary("x_min", "u = 0")
            .boundary("x_max", "u = 1")
            .boundary("y_min", "dn(u) = 0")
            .boundary("y_max", "dn(u) = 0")
    };
    assert_eq!(key(plate()), "boundary");
    assert_eq!(key(plate().boundary("hole", "dn(u) = 0")), "fine");
    assert_eq!(key(plate().allow_missing("hole.circle")), "fine");
    assert_eq!(key(plate().allow_missing("holes")), "allow_missing");
    assert_eq!(key(plate().boundary("holes", "u = 0")), "boundary[5].on");
}

/// On an interval, both conditions may stand at one end; a beam needs four.
#[test]
fn ordinary_differential_equations() {
    let ode = |order: &str| Problem::on(Shape::interval(0.0, 1.0)).field("u").equation(order);
    assert_eq!(key(ode("u_xx = -u").boundary("x_min", "u = 0").boundary("x_min", "u_x = 1")), "fine");
    assert_eq!(key(ode("u_x = u").boundary("x_min", "u = 1")), "fine");
    assert_eq!(key(ode("u_x = u")), "boundary");
    let beam = || ode("u_xxxx = 1").boundary("all", "u = 0");
    assert_eq!(key(beam()), "boundary");
    assert_eq!(key(beam().boundary("all", "u_xx = 0")), "fine");
    assert_eq!(key(ode("u_xx = u").boundary("x_min", "u = 1").allow_missing("x_max")), "fine");
    assert_eq!(key(ode("u_xx = u")), "boundary");
}

#[test]
fn time() {
    let domain = || Domain::from(Shape::interval(0.0, 1.0)).over("t", [0.0, 1.0]);
    let wave = || Problem::on(domain()).field("u").equation("u_tt = u_xx").boundary("all", "u = 0");
    assert_eq!(key(wave().initial("u = 0")), "initial");
    assert_eq!(key(wave().initial("u = 0").allow_missing("initial")), "fine");
    assert_eq!(key(wave().initial("u = 0").initial("u_t = sin(pi*x)")), "fine");
    // Transport needs no condition where it flows out.
    let transport = Problem::on(domain()).field("u").equation("u_t + u_x = 0").initial("u = 0");
    assert_eq!(key(transport.boundary("x_min", "u = sin(t)")), "fine");
}

#[test]
fn periodic_conditions() {
    let domain = Domain::from(Shape::interval(-1.0, 1.0)).over("t", [0.0, 1.0]);
    let heat = |start: &str| {
        let problem = Problem::on(domain.clone()).field("u").equation("u_t = u_xx + u_x");
        problem.periodic("x").initial(start)
    };
    let problem = heat("u = cos(pi*x)").build().unwrap();
    let periodic: Vec<_> =
        problem.conditions.iter().filter(|one| one.region == Region::Periodic { axis: 0 }).collect();
    let residuals: Vec<_> = periodic.iter().map(|one| one.residual.clone()).collect();
    let value = Jet::value(0);
    assert_eq!(residuals, [value, value.derivative(0)].map(|jet| Expr::leaf(Leaf::Jet(jet))));
    assert_eq!(key(heat("u = x")), "initial[1].residual");
    // Its values agree, but not its slopes.
    assert_eq!(key(heat("u = cos(pi/2*x)").exact("u", "cos(pi/2*x)")), "equation[1].residual");
    assert_eq!(key(heat("u = 1").boundary("x_min", "u = 1")), "boundary[2].residual");
}

#[test]
fn definitions_in_any_order() {
    let problem = Problem::on(Shape::interval(0.0, 1.0))
        .field("u")
        .parameter("k", 3.0)
        .define("source", "d(u_exact, x, x) + wave")
        .define("wave", "k^2*u_exact")
        .exact("u", "sin(k*x)")
        .equation("u_xx + k^2*u = source")
        .boundary("all", "u = u_exact")
        .weight(10.0)
        .build()
        .unwrap();
    assert_eq!(problem.conditions[1].weight, Some(10.0));
    let points = problem.sample(&Region::Interior, 20, Sampler::Sobol, 1).unwrap();
    let values = problem.values(&[problem.exact[0].clone().unwrap()], &points);
    assert!(points.iter().zip(&values[0]).all(|(x, u)| (u - (3.0 * x[0]).sin()).abs() < 1e-15));
}
