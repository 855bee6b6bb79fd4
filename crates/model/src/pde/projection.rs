//! Variable projection: coefficients follow the features that are trained.

use ansatz_linalg::LeastSquares;

use super::PdeError as Error;
use super::device_loss::Evaluation;
use super::equation::Linearised;
use super::jacobian::DeviceJacobian;
use super::loss::Loss;
use super::state::State;
use super::tier::Tier;

/// R and its partial derivatives at a state.
pub(super) type Tried = (Vec<Linearised>, State);

/// c ← c − A⁺R, where A are the rows of the features themselves: in linear problems the best coefficients, so that the loss is one of
/// features alone (Golub & Pereyra, SIAM J. Numer. Anal. 10, 1973). Steps of Levenberg and Marquardt whose coefficients are free
/// are Kaufman's (BIT 15, 1975) for it. In others it is a step towards them, which is taken where it helps.
pub(super) fn projected<T: Tier>(
    loss: &Loss<'_>,
    (evaluation, rows): (&mut Evaluation<T>, &mut DeviceJacobian<T>),
    (at, state): Tried,
    solver: LeastSquares,
) -> Result<Tried, Error> {
    rows.load(&state.trial)?;
    let (rows, residual) = rows.assemble(&at, &loss.weights())?;
    let solution = solver.solve(loss.gpu, rows, residual)?;
    let Some(delta) = solution.x.first() else { return Ok((at, state)) };
    let better = state.with_coefficients(state.c.iter().zip(delta).map(|(c, delta)| c - delta).collect());
    // The features are those that R was found with.
    let there = evaluation.at_coefficients(loss, &better.trial, &better.c)?;
    // A comparison with NaN is false.
    let helps = loss.norm(&loss.parts(&there)) < loss.norm(&loss.parts(&at));
    Ok(if helps { (there, better) } else { (at, state) })
}
