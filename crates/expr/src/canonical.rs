//! The constructors that keep every expression in canonical form.

use std::collections::HashMap;

use crate::expr::Kind;
use crate::{Binary, Expr, Leaf, Scalar, Unary};

/// Order of terms and factors: parameters, coordinates, normals, composed expressions, fields; a power stands where its
/// base does. Ties fall by hash, which is the same in every run.
fn key(expr: &Expr) -> (u8, Option<Leaf>, u128) {
    let base = if expr.0.kind == Kind::Power { &expr.0.children[0] } else { expr };
    let class = match base.0.kind {
        Kind::Number(_) => 0,
        Kind::Leaf(Leaf::Parameter(_)) => 1,
        Kind::Leaf(Leaf::Coordinate(_)) => 2,
        Kind::Leaf(Leaf::Normal(_)) => 3,
        Kind::Leaf(Leaf::Jet(_)) => 5,
        _ => 4,
    };
    (class, base.as_leaf(), expr.hash())
}

/// Things with a number each (coefficients of terms, exponents of bases), added up by thing, in order of appearance.
#[derive(Default)]
struct Tally {
    entries: Vec<(Expr, f64)>,
    places: HashMap<u128, usize>,
}

impl Tally {
    fn add(&mut self, thing: Expr, amount: f64) {
        let next = self.entries.len();
        let place = *self.places.entry(thing.hash()).or_insert(next);
        match self.entries.get_mut(place) {
            Some((_, total)) => *total += amount,
            None => self.entries.push((thing, amount)),
        }
    }
}

/// A term as coefficient and rest.
fn coefficient(term: &Expr) -> (f64, Expr) {
    let children = &term.0.children;
    match (term.0.kind, children.first().and_then(Expr::as_number)) {
        (Kind::Product, Some(factor)) => match &children[1..] {
            [rest] => (factor, rest.clone()),
            rest => (factor, Expr::new(Kind::Product, rest.to_vec())),
        },
        _ => (1.0, term.clone()),
    }
}

/// A factor as base and numeric exponent.
fn exponent(factor: &Expr) -> (Expr, f64) {
    match (factor.0.kind, factor.0.children.as_slice()) {
        (Kind::Power, [base, exponent]) => match exponent.as_number() {
            Some(number) => (base.clone(), number),
            None => (factor.clone(), 1.0),
        },
        _ => (factor.clone(), 1.0),
    }
}

/// Σ terms.
pub(crate) fn sum(terms: impl IntoIterator<Item = Expr>) -> Expr {
    let mut constant = 0.0;
    let mut tally = Tally::default();
    let mut add = |term: &Expr| match term.as_number() {
        Some(number) => constant += number,
        None => {
            let (factor, rest) = coefficient(term);
            tally.add(rest, factor);
        }
    };
    for term in terms {
        match term.0.kind {
            Kind::Sum => term.0.children.iter().for_each(&mut add),
            _ => add(&term),
        }
    }
    let terms = tally.entries.into_iter().filter(|(_, factor)| *factor != 0.0);
    let mut terms: Vec<_> = terms.map(|(rest, factor)| product([Expr::number(factor), rest])).collect();
    // Where c·(a + b) came down to one times the sum, its terms join these.
    if terms.iter().any(|term| matches!(term.0.kind, Kind::Sum | Kind::Number(_))) {
        terms.push(Expr::number(constant));
        return sum(terms);
    }
    if constant.is_nan() {
        return Expr::number(constant);
    }
    terms.sort_by_cached_key(key);
    if constant != 0.0 || terms.is_empty() {
        terms.push(Expr::number(constant));
    }
    if terms.len() == 1 { terms.remove(0) } else { Expr::new(Kind::Sum, terms) }
}

/// Π factors.
pub(crate) fn product(factors: impl IntoIterator<Item = Expr>) -> Expr {
    let mut constant = 1.0;
    let mut tally = Tally::default();
    let mut multiply = |factor: &Expr| match factor.as_number() {
        Some(number) => constant *= number,
        None => {
            let (base, power) = exponent(factor);
            tally.add(base, power);
        }
    };
    for factor in factors {
        match factor.0.kind {
            Kind::Product => factor.0.children.iter().for_each(&mut multiply),
            _ => multiply(&factor),
        }
    }
    if constant == 0.0 || constant.is_nan() {
        return Expr::number(constant);
    }
    let mut settled = true;
    let mut rebuild = |(base, number): (Expr, f64)| {
        let factor = power(base.clone(), Expr::number(number));
        // An exponent that became whole can open its base: √(xy)·√(xy) is x·y.
        let (its_base, its_number) = exponent(&factor);
        // Of exponents beyond all numbers none equals itself.
        settled &= its_base == base && its_number.total_cmp(&number).is_eq() || number.is_nan();
        factor
    };
    let powers = tally.entries.into_iter().filter(|(_, number)| *number != 0.0);
    let mut factors: Vec<_> = powers.map(&mut rebuild).collect();
    if !settled {
        factors.push(Expr::number(constant));
        return product(factors);
    }
    // −(a + b) is −a − b, so that it can cancel in the sum around it; other numbers stay before the bracket.
    if let ([only], true) = (factors.as_slice(), constant == -1.0)
        && only.0.kind == Kind::Sum
    {
        return sum(only.0.children.iter().map(|term| product([Expr::number(-1.0), term.clone()])));
    }
    factors.sort_by_cached_key(key);
    if constant != 1.0 || factors.is_empty() {
        factors.insert(0, Expr::number(constant));
    }
    if factors.len() == 1 { factors.remove(0) } else { Expr::new(Kind::Product, factors) }
}

/// base^exponent.
pub(crate) fn power(base: Expr, exponent: Expr) -> Expr {
    match (base.as_number(), exponent.as_number()) {
        (_, Some(0.0)) => return Expr::number(1.0),
        (_, Some(1.0)) => return base,
        (Some(1.0), _) => return base,
        (Some(a), Some(n)) => return Expr::number(a.powf(n)),
        (Some(std::f64::consts::E), None) => return unary(Unary::Exp, exponent),
        (None, Some(n)) if n.fract() == 0.0 => match (base.0.kind, base.0.children.as_slice()) {
            // (b^m)^n = b^(mn) and (ab)^n = aⁿbⁿ for whole n.
            (Kind::Power, [inner, m]) => {
                if let Some(m) = m.as_number() {
                    return power(inner.clone(), Expr::number(m * n));
                }
            }
            (Kind::Product, factors) => {
                return product(factors.iter().map(|factor| power(factor.clone(), exponent.clone())));
            }
            _ => {}
        },
        _ => {}
    }
    Expr::new(Kind::Power, vec![base, exponent])
}

pub(crate) fn unary(function: Unary, argument: Expr) -> Expr {
    match argument.as_number() {
        Some(number) => Expr::number(number.unary(function)),
        None => Expr::new(Kind::Unary(function), vec![argument]),
    }
}

pub(crate) fn binary(function: Binary, a: Expr, b: Expr) -> Expr {
    match (a.as_number(), b.as_number()) {
        (Some(a), Some(b)) => Expr::number(a.binary(function, b)),
        _ => Expr::new(Kind::Binary(function), vec![a, b]),
    }
}

/// `yes` where the condition is not 0, else `no`.
pub(crate) fn select(condition: Expr, yes: Expr, no: Expr) -> Expr {
    match condition.as_number() {
        Some(0.0) => no,
        Some(_) => yes,
        None if yes == no => yes,
        None => Expr::new(Kind::Select, vec![condition, yes, no]),
    }
}

/// The node `kind` over new children.
pub(crate) fn rebuild(kind: Kind, children: Vec<Expr>) -> Expr {
    match (kind, children.as_slice()) {
        (Kind::Sum, _) => sum(children),
        (Kind::Product, _) => product(children),
        (Kind::Power, [base, exponent]) => power(base.clone(), exponent.clone()),
        (Kind::Unary(function), [argument]) => unary(function, argument.clone()),
        (Kind::Binary(function), [a, b]) => binary(function, a.clone(), b.clone()),
        (Kind::Select, [condition, yes, no]) => select(condition.clone(), yes.clone(), no.clone()),
        (kind, _) => Expr::new(kind, children),
    }
}
