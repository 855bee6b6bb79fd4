//! The levels of multigrid on a device, made once for an operator.

use ansatz_gpu::{Buffer, Gpu, GpuError, Plan, Real};

use super::coarsest::{Coarsest, MOST_CELLS};
use super::cycle::{Levels, Vectors, record};
use super::faces::{CoarseFaces, Faces, VariableFaces, axes_to_halve, coarse_distance, coarsen};
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

/// An operator on its way from the finest to the coarsest.
enum Current<'a> {
    Finest(Box<dyn Faces + 'a>),
    Coarse(CoarseFaces),
}

impl Current<'_> {
    fn faces(&self) -> &dyn Faces {
        match self {
            Self::Finest(faces) => &**faces,
            Self::Coarse(faces) => faces,
        }
    }
}

/// Coefficients that jump by more than this make a coarse correction that is interpolated linearly a bad one.
const JUMP: f64 = 4.0;

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
        let (finest, constant): (Box<dyn Faces>, _) = match operator.form() {
            Form::Stencil(stencil) => (Box::new(stencil.clone()), Some(stencil)),
            Form::Variable(stencil) => (Box::new(VariableFaces::new(stencil)), None),
            Form::Csr(_) => {
                return Err(KrylovError::Setting {
                    name: "the preconditioner",
                    value: settings.to_string(),
                    expected: "another one for a matrix: geometric multigrid needs the grid of a stencil",
                });
            }
        };
        let jump = finest.largest_jump();
        let usual =
            if jump > JUMP { (Cycle::W, Transfer::Constant) } else { (Cycle::V, Transfer::Trilinear) };
        let (cycle, transfer) = (settings.cycle.unwrap_or(usual.0), settings.transfer.unwrap_or(usual.1));
        let mut current = Current::Finest(finest);
        let mut distance = [1.0; 3];
        let mut storeys: Vec<Storey<T>> = Vec::new();
        loop {
            let faces = current.faces();
            let ordering = faces.grid().ordering();
            let vectors = if storeys.is_empty() {
                None
            } else {
                Some([
                    vector(gpu, "multigrid f", &ordering, columns)?,
                    vector(gpu, "multigrid z", &ordering, columns)?,
                ])
            };
            let level = match (constant, storeys.is_empty()) {
                (Some(stencil), true) => {
                    let links = stencil_links(stencil, &ordering, [0, 1, 2]);
                    Level::from_links(gpu, faces, &links, stencil.weights().map(|weight| weight * factor))?
                }
                _ => Level::from_faces(gpu, faces, factor)?,
            };
            let halved = axes_to_halve(faces);
            if ordering.device_len() <= MOST_CELLS || halved == [false; 3] {
                let coarsest = Coarsest::new(gpu, faces, factor)?;
                return Ok(Self {
                    cycle,
                    smoother: settings.smoother,
                    sweeps: settings.sweeps,
                    jump,
                    storeys,
                    coarsest,
                    coarsest_vectors: vectors,
                    coarsest_level: level,
                });
            }
            let coarse = coarsen(faces, halved, distance)?;
            let interpolation = Interpolation::new(gpu, transfer, faces, &coarse, halved)?;
            let step = match settings.smoother {
                Smoother::Chebyshev => Some(vector(gpu, "multigrid step", &ordering, columns)?),
                Smoother::Jacobi | Smoother::RedBlack => None,
            };
            let work = vector(gpu, "multigrid work", &ordering, columns)?;
            storeys.push(Storey { level, vectors, work, step, interpolation });
            distance = coarse_distance(halved, distance);
            current = Current::Coarse(coarse);
        }
    }

    /// The level with number `k`, from the finest (0) on.
    pub(super) fn level(&self, k: usize) -> &Level<T> {
        self.storeys.get(k).map_or(&self.coarsest_level, |storey| &storey.level)
    }

    /// Scalars of a vector of the finest level, on the device.
    pub fn length(&self) -> usize {
        self.level(0).length()
    }

    /// What was chosen for the operator, where its coefficients jump.
    pub fn note(&self) -> Option<String> {
        (self.jump > JUMP).then(|| format!("coefficients jump by {:.1e}: {} cycles", self.jump, self.cycle))
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
        self.storeys[k].interpolation.restrict(plan, params, [self.level(k), self.level(k + 1)], buffers)
    }

    fn prolong(
        &self,
        plan: &mut Plan,
        params: &Params,
        k: usize,
        buffers: [&Buffer<T>; 3],
    ) -> Result<(), GpuError> {
        self.storeys[k].interpolation.prolong(plan, params, [self.level(k), self.level(k + 1)], buffers)
    }

    fn solve(&self, plan: &mut Plan, params: &Params, buffers: [&Buffer<T>; 3]) -> Result<(), GpuError> {
        self.coarsest.record(plan, params, buffers)
    }
}
