//! Whether a stated exact solution solves the problem.

use ansatz_expr::{Expr, Leaf};

use super::periodic::sample;
use crate::{Defect, PointSet, Problem, ProblemError, Region};

/// Points tried for each condition.
const POINTS: usize = 256;

/// Largest |residual| against the size of what cancels in it. Rounding in second derivatives is far below, a wrong source far
/// above.
const TOLERANCE: f64 = 1e-6;

impl Problem {
    /// How well the exact solution satisfies each condition, on 256 points of each. Conditions on fields whose exact solution
    /// is not known, or with unknown parameters, measurements, and points where it is not finite, are passed over.
    ///
    /// # Errors
    /// Where no points can be drawn.
    pub fn exact_defects(&self) -> Result<Vec<Defect>, ProblemError> {
        let mut defects = Vec::new();
        let size = self.exact_size()?;
        for (index, condition) in self.conditions.iter().enumerate() {
            let known = |field: usize| self.exact.get(field).is_some_and(Option::is_some);
            if !condition.residual.jets().iter().all(|jet| known(jet.field))
                || self.is_open(&condition.residual)
                || condition.noise.is_some()
            {
                continue;
            }
            let points = sample(self, &condition.region, POINTS)?;
            let exact = |expr: &Expr| {
                let fields = self.exact.iter().enumerate();
                fields.fold(expr.clone(), |expr, (field, exact)| match exact {
                    Some(exact) => expr.with_field(field, exact),
                    None => expr,
                })
            };
            // R, R(0), and ∂R/∂u_α u_α for each α.
            let residual = &condition.residual;
            let nothing = residual.substitute(|leaf| match leaf {
                Leaf::Jet(_) => Some(Expr::number(0.0)),
                _ => None,
            });
            let jets = residual.jets().into_iter().map(Leaf::Jet);
            let parts = jets.map(|jet| residual.partial(&jet) * Expr::leaf(jet));
            let expressions: Vec<Expr> = std::iter::once(exact(residual))
                .chain([nothing])
                .chain(parts.map(|part| exact(&part)))
                .collect();
            let mut values = self.values(&expressions, &points);
            if let Some(partners) = points.partners {
                let twins = self.values(&expressions[..1], &PointSet::new(points.dimension, partners));
                values[0].iter_mut().zip(&twins[0]).for_each(|(here, there)| *here -= there);
            }
            if let Some(targets) = &points.values {
                values[0].iter_mut().zip(targets).for_each(|(residual, target)| *residual -= target);
            }
            let mut defect = Defect { condition: index, largest: 0.0, scale: size };
            for p in 0..values[0].len() {
                let scale: f64 = values[1..].iter().map(|part| part[p].abs()).sum();
                if values[0][p].is_finite() && scale.is_finite() {
                    defect.largest = defect.largest.max(values[0][p].abs());
                    defect.scale = defect.scale.max(scale);
                }
            }
            defects.push(defect);
        }
        Ok(defects)
    }

    /// The largest |u| of the exact solutions inside.
    fn exact_size(&self) -> Result<f64, ProblemError> {
        let exact: Vec<Expr> = self.exact.iter().flatten().cloned().collect();
        if exact.is_empty() {
            return Ok(0.0);
        }
        let values = self.values(&exact, &sample(self, &Region::Interior, POINTS)?);
        let finite = values.iter().flatten().filter(|value| value.is_finite());
        Ok(finite.fold(0.0, |size, value| size.max(value.abs())))
    }
}

pub(super) fn check(problem: &Problem) -> Result<(), ProblemError> {
    for defect in problem.exact_defects()? {
        let condition = &problem.conditions[defect.condition];
        if defect.largest <= TOLERANCE * defect.scale {
            continue;
        }
        let size = format!("{:.3e}, where its terms are of size {:.3e}", defect.largest, defect.scale);
        let remedy = match condition.region {
            Region::Interior => {
                "correct the equation or [exact]; a source can be had from it, as in `laplacian(u_exact)`"
            }
            _ => "correct the condition or [exact]",
        };
        return Err(ProblemError::new(
            &condition.key,
            format!("the exact solution does not satisfy it: the residual reaches {size}"),
            "a residual that vanishes for the exact solution",
            remedy,
        ));
    }
    Ok(())
}
