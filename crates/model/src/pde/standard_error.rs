//! How far unknown parameters may be from the truth, for the noise in the measurements alone.

use ansatz_linalg::LeastSquares;

use super::PdeError as Error;
use super::device_loss::Evaluation;
use super::geodesic::product;
use super::jacobian::DeviceJacobian;
use super::loss::Loss;
use super::task::Task;
use super::tier::Tier;
use super::trial::Trial;

/// The part of z that λ may decide: of a parameter that is determined, nothing but rounding.
const DAMPED: f64 = 1e-2;

/// Standard errors of the unknown parameters of a fit: with J the weighted Jacobian of all conditions along the tangent functions, and noise in
/// the rows of measurements alone, of which the misfit tells the standard deviation σ,
///
/// Var z = Σ_p ω_p² σ_p² (J_p·v)², v = (JᵀJ)⁻¹ e_z,
///
/// the covariance of Gauss and Newton; ∞ where J says nothing of z: at a bound, and where λ decides, which keeps the rank full in
/// (JᵀJ + λ² D²) v = `e_z`: λ² `D_z`² `v_z` is the part of z that it does. Empty where nothing is measured, or there are fewer rows
/// than columns.
pub(super) fn standard_errors<T: Tier>(
    loss: &Loss<'_>,
    (trial, c): (&Trial, &[f64]),
    task: &Task<'_>,
    solver: LeastSquares,
) -> Result<Vec<f64>, Error> {
    let (unknowns, measured) = (&task.unknowns, task.measured());
    if unknowns.len() == 0 || !measured.contains(&true) {
        return Ok(Vec::new());
    }
    let points = loss.points::<T>(trial)?;
    let at = Evaluation::new(&points, trial)?.at_coefficients(loss, trial, c)?;
    let mut rows = DeviceJacobian::new(&points, &trial.tangent(c))?;
    let (jacobian, residual) = rows.assemble(&at, &loss.weights())?;
    let Ok(problem) = solver.factor(loss.gpu, jacobian, residual)? else { return Ok(Vec::new()) };
    let floor = solver.tikhonov.unwrap_or(LeastSquares::tikhonov_for::<T>());
    let lengths = problem.lengths();
    let step = problem.solve(|_| floor);
    let (rows, columns) = (jacobian.rows(), jacobian.columns());
    let entries = jacobian.read(loss.gpu)?;
    let slopes = unknowns.slopes(unknowns.of_fit(c));
    let mut errors = Vec::new();
    for (k, slope) in slopes.iter().enumerate() {
        let mut unit = vec![0.0; columns];
        let z = columns - unknowns.len() + k;
        unit[z] = 1.0;
        let Some(v) = step.solve_normal(&unit) else { return Ok(Vec::new()) };
        let damped = (floor * lengths[z]).powi(2) * v[z];
        let along = product(&entries, rows, &v);
        let (mut variance, mut first) = (0.0, 0);
        for ((at, weight), measured) in at.iter().zip(loss.weights()).zip(&measured) {
            let count = at.residual.len();
            if *measured {
                let squares: f64 = at.residual.iter().map(|r| r * r).sum();
                let deviation = squares / count.saturating_sub(unknowns.len()).max(1) as f64;
                let reach: f64 = along[first..first + count].iter().map(|reach| reach * reach).sum();
                variance += weight * weight * deviation * reach;
            }
            first += count.next_multiple_of(4);
        }
        errors.push(if *slope > 0.0 && lengths[z] > 0.0 && damped < DAMPED {
            slope * variance.sqrt()
        } else {
            f64::INFINITY
        });
    }
    Ok(errors)
}
