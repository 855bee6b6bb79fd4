//! The levels of multigrid on a device, made once for an operator.

use ansatz_gpu::{Buffer, Gpu, GpuError, Plan, Real};

use super::coarsest::Coarsest;
use super::cycle::{Levels, Vectors, record};
use super::descend::descend;
use super::faces::Faces;
use super::level::{Level, vector};
use super::smoother::{Step, residual};
use super::transfer::Interpolation;
use super::{Cycle, Multigrid, Smoother, Transfer};
use crate::KrylovError;
use crate::cg::control::Params;
use crate::device::stencil_links;
use crate::operator::{Form, Operator};

/// A level, its vectors, and the way to the next.
#[derive(Debug)]
pub(super) struct Storey<T> {
    pub level: Level<T>,
    /// Right-hand side and approximation, but for the finest level, which works on the loop's.
    pub vectors: Option<[Buffer<T>; 2]>,
    /// The approximation after every other smoothing step, and the residual.
    pub work: Buffer<T>,
    /// The last step of Chebyshev's iteration.
    pub step: Option<Buffer<T>>,
    /// To the next coarser level.
    pub interpolation: Interpolation,
}

/// Multigrid for one operator on one device.
#[derive(Debug)]
pub struct Hierarchy<T> {
    cycle: Cycle,
    smoother: Smoother,
    sweeps: usize,
    /// The largest jump of the coefficients.
    jump: f64,
    /// All levels but the coarsest, from the finest on.
    pub(super) storeys: Vec<Storey<T>>,
    pub(super) coarsest: Coarsest<T>,
    /// Right-hand side and solution of the coarsest level, where it is not also the finest.
    pub(super) coarsest_vectors: Option<[Buffer<T>; 2]>,
    coarsest_level: Level<T>,
}

/// Coefficients that jump by more than this make a coarse correction that is interpolated linearly a bad one.
const JUMP: f64 = 4.0;

/// A cycle in f32 is as good as one in f64 up to this jump; at 10⁶ it costs a fourth more iterations.
const ROUNDED_JUMP: f64 = 1e4;

/// What was chosen for an operator.
#[derive(Debug, Clone, Copy)]
struct Choice {
    /// The largest jump of the coefficients.
    jump: f64,
    cycle: Cycle,
    transfer: Transfer,
}

impl Choice {
    fn new(settings: Multigrid, finest: &dyn Faces) -> Self {
        let jump = finest.largest_jump();
        let usual =
            if jump > JUMP { (Cycle::W, Transfer::Constant) } else { (Cycle::V, Transfer::Trilinear) };
        let (cycle, transfer) = (settings.cycle.unwrap_or(usual.0), settings.transfer.unwrap_or(usual.1));
        Self { jump, cycle, transfer }
    }
}

impl<T: Real> Hierarchy<T> {
    /// Makes the levels for `factor` times an operator on a grid, and their vectors for so many columns.
    ///
    /// # Errors
    /// [`KrylovError::Setting`] where the operator has no grid; memory and limits of the device.
    pub fn new(
        gpu: &Gpu,
        operator: &dyn Operator,
        factor: f64,
        settings: Multigrid,
        columns: usize,
    ) -> Result<Self, KrylovError> {
        let constant = match operator.form() {
            Form::Stencil(stencil) => Some(stencil),
            Form::Variable(_) | Form::Csr(_) => None,
        };
        let mut storeys: Vec<Storey<T>> = Vec::new();
        let (mut choice, mut last) = (None, None);
        descend(operator, &settings.to_string(), |faces, next| {
            let Choice { transfer, .. } = *choice.get_or_insert_with(|| Choice::new(settings, faces));
            let ordering = faces.grid().ordering();
            let vector = |label| vector(gpu, label, &ordering, columns);
            let vectors = match storeys.is_empty() {
                true => None,
                false => Some([vector("multigrid f")?, vector("multigrid z")?]),
            };
            let level = match (constant, storeys.is_empty()) {
                (Some(stencil), true) => {
                    let links = stencil_links(stencil, &ordering, [0, 1, 2]);
                    Level::from_links(gpu, faces, &links, stencil.weights().map(|weight| weight * factor))?
                }
                _ => Level::from_faces(gpu, faces, factor)?,
            };
            let Some((coarse, halved)) = next else {
                last = Some((level, vectors, Coarsest::new(gpu, faces, factor)?));
                return Ok(());
            };
            let interpolation = Interpolation::new(gpu, transfer, faces, coarse, halved)?;
            let step = match settings.smoother {
                Smoother::Chebyshev => Some(vector("multigrid step")?),
                Smoother::Jacobi | Smoother::RedBlack => None,
            };
            storeys.push(Storey { level, vectors, work: vector("multigrid work")?, step, interpolation });
            Ok(())
        })?;
        let (Some((coarsest_level, coarsest_vectors, coarsest)), Some(Choice { jump, cycle, .. })) =
            (last, choice)
        else {
            return Err(KrylovError::CoarsestLevel);
        };
        let Multigrid { smoother, sweeps, .. } = settings;
        Ok(Self { cycle, smoother, sweeps, jump, storeys, coarsest, coarsest_vectors, coarsest_level })
    }

    /// The level with number `k`, from the finest (0) on.
    pub(super) fn level(&self, k: usize) -> &Level<T> {
        self.storeys.get(k).map_or(&self.coarsest_level, |storey| &storey.level)
    }

    /// Scalars of a vector of the finest level, on the device.
    pub fn length(&self) -> usize {
        self.level(0).cells.length()
    }

    /// What was chosen for the operator, where its coefficients jump.
    pub fn note(&self) -> Option<String> {
        (self.jump > JUMP).then(|| format!("coefficients jump by {:.1e}: {} cycles", self.jump, self.cycle))
    }

    /// Whether cycles in f32 serve solves in f64 as well.
    pub fn bears_rounding(&self) -> bool {
        self.jump <= ROUNDED_JUMP
    }

    /// Number of levels.
    pub fn levels(&self) -> usize {
        self.storeys.len() + 1
    }

    /// Whether it is the same symmetric operator in every application.
    pub fn is_symmetric(&self) -> bool {
        self.cycle != Cycle::F
    }

    /// Records z = M⁻¹r.
    ///
    /// # Errors
    /// What the device says against it.
    pub fn record(
        &self,
        plan: &mut Plan,
        params: &Params,
        control: &Buffer<T>,
        r: &Buffer<T>,
        z: &Buffer<T>,
    ) -> Result<(), GpuError> {
        record(self, plan, params, [control, r, z])
    }
}

impl<T: Real> Levels<T> for Hierarchy<T> {
    fn cycle(&self) -> Cycle {
        self.cycle
    }

    fn sweeps(&self) -> usize {
        self.sweeps
    }

    fn alternates(&self) -> bool {
        self.smoother.alternates()
    }

    fn smoothed(&self) -> usize {
        self.storeys.len()
    }

    fn vectors(&self, k: usize) -> Option<&[Buffer<T>; 2]> {
        self.storeys.get(k).map_or(self.coarsest_vectors.as_ref(), |storey| storey.vectors.as_ref())
    }

    fn work(&self, k: usize) -> &Buffer<T> {
        &self.storeys[k].work
    }

    fn smooth(
        &self,
        plan: &mut Plan,
        params: &Params,
        k: usize,
        vectors: Vectors<'_, T>,
        step: Step,
    ) -> Result<(), GpuError> {
        let Storey { level, step: last_step, .. } = &self.storeys[k];
        let (smoother, params) = (self.smoother, level.params(params));
        smoother.record(plan, level, params, vectors, last_step.as_ref(), step)
    }

    fn residual(
        &self,
        plan: &mut Plan,
        params: &Params,
        k: usize,
        vectors: Vectors<'_, T>,
    ) -> Result<(), GpuError> {
        let level = self.level(k);
        residual(plan, level, level.params(params), vectors)
    }

    fn restrict(
        &self,
        plan: &mut Plan,
        params: &Params,
        k: usize,
        buffers: [&Buffer<T>; 3],
    ) -> Result<(), GpuError> {
        let cells = [self.level(k).cells, self.level(k + 1).cells];
        self.storeys[k].interpolation.restrict(plan, params, cells, buffers, None)
    }

    fn prolong(
        &self,
        plan: &mut Plan,
        params: &Params,
        k: usize,
        buffers: [&Buffer<T>; 3],
    ) -> Result<(), GpuError> {
        self.storeys[k].interpolation.prolong(
            plan,
            params,
            [self.level(k).cells, self.level(k + 1).cells],
            buffers,
        )
    }

    fn solve(&self, plan: &mut Plan, params: &Params, buffers: [&Buffer<T>; 3]) -> Result<(), GpuError> {
        self.coarsest.record(plan, params, buffers)
    }
}
