//! The solution: a sum of features, in every time window one of its own.

use ansatz_expr::Jet;

use super::transform::Transforms;
use super::trial::Trial;
use super::unknowns::Unknowns;

/// u on the whole domain; evaluated in f64 on the host.
#[derive(Debug, Clone)]
pub struct Solution {
    pub(super) dimension: usize,
    /// Which coordinate is time.
    pub(super) time: Option<usize>,
    pub(super) pieces: Vec<Piece>,
    pub(super) transforms: Transforms,
    pub(super) unknowns: Unknowns,
}

/// Coefficients, dimension, coordinates and jets to the values of each jet.
type Evaluate = fn(&Trial, &[f64], usize, &[f64], &[Jet]) -> Vec<Vec<f64>>;

/// One time window; the only one has no end.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    /// Its last moment.
    pub end: f64,
    pub trial: Trial,
    pub c: Vec<f64>,
}

impl Solution {
    /// The field with this number at points, whose coordinates stand point after point.
    ///
    /// Points past the last time window are evaluated by the last one; coordinates that do not fill a whole point are
    /// left out.
    pub fn values(&self, field: usize, coordinates: &[f64]) -> Vec<f64> {
        self.jets(coordinates, &[Jet { field, orders: Default::default() }]).pop().unwrap_or_default()
    }

    /// The values found of the problem's unknown parameters, in its order.
    pub fn unknowns(&self) -> Vec<f64> {
        let c = self.pieces.last().map_or(&[][..], |piece| &piece.c);
        self.unknowns.values(self.unknowns.of_fit(c))
    }

    /// Derivatives at points, jet after jet; coordinates as in [`Solution::values`].
    pub fn jets(&self, coordinates: &[f64], jets: &[Jet]) -> Vec<Vec<f64>> {
        let spanned = |jets: &[Jet]| self.spanned(coordinates, jets);
        self.transforms.jets(self.dimension, coordinates, jets, spanned)
    }

    /// Derivatives of the functions that the fields are transforms of.
    pub(super) fn spanned(&self, coordinates: &[f64], jets: &[Jet]) -> Vec<Vec<f64>> {
        self.by_piece(coordinates, jets, Trial::jets)
    }

    /// Σ_j |c_j ∂^α φ_j| at points: what rounding acts on when a jet is summed up.
    pub(super) fn magnitudes(&self, coordinates: &[f64], jets: &[Jet]) -> Vec<Vec<f64>> {
        self.by_piece(coordinates, jets, Trial::magnitudes)
    }

    fn by_piece(&self, coordinates: &[f64], jets: &[Jet], evaluate: Evaluate) -> Vec<Vec<f64>> {
        if let [piece] = self.pieces.as_slice() {
            return evaluate(&piece.trial, &piece.c, self.dimension, coordinates, jets);
        }
        let points: Vec<&[f64]> = coordinates.chunks_exact(self.dimension.max(1)).collect();
        let mut values = vec![vec![0.0; points.len()]; jets.len()];
        for (number, piece) in self.pieces.iter().enumerate() {
            let own = |p: &usize| self.piece_at(points[*p]) == number;
            let own: Vec<usize> = (0..points.len()).filter(own).collect();
            let gathered: Vec<f64> = own.iter().flat_map(|&p| points[p]).copied().collect();
            let found = evaluate(&piece.trial, &piece.c, self.dimension, &gathered, jets);
            for (values, found) in values.iter_mut().zip(found) {
                own.iter().zip(found).for_each(|(&p, value)| values[p] = value);
            }
        }
        values
    }

    fn piece_at(&self, x: &[f64]) -> usize {
        let moment = self.time.map_or(0.0, |time| x[time]);
        self.pieces.iter().position(|piece| moment <= piece.end).unwrap_or(self.pieces.len() - 1)
    }
}
