//! Where an expression stops being a number.

use crate::expr::Kind;
use crate::{Expr, Leaf, Program, Scratch};

/// A part of an expression that is infinite or NaN although all that it is made of is finite.
#[derive(Debug, Clone, PartialEq)]
pub struct NonFinite {
    /// The part.
    pub part: Expr,
    /// ∞, −∞ or NaN.
    pub value: f64,
    /// What it is made of, but for numbers, with the values there.
    pub operands: Vec<(Expr, f64)>,
}

impl Expr {
    /// The part by which the expression is not finite where its leaves have these values; nothing where it is finite.
    ///
    /// ```
    /// use ansatz_expr::Scope;
    /// let scope = Scope::new(&["x"])?.with_field("u")?;
    /// let f = scope.parse("x^2 + exp(log(u)/2)").unwrap();
    /// assert!(f.non_finite(|_| 1.0).is_none());
    /// let found = f.non_finite(|_| -0.5).unwrap();
    /// assert_eq!(scope.show(&found.part).to_string(), "log(u)");
    /// assert_eq!(found.operands, [(scope.field("u")?, -0.5)]);
    /// # Ok::<(), ansatz_expr::ScopeError>(())
    /// ```
    pub fn non_finite(&self, value: impl Fn(Leaf) -> f64) -> Option<NonFinite> {
        let parts = self.parts();
        let program = Program::new(&parts);
        let inputs: Vec<f64> = program.inputs().iter().map(|&leaf| value(leaf)).collect();
        let mut values = vec![0.0; parts.len()];
        program.eval(&inputs, &mut values, &mut Scratch::default()).ok()?;
        let value_of = |expr: &Expr| {
            let place = parts.iter().position(|part| part == expr);
            place.map_or(f64::NAN, |place| values[place])
        };
        let mut part = self;
        if value_of(part).is_finite() {
            return None;
        }
        loop {
            let children = part.0.children.as_slice();
            // What is not chosen does no harm.
            let used: &[usize] = match part.0.kind {
                Kind::Select if value_of(&children[0]) != 0.0 => &[0, 1],
                Kind::Select => &[0, 2],
                _ => &[],
            };
            let mut used = children
                .iter()
                .enumerate()
                .filter(|(k, _)| used.is_empty() || used.contains(k))
                .map(|(_, c)| c);
            match used.find(|child| !value_of(child).is_finite()) {
                Some(child) => part = child,
                None => break,
            }
        }
        let operands = part.0.children.iter().filter(|child| child.as_number().is_none());
        Some(NonFinite {
            value: value_of(part),
            operands: operands.map(|child| (child.clone(), value_of(child))).collect(),
            part: part.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use crate::{Leaf, Scope};

    #[test]
    fn the_part_that_fails_first_is_found() {
        let scope = Scope::new(&["x"]).unwrap().with_field("u").unwrap();
        for (text, x, u, part) in [
            ("u/x + 3", 0.0, 2.0, "1/x"),
            ("1 + sqrt(u - x)", 1.0, 0.5, "sqrt(u - x)"),
            ("exp(u)*x", 1.0, 1e4, "exp(u)"),
            ("u^2*x", 1e200, 1e80, "u^2*x"),
            ("x + u", 0.0, f64::NAN, "u"),
            ("if(x < 1, log(x), 1/u)", 2.0, 0.0, "1/u"),
        ] {
            let value = |leaf| if leaf == Leaf::Coordinate(0) { x } else { u };
            let found = scope.parse(text).unwrap().non_finite(value).unwrap();
            assert_eq!(
                scope.show(&found.part).to_string(),
                scope.show(&scope.parse(part).unwrap()).to_string()
            );
            assert!(!found.value.is_finite());
        }
        let guarded = scope.parse("if(x < 1, log(x), 2*u)").unwrap();
        assert!(guarded.non_finite(|leaf| if leaf == Leaf::Coordinate(0) { 2.0 } else { 1.0 }).is_none());
    }
}
