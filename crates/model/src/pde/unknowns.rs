//! Unknown parameters as fields that are the same everywhere.

use ansatz_expr::{Expr, Jet, Leaf, short};
use ansatz_problem::{Problem, Unknown};

/// The unknown parameters κ of a problem. Each is a function κ(z) of a field z after those of the problem, which is a multiple of
/// the constant 1: z in units of its size where κ has no bounds, else what keeps it between them. So whatever finds fields finds
/// parameters, and z is of the order of 1 for all of them, as steps of first-order methods want it.
#[derive(Debug, Clone)]
pub(super) struct Unknowns {
    /// Fields of the problem.
    fields: usize,
    all: Vec<Unknown>,
}

impl Unknowns {
    pub fn of(problem: &Problem) -> Self {
        Self { fields: problem.scope.fields().len(), all: problem.unknowns.clone() }
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Unknown> {
        self.all.iter()
    }

    /// Fields of the problem, and those that stand for parameters.
    pub fn fields(&self) -> usize {
        self.fields + self.all.len()
    }

    /// The jet that stands for an unknown.
    pub fn jet(&self, number: usize) -> Jet {
        Jet::value(self.fields + number)
    }

    /// Which unknown a jet stands for.
    pub fn number(&self, jet: &Jet) -> Option<usize> {
        jet.field.checked_sub(self.fields)
    }

    /// An expression of the problem with its unknown parameters as functions of fields.
    pub fn opened(&self, problem: &Problem, expression: &Expr) -> Expr {
        let function = |leaf: Leaf| {
            let number = problem.unknown(&leaf)?;
            Some(function(&self.all[number], Expr::leaf(Leaf::Jet(self.jet(number)))))
        };
        expression.substitute(function)
    }

    /// z where the search begins.
    pub fn start(&self) -> Vec<f64> {
        self.all.iter().map(|unknown| inverse(unknown, unknown.start)).collect()
    }

    /// So many coefficients before a fit: nothing but z, which come last.
    pub fn begin(&self, coefficients: usize) -> Vec<f64> {
        let mut c = vec![0.0; coefficients.saturating_sub(self.len())];
        c.extend(self.start());
        c
    }

    /// z, the last of all coefficients.
    pub fn of_fit<'a>(&self, c: &'a [f64]) -> &'a [f64] {
        &c[c.len().saturating_sub(self.len())..]
    }

    /// κ(z).
    pub fn values(&self, z: &[f64]) -> Vec<f64> {
        self.all.iter().zip(z).map(|(unknown, &z)| value(unknown, z)[0]).collect()
    }

    /// Says which of these values lie at a bound, by all that matters.
    pub fn at_bounds(&self, values: &[f64]) -> Vec<String> {
        let near = |unknown: &Unknown, value: f64| {
            let is_near = |bound: &f64| (value - bound).abs() <= NEAR * (unknown.start - bound).abs();
            let bound = unknown.bounds.into_iter().filter(|bound| bound.is_finite()).find(is_near)?;
            Some(format!(
                "`{}` has run into its bound {}, where nothing moves it any more: begin elsewhere, or leave the bound out",
                unknown.name,
                short(bound)
            ))
        };
        self.all.iter().zip(values).filter_map(|(unknown, &value)| near(unknown, value)).collect()
    }

    /// |dκ/dz|.
    pub fn slopes(&self, z: &[f64]) -> Vec<f64> {
        self.all.iter().zip(z).map(|(unknown, &z)| value(unknown, z)[1].abs()).collect()
    }
}

/// How far one step of training may move z. Beside a bound z is a logarithm, and features that do not fit yet would send it so far that
/// nothing brings it back.
pub(super) fn reach(unknown: &Unknown) -> f64 {
    if unknown.bounds.iter().any(|bound| bound.is_finite()) { 1.0 } else { f64::INFINITY }
}

/// The size of a parameter without bounds: that of its start, or 1 for one that starts from 0.
pub(super) fn size(unknown: &Unknown) -> f64 {
    if unknown.start == 0.0 { 1.0 } else { unknown.start.abs() }
}

/// What is left of the way from the start to a bound, where it is reached.
const NEAR: f64 = 1e-3;

/// z between two bounds: below it κ is the lower one, and the square of e^−z would overflow in f32.
const LEAST: f64 = -40.0;

/// κ(z): z times its size, a + e^z, b − e^−z, or a + (b − a)/(1 + e^−z).
fn function(unknown: &Unknown, z: Expr) -> Expr {
    let [low, high] = unknown.bounds;
    match (low.is_finite(), high.is_finite()) {
        (false, false) => size(unknown) * z,
        (true, false) => low + z.exp(),
        (false, true) => high - (-z).exp(),
        (true, true) => low + (high - low) / (1.0 + (-z.max(LEAST)).exp()),
    }
}

/// κ(z) and dκ/dz.
fn value(unknown: &Unknown, z: f64) -> [f64; 2] {
    let [low, high] = unknown.bounds;
    match (low.is_finite(), high.is_finite()) {
        (false, false) => [size(unknown) * z, size(unknown)],
        (true, false) => [low + z.exp(), z.exp()],
        (false, true) => [high - (-z).exp(), (-z).exp()],
        (true, true) => {
            let part = 1.0 / (1.0 + (-z.max(LEAST)).exp());
            [low + (high - low) * part, (high - low) * part * (1.0 - part)]
        }
    }
}

/// The z of κ.
fn inverse(unknown: &Unknown, value: f64) -> f64 {
    let [low, high] = unknown.bounds;
    match (low.is_finite(), high.is_finite()) {
        (false, false) => value / size(unknown),
        (true, false) => (value - low).ln(),
        (false, true) => -(high - value).ln(),
        (true, true) => ((value - low) / (high - value)).ln(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_kept() {
        let infinity = f64::INFINITY;
        for bounds in [[-infinity, infinity], [0.5, infinity], [-infinity, 3.0], [0.5, 3.0]] {
            let unknown = Unknown::new("k", 2.0).between(bounds);
            let z = inverse(&unknown, 2.0);
            let [found, slope] = value(&unknown, z);
            assert!((found - 2.0).abs() < 1e-14);
            let difference = (value(&unknown, z + 1e-6)[0] - value(&unknown, z - 1e-6)[0]) / 2e-6;
            assert!((slope - difference).abs() < 1e-8 * slope.abs());
            let expression = function(&unknown, Expr::number(z)).as_number().unwrap();
            assert!((expression - 2.0).abs() < 1e-14);
            for z in [-50.0, 50.0] {
                let [found, _] = value(&unknown, z);
                assert!(found >= bounds[0] && found <= bounds[1]);
            }
        }
    }
}
