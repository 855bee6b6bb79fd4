//! New collocation points while features are trained.

use ansatz_problem::{Domain, MAX_POINTS, Region};
use ansatz_random::Philox;

use super::attempt::Attempt;
use super::equation::Equation;
use super::loss::Loss;
use super::settings::Settings;
use super::snapshot::Saved;
use super::trial::Trial;
use super::{Collocation, PdeError, Solution};

/// When collocation points are drawn anew while features are trained, and how.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resample {
    /// After so many steps.
    pub every: usize,
    /// The points of every condition follow its residual R: from a larger set they are drawn with probability
    /// ∝ |R|^k/mean(|R|^k) + c (Wu et al., CMAME 2023, eq. 2). `None` draws them as at first.
    pub by_residual: Option<ByResidual>,
}

/// How closely points follow the residual.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ByResidual {
    /// k: the larger, the closer.
    pub power: f64,
    /// c: the larger, the more evenly.
    pub offset: f64,
}

impl Default for ByResidual {
    fn default() -> Self {
        Self { power: 1.0, offset: 1.0 }
    }
}

/// Which of the points that were drawn are taken, if they follow the residual.
pub(super) enum Source<'a> {
    /// The residual of u = Σ_j c_j φ_j.
    Residual(&'a Trial, &'a [f64]),
    /// Those that were chosen before, for each condition.
    Saved(&'a [Vec<usize>]),
}

/// Draws the points of the batch of this number.
pub(super) type Draw<'a> = dyn Fn(usize, &Source<'_>) -> Result<Vec<Collocation>, PdeError> + 'a;

/// New points while features are trained.
#[derive(Clone, Copy)]
pub(super) struct Redraw<'a> {
    pub every: usize,
    pub draw: &'a Draw<'a>,
}

impl Redraw<'_> {
    /// Whether new points are to be drawn after so many steps.
    pub fn is_due(&self, steps: usize) -> bool {
        steps > 0 && steps.is_multiple_of(self.every)
    }

    /// Moves a loss to the points for the steps after these, with the solution as it is by then.
    pub fn next(
        &self,
        loss: &mut Loss<'_>,
        steps: usize,
        (trial, c): (&Trial, &[f64]),
    ) -> Result<(), PdeError> {
        loss.move_to((self.draw)(steps / self.every, &Source::Residual(trial, c))?);
        Ok(())
    }

    /// Moves a loss to the points that the last step before a checkpoint was taken with.
    pub fn restore(&self, loss: &mut Loss<'_>, saved: &Saved) -> Result<(), PdeError> {
        let batch = saved.steps.saturating_sub(1) / self.every;
        if batch > 0 {
            loss.move_to((self.draw)(batch, &Source::Saved(&saved.chosen))?);
        }
        Ok(())
    }
}

/// Points that are drawn for each one that is taken.
const CANDIDATES: usize = 5;
/// The stream of the choice among them.
const CHOICE: u32 = 0x5241_4400;

impl Attempt<'_> {
    /// The points of a batch; that of number 0 is what [`Attempt::collocate`] gives.
    pub fn redraw(
        &self,
        domain: &Domain,
        before: Option<&Solution>,
        settings: &Settings,
        (batch, source): (usize, &Source<'_>),
    ) -> Result<Vec<Collocation>, PdeError> {
        let seed = settings.seed ^ (batch as u64).wrapping_mul(0xd1b5_4a32_d192_ed03);
        let settings = Settings { seed, ..settings.clone() };
        let Some(follow) = self.options.resample.and_then(|resample| resample.by_residual) else {
            return self.collocate(domain, before, &settings);
        };
        let candidates = settings.points.map(|count| count.saturating_mul(CANDIDATES).min(MAX_POINTS));
        let drawn = self.collocate(domain, before, &Settings { points: candidates, ..settings.clone() })?;
        let blocks = drawn.into_iter().zip(&self.task.equations).enumerate();
        let follow = |(number, (block, equation)): (usize, (Collocation, &Equation))| {
            // Points that the problem gives are what they are.
            if self.task.is_given(number) {
                return block;
            }
            let points = &block.points;
            let count = settings.points[usize::from(self.task.regions[number] != Region::Interior)];
            let chosen = match source {
                Source::Residual(trial, c) => {
                    let at = equation.at(points, |x, jets| trial.jets(c, points.dimension, x, jets));
                    let random = Philox::new(seed, CHOICE + number as u32);
                    choose(&follow.probabilities(&at.residual), count, random)
                }
                Source::Saved(saved) => saved.get(number).cloned().unwrap_or_default(),
            };
            Collocation { points: points.selected(&chosen), chosen, ..block }
        };
        Ok(blocks.map(follow).collect())
    }
}

impl ByResidual {
    /// |R|^k/mean(|R|^k) + c at each point, in which a residual that is not finite counts nothing.
    fn probabilities(&self, residual: &[f64]) -> Vec<f64> {
        let size = |r: &f64| if r.is_finite() { r.abs().powf(self.power) } else { 0.0 };
        let sizes: Vec<f64> = residual.iter().map(size).collect();
        let mean = sizes.iter().sum::<f64>() / sizes.len().max(1) as f64;
        // Where R vanishes everywhere, no point is better than another.
        let relative = |size: f64| if mean > 0.0 && mean.is_finite() { size / mean } else { 1.0 };
        sizes.into_iter().map(|size| relative(size) + self.offset).collect()
    }
}

/// `count` different numbers, each next one with a probability in proportion to its weight: those of the largest log(U)/w with U
/// uniform in (0, 1) (Efraimidis and Spirakis, 2006). In ascending order.
fn choose(weights: &[f64], count: usize, random: Philox) -> Vec<usize> {
    let key = |(p, weight): (usize, &f64)| (random.open(p as u64).ln() / weight, p);
    let mut keys: Vec<(f64, usize)> = weights.iter().enumerate().map(key).collect();
    keys.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut chosen: Vec<usize> = keys.into_iter().take(count).map(|(_, p)| p).collect();
    chosen.sort_unstable();
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heavy_points_are_chosen_more_often() {
        let weights: Vec<f64> = (0..8000).map(|p| if p % 2 == 0 { 1.0 } else { 3.0 }).collect();
        let chosen = choose(&weights, 800, Philox::new(3, 0));
        assert_eq!(chosen.len(), 800);
        assert!(chosen.windows(2).all(|pair| pair[0] < pair[1]), "different, in order");
        // Of so few, close to three in four are heavy: 600 ± 12.
        let heavy = chosen.iter().filter(|p| *p % 2 == 1).count();
        assert!((540..640).contains(&heavy), "{heavy}");
        assert_eq!(choose(&weights, 9000, Philox::new(3, 0)).len(), 8000);
    }

    #[test]
    fn what_is_not_finite_counts_nothing() {
        let follow = ByResidual { power: 2.0, offset: 0.5 };
        assert_eq!(follow.probabilities(&[0.0, -2.0, f64::NAN, 2.0]), [0.5, 2.5, 0.5, 2.5]);
        assert_eq!(follow.probabilities(&[0.0, 0.0]), [1.5, 1.5]);
    }
}
