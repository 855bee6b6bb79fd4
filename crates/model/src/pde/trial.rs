//! The trial space: u_f(x) = Σ_j c_j φ_j(x), with features of its own for every unknown field f.

use std::ops::Range;
use std::sync::Arc;

use ansatz_expr::Jet;
use ansatz_features::{Features, MultiIndex};
use rayon::prelude::*;

/// The features of every field; their coefficients stand field after field.
#[derive(Debug, Clone)]
pub(super) struct Trial {
    fields: Vec<Arc<dyn Features>>,
    columns: Vec<Range<usize>>,
}

impl Trial {
    pub fn new(fields: Vec<Arc<dyn Features>>) -> Self {
        let mut end = 0;
        let columns = fields
            .iter()
            .map(|features| {
                let first = end;
                end += features.len();
                first..end
            })
            .collect();
        Self { fields, columns }
    }

    /// Coefficients in all.
    pub fn unknowns(&self) -> usize {
        self.columns.last().map_or(0, |columns| columns.end)
    }

    pub fn fields(&self) -> &[Arc<dyn Features>] {
        &self.fields
    }

    /// Where the coefficients of a field stand.
    pub fn columns(&self, field: usize) -> Range<usize> {
        self.columns[field].clone()
    }

    /// `[t][p]` ← the jet t of u at point p, in f64 on the host; `coordinates` are point after point.
    pub fn jets(&self, c: &[f64], dimension: usize, coordinates: &[f64], jets: &[Jet]) -> Vec<Vec<f64>> {
        self.sums(c, dimension, coordinates, jets, |c, phi| c * phi)
    }

    /// `[t][p]` ← Σ_j |c_j ∂^α φ_j|: what rounding acts on when the sum is taken.
    pub fn magnitudes(
        &self,
        c: &[f64],
        dimension: usize,
        coordinates: &[f64],
        jets: &[Jet],
    ) -> Vec<Vec<f64>> {
        self.sums(c, dimension, coordinates, jets, |c, phi| (c * phi).abs())
    }

    fn sums(
        &self,
        c: &[f64],
        dimension: usize,
        coordinates: &[f64],
        jets: &[Jet],
        product: impl Fn(f64, f64) -> f64 + Sync,
    ) -> Vec<Vec<f64>> {
        let points = coordinates.len() / dimension.max(1);
        let groups: Vec<_> = by_field(jets, self.fields.len());
        let widest = groups.iter().map(|group| self.fields[group.field].len() * group.terms.len()).max();
        let mut by_point = vec![0.0; points * jets.len()];
        by_point
            .par_chunks_mut(jets.len().max(1))
            .zip(coordinates.par_chunks(dimension.max(1)))
            .with_min_len(16)
            .for_each_init(
                || vec![0.0; widest.unwrap_or(0)],
                |phi, (values, x)| {
                    for group in &groups {
                        let features = &self.fields[group.field];
                        let (c, n) = (&c[self.columns(group.field)], features.len());
                        let phi = &mut phi[..n * group.terms.len()];
                        features.jets(x, &group.terms, phi);
                        for (&jet, phi) in group.jets.iter().zip(phi.chunks(n.max(1))) {
                            values[jet] = c.iter().zip(phi).map(|(&c, &phi)| product(c, phi)).sum();
                        }
                    }
                },
            );
        (0..jets.len()).map(|t| by_point.iter().skip(t).step_by(jets.len()).copied().collect()).collect()
    }
}

/// The jets of one field among those of a residual.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub field: usize,
    /// Their places in the list of jets.
    pub jets: Vec<usize>,
    /// Their orders.
    pub terms: Vec<MultiIndex>,
}

/// Sorts jets by field; fields that do not occur are left out.
pub(super) fn by_field(jets: &[Jet], fields: usize) -> Vec<Group> {
    (0..fields)
        .filter_map(|field| {
            let places: Vec<usize> = (0..jets.len()).filter(|&jet| jets[jet].field == field).collect();
            let terms = places.iter().map(|&jet| MultiIndex(jets[jet].orders)).collect();
            (!places.is_empty()).then_some(Group { field, jets: places, terms })
        })
        .collect()
}
