//! Learned stencils: an additive cycle over coarser and coarser grids, whose stencils a network makes from the cells alone.
//!
//! ```text
//! M⁻¹ = Σ_l P_l W_l P_lᵀ + P_L A_L⁻¹ P_Lᵀ      P_l from level l to the finest: products of linear interpolation
//! W_l = S (G + Σ |n_t| (e_p + sign n_t e_q)(e_p + sign n_t e_q)ᵀ) S = BᵀB,   S = D^(−½),   G = κ + (1 − κ)(1 + n₀)²
//! ```
//!
//! With n = 0 that is the cycle of Bramble, Pasciak and Xu (Math. Comput. 55, 1990) with Jacobi's scaling. n comes from convolutions of
//! images of the couplings between cells, which walls, air and obstacles decide, on each level (compare Lan et al., ICML 2024,
//! arXiv 2310.00177): once for a geometry, however many right-hand sides it has. Whatever n is, M⁻¹ is linear, symmetric and positive
//! definite, so that plain conjugate gradients may use it. An application reads 20 bytes of coefficients per cell and level, or 56 in space:
//! they are cut to 16 bits, alike from both ends of an edge.
//!
//! [`StencilTraining`] records the gradient that trains the network, without a solve.

mod apply;
mod assemble;
mod gradient;
mod ladder;
mod loss;
mod network;
mod shape;
mod training;

pub use assemble::Assemble;
pub use gradient::StencilGradient;
pub use loss::Loss;
pub use network::StencilNetwork;
pub use training::StencilTraining;

use ansatz_gpu::{Buffer, Gpu, GpuError, Plan, Real};
use ansatz_layers::convolution::Images;

use crate::KrylovError;
use crate::cg::control::Params;
use crate::learned::check_parameters;
use crate::operator::{Grid, Operator};
use ladder::{Ladder, Sight};
use network::Pass;

/// A network with its parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct LearnedStencils {
    network: StencilNetwork,
    parameters: Vec<f64>,
}

impl LearnedStencils {
    /// A network whose parameters lie as [`StencilNetwork::convolutions`] says.
    ///
    /// # Errors
    /// [`KrylovError::Setting`] where the shape is out of range, or there are too few or too many parameters. What is not finite is
    /// allowed: a solve says so.
    pub fn new(network: StencilNetwork, parameters: Vec<f64>) -> Result<Self, KrylovError> {
        network.check()?;
        check_parameters(&parameters, network.numbers())?;
        Ok(Self { network, parameters })
    }

    /// The shape.
    pub fn network(&self) -> &StencilNetwork {
        &self.network
    }

    /// The parameters.
    pub fn parameters(&self) -> &[f64] {
        &self.parameters
    }
}

/// The cycle on a device, for the columns of a loop.
#[derive(Debug)]
pub struct DeviceStencils<T> {
    ladder: Ladder<T>,
    coefficients: Vec<Buffer<u32>>,
    /// f and z on each level but the finest, which works on the loop's.
    vectors: [Vec<Buffer<T>>; 2],
}

impl<T: Real> DeviceStencils<T> {
    /// For `factor` times an operator on a grid. Without a network the cycle has Jacobi's scaling.
    ///
    /// # Errors
    /// [`KrylovError::Setting`] where the operator has no grid, or one of other dimensions than the network; memory and limits of the
    /// device.
    pub fn new(
        gpu: &Gpu,
        operator: &dyn Operator,
        factor: f64,
        learned: Option<&LearnedStencils>,
        columns: usize,
    ) -> Result<Self, KrylovError> {
        if let (Some(learned), Some(grid)) = (learned, operator.form().grid()) {
            check_dimensions(&learned.network, grid)?;
        }
        let name = if learned.is_some() { "stencils" } else { "additive" };
        let (ladder, sights) = Ladder::new(gpu, operator, factor, name)?;
        let sights = &sights[..ladder.rungs.len()];
        let coefficients = match learned {
            Some(learned) => learned_coefficients(gpu, sights, learned)?,
            None => sights.iter().map(|sight| jacobi(gpu, sight)).collect::<Result<_, _>>()?,
        };
        let vectors = [ladder.vectors(gpu, 1, columns)?, ladder.vectors(gpu, 1, columns)?];
        Ok(Self { ladder, coefficients, vectors })
    }

    /// Scalars of a vector of the finest level, on the device.
    pub fn length(&self) -> usize {
        self.ladder.cells(0).length()
    }

    /// Number of levels.
    pub fn levels(&self) -> usize {
        self.ladder.rungs.len() + 1
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
        let [f, coarse_z] = &self.vectors;
        let f: Vec<&Buffer<T>> = std::iter::once(r).chain(f).collect();
        let z: Vec<&Buffer<T>> = std::iter::once(z).chain(coarse_z).collect();
        self.ladder.down(plan, params, control, &f)?;
        self.ladder.up(plan, params, control, &self.coefficients, [&f, &z])
    }
}

/// W = D⁻¹.
fn jacobi(gpu: &Gpu, sight: &Sight) -> Result<Buffer<u32>, GpuError> {
    let squares: Vec<u32> = sight.s.iter().map(|s| ((s * s) as f32).to_bits()).collect();
    gpu.upload("stencils", &squares)
}

/// Runs the network on each level.
fn learned_coefficients(
    gpu: &Gpu,
    sights: &[Sight],
    learned: &LearnedStencils,
) -> Result<Vec<Buffer<u32>>, GpuError> {
    let network = &learned.network;
    let parameters = gpu.upload("network", &rounded::<f32>(&learned.parameters))?;
    let mut all = Vec::with_capacity(sights.len());
    for Sight { grid, x, s } in sights {
        let images = images(grid);
        let (x, s) = (gpu.upload("cells", &rounded::<f32>(x))?, gpu.upload("s", &rounded::<f32>(s))?);
        let (hidden, n) =
            (network.hidden::<f32>(gpu, images)?, gpu.buffer("n", images.len(network.outputs()))?);
        let coefficients = gpu.buffer("stencils", s.len() * network.outputs())?;
        let mut plan = Plan::new(gpu, "stencils");
        Pass { network, images, parameters: &parameters, x: &x, hidden: &hidden, n: &n }.record(&mut plan)?;
        Assemble { grid: *grid, n: &n, s: &s, coefficients: &coefficients }.record(&mut plan)?;
        plan.run()?;
        all.push(coefficients);
    }
    Ok(all)
}

fn images(grid: &Grid) -> Images {
    Images { extents: grid.extents(), count: 1 }
}

fn rounded<T: Real>(numbers: &[f64]) -> Vec<T> {
    numbers.iter().map(|&number| T::from_f64(number)).collect()
}

fn check_dimensions(network: &StencilNetwork, grid: &Grid) -> Result<(), KrylovError> {
    let flat = grid.extents()[2] == 1;
    if flat == (network.dimensions == 2) {
        return Ok(());
    }
    Err(KrylovError::Setting {
        name: "the preconditioner",
        value: format!("stencils of a network for {} dimensions", network.dimensions),
        expected: if flat { "one for 2 dimensions" } else { "one for 3 dimensions" },
    })
}

/// Whether lengths are as a kernel needs them.
fn check<const N: usize>(
    kernel: &str,
    names: &str,
    found: [usize; N],
    expected: [usize; N],
) -> Result<(), GpuError> {
    if found == expected {
        return Ok(());
    }
    let message = format!("{names} have {found:?} numbers; they must have {expected:?}");
    Err(GpuError::Misuse { what: kernel.to_owned(), message })
}
