//! Emitted expressions against the same tree on the host, on every device, in f32 and f64.

#![allow(clippy::unwrap_used)]

use ansatz_expr::{Expr, Leaf, Program, Scalar, Scope, Scratch};
use ansatz_features::Evaluate;
use ansatz_gpu::{Gpu, GpuError, Launch, Plan, Real};
use ansatz_tests::{each, noise, runs};

/// x in (-1, 1), y in (-3, 3), a in (0.5, 2.5).
fn scope() -> Scope {
    Scope::new(&["x", "y"]).unwrap().with_parameter("a").unwrap()
}

/// Every operation, and how many units of rounding of the scale of its parts it may be off.
const EXPRESSIONS: [(&str, f64); 28] = [
    ("x + y - a", 4.0),
    ("x*y/a", 8.0),
    ("x^2 - y^3 + a^-2", 200.0),
    ("y^17/3^17", 40.0),
    ("sqrt(a) + 1/sqrt(a)", 16.0),
    ("a^0.3 + a^y + y^a*0 + (-a)^3", 64.0),
    ("(a + 1)^(a*y)", 600.0),
    ("sin(y) + cos(y)", 8.0),
    ("tan(x)", 16.0),
    ("asin(x) + acos(x)*2", 32.0),
    ("atan(y*3)", 16.0),
    ("atan2(y, x) + atan2(x, y)", 32.0),
    ("sinh(x) + cosh(y)", 100.0),
    ("tanh(y)", 8.0),
    ("sinh(x/1000)*1000", 32.0),
    ("exp(y)", 64.0),
    ("log(a)", 8.0),
    ("erf(y)", 24.0),
    ("abs(y) + sign(x)", 4.0),
    ("min(x, y) + 2*max(x, y, a)", 8.0),
    ("if(x < y and not x == 0, x*y, a)", 8.0),
    ("(x <= y) + 2*(x != y) + 4*(x == y or a > 1)", 1.0),
    ("heaviside(x) + sech(y)", 16.0),
    ("1e-30*x + 0.1*a - 7", 16.0),
    ("if(x < 2, a, 1/0)", 1.0),
    ("min(x, -1/0)", 1.0),
    ("0.1", 1.0),
    ("x", 1.0),
];

fn programs() -> Vec<(Program, Vec<f64>)> {
    let parse = |text: &str| scope().parse(text).unwrap();
    let all: Vec<Expr> = EXPRESSIONS.iter().map(|(text, _)| parse(text)).collect();
    let units: Vec<f64> = EXPRESSIONS.iter().map(|(_, units)| *units).collect();
    vec![
        (Program::new(&all), units),
        (Program::new(&[parse("3.25")]), vec![1.0]),
        (Program::new(&[parse("d(exp(sin(x)*y)/a, x)")]), vec![600.0]),
    ]
}

/// The values of a leaf at the points, as multiples of 2^-20: exact in both precisions.
fn values(leaf: &Leaf, points: usize) -> Vec<f64> {
    let seed = match leaf {
        Leaf::Coordinate(index) => *index as u64,
        _ => 7,
    };
    let place = |v: f64| match leaf {
        Leaf::Coordinate(0) => v,
        Leaf::Coordinate(_) => 3.0 * v,
        _ => 1.5 + v,
    };
    let coarse = |v: f64| (place(v) * 1_048_576.0).round() / 1_048_576.0;
    noise::<f64>(points, seed).into_iter().map(coarse).collect()
}

fn check<T: Real + Scalar>(gpu: &Gpu, points: usize) {
    for (program, units) in programs() {
        let stride = Evaluate::<T>::stride(points);
        let inputs: Vec<Vec<f64>> = program.inputs().iter().map(|leaf| values(leaf, stride)).collect();
        let flat: Vec<T> = inputs.iter().flatten().map(|&v| T::from_f64(v)).collect();
        let uploaded = gpu.upload("inputs", &flat).unwrap();
        let poisoned = vec![T::nan(); program.output_count() * stride];
        let outputs = gpu.upload("outputs", &poisoned).unwrap();
        let mut plan = Plan::new(gpu, "test");
        Evaluate { program: &program, inputs: &uploaded, outputs: &outputs, points }
            .record(&mut plan)
            .unwrap();
        plan.run().unwrap();
        let found = gpu.read(&outputs).unwrap();

        let borrowed: Vec<_> = inputs.iter().map(Vec::as_slice).collect();
        let mut expected = vec![vec![0.0; stride]; program.output_count()];
        let mut slices: Vec<_> = expected.iter_mut().map(Vec::as_mut_slice).collect();
        program.eval_points(&borrowed, &mut slices, &mut Scratch::default()).unwrap();
        for (m, (expected, units)) in expected.iter().zip(&units).enumerate() {
            for p in 0..points {
                let (found, expected) = (found[m * stride + p].widen(), expected[p]);
                // The units count the roundings of each expression; the constants 3^-17 and 1e-30 are rounded too.
                let bound = units * T::epsilon().widen() * expected.abs().max(1.0);
                let close = (found - expected).abs() <= bound || found == expected;
                let at: Vec<_> = inputs.iter().map(|input| input[p]).collect();
                assert!(close, "output {m} at {at:?}: {found:e}, not {expected:e}");
            }
        }
    }
}

#[test]
fn emitted_expressions_agree_with_the_host() {
    each(|gpu| {
        for points in [0, 1, 3, 4, 255, 257, 10_001] {
            check::<f32>(gpu, points);
            if runs::<f64>(gpu) {
                check::<f64>(gpu, points);
            }
        }
    });
}

#[test]
fn past_one_dispatch_dimension() {
    each(|gpu| {
        // 65,536 workgroups of 64 invocations of four points.
        let points = 65_536 * 64 * 4 + 1;
        let program = Program::new(&[scope().parse("2*x + 1").unwrap()]);
        let stride = Evaluate::<f32>::stride(points);
        let x: Vec<f32> = (0..stride).map(|i| (i % 4096) as f32).collect();
        let (inputs, outputs) = (gpu.upload("x", &x), gpu.buffer::<f32>("y", stride));
        let (Ok(inputs), Ok(outputs)) = (inputs, outputs) else { return };
        let mut plan = Plan::new(gpu, "test");
        Evaluate { program: &program, inputs: &inputs, outputs: &outputs, points }.record(&mut plan).unwrap();
        plan.run().unwrap();
        let found = gpu.read(&outputs).unwrap();
        let wrong = (0..points).find(|&p| found[p] != 2.0 * x[p] + 1.0);
        assert_eq!(wrong, None);
    });
}

#[test]
fn one_pipeline_per_text() {
    each(|gpu| {
        let count = |text: &str| {
            let program = Program::new(&[scope().parse(text).unwrap()]);
            let x = gpu.upload("x", &[1.0f32; 4]).unwrap();
            let y = gpu.buffer::<f32>("y", 4).unwrap();
            let mut plan = Plan::new(gpu, "test");
            Evaluate { program: &program, inputs: &x, outputs: &y, points: 4 }.record(&mut plan).unwrap();
            plan.run().unwrap();
            gpu.read(&y).unwrap()[0]
        };
        assert_eq!([count("x + 41"), count("x + 6"), count("x + 41"), count("7*x")], [42.0, 7.0, 42.0, 7.0]);
    });
}

#[test]
fn a_generated_text_that_is_no_wgsl_is_an_error() {
    each(|gpu| {
        let buffer = gpu.buffer::<f32>("x", 4).unwrap();
        let other = gpu.buffer::<f32>("y", 4).unwrap();
        let launch = |text: Option<&str>| {
            let launch = Launch::new(&ansatz_shaders::expr::EVALUATE, |_| {});
            let launch = launch.params(&1u32).bind(&buffer).bind(&other);
            let launch = match text {
                Some(text) => launch.generated(text),
                None => launch,
            };
            Plan::new(gpu, "test").launch(launch)
        };
        assert!(matches!(launch(None), Err(GpuError::Misuse { .. })));
        if !gpu.is_cpu() {
            let error = launch(Some("fn expression( {")).unwrap_err();
            assert!(matches!(error, GpuError::Validation { .. }), "{error}");
        }
        let program = Program::new(&[scope().parse("x").unwrap()]);
        let wrong = Evaluate { program: &program, inputs: &buffer, outputs: &other, points: 5 };
        assert!(matches!(wrong.record(&mut Plan::new(gpu, "test")), Err(GpuError::Misuse { .. })));
    });
}
