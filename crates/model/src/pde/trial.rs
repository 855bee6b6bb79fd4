//! The trial space: u_f(x) = Σ_j c_j φ_j(x), with features of its own for every unknown field f, and behind them the functions that
//! its solution behaves like at corners.

use std::ops::Range;
use std::sync::Arc;

use ansatz_expr::Jet;
use ansatz_features::{Features, MultiIndex, Trainable};
use rayon::prelude::*;

use super::singular::SingularFunction;

/// The features of every field; their coefficients stand field after field.
#[derive(Debug, Clone)]
pub(super) struct Trial {
    fields: Vec<Arc<dyn Features>>,
    /// The same, where they are trained.
    trained: Vec<Arc<dyn Trainable>>,
    singular: Vec<Vec<SingularFunction>>,
    columns: Vec<Range<usize>>,
}

impl Trial {
    /// Features alone.
    pub fn new(fields: Vec<Arc<dyn Features>>) -> Self {
        let none = vec![Vec::new(); fields.len()];
        Self::with_singular(fields, none)
    }

    /// Features that are trained, as they are.
    pub fn of_trained(fields: &[Arc<dyn Trainable>]) -> Self {
        let features = fields.iter().map(|features| features.clone() as Arc<dyn Features>).collect();
        Self { trained: fields.to_vec(), ..Self::new(features) }
    }

    /// Its features, where they are trained.
    pub fn trained(&self) -> &[Arc<dyn Trainable>] {
        &self.trained
    }

    /// The functions along which u moves at coefficients c: the features, and where these are trained their tangent functions.
    pub fn tangent(&self, c: &[f64]) -> Self {
        if self.trained.is_empty() {
            return self.clone();
        }
        let fields = self.trained.iter().enumerate();
        Self::new(fields.map(|(field, features)| features.tangent(&c[self.columns(field)])).collect())
    }

    /// Features, and for each field functions for its corners.
    pub fn with_singular(fields: Vec<Arc<dyn Features>>, singular: Vec<Vec<SingularFunction>>) -> Self {
        let mut end = 0;
        let columns = fields
            .iter()
            .zip(&singular)
            .map(|(features, singular)| {
                let first = end;
                end += features.len() + singular.len();
                first..end
            })
            .collect();
        Self { fields, trained: Vec::new(), singular, columns }
    }

    /// Coefficients in all.
    pub fn unknowns(&self) -> usize {
        self.columns.last().map_or(0, |columns| columns.end)
    }

    pub fn fields(&self) -> &[Arc<dyn Features>] {
        &self.fields
    }

    /// The functions for the corners of a field.
    pub fn singular(&self, field: usize) -> &[SingularFunction] {
        &self.singular[field]
    }

    /// Where the coefficients of a field's features stand.
    pub fn smooth_columns(&self, field: usize) -> Range<usize> {
        let columns = self.columns(field);
        columns.start..columns.end - self.singular[field].len()
    }

    /// Where the coefficients of its functions for corners stand.
    pub fn singular_columns(&self, field: usize) -> Range<usize> {
        let columns = self.columns(field);
        columns.end - self.singular[field].len()..columns.end
    }

    /// Where all coefficients of a field stand.
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
                        let (smooth, n) = (&c[self.smooth_columns(group.field)], features.len());
                        let at_corners = c[self.singular_columns(group.field)].iter();
                        let at_corners = at_corners.zip(&self.singular[group.field]);
                        let phi = &mut phi[..n * group.terms.len()];
                        features.jets(x, &group.terms, phi);
                        for ((&jet, term), phi) in
                            group.jets.iter().zip(&group.terms).zip(phi.chunks(n.max(1)))
                        {
                            let smooth: f64 = smooth.iter().zip(phi).map(|(&c, &phi)| product(c, phi)).sum();
                            let singular = at_corners.clone();
                            let singular: f64 =
                                singular.map(|(&c, f)| product(c, f.jet([x[0], x[1]], term))).sum();
                            values[jet] = smooth + singular;
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
