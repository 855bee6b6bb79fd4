//! What trains the network: the gradient of a loss that needs no solve.

use ansatz_gpu::{Buffer, Gpu, GpuError, Plan, Real};
use ansatz_layers::convolution::Images;

use super::gradient::StencilGradient;
use super::ladder::{Ladder, Sight};
use super::loss::Loss;
use super::network::{Bars, Pass};
use super::{Assemble, StencilNetwork, check_dimensions, images, rounded};
use crate::KrylovError;
use crate::cg::control::Params;
use crate::cg::vector_groups;
use crate::device::DeviceOperator;
use crate::generate::random;
use crate::operator::{Grid, Operator};
use crate::setup::lay_out_plain;

/// The training on one geometry, for some random errors at once.
///
/// ```text
/// e = Σ_l P_l w_l ξ_l            random on every scale, ξ uniform and w uniform in [0, 1) for each level
/// b = A e,  q = M⁻¹b             a residual, and the direction that the cycle gives for it
/// L = 1 − (q·b)²/(q·Aq e·b)      the share of ‖e‖²_A that the best step along q leaves
/// W̄_l = f̄_l f_lᵀ + …             f_l = P_lᵀb, f̄_l = P_lᵀq̄: M⁻¹ is linear in W, and symmetric
/// e ← e − αq                     what the step leaves: some steps on, that is what the cycle does worst at
/// ```
pub struct StencilTraining<T> {
    network: StencilNetwork,
    columns: usize,
    params: Params,
    control: Buffer<T>,
    operator: Box<dyn DeviceOperator<T>>,
    ladder: Ladder<T>,
    levels: Vec<LevelTraining<T>>,
    coefficients: Vec<Buffer<u32>>,
    /// On each level.
    e: Vec<Buffer<T>>,
    f: Vec<Buffer<T>>,
    f_bar: Vec<Buffer<T>>,
    z: Vec<Buffer<T>>,
    aq: Buffer<T>,
    losses: Buffer<T>,
    /// Where ξ is 0, on each level.
    inactive: Vec<Vec<usize>>,
}

/// The network on a level.
struct LevelTraining<T> {
    grid: Grid,
    images: Images,
    x: Buffer<T>,
    s: Buffer<T>,
    hidden: Vec<Buffer<T>>,
    n: Buffer<T>,
    bars: Bars<T>,
}

impl<T: Real> LevelTraining<T> {
    fn new(gpu: &Gpu, network: &StencilNetwork, sight: &Sight) -> Result<Self, GpuError> {
        let images = images(&sight.grid);
        Ok(Self {
            grid: sight.grid,
            images,
            x: gpu.upload("cells", &rounded::<T>(&sight.x))?,
            s: gpu.upload("s", &rounded::<T>(&sight.s))?,
            hidden: network.hidden(gpu, images)?,
            n: gpu.buffer("n", images.len(network.outputs()))?,
            bars: Bars::new(gpu, network, images)?,
        })
    }

    fn pass<'a>(&'a self, network: &'a StencilNetwork, parameters: &'a Buffer<T>) -> Pass<'a, T> {
        let Self { images, x, hidden, n, .. } = self;
        Pass { network, images: *images, parameters, x, hidden, n }
    }
}

impl<T: Real> StencilTraining<T> {
    /// For an operator on a grid, and so many errors at once.
    ///
    /// # Errors
    /// [`KrylovError::Setting`] where the operator has no grid, or one of other dimensions than the network, or one so small that it is
    /// solved directly; memory and limits of the device.
    pub fn new(
        gpu: &Gpu,
        a: &dyn Operator,
        network: StencilNetwork,
        columns: usize,
    ) -> Result<Self, KrylovError> {
        network.check()?;
        if let Some(grid) = a.form().grid() {
            check_dimensions(&network, grid)?;
        }
        let (operator, factor) = lay_out_plain::<T>(gpu, a)?;
        let (ladder, sights) = Ladder::new(gpu, a, factor, "stencils")?;
        if ladder.rungs.is_empty() || columns == 0 {
            return Err(KrylovError::Setting {
                name: "the training",
                value: format!("of {} unknowns and {columns} errors", a.dimension()),
                expected: "of more than 512 cells, padding included, and one error at least: fewer cells are solved directly",
            });
        }
        let smoothed = &sights[..ladder.rungs.len()];
        let levels = smoothed
            .iter()
            .map(|sight| LevelTraining::new(gpu, &network, sight))
            .collect::<Result<Vec<_>, _>>()?;
        let coefficients = smoothed
            .iter()
            .map(|sight| gpu.buffer("stencils", sight.s.len() * network.outputs()))
            .collect::<Result<_, _>>()?;
        let zeros = |s: &[f64]| s.iter().enumerate().filter(|(_, s)| **s == 0.0).map(|(i, _)| i).collect();
        let quads = ladder.cells(0).quads;
        let params = Params::new(quads, columns, vector_groups(gpu, quads), operator.groups(), 1, true);
        let vectors = || ladder.vectors(gpu, 0, columns);
        Ok(Self {
            network,
            columns,
            params,
            control: gpu.buffer("control", params.control_words())?,
            operator,
            levels,
            coefficients,
            e: vectors()?,
            f: vectors()?,
            f_bar: vectors()?,
            z: vectors()?,
            aq: gpu.buffer("Aq", 4 * quads * columns)?,
            losses: gpu.buffer("losses", columns)?,
            inactive: sights.iter().map(|sight| zeros(&sight.s)).collect(),
            ladder,
        })
    }

    /// L for each error, where the plan was run.
    pub fn losses(&self) -> &Buffer<T> {
        &self.losses
    }

    /// Draws new errors, before a plan of [`StencilTraining::record`] is run.
    ///
    /// # Errors
    /// What the device says against it.
    pub fn draw(&self, gpu: &Gpu, seed: u64) -> Result<(), GpuError> {
        let mut counter = 0;
        let mut next = || {
            counter += 1;
            random(seed, counter)
        };
        for (level, (e, inactive)) in self.e.iter().zip(&self.inactive).enumerate() {
            let length = self.ladder.cells(level).length();
            let mut all = Vec::with_capacity(e.len());
            for _ in 0..self.columns {
                let first = all.len();
                let weight = next().abs();
                all.extend((0..length).map(|_| T::from_f64(weight * next())));
                inactive.iter().for_each(|&i| all[first + i] = T::zero());
            }
            gpu.write(e, 0, &all)?;
        }
        Ok(())
    }

    /// Records L and its gradient by the parameters, from the errors that were drawn.
    ///
    /// # Errors
    /// What the device says against it.
    pub fn record(
        &self,
        plan: &mut Plan,
        parameters: &Buffer<T>,
        gradient: &Buffer<T>,
    ) -> Result<(), GpuError> {
        self.ladder.add_up(plan, &self.params, &self.control, &self.e)?;
        self.record_next(plan, parameters, gradient)
    }

    /// Records the same from what the step before has left of the errors.
    ///
    /// # Errors
    /// What the device says against it.
    pub fn record_next(
        &self,
        plan: &mut Plan,
        parameters: &Buffer<T>,
        gradient: &Buffer<T>,
    ) -> Result<(), GpuError> {
        let Self { network, params, control, ladder, .. } = self;
        let (f, f_bar, z): (Vec<_>, Vec<_>, Vec<_>) =
            (self.f.iter().collect(), self.f_bar.iter().collect(), self.z.iter().collect());
        // W of this geometry.
        for (level, coefficients) in self.levels.iter().zip(&self.coefficients) {
            level.pass(network, parameters).record(plan)?;
            Assemble { grid: level.grid, n: &level.n, s: &level.s, coefficients }.record(plan)?;
        }
        // b = A e
        self.operator.record(plan, control, params.shape(), &self.e[0], f[0])?;
        // q = M⁻¹b
        ladder.down(plan, params, control, &f)?;
        ladder.up(plan, params, control, &self.coefficients, [&f, &z])?;
        // L and q̄
        self.operator.record(plan, control, params.shape(), z[0], &self.aq)?;
        let vectors = [f[0], z[0], &self.aq, &self.e[0]];
        Loss { columns: self.columns, vectors, q_bar: f_bar[0], losses: &self.losses }.record(plan)?;
        // n̄ of each level, and the gradient
        ladder.down(plan, params, control, &f_bar)?;
        for (number, level) in self.levels.iter().enumerate() {
            let LevelTraining { grid, s, n, bars, .. } = level;
            let (f, f_bar, n_bar) = (f[number], f_bar[number], &bars.n_bar);
            StencilGradient { grid: *grid, columns: self.columns, n, s, f, f_bar, n_bar }.record(plan)?;
            level.pass(network, parameters).record_gradient(plan, bars, gradient, number > 0)?;
        }
        Ok(())
    }
}
