//! The truth about a solution: residuals in f64 on the host, at points that the fit has not seen.

use ansatz_expr::Jet;
use ansatz_problem::{PointSet, Region, Sampler};

use super::equation::{Equation, Linearised, rms};
use super::report::ConditionReport;
use super::task::Task;
use super::trouble::Trouble;
use super::{PdeError, Solution};

/// Fresh points of the equations inside, and of each other condition.
const INSIDE: usize = 4000;
const ELSEWHERE: usize = 1000;

/// What was found at fresh points.
pub(super) struct Truth {
    pub conditions: Vec<ConditionReport>,
    /// Of each, the size of its terms.
    pub sizes: Vec<f64>,
    /// √(mean R²) of the equations inside.
    pub residual_rms: f64,
    /// Largest |R| inside, and where.
    pub residual_max: f64,
    pub residual_max_at: Vec<f64>,
    /// Largest relative residual of all conditions, and its place among them.
    pub relative: f64,
    pub worst: usize,
    /// ‖Σ|c_j φ_j|‖/‖u‖: by how much more rounding acts than on u itself.
    pub amplification: f64,
    /// What is not finite, and where.
    pub cause: Option<String>,
}

/// Evaluates every equation at fresh points, but for those that are given, with the values found of unknown parameters. A residual is small or large beside the size of its terms, in which a jet
/// of the unknown counts with its root mean square over the whole domain: so u = 0 on a boundary has a size too.
pub(super) fn verify(task: &Task<'_>, solution: &Solution, seed: u64) -> Result<Truth, PdeError> {
    let inside = task.inside();
    let mut truth = Truth {
        conditions: Vec::new(),
        sizes: Vec::new(),
        residual_rms: 0.0,
        residual_max: 0.0,
        residual_max_at: Vec::new(),
        relative: 0.0,
        worst: 0,
        amplification: 1.0,
        cause: None,
    };
    let mut inside_rms = Vec::new();
    let domain = &task.problem.domain;
    let everywhere =
        domain.sample(&Region::Interior, ELSEWHERE, Sampler::Uniform, fresh(seed, usize::MAX >> 40))?;
    let settled = task.settled(&solution.unknowns());
    for (number, (equation, region)) in settled.iter().zip(&task.regions).enumerate() {
        let count = if inside[number] { INSIDE } else { ELSEWHERE };
        // Uniform points: independent of whichever sequence the fit used.
        let points = domain.sample(region, count, Sampler::Uniform, fresh(seed, number))?;
        let at = evaluate(equation, solution, &points);
        truth.cause = truth.cause.or_else(|| {
            let trouble = Trouble::find(equation, &points, &at, |x, jets| solution.jets(x, jets));
            trouble.map(|trouble| trouble.describe(task.problem))
        });
        let jets = solution.jets(&everywhere.coordinates, &equation.jets);
        let sizes: Vec<f64> = jets.iter().map(|values| rms(values)).collect();
        let size = at.scale(&sizes, inside[number]);
        let report = condition(equation, &points, &at, size);
        truth.sizes.push(size);
        let explained = task.conditions[number].noise.is_some_and(|noise| is_noise(&report, noise));
        if exceeds(report.relative, truth.relative) && !explained {
            (truth.relative, truth.worst) = (report.relative, number);
        }
        if inside[number] {
            inside_rms.push(report.residual_rms);
            if exceeds(report.residual_max, truth.residual_max) {
                (truth.residual_max, truth.residual_max_at) = (report.residual_max, report.at.clone());
            }
        }
        truth.conditions.push(report);
    }
    truth.amplification = amplification(task, solution, &everywhere);
    truth.residual_rms = rms(&inside_rms);
    Ok(truth)
}

/// Whether noise of this standard deviation explains the misfit of measurements.
fn is_noise(report: &ConditionReport, deviation: f64) -> bool {
    // Three standard deviations of a root mean square.
    let most = 1.0 + 3.0 / (2.0 * report.points.max(1) as f64).sqrt();
    report.residual_rms <= most * deviation
}

/// a > b, where NaN is the largest of all.
fn exceeds(a: f64, b: f64) -> bool {
    a > b || a.is_nan() && !b.is_nan()
}

/// A seed that no fit uses.
pub(super) fn fresh(seed: u64, number: usize) -> u64 {
    (seed ^ 0x005e_ed0f_7247).wrapping_add((number as u64) << 40)
}

/// R of a solution at points.
pub(super) fn evaluate(equation: &Equation, solution: &Solution, points: &PointSet) -> Linearised {
    equation.at(points, |x, jets| solution.jets(x, jets))
}

fn condition(equation: &Equation, points: &PointSet, at: &Linearised, scale: f64) -> ConditionReport {
    let count = at.residual.len().max(1) as f64;
    let largest = at.residual.iter().map(|r| r.abs()).enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
    let (place, residual_max) = largest.unwrap_or((0, 0.0));
    let residual_rms = at.rms();
    ConditionReport {
        name: equation.name.clone(),
        points: points.len(),
        residual_rms,
        residual_mean: at.residual.iter().map(|r| r.abs()).sum::<f64>() / count,
        residual_max,
        at: if points.is_empty() { Vec::new() } else { points.point(place).to_vec() },
        relative: if residual_rms == 0.0 { 0.0 } else { residual_rms / scale },
    }
}

fn amplification(task: &Task<'_>, solution: &Solution, points: &PointSet) -> f64 {
    let fields: Vec<Jet> = (0..task.problem.scope.fields().len()).map(Jet::value).collect();
    let size = |values: &[Vec<f64>]| values.iter().map(|values| rms(values).powi(2)).sum::<f64>().sqrt();
    let (sums, values) =
        (solution.magnitudes(&points.coordinates, &fields), solution.spanned(&points.coordinates, &fields));
    // Of u = 0 nothing cancels.
    let (sums, values) = (size(&sums), size(&values));
    if sums == 0.0 { 1.0 } else { sums / values }
}
