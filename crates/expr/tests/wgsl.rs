//! Emitted functions are WGSL that naga validates, with literals that are exact.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use ansatz_expr::{Expr, Precision, Program, Scope};
use naga::valid::{Capabilities, ValidationFlags, Validator};

/// What `shaders/common/functions.wgsl` defines, without the bodies.
fn definitions(precision: Precision) -> String {
    let real = if precision == Precision::Double { "f64" } else { "f32" };
    let mut text = format!("alias real = {real};\nfn real_truth(holds: bool) -> real {{ return 1.0; }}\n");
    for name in "sin cos tan asin acos atan sinh cosh tanh exp log erf sign".split(' ') {
        text.push_str(&format!("fn real_{name}(x: real) -> real {{ return x; }}\n"));
    }
    for name in "atan2 min max power".split(' ') {
        text.push_str(&format!("fn real_{name}(x: real, y: real) -> real {{ return x; }}\n"));
    }
    text
}

fn validate(expressions: &[Expr], precision: Precision) -> String {
    let emitted = Program::new(expressions).wgsl("residual", precision);
    let text = definitions(precision) + &emitted;
    let module =
        naga::front::wgsl::parse_str(&text).unwrap_or_else(|e| panic!("{}", e.emit_to_string(&text)));
    Validator::new(ValidationFlags::all(), Capabilities::FLOAT64)
        .validate(&module)
        .unwrap_or_else(|e| panic!("{}", e.emit_to_string(&text)));
    emitted
}

#[test]
fn every_operation_is_valid() {
    let scope = Scope::new(&["x", "y"]).unwrap().with_field("u").unwrap().with_parameter("a").unwrap();
    let parse = |text: &str| scope.parse(text).unwrap();
    for text in [
        "x",
        "1",
        "-1.5",
        "x + y",
        "x - y",
        "-x",
        "x*y",
        "x/y",
        "1/x^3",
        "x^40",
        "x^0.3",
        "x^y",
        "sqrt(x)",
        "sin(x)",
        "cos(x)",
        "tan(x)",
        "asin(x)",
        "acos(x)",
        "atan(x)",
        "atan2(x, y)",
        "sinh(x)",
        "cosh(x)",
        "tanh(x)",
        "sech(x)",
        "exp(x)",
        "log(x)",
        "erf(x)",
        "abs(x)",
        "sign(x)",
        "min(x, y)",
        "max(x, y)",
        "heaviside(x)",
        "if(x < y, 1, u_x)",
        "x <= y",
        "x == y",
        "x != y",
        "x < 0 and y > 0",
        "x < 0 or y > 0",
        "not x",
        "x*(1/0)",
        "x + 1e300",
        "x + 1e-310",
        "x*1e-45",
        "x*3.4e38",
        "x - 1e17",
    ] {
        let expr = parse(text);
        for precision in [Precision::Single, Precision::Double] {
            validate(std::slice::from_ref(&expr), precision);
        }
    }
    let residual = parse("laplacian(u) - a*u^3 + exp(-x^2)*sin(y)");
    let partials: Vec<_> = residual.leaves().iter().map(|leaf| residual.partial(leaf)).collect();
    validate(&partials, Precision::Single);
    validate(&[], Precision::Single);
}

#[test]
fn literals_are_exact() {
    let x = Scope::new(&["x"]).unwrap().coordinate("x").unwrap();
    for value in [0.1, 1.0 / 3.0, 1e-7, 123_456_789.123, 1e16, 2.5e-11, f64::MIN_POSITIVE] {
        for (precision, suffix) in [(Precision::Single, "f"), (Precision::Double, "lf")] {
            let text = validate(&[&x * value], precision);
            let literal = text.split("* ").nth(1).and_then(|rest| rest.split(suffix).next()).unwrap();
            match precision {
                Precision::Single => assert_eq!(literal.parse::<f32>().unwrap(), value as f32),
                Precision::Double => assert_eq!(literal.parse::<f64>().unwrap(), value),
            }
        }
    }
}

#[test]
fn the_text_is_as_documented() {
    let scope = Scope::new(&["x", "y"]).unwrap();
    let text = Program::new(&[scope.parse("sin(x*y)").unwrap()]).wgsl("expression", Precision::Single);
    let sample = include_str!("../../../shaders/generated/expression.wgsl");
    let code: String =
        sample.lines().filter(|line| !line.starts_with("//")).map(|line| format!("{line}\n")).collect();
    assert_eq!(text, code);
}
