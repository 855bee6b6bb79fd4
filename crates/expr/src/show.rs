//! Expressions as text. What is written reads back as the same tree.

use std::fmt;

use crate::expr::Kind;
use crate::{Binary, Expr, Scope, Unary, short};

/// An expression with the names of a scope.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    scope: &'a Scope,
    expr: &'a Expr,
}

impl Scope {
    /// The expression, to be written with this scope's names. Definitions are written out.
    pub fn show<'a>(&'a self, expr: &'a Expr) -> Shown<'a> {
        Shown { scope: self, expr }
    }
}

/// How tightly the operators bind.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Binds {
    Or,
    And,
    Not,
    Comparison,
    Sum,
    Product,
    Power,
    Atom,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let children = self.expr.0.children.as_slice();
        match (self.expr.0.kind, children) {
            (Kind::Number(value), _) => f.write_str(&number(value)),
            (Kind::Leaf(leaf), _) => f.write_str(&self.scope.name(&leaf)),
            (Kind::Sum, terms) => self.sum(f, terms),
            (Kind::Product, factors) => self.product(f, factors),
            (Kind::Power, [base, exponent]) => match exponent.as_number() {
                Some(number) if number < 0.0 => self.product(f, std::slice::from_ref(self.expr)),
                Some(0.5) => write!(f, "sqrt({})", self.of(base)),
                _ => write!(f, "{}^{}", self.within(base, Binds::Atom), self.within(exponent, Binds::Atom)),
            },
            (Kind::Unary(Unary::Not), [argument]) => write!(f, "not {}", self.within(argument, Binds::Sum)),
            (Kind::Binary(function), [a, b]) => {
                let binds = binds(self.expr);
                if binds == Binds::Atom {
                    write!(f, "{}({}, {})", function.name(), self.of(a), self.of(b))
                } else {
                    // Operands one step tighter: nothing here is associative.
                    let tighter = if binds == Binds::Comparison { Binds::Sum } else { Binds::Comparison };
                    write!(f, "{} {} {}", self.within(a, tighter), function.name(), self.within(b, tighter))
                }
            }
            (kind, arguments) => {
                f.write_str(match kind {
                    Kind::Unary(function) => function.name(),
                    _ => "if",
                })?;
                let arguments: Vec<_> =
                    arguments.iter().map(|argument| self.of(argument).to_string()).collect();
                write!(f, "({})", arguments.join(", "))
            }
        }
    }
}

impl Shown<'_> {
    fn of<'a>(&'a self, expr: &'a Expr) -> Shown<'a> {
        Shown { scope: self.scope, expr }
    }

    /// The text of a part, in brackets unless it binds at least as tightly as `least`.
    fn within(&self, expr: &Expr, least: Binds) -> String {
        let text = self.of(expr).to_string();
        if binds(expr) >= least { text } else { format!("({text})") }
    }

    fn sum(&self, f: &mut fmt::Formatter<'_>, terms: &[Expr]) -> fmt::Result {
        for (i, term) in terms.iter().enumerate() {
            let text = self.within(term, Binds::Product);
            match text.strip_prefix('-') {
                Some(rest) if i > 0 => write!(f, " - {rest}")?,
                _ if i > 0 => write!(f, " + {text}")?,
                _ => f.write_str(&text)?,
            }
        }
        Ok(())
    }

    /// Factors, then a division for each negative exponent. A sign before nothing but sums would be multiplied into the first of
    /// them when it is read: it goes with the divisions, else to the end.
    fn product(&self, f: &mut fmt::Formatter<'_>, factors: &[Expr]) -> fmt::Result {
        let (mut above, mut sums, mut below) = (Vec::new(), Vec::new(), Vec::new());
        let is_negative = factors.first().and_then(Expr::as_number) == Some(-1.0);
        for factor in &factors[usize::from(is_negative)..] {
            match factor.0.children.get(1).and_then(Expr::as_number) {
                Some(exponent) if factor.0.kind == Kind::Power && exponent < 0.0 => {
                    let inverse = factor.0.children[0].pow(-exponent);
                    below.push(self.within(&inverse, Binds::Power));
                }
                _ if factor.0.kind == Kind::Sum && is_negative => {
                    sums.push(self.within(factor, Binds::Power))
                }
                _ => above.push(self.within(factor, Binds::Power)),
            }
        }
        match (above.is_empty(), below.is_empty()) {
            (true, true) if !sums.is_empty() => return write!(f, "{}*(-1)", sums.join("*")),
            (false, _) => above.append(&mut sums),
            (true, _) => above.push("1".into()),
        }
        write!(f, "{}{}", if is_negative { "-" } else { "" }, above.join("*"))?;
        below.iter().try_for_each(|factor| write!(f, "/{factor}"))?;
        sums.iter().try_for_each(|factor| write!(f, "*{factor}"))
    }
}

fn binds(expr: &Expr) -> Binds {
    match expr.0.kind {
        Kind::Number(value) if value < 0.0 || !value.is_finite() => Binds::Product,
        Kind::Number(_) | Kind::Leaf(_) | Kind::Select => Binds::Atom,
        Kind::Sum => Binds::Sum,
        Kind::Product => Binds::Product,
        Kind::Power => match expr.0.children[1].as_number() {
            Some(number) if number < 0.0 => Binds::Product,
            Some(0.5) => Binds::Atom,
            _ => Binds::Power,
        },
        Kind::Unary(Unary::Not) => Binds::Not,
        Kind::Unary(_) => Binds::Atom,
        Kind::Binary(Binary::And) => Binds::And,
        Kind::Binary(Binary::Or) => Binds::Or,
        Kind::Binary(Binary::Atan2 | Binary::Min | Binary::Max) => Binds::Atom,
        Kind::Binary(_) => Binds::Comparison,
    }
}

/// The shortest decimal that reads back as `value`; a quotient where there is none.
fn number(value: f64) -> String {
    if value.is_nan() {
        return "0/0".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "1/0" } else { "-1/0" }.into();
    }
    short(value)
}
