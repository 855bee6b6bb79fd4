//! The classical method beside a solution.

use ansatz_expr::Jet;
use ansatz_gpu::Gpu;
use ansatz_problem::Problem;

use super::accuracy::{Yardstick, relative_difference};
use super::baseline::Baseline;
use super::{BaselineReport, PdeError, Solution, Watch};

/// The problem by a classical method, beside `solution`; why there is none is noted.
pub(super) fn compare(
    problem: &Problem,
    gpu: &Gpu,
    solution: &Solution,
    yardstick: Option<&Yardstick>,
    watch: &mut Watch<'_>,
    notes: &mut Vec<String>,
) -> Result<Option<BaselineReport>, PdeError> {
    let baseline = match Baseline::solve_while(problem, gpu, &mut || watch.goes_on()) {
        Ok(baseline) => baseline,
        Err(error) => {
            notes.push(format!("no classical baseline: {error}"));
            return Ok(None);
        }
    };
    let by_field = |coordinates: &[f64], jets: &[Jet]| -> Vec<Vec<f64>> {
        jets.iter().map(|jet| baseline.values(jet.field, coordinates)).collect()
    };
    let error =
        yardstick.map(|known| known.relative_l2_error(|jets, points| by_field(&points.coordinates, jets)));
    let difference = if yardstick.is_none() {
        let points = problem.evaluation_points()?;
        let fields: Vec<Jet> = (0..problem.scope.fields().len()).map(Jet::value).collect();
        let (ours, theirs) =
            (solution.jets(&points.coordinates, &fields), by_field(&points.coordinates, &fields));
        Some(relative_difference(&ours, &theirs))
    } else {
        None
    };
    Ok(Some(BaselineReport {
        method: baseline.method.to_string(),
        unknowns: baseline.unknowns,
        relative_l2_error: error,
        relative_difference: difference,
        own_difference: baseline.difference,
        order: baseline.order,
        seconds: baseline.seconds,
    }))
}
