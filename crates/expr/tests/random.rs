//! Properties of random expressions.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use ansatz_expr::{Binary, Dual, Expr, Jet, Leaf, Program, Scope, Scratch, Unary};
use proptest::prelude::*;

fn scope() -> Scope {
    let scope = Scope::new(&["x", "y"]).unwrap().with_field("u").unwrap().with_field("v").unwrap();
    scope.with_parameter("a").unwrap()
}

/// All leaves that the random expressions have.
fn leaves() -> Vec<Leaf> {
    let u = Jet::value(0);
    let jets = [u, u.derivative(0), u.derivative(0).derivative(1), Jet::value(1)];
    let plain = [Leaf::Parameter(0), Leaf::Coordinate(0), Leaf::Coordinate(1)];
    plain.into_iter().chain(jets.map(Leaf::Jet)).collect()
}

fn unary(function: Unary, x: &Expr) -> Expr {
    match function {
        Unary::Sin => x.sin(),
        Unary::Cos => x.cos(),
        Unary::Tan => x.tan(),
        Unary::Asin => x.asin(),
        Unary::Acos => x.acos(),
        Unary::Atan => x.atan(),
        Unary::Sinh => x.sinh(),
        Unary::Cosh => x.cosh(),
        Unary::Tanh => x.tanh(),
        Unary::Exp => x.exp(),
        Unary::Log => x.log(),
        Unary::Erf => x.erf(),
        Unary::Abs => x.abs(),
        Unary::Sign => x.sign(),
        Unary::Not => x.not(),
    }
}

fn binary(function: Binary, a: &Expr, b: &Expr) -> Expr {
    match function {
        Binary::Atan2 => a.atan2(b),
        Binary::Min => a.min(b),
        Binary::Max => a.max(b),
        Binary::Less => a.less(b),
        Binary::LessEqual => a.less_equal(b),
        Binary::Equal => a.equal(b),
        Binary::NotEqual => a.not_equal(b),
        Binary::And => a.and(b),
        Binary::Or => a.or(b),
    }
}

/// Random expressions, of the constructors that `any` of them allows.
fn expression() -> impl Strategy<Value = Expr> {
    let number = prop_oneof![
        (-3i32..4).prop_map(f64::from),
        Just(0.5),
        Just(-0.1),
        Just(1e300),
        Just(2.5e-11),
        -2.0..2.0f64,
    ];
    let leaf = prop_oneof![
        number.prop_map(Expr::number),
        proptest::sample::select(leaves()).prop_map(Expr::leaf),
        proptest::sample::select(leaves()).prop_map(Expr::leaf),
    ];
    leaf.prop_recursive(5, 40, 3, |inner| {
        let exponent =
            prop_oneof![Just(-2.0), Just(-1.0), Just(-0.5), Just(0.5), Just(2.0), Just(3.0), Just(0.3)];
        prop_oneof![
            3 => (inner.clone(), inner.clone()).prop_map(|(a, b)| a + b),
            2 => (inner.clone(), inner.clone()).prop_map(|(a, b)| a - b),
            3 => (inner.clone(), inner.clone()).prop_map(|(a, b)| a * b),
            2 => (inner.clone(), inner.clone()).prop_map(|(a, b)| a / b),
            2 => (inner.clone(), exponent).prop_map(|(a, n)| a.pow(n)),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| a.pow(b)),
            3 => (inner.clone(), proptest::sample::select(&Unary::ALL[..])).prop_map(|(a, f)| unary(f, &a)),
            2 => (inner.clone(), inner.clone(), proptest::sample::select(&Binary::ALL[..]))
                .prop_map(|(a, b, f)| binary(f, &a, &b)),
            1 => (inner.clone(), inner.clone(), inner).prop_map(|(c, a, b)| c.choose(a, b)),
        ]
    })
}

fn eval(expr: &Expr, point: &[f64]) -> f64 {
    let program = Program::new(std::slice::from_ref(expr));
    let inputs: Vec<_> = program.inputs().iter().map(|leaf| value(leaf, point)).collect();
    let mut out = [f64::NAN];
    program.eval(&inputs, &mut out, &mut Scratch::default()).unwrap();
    out[0]
}

fn value(leaf: &Leaf, point: &[f64]) -> f64 {
    point[leaves().iter().position(|other| other == leaf).unwrap()]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_reads_back_as_the_same_tree(expr in expression()) {
        let scope = scope();
        let text = scope.show(&expr).to_string();
        let read = scope.parse(&text).map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
        prop_assert_eq!(&read, &expr, "{}", text);
    }

    #[test]
    fn symbolic_derivatives_agree_with_dual_numbers(
        expr in expression(),
        point in prop::collection::vec(-1.5..1.5f64, 7),
    ) {
        let program = Program::new(std::slice::from_ref(&expr));
        let known = leaves();
        let inputs: Vec<Dual<7>> = program.inputs().iter().map(|leaf| {
            let direction = known.iter().position(|other| other == leaf).unwrap();
            Dual::variable(point[direction], direction)
        }).collect();
        let mut out = [Dual::constant(0.0)];
        program.eval(&inputs, &mut out, &mut Scratch::default()).unwrap();
        prop_assert_eq!(out[0].value.to_bits(), eval(&expr, &point).to_bits());
        for (direction, leaf) in known.iter().enumerate() {
            let (dual, symbolic) = (out[0].slopes[direction], eval(&expr.partial(leaf), &point));
            // Both are sums of products of the same numbers in another order; where huge ones cancel or overflow,
            // nothing can be said.
            let moderate = |x: f64| x.is_finite() && x.abs() < 1e6;
            if moderate(dual) && moderate(symbolic) && moderate(out[0].value) {
                let scale = 1.0 + dual.abs().max(symbolic.abs());
                prop_assert!((dual - symbolic).abs() <= 1e-6 * scale, "{:?}: {} and {}", leaf, dual, symbolic);
            }
        }
    }

    #[test]
    fn total_derivatives_agree_with_substitution(expr in expression(), x in -1.0..1.0f64, y in -1.0..1.0f64) {
        let scope = scope();
        // u = sin x + x y², v = e^x: the derivative of the whole is the derivative after putting them in.
        let u = scope.parse("sin(x) + x*y^2").unwrap();
        let v = scope.parse("exp(x)").unwrap();
        let put = |expr: &Expr| expr.with_field(0, &u).with_field(1, &v);
        let point = [0.7, x, y, 0.0, 0.0, 0.0, 0.0];
        let (before, after) = (eval(&put(&expr.derivative(0)), &point), eval(&put(&expr).derivative(0), &point));
        if before.abs() < 1e6 && after.abs() < 1e6 && eval(&put(&expr), &point).abs() < 1e6 {
            prop_assert!((before - after).abs() <= 1e-6 * (1.0 + before.abs()), "{} and {}", before, after);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[ a-z0-9_.+*/^()\\[\\],<>=!θ²-]{0,40}") {
        match scope().parse_equation(&text) {
            Ok(expr) => { let _ = expr.size(); }
            Err(error) => {
                prop_assert!((1..=text.chars().count() + 1).contains(&error.column), "{}", error);
                prop_assert_eq!(error.picture().lines().count(), 2);
            }
        }
    }

    #[test]
    fn words_in_any_order_are_read_or_refused(words in prop::collection::vec(
        proptest::sample::select(vec!["u", "u_x", "x", "2", "+", "-", "*", "/", "^", "(", ")", "[", "]", ",", "sin", "d",
            "grad", "div", "laplacian", "if", "dot", "norm", "<", "and", "not", "=", "min", "dn", "1e3"]), 0..25)) {
        let text = words.join(" ");
        if let Err(error) = scope().parse_equation(&text) {
            prop_assert!((1..=text.chars().count() + 1).contains(&error.column), "{}", error);
        }
    }
}

#[test]
fn many_points_at_once_are_the_same_as_one_by_one() {
    let scope = scope();
    let f = scope.parse("if(x < y, sin(x)*exp(-y^2)/(1 + x^4), sqrt(abs(x)) + min(x, y)^3) + a").unwrap();
    let outputs = [f.clone(), f.derivative(0), f.derivative(1), Expr::number(3.0), scope.parse("x").unwrap()];
    let program = Program::new(&outputs);
    for points in [0usize, 1, 127, 128, 129, 1000] {
        let column = |k: usize| (0..points).map(|i| ((i * 7 + k) as f64).sin()).collect::<Vec<_>>();
        let inputs: Vec<_> = (0..program.inputs().len()).map(column).collect();
        let mut values = vec![vec![f64::NAN; points]; outputs.len()];
        let mut scratch = Scratch::default();
        let borrowed: Vec<_> = inputs.iter().map(Vec::as_slice).collect();
        let mut slices: Vec<_> = values.iter_mut().map(Vec::as_mut_slice).collect();
        program.eval_points(&borrowed, &mut slices, &mut scratch).unwrap();
        for i in 0..points {
            let point: Vec<_> = inputs.iter().map(|column| column[i]).collect();
            let mut one = vec![f64::NAN; outputs.len()];
            program.eval(&point, &mut one, &mut scratch).unwrap();
            assert!(one.iter().zip(&values).all(|(one, all)| one.to_bits() == all[i].to_bits()));
        }
    }
}

#[test]
fn common_parts_are_computed_once() {
    let scope = scope();
    let f = scope.parse("sin(x*y)^2 + exp(sin(x*y))/(x*y)").unwrap();
    // x y, sin, sin², exp, exp / xy, +.
    assert_eq!(Program::new(std::slice::from_ref(&f)).instruction_count(), 6);
    assert_eq!(Program::new(&[f.clone(), f]).instruction_count(), 6);
    assert_eq!(Program::new(&[scope.parse("x^8").unwrap()]).instruction_count(), 3);
    assert_eq!(Program::new(&[scope.parse("x - y - u/x").unwrap()]).instruction_count(), 3);
    // Nested derivatives share what they are made of.
    let nested = scope.parse("exp(sin(x)*tanh(x)*cos(x))").unwrap();
    let tenth = (0..10).fold(nested, |expr, _| expr.derivative(0));
    assert!(tenth.size() < 50_000, "{}", tenth.size());
}

#[test]
fn not_a_number_goes_through() {
    let scope = scope();
    for text in [
        "x + 1",
        "2*x",
        "sin(x)",
        "min(x, y)",
        "min(y, x)",
        "max(x, y)",
        "sqrt(x)",
        "x^0.3",
        "abs(x)",
        "sign(x)",
    ] {
        let expr = scope.parse(text).unwrap();
        assert!(eval(&expr, &[0.0, f64::NAN, 1.0, 0.0, 0.0, 0.0, 0.0]).is_nan(), "{text}");
    }
    assert_eq!(eval(&scope.parse("1/x").unwrap(), &[0.0; 7]), f64::INFINITY);
}

#[test]
fn arrays_that_do_not_fit_are_refused() {
    let program = Program::new(&[scope().parse("x*y").unwrap()]);
    let mut scratch = Scratch::<f64>::default();
    assert!(program.eval(&[1.0], &mut [0.0], &mut scratch).is_err());
    assert!(program.eval(&[1.0, 2.0], &mut [0.0, 0.0], &mut scratch).is_err());
    let mut out = [0.0; 3];
    let error = program.eval_points(&[&[1.0; 3], &[1.0; 2]], &mut [&mut out], &mut scratch).unwrap_err();
    assert_eq!(error.to_string(), "an array has 2 points, another 3");
}

/// Found by the tests above: a sign before nothing but sums, and exponents that are no number.
#[test]
fn signs_of_sums_and_endless_exponents() {
    let scope = scope();
    for text in ["-1/a*(a - 1)", "(a + 1)*(x - 1)*(-1)", "2*(a - 1)/a", "-a*(x - 1)"] {
        let expr = scope.parse(text).unwrap();
        assert_eq!(
            scope.parse(&scope.show(&expr).to_string()).unwrap(),
            expr,
            "{text}: {}",
            scope.show(&expr)
        );
    }
    assert!(scope.parse("(x^1e300)^1e300*(x^-1e300)^1e300").is_ok());
}
