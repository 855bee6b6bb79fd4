//! Where the conditions are put, and how much each counts.

use ansatz_expr::Jet;
use ansatz_problem::{Domain, PointSet, Region};

use super::attempt::Attempt;
use super::equation::rms;
use super::settings::Settings;
use super::task::{Collocation, Task};
use super::{FitPrecision, PdeError, Solution};

impl Attempt<'_> {
    /// The points of every condition.
    pub fn collocate(
        &self,
        domain: &Domain,
        before: Option<&Solution>,
        settings: &Settings,
    ) -> Result<Vec<Collocation>, PdeError> {
        let regions = self.task.regions.iter().zip(&self.task.equations);
        regions
            .map(|(region, equation)| {
                let count = settings.points[usize::from(*region != Region::Interior)];
                let given = self.task.cloud.as_ref().filter(|_| *region == Region::Interior);
                let region = given.unwrap_or(region);
                let mut points = domain.sample(region, count, self.options.sampler, settings.seed)?;
                if self.options.precision == FitPrecision::F32 {
                    // The device and the host must mean the same points.
                    let round = |x: &mut f64| *x = f64::from(*x as f32);
                    points.coordinates.iter_mut().for_each(round);
                    points.partners.iter_mut().flatten().for_each(round);
                }
                if equation.jets.iter().any(|jet| jet.order() > 0) {
                    points = points.filtered(|x| !self.task.is_singular(x));
                }
                let carried = before.filter(|_| *region == Region::Initial);
                if let Some(before) = carried {
                    let jets = before.spanned(&points.coordinates, &equation.jets);
                    points.values = Some(equation.linearise(&points, &jets).residual);
                }
                Ok(Collocation::new(points))
            })
            .collect()
    }

    /// ω = factor/(size of the operator on features of these scales): each equation counts as much as another, whatever its
    /// units and orders. Conditions count `boundary_weight` times as much as equations inside.
    pub fn weigh(&self, domain: &Domain, settings: &Settings, collocations: &mut [Collocation]) {
        let task = self.task;
        let half_sides: Vec<f64> = domain.bounds().iter().map(|[low, high]| 0.5 * (high - low)).collect();
        // Frequencies below a wave or so across the box are no measure: they would make high derivatives all-important.
        let frequencies: Vec<f64> = settings.scales.iter().map(|scale| scale.max(TYPICAL_SCALE)).collect();
        for (number, block) in collocations.iter_mut().enumerate() {
            let size = operator_size(task, number, &block.points, &half_sides, &frequencies);
            let factor = task.factors[number]
                * if task.regions[number] == Region::Interior { 1.0 } else { settings.boundary_weight };
            block.weight = if size > 0.0 && size.is_finite() { factor / size } else { factor };
        }
    }
}

/// A scale of features that vary over the whole domain.
pub(super) const TYPICAL_SCALE: f64 = 3.0;

/// What an equation's operator does to functions of given frequencies, in units of 1/half the side of a box:
/// the root mean square over the points of Σ_t |∂R/∂u_t| Π_i (`frequency_i`/`half_i`)^{α_i}, at u = 0 and unknown parameters as they begin.
pub(super) fn operator_size(
    task: &Task<'_>,
    number: usize,
    points: &PointSet,
    half_sides: &[f64],
    frequencies: &[f64],
) -> f64 {
    let equation = &task.equations[number];
    let start = task.unknowns.start();
    let at_rest = |jet: &Jet| vec![task.unknowns.number(jet).map_or(0.0, |k| start[k]); points.len()];
    let at = equation.linearise(points, &equation.jets.iter().map(at_rest).collect::<Vec<_>>());
    let growth = |jet: &Jet| -> f64 {
        if task.unknowns.number(jet).is_some() {
            return 0.0;
        }
        let powers = jet.orders.iter().zip(frequencies).zip(half_sides);
        powers.map(|((&order, frequency), half)| (frequency / half).powi(order.into())).product()
    };
    let growth: Vec<f64> = equation.jets.iter().map(growth).collect();
    let size =
        |p: usize| growth.iter().zip(&at.partials).map(|(growth, partial)| growth * partial[p].abs()).sum();
    rms(&(0..points.len()).map(size).collect::<Vec<f64>>())
}
