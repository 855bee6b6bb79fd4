//! Text to expressions: what is accepted, what is refused, and what is said then.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use ansatz_expr::{Expr, Jet, Leaf, ParseError, Scope, ScopeError};

fn scope() -> Scope {
    let scope = Scope::new(&["x", "y", "t"]).unwrap().with_time("t").unwrap();
    let scope = scope.with_field("u").unwrap().with_field("Ez").unwrap().with_parameter("nu").unwrap();
    let radius = scope.parse("sqrt(x^2 + y^2)").unwrap();
    scope.with_definition("r", radius).unwrap()
}

fn parse(text: &str) -> Expr {
    scope().parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn error(text: &str) -> ParseError {
    match scope().parse_equation(text) {
        Ok(expr) => panic!("{text}: {}", scope().show(&expr)),
        Err(error) => error,
    }
}

#[test]
fn texts_that_mean_the_same_are_the_same_tree() {
    for (left, right) in [
        ("u_xx + u_yy", "laplacian(u)"),
        ("div(grad(u))", "laplacian(u)"),
        ("div(u*grad(u))", "u*u_xx + u*u_yy + u_x^2 + u_y^2"),
        ("dot([y, -x], grad(u))", "y*u_x - x*u_y"),
        ("laplacian(laplacian(u))", "u_xxxx + 2*u_xxyy + u_yyyy"),
        ("d(u*x, x, t)", "u_t + x*u_xt"),
        ("u_yx", "u_xy"),
        ("r", "sqrt(x^2 + y^2)"),
        ("norm([x, y])", "r"),
        ("2^3^2", "512"),
        ("-x^2", "-(x*x)"),
        ("x**2", "x^2"),
        ("2^-1*x", "x/2"),
        ("x - (y - x)", "2*x - y"),
        ("x/y/x", "1/y"),
        ("3*(x + y) - 2*(x + y)", "x + y"),
        ("sqrt(x*y)*sqrt(x*y)", "x*y"),
        ("1 - 2 - 3", "-4"),
        ("6/3/2", "1"),
        ("π*e", "pi*e"),
        ("e^x", "exp(x)"),
        ("sech(x)", "1/cosh(x)"),
        ("1.5e-3", "0.0015"),
        ("if(x > 0 and not y >= 1, x, -x)", "if(0 < x and not 1 <= y, x, -x)"),
        ("d(abs(x), x)", "sign(x)"),
        ("d(min(x, y), x)", "if(x < y, 1, 0)"),
        ("max(x, y, t)", "max(max(x, y), t)"),
        ("d(x^nu, x)", "nu*x^(nu - 1)"),
        ("[x, y] - [x, y] - 0*[1, 2]", "[0, 0]"),
    ] {
        let both =
            |text: &str| scope().parse(&format!("dot([1, pi], {text})")).or_else(|_| scope().parse(text));
        assert_eq!(both(left).unwrap(), both(right).unwrap(), "{left} and {right}");
    }
}

#[test]
fn builder_and_text_agree() {
    let scope = scope();
    let (x, u) = (scope.coordinate("x").unwrap(), scope.field("u").unwrap());
    let nu = scope.parameter("nu").unwrap();
    let built = u.derivative(2) + &u * u.derivative(0) - nu * u.derivative(0).derivative(0) - x.sin();
    assert_eq!(built, scope.parse_equation("u_t + u*u_x - nu*u_xx = sin(x)").unwrap());
    let orders = Jet::value(0).derivative(0).derivative(0);
    assert!(built.jets().contains(&orders) && built.leaves().contains(&Leaf::Parameter(0)));
}

#[test]
fn coordinates_with_long_names() {
    let scope = Scope::new(&["x1", "x11", "r", "theta"]).unwrap().with_field("Ez").unwrap();
    let jet = |name: &str| scope.parse(name).unwrap().jets()[0].orders[..4].to_vec();
    assert_eq!(jet("Ez_x1x1"), [2, 0, 0, 0]);
    assert_eq!(jet("Ez_x11"), [0, 1, 0, 0]);
    assert_eq!(jet("Ez_rtheta"), [0, 0, 1, 1]);
    // `u_ab` is the derivative in ab; that in a and b is written out.
    let scope = Scope::new(&["a", "b", "ab"]).unwrap().with_field("u").unwrap();
    let mixed = scope.parse("d(u, a, b)").unwrap();
    assert_eq!(scope.show(&mixed).to_string(), "d(u, a, b)");
    assert_eq!(scope.parse("u_ab").unwrap().jets()[0].orders[2], 1);
}

#[test]
fn normals_on_boundaries_only() {
    assert_eq!(error("u_x*n_x").column, 5);
    let boundary = scope().with_normals().unwrap();
    let flux = boundary.parse("dn(u)").unwrap();
    assert_eq!(flux, boundary.parse("n_x*u_x + n_y*u_y").unwrap());
    assert!(boundary.parse("n_t").is_err());
}

#[test]
fn errors_point_at_the_column() {
    for (text, column, message, hint) in [
        ("u_xx + v", 8, "unknown name `v`", "one of x, y, t, u, Ez, nu, r"),
        ("ssin(x)", 1, "unknown function `ssin`", "did you mean `sin`"),
        ("EZ_x + ez", 1, "unknown name `EZ_x`", "one of"),
        ("2*ez", 3, "unknown name `ez`", "did you mean `Ez`"),
        ("u_xz", 1, "`u_xz` is no derivative of `u`", "x, y, t"),
        ("sin(x, y)", 1, "`sin` has 2 arguments", "1 argument"),
        ("atan2(x)", 1, "`atan2` has 1 arguments", "2 arguments"),
        ("sin()", 1, "`sin` has 0 arguments", "1 argument"),
        ("d(u, z)", 6, "`z` is no coordinate", "x, y, t"),
        ("d(u, nu)", 6, "`nu` is no coordinate", "x, y, t"),
        ("x + grad(u)", 5, "a vector of 2 components is added to a scalar", "a scalar"),
        ("sin(grad(u))", 5, "a vector of 2 components", "a scalar"),
        ("grad(u)*grad(u)", 9, "a vector is multiplied by a vector", "dot(a, b)"),
        ("grad(u)", 1, "a vector of 2 components", "a scalar"),
        ("div(u)", 5, "a scalar", "a vector"),
        ("div([u])", 5, "`div` of a vector of 1", "one component for each of x, y"),
        ("2x", 2, "no operator before `x`", "`*`"),
        ("x y", 3, "no operator before `y`", "`*`"),
        ("2(x)", 2, "no operator before `(`", "`*`"),
        ("x(y)", 1, "`x` is no function", "operator"),
        ("u(x, t)", 1, "`u` is an unknown field", "operator"),
        ("u = 1 = 2", 7, "a second `=`", "the end"),
        ("(x + 1", 7, "the text ends too early", "column 1 is open"),
        ("x + ", 5, "the text ends too early", "a number"),
        ("x + )", 5, "`)` cannot stand here", "a number"),
        ("x ? y", 3, "the character `?`", ""),
        ("0 < x < 1", 7, "comparisons do not chain", "and"),
        ("1e999", 1, "too large", ""),
        ("u_xxxxxxxxxxxxxxxxx", 1, "order 17", ""),
        ("sin + 1", 1, "the function `sin` has no arguments", "sin(…)"),
        ("θ + x", 1, "unknown name `θ`", ""),
        ("", 1, "the text ends too early", "a number"),
        ("dn(u)", 1, "boundaries only", ""),
    ] {
        let error = error(text);
        let told = error.to_string();
        assert_eq!(error.column, column, "{text}: {told}");
        assert!(told.contains(message) && told.contains(hint), "{text}: {told}");
        assert!(!told.contains('\n'));
    }
    assert_eq!(error("u_t + ssin(x)").picture(), "u_t + ssin(x)\n      ^");
}

#[test]
fn hostile_text_is_refused() {
    for text in ["(".repeat(60_000), "[".repeat(60_000), "sin(".repeat(10_000), "2^".repeat(30_000)] {
        assert!(error(&text).message.contains("nest"), "{}", error(&text));
    }
    assert!(error(&"1+".repeat(100_000)).message.contains("bytes"));
    assert!(error(&"-".repeat(60_000)).message.contains("ends"));
    let nested = format!("{}x*sin(u){}", "laplacian(".repeat(30), ")".repeat(30));
    let nested = error(&nested).message;
    assert!(nested.contains("order") || nested.contains("too large"), "{nested}");
    // Long, but flat.
    assert_eq!(parse(&vec!["x"; 20_000].join("+")), parse("20000*x"));
    assert_eq!(parse(&vec!["x"; 20_000].join("*")), parse("x^20000"));
    let distinct: Vec<_> = (0..4000).map(|i| format!("sin({i}*x)")).collect();
    parse(&format!("d({}, x)", distinct.join("*")));
}

#[test]
fn deep_trees_do_not_overflow() {
    let mut deep = scope().coordinate("x").unwrap();
    for _ in 0..100_000 {
        deep = deep.sin() + 1.0;
    }
    assert!(deep.size() > 200_000);
    assert_eq!(deep.substitute(|_| Some(Expr::number(0.0))).leaves(), []);
}

#[test]
fn names_that_cannot_be() {
    let wrong = |scope: Result<Scope, ScopeError>| scope.unwrap_err().to_string();
    assert!(wrong(scope().with_field("sin")).contains("meaning of its own"));
    assert!(wrong(scope().with_field("x")).contains("twice"));
    assert!(wrong(scope().with_parameter("u_x")).contains("derivative of `u`"));
    assert!(wrong(scope().with_parameter("2u")).contains("no name"));
    assert!(wrong(scope().with_time("z")).contains("known: x, y, t"));
    assert!(wrong(Scope::new(&["x"; 9])).contains("at most 8"));
    let defined = Scope::new(&["t"]).unwrap().with_parameter("v_t").unwrap();
    assert!(wrong(defined.with_field("v")).contains("derivative of `v`"));
    // An underscore alone does not make a derivative.
    assert!(scope().with_parameter("u_max").is_ok());
}
