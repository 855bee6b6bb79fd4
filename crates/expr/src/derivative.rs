//! Symbolic derivatives by the chain rule.

use std::collections::HashMap;

use crate::expr::Kind;
use crate::{Binary, Expr, Jet, Leaf, Unary};

impl Expr {
    /// The total derivative in a coordinate: fields depend on the coordinates, parameters and normals do not.
    pub fn derivative(&self, coordinate: usize) -> Self {
        differentiate(self, &|leaf| match leaf {
            Leaf::Coordinate(index) => Self::number(f64::from(index == coordinate)),
            Leaf::Jet(jet) => Self::leaf(Leaf::Jet(jet.derivative(coordinate))),
            Leaf::Parameter(_) | Leaf::Normal(_) => Self::number(0.0),
        })
    }

    /// The derivative of `α`: `orders[i]` times in coordinate `i`.
    pub fn derivatives(&self, orders: &[u8]) -> Self {
        let each = orders.iter().enumerate().flat_map(|(i, &order)| std::iter::repeat_n(i, order.into()));
        each.fold(self.clone(), |expr, coordinate| expr.derivative(coordinate))
    }

    /// The partial derivative with respect to a leaf, all leaves being independent of each other.
    ///
    /// ```
    /// use ansatz_expr::{Jet, Leaf, Scope};
    /// let scope = Scope::new(&["x"])?.with_field("u")?;
    /// let residual = scope.parse("u_xx + u^3").unwrap();
    /// assert_eq!(residual.partial(&Leaf::Jet(Jet::value(0))), scope.parse("3*u^2").unwrap());
    /// # Ok::<(), ansatz_expr::ScopeError>(())
    /// ```
    pub fn partial(&self, leaf: &Leaf) -> Self {
        differentiate(self, &|other| Self::number(f64::from(other == *leaf)))
    }

    /// The expression with a field replaced by `value`, and the field's derivatives by those of `value`.
    pub fn with_field(&self, field: usize, value: &Expr) -> Self {
        let mut known: HashMap<Jet, Expr> = HashMap::new();
        self.substitute(|leaf| match leaf {
            Leaf::Jet(jet) if jet.field == field => {
                Some(known.entry(jet).or_insert_with(|| value.derivatives(&jet.orders)).clone())
            }
            _ => None,
        })
    }
}

/// One derivative, given those of the leaves. Each distinct part is differentiated once.
fn differentiate(expr: &Expr, of_leaf: &dyn Fn(Leaf) -> Expr) -> Expr {
    let mut slopes: HashMap<u128, Expr> = HashMap::new();
    for part in expr.parts() {
        let of = |child: &Expr| slopes[&child.hash()].clone();
        let children = part.0.children.as_slice();
        let slope = match (part.0.kind, children) {
            (Kind::Leaf(leaf), _) => of_leaf(leaf),
            (Kind::Sum, terms) => terms.iter().map(of).sum(),
            _ if children.iter().all(|child| slopes[&child.hash()].is_zero()) => Expr::number(0.0),
            (Kind::Product, factors) => {
                let pairs: Vec<_> = factors.iter().map(|factor| (factor.clone(), of(factor))).collect();
                of_product(&pairs).1
            }
            (Kind::Power, [base, exponent]) => of_power(&part, base, exponent, of(base), of(exponent)),
            (Kind::Unary(function), [f]) => of_unary(function, f, &part) * of(f),
            (Kind::Binary(function), [a, b]) => of_binary(function, a, b, of(a), of(b)),
            (Kind::Select, [condition, yes, no]) => condition.choose(of(yes), of(no)),
            _ => Expr::number(0.0),
        };
        slopes.insert(part.hash(), slope);
    }
    slopes.remove(&expr.hash()).unwrap_or_else(|| Expr::number(0.0))
}

/// Product and derivative of factors given with their derivatives. Many are split in halves, since the sum of all
/// n products of n factors would grow as n².
fn of_product(factors: &[(Expr, Expr)]) -> (Expr, Expr) {
    let whole = || factors.iter().map(|(factor, _)| factor.clone()).product();
    if factors.len() <= 4 {
        let term = |at: usize| {
            let each = factors.iter().enumerate();
            each.map(|(i, (f, slope))| if i == at { slope.clone() } else { f.clone() }).product::<Expr>()
        };
        return (whole(), (0..factors.len()).map(term).sum());
    }
    let (left, right) = factors.split_at(factors.len() / 2);
    let ((a, da), (b, db)) = (of_product(left), of_product(right));
    (whole(), da * b + a * db)
}

/// (bᵖ)′ = p bᵖ⁻¹ b′ + bᵖ p′ log b.
fn of_power(power: &Expr, b: &Expr, p: &Expr, b_slope: Expr, p_slope: Expr) -> Expr {
    let by_base = p * b.pow(p - 1.0) * b_slope;
    if p_slope.is_zero() { by_base } else { by_base + power * p_slope * b.log() }
}

/// f′ at `x`, where `value` = f(x).
fn of_unary(function: Unary, x: &Expr, value: &Expr) -> Expr {
    let one = || Expr::number(1.0);
    match function {
        Unary::Sin => x.cos(),
        Unary::Cos => -x.sin(),
        Unary::Tan => one() + value.pow(2.0),
        Unary::Asin => (one() - x.pow(2.0)).pow(-0.5),
        Unary::Acos => -(one() - x.pow(2.0)).pow(-0.5),
        Unary::Atan => one() / (one() + x.pow(2.0)),
        Unary::Sinh => x.cosh(),
        Unary::Cosh => x.sinh(),
        Unary::Tanh => one() - value.pow(2.0),
        Unary::Exp => value.clone(),
        Unary::Log => one() / x,
        Unary::Erf => std::f64::consts::FRAC_2_SQRT_PI * (-x.pow(2.0)).exp(),
        Unary::Abs => x.sign(),
        Unary::Sign | Unary::Not => Expr::number(0.0),
    }
}

fn of_binary(function: Binary, a: &Expr, b: &Expr, a_slope: Expr, b_slope: Expr) -> Expr {
    match function {
        Binary::Atan2 => (b * a_slope - a * b_slope) / (a.pow(2.0) + b.pow(2.0)),
        Binary::Min => a.less(b).choose(a_slope, b_slope),
        Binary::Max => b.less(a).choose(a_slope, b_slope),
        _ => Expr::number(0.0),
    }
}
