//! How well unknown parameters are known.

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

/// What a fit says of an unknown parameter κ.
#[derive(Debug, Clone, Default)]
pub(super) struct Certainty {
    /// For noise in the measurements alone; ∞ where κ may have any value, NaN where nothing tells how large noise is.
    pub standard_error: f64,
    /// Of each condition, by how much its residual changes for every 1 by which κ does.
    pub moves: Vec<Move>,
}

/// Root mean squares over the points of a condition.
#[derive(Debug, Clone, Copy)]
pub(super) struct Move {
    /// Where all else follows κ as well as it can.
    pub followed: f64,
    /// Where nothing else moves.
    pub alone: f64,
}

/// Of each unknown parameter, which is a function κ(z) of its coefficient z: with J the weighted Jacobian of all conditions along
/// the tangent functions, and noise in the rows of measurements alone, of which the misfit tells the standard deviation σ,
///
/// Var z = Σ_p ω_p² σ_p² (J_p·v)², v = (JᵀJ)⁻¹ e_z,
///
/// the covariance of Gauss and Newton. What follows z best is v/`v_z`. λ keeps the rank full, in (JᵀJ + λ² D²) v = `e_z`: where it
/// decides more of z, of which its part is λ² `D_z`² `v_z`, than rounding does, or z is at a bound, the standard error is ∞. So it is
/// where there are fewer rows than columns, of which any κ fulfils all.
pub(super) fn certainties<T: Tier>(
    loss: &Loss<'_>,
    (trial, c): (&Trial, &[f64]),
    task: &Task<'_>,
    solver: LeastSquares,
) -> Result<Vec<Certainty>, Error> {
    let unknowns = &task.unknowns;
    if unknowns.len() == 0 {
        return Ok(Vec::new());
    }
    let open = || vec![Certainty { standard_error: f64::INFINITY, ..Certainty::default() }; unknowns.len()];
    let points = loss.points::<T>(trial)?;
    let at = Evaluation::new(&points, trial)?.at_coefficients(loss, trial, c)?;
    let mut rows = DeviceJacobian::new(&points, &trial.tangent(c))?;
    let (jacobian, residual) = rows.assemble(&at, &loss.weights())?;
    let Ok(problem) = solver.factor(loss.gpu, jacobian, residual)? else { return Ok(open()) };
    let floor = solver.tikhonov.unwrap_or(LeastSquares::tikhonov_for::<T>());
    let lengths = problem.lengths();
    let step = problem.solve(|_| floor);
    let (rows, columns) = (jacobian.rows(), jacobian.columns());
    let entries = jacobian.read(loss.gpu)?;
    let slopes = unknowns.slopes(unknowns.of_fit(c));
    let mut certainties = Vec::new();
    for (k, &slope) in slopes.iter().enumerate() {
        let z = columns - unknowns.len() + k;
        let unit = |column: usize| f64::from(u8::from(column == z));
        let unit: Vec<f64> = (0..columns).map(unit).collect();
        let Some(v) = step.solve_normal(&unit) else { return Ok(open()) };
        let along = product(&entries, rows, &v);
        let alone: Vec<f64> = entries[z * rows..(z + 1) * rows].iter().map(|x| x.widen()).collect();
        let (mut variance, mut first, mut moves) = (0.0, 0, Vec::new());
        for ((at, weight), condition) in at.iter().zip(loss.weights()).zip(&task.conditions) {
            let count = at.residual.len();
            let squares = |rows: &[f64]| rows[first..first + count].iter().map(|x| x * x).sum::<f64>();
            if let Some(noise) = condition.noise {
                let free = count.saturating_sub(unknowns.len());
                let misfit: f64 = at.residual.iter().map(|r| r * r).sum();
                // With nothing to spare, only what is said of the noise tells it.
                let said = if noise > 0.0 { noise * noise } else { f64::NAN };
                let deviation = if free > 0 { (misfit / free as f64).max(noise * noise) } else { said };
                variance += weight * weight * deviation * squares(&along);
            }
            let rms = |rows: &[f64]| (squares(rows) / count.max(1) as f64).sqrt() / weight;
            moves.push(Move { followed: rms(&along) / (v[z] * slope), alone: rms(&alone) / slope });
            first += count.next_multiple_of(4);
        }
        let is_known = slope > 0.0 && lengths[z] > 0.0 && (floor * lengths[z]).powi(2) * v[z] < DAMPED;
        let standard_error = match is_known {
            true if task.measured().contains(&true) => slope * variance.sqrt(),
            true => f64::NAN,
            false => f64::INFINITY,
        };
        certainties.push(Certainty { standard_error, moves });
    }
    Ok(certainties)
}
