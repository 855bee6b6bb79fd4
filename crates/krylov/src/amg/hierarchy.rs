//! The levels of smoothed aggregation on a device.

use ansatz_gpu::{Buffer, Gpu, GpuError, Plan, Real};

use super::setup::{Coarser, SmoothedAggregation};
use super::update::{Matrix, slice_height};
use super::{Amg, coarsest};
use crate::KrylovError;
use crate::cg::control::Params;
use crate::device::DeviceOperator;
use crate::multigrid::coarsest::{Coarsest, MOST_CELLS};
use crate::multigrid::cycle::{Levels, Vectors, record};
use crate::multigrid::level::vector;
use crate::multigrid::smoother::{Step, chebyshev};
use crate::multigrid::{Cycle, Smoother};
use crate::operator::{Ordering, SellLayout};

/// A level that is smoothed.
#[derive(Debug)]
struct Storey<T> {
    a: Matrix<T>,
    /// A bound of the spectrum of the operator.
    largest: f64,
    /// The approximation after every other smoothing step, and the residual.
    work: Buffer<T>,
    /// The prolongation from the next level, and its transpose; none where there is no further level.
    transfer: Option<[Matrix<T>; 2]>,
}

/// Algebraic multigrid for one matrix on one device.
#[derive(Debug)]
pub struct Hierarchy<T> {
    settings: Amg,
    storeys: Vec<Storey<T>>,
    /// Right-hand side and approximation of each level but the finest.
    vectors: Vec<[Buffer<T>; 2]>,
    /// The direct solve on the coarsest level, where that is small enough.
    coarsest: Option<Coarsest<T>>,
}

impl<T: Real> Hierarchy<T> {
    /// Lays the levels out, with vectors for so many columns. `finest` is the matrix that they were set up for, scaled to
    /// unit diagonal.
    ///
    /// # Errors
    /// Memory and limits of the device; [`KrylovError::CoarsestLevel`].
    pub fn new(
        gpu: &Gpu,
        aggregation: &SmoothedAggregation,
        finest: &dyn DeviceOperator<T>,
        settings: Amg,
        columns: usize,
    ) -> Result<Self, KrylovError> {
        let mut ordering = finest.ordering().clone();
        let (mut storeys, mut vectors, mut direct) = (Vec::new(), Vec::new(), None);
        for (k, level) in aggregation.levels.iter().enumerate() {
            if k > 0 {
                let vector = |label| vector(gpu, label, &ordering, columns);
                vectors.push([vector("multigrid f")?, vector("multigrid z")?]);
            }
            if level.coarser.is_none() && level.a.rows() <= MOST_CELLS {
                let inverse = coarsest::inverse(&level.a)?;
                direct = Some(Coarsest::from_inverse(gpu, &ordering, &inverse, |_| true)?);
                break;
            }
            let a = match finest.sell().filter(|_| k == 0) {
                Some(arrays) => Matrix::from_arrays(gpu, arrays.clone(), &ordering, &ordering)?,
                None => Matrix::new(gpu, &level.a, &ordering, &ordering)?,
            };
            let work = vector(gpu, "multigrid work", &ordering, columns)?;
            let mut transfer = None;
            if let (Some(Coarser { p, r, .. }), Some(next)) = (&level.coarser, aggregation.levels.get(k + 1))
            {
                let layout = SellLayout { slice_height: slice_height(&next.a)?, ..SellLayout::default() };
                let coarse = Ordering::by_length(&next.a, layout);
                transfer = Some([
                    Matrix::new(gpu, p, &ordering, &coarse)?,
                    Matrix::new(gpu, r, &coarse, &ordering)?,
                ]);
                ordering = coarse;
            }
            storeys.push(Storey { a, largest: level.largest, work, transfer });
        }
        Ok(Self { settings, storeys, vectors, coarsest: direct })
    }

    /// Whether it is the same symmetric operator in every application.
    pub fn is_symmetric(&self) -> bool {
        self.settings.cycle != Cycle::F
    }

    /// Number of levels.
    pub fn levels(&self) -> usize {
        self.vectors.len() + 1
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
        self.settings.cycle
    }

    fn sweeps(&self) -> usize {
        self.settings.sweeps
    }

    fn alternates(&self) -> bool {
        true
    }

    fn smoothed(&self) -> usize {
        self.storeys.len()
    }

    fn vectors(&self, k: usize) -> Option<&[Buffer<T>; 2]> {
        self.vectors.get(k - 1)
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
        Step { k: number, from_zero, .. }: Step,
    ) -> Result<(), GpuError> {
        let Storey { a, largest, .. } = &self.storeys[k];
        // Jacobi's method, damped by 4/3 over the largest eigenvalue, is the first step of Chebyshev's.
        let degree = if self.settings.smoother == Smoother::Chebyshev { number } else { 0 };
        a.step(plan, params, vectors, chebyshev(degree, *largest), from_zero.then_some(number))
    }

    fn residual(
        &self,
        plan: &mut Plan,
        params: &Params,
        k: usize,
        vectors: Vectors<'_, T>,
    ) -> Result<(), GpuError> {
        self.storeys[k].a.residual(plan, params, vectors)
    }

    fn restrict(
        &self,
        plan: &mut Plan,
        params: &Params,
        k: usize,
        buffers: [&Buffer<T>; 3],
    ) -> Result<(), GpuError> {
        match &self.storeys[k].transfer {
            Some([_, r]) => r.multiply(plan, params, buffers, false),
            None => Ok(()),
        }
    }

    fn prolong(
        &self,
        plan: &mut Plan,
        params: &Params,
        k: usize,
        buffers: [&Buffer<T>; 3],
    ) -> Result<(), GpuError> {
        match &self.storeys[k].transfer {
            Some([p, _]) => p.multiply(plan, params, buffers, true),
            None => Ok(()),
        }
    }

    fn solve(&self, plan: &mut Plan, params: &Params, buffers: [&Buffer<T>; 3]) -> Result<(), GpuError> {
        match &self.coarsest {
            Some(coarsest) => coarsest.record(plan, params, buffers),
            None => Ok(()),
        }
    }
}
