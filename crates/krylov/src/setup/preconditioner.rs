//! The preconditioner of a stage.

use std::borrow::Cow;

use ansatz_gpu::{Gpu, Real};

use super::Scaled;
use crate::amg::{self, Amg, SmoothedAggregation};
use crate::cg::inverse::Inverse;
use crate::deflation::{Deflation, DeviceDeflation};
use crate::device::DeviceOperator;
use crate::learned::DeviceDirections;
use crate::multigrid::{Hierarchy, Multigrid};
use crate::operator::{Form, Operator};
use crate::precondition::{DevicePreconditioner, Preconditioner, block_inverses};
use crate::rounded::{NarrowCycle, RoundedCycle};
use crate::solve::SolveOptions;
use crate::spectrum::largest_eigenvalue;
use crate::stencils::DeviceStencils;
use crate::{KrylovError, Method};

/// What a preconditioner is made for: an operator, and how it lies on the device.
pub(super) struct Setting<'a, T> {
    pub gpu: &'a Gpu,
    pub options: &'a SolveOptions,
    pub columns: usize,
    pub a: &'a dyn Operator,
    pub form: Form<'a>,
    pub diagonal: &'a [f64],
    pub scaled: &'a Scaled<'a>,
    /// S; empty for S = I.
    pub scaling: &'a [f64],
    pub factor: f64,
    pub operator: &'a dyn DeviceOperator<T>,
}

/// The part of the spectrum that Chebyshev damps reaches down to this fraction of its upper end.
const SPECTRUM_RATIO: f64 = 30.0;

impl<T: Real> Setting<'_, T> {
    /// The preconditioner that the options ask for; what there is to be said of it is added to `layout`.
    pub fn preconditioner(&self, layout: &mut String) -> Result<DevicePreconditioner<T>, KrylovError> {
        let preconditioner = match self.options.preconditioner {
            Preconditioner::None => DevicePreconditioner::Fused(Inverse::Identity),
            Preconditioner::Jacobi => DevicePreconditioner::Fused(self.diagonal_inverse()?),
            Preconditioner::BlockJacobi { size } => DevicePreconditioner::Fused(self.blocks(size)?),
            Preconditioner::Chebyshev { degree } => self.chebyshev(degree)?,
            Preconditioner::Multigrid(settings) => self.multigrid(settings, layout)?,
            Preconditioner::Amg(settings) => self.aggregates(settings, layout)?,
            Preconditioner::Additive | Preconditioner::Stencils => self.additive(layout)?,
            Preconditioner::Network => {
                let Some(directions) = &self.options.directions else {
                    return Err(self.options.without_weights());
                };
                DevicePreconditioner::Network(DeviceDirections::new(
                    self.gpu,
                    self.a,
                    directions,
                    self.columns,
                )?)
            }
        };
        match &self.options.deflation {
            None => Ok(preconditioner),
            Some(space) => self.deflated(preconditioner, space, layout),
        }
    }

    fn diagonal_inverse(&self) -> Result<Inverse<T>, KrylovError> {
        // A constant diagonal changes nothing, but where the length of a step is that of M⁻¹r.
        let is_constant = || {
            let is_active = |&(i, _): &(usize, &f64)| self.a.is_active(i);
            let mut active = self.diagonal.iter().enumerate().filter(is_active).map(|(_, &d)| d);
            active.next().is_none_or(|first| active.all(|d| d == first))
        };
        if !self.scaling.is_empty() || self.options.method != Method::Richardson && is_constant() {
            return Ok(Inverse::Identity);
        }
        let inverse = |&d: &f64| if d > 0.0 { 1.0 / (d * self.factor) } else { 0.0 };
        let inverse: Vec<f64> = self.diagonal.iter().map(inverse).collect();
        let inverse = self.operator.ordering().scatter::<T>(&inverse);
        Ok(Inverse::Diagonal(self.gpu.upload("inverse diagonal", &inverse)?))
    }

    /// The inverse diagonal blocks of the scaled operator.
    fn blocks(&self, size: usize) -> Result<Inverse<T>, KrylovError> {
        // A scaled stencil with constant coefficients has its factor beside it.
        let factor = if matches!(self.scaled, Scaled::Borrowed(_)) { self.factor } else { 1.0 };
        let matrix = self.scaled.form().to_csr()?;
        // An empty row has no part in a block, as an inactive cell has none.
        let active = |i: usize| self.a.is_active(i) && !matrix.row(i).0.is_empty();
        block_inverses(self.gpu, self.operator.ordering(), size, active, |i, j| factor * matrix.get(i, j))
    }

    fn chebyshev(&self, degree: usize) -> Result<DevicePreconditioner<T>, KrylovError> {
        let inverse = self.diagonal_inverse()?;
        let largest = largest_eigenvalue(self.a, self.diagonal);
        // Ã is SAS, whose spectrum is that of D⁻¹A; or factor·A, with D constant and not applied.
        let unit = match (&inverse, self.scaling.is_empty()) {
            (Inverse::Identity, true) => self.factor * self.diagonal.iter().copied().fold(0.0, f64::max),
            _ => 1.0,
        };
        let length = self.operator.ordering().device_len() * self.columns;
        let work = |label| self.gpu.buffer::<T>(label, length);
        Ok(DevicePreconditioner::Chebyshev {
            inverse,
            degree,
            interval: [unit * largest / SPECTRUM_RATIO, unit * largest],
            work: [work("Az")?, work("chebyshev step")?],
        })
    }

    fn multigrid(
        &self,
        settings: Multigrid,
        layout: &mut String,
    ) -> Result<DevicePreconditioner<T>, KrylovError> {
        let mut note = |note: Option<String>| layout.extend(note.map(|note| format!("; {note}")));
        if T::IS_F64 {
            let hierarchy = Hierarchy::<f32>::new(self.gpu, self.a, self.factor, settings, self.columns)?;
            if hierarchy.bears_rounding() {
                note(hierarchy.note());
                return self.rounded(NarrowCycle::Multigrid(hierarchy), layout);
            }
        }
        let hierarchy = Hierarchy::new(self.gpu, self.a, self.factor, settings, self.columns)?;
        note(hierarchy.note());
        Ok(DevicePreconditioner::Multigrid(hierarchy))
    }

    fn additive(&self, layout: &mut String) -> Result<DevicePreconditioner<T>, KrylovError> {
        let is_learned = self.options.preconditioner == Preconditioner::Stencils;
        let learned = self.options.stencils.as_deref().filter(|_| is_learned);
        if is_learned && learned.is_none() {
            return Err(self.options.without_weights());
        }
        if T::IS_F64 {
            let stencils = DeviceStencils::new(self.gpu, self.a, self.factor, learned, self.columns)?;
            return self.rounded(NarrowCycle::Stencils(stencils), layout);
        }
        let stencils = DeviceStencils::new(self.gpu, self.a, self.factor, learned, self.columns)?;
        Ok(DevicePreconditioner::Stencils(stencils))
    }

    fn rounded(
        &self,
        cycle: NarrowCycle,
        layout: &mut String,
    ) -> Result<DevicePreconditioner<T>, KrylovError> {
        layout.push_str("; cycles in f32");
        Ok(DevicePreconditioner::Rounded(RoundedCycle::new(self.gpu, cycle, self.columns)?))
    }

    fn aggregates(&self, settings: Amg, layout: &mut String) -> Result<DevicePreconditioner<T>, KrylovError> {
        let aggregation = self.aggregation()?;
        *layout = format!("{layout}; {aggregation}");
        let hierarchy = amg::Hierarchy::new(self.gpu, &aggregation, self.operator, settings, self.columns)?;
        Ok(DevicePreconditioner::Amg(hierarchy))
    }

    /// The levels of algebraic multigrid for a matrix that is to be scaled by S: those given, or new ones.
    fn aggregation(&self) -> Result<Cow<'_, SmoothedAggregation>, KrylovError> {
        let Some(given) = &self.options.aggregation else {
            let near_null = self.options.near_null.as_deref().cloned();
            return Ok(Cow::Owned(SmoothedAggregation::new(&*self.form.to_csr()?, near_null)?));
        };
        if self.scaling != given.scaling {
            return Err(KrylovError::Setting {
                name: "the set-up of algebraic multigrid",
                value: "for a matrix with another diagonal".to_owned(),
                expected: "made or updated for this matrix",
            });
        }
        Ok(Cow::Borrowed(&**given))
    }

    fn deflated(
        &self,
        inner: DevicePreconditioner<T>,
        space: &Deflation,
        layout: &mut String,
    ) -> Result<DevicePreconditioner<T>, KrylovError> {
        *layout = format!("{layout}; {} vectors deflated", space.rank());
        // Without a preconditioner the mean eigenvalue of the operator is within its spectrum; with one, 1 is.
        let theta = if inner.is_identity() && self.scaling.is_empty() {
            self.factor * self.diagonal.iter().sum::<f64>() / self.a.unknowns().max(1) as f64
        } else {
            1.0
        };
        let deflation = DeviceDeflation::new(
            self.gpu,
            space,
            self.operator.ordering(),
            self.scaling,
            (self.factor, theta),
            self.columns,
        )?;
        Ok(DevicePreconditioner::Deflated { inner: Box::new(inner), deflation })
    }
}
