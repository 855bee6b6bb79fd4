//! Scratch.
use ansatz::pde::*;
use ansatz::Gpu;
use ansatz_expr::Scope;
use ansatz_problem::*;

#[test]
fn helmholtz() {
    let q = |n: &str, d: usize| std::env::var(n).ok().and_then(|s| s.parse().ok()).unwrap_or(d);
    let scope = Scope::new(&["x", "y"]).unwrap().with_field("u").unwrap();
    let exact = scope.parse("sin(4*pi*y)*sin(pi*x)").unwrap();
    let scope = scope.with_definition("u_exact", exact.clone()).unwrap();
    let c = |name: &str, region, text: &str| Condition {
        name: name.into(), region, residual: scope.parse_equation(text).unwrap(), weight: None };
    let conditions = vec![
        c("equation", Region::Interior, "u_xx + u_yy + u = laplacian(u_exact) + u_exact"),
        c("boundary", Region::Boundary(vec!["all".into()]), "u = u_exact"),
    ];
    let problem = Problem { name: "helmholtz".into(), title: "t".into(), domain: Shape::rectangle([-1.0, 1.0], [-1.0, 1.0]).into(), scope: scope.clone(), parameters: vec![], conditions, exact: vec![Some(exact)] };
    let gpu = if q("CPU", 1) == 1 { Gpu::cpu() } else { Gpu::open(&ansatz::Selection::from_env(), &Default::default()).unwrap() };
    let mut method = RandomFeatures::new(q("N", 400));
    if q("S", 10) > 0 { method = method.with_bandwidth(&[q("S", 10) as f64]); }
    let options = PdeOptions { precision: if q("F32", 0) == 1 { FitPrecision::F32 } else { FitPrecision::F64 }, ..PdeOptions::default() };
    let run = Pde::from(problem).solve(&gpu, &method, &options).unwrap();
    println!("{}", run.report);
}
