//! Preconditioners.

use ansatz_gpu::{Args, Buffer, Gpu, GpuError, Launch, Plan, Real};
use faer::prelude::Solve;
use rayon::prelude::*;

use crate::KrylovError;
use crate::amg::{self, Amg};
use crate::cg::control::{Params, Status};
use crate::cg::inverse::{Inverse, Kind};
use crate::cg::{quad, stream_lanes};
use crate::deflation::DeviceDeflation;
use crate::device::DeviceOperator;
use crate::learned::DeviceDirections;
use crate::multigrid::{Hierarchy, Multigrid};
use crate::operator::Ordering;
use crate::stencils::DeviceStencils;
use crate::steps::Apply;

/// Which preconditioner to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Preconditioner {
    /// M = I.
    None,
    /// The diagonal of A.
    #[default]
    Jacobi,
    /// The diagonal blocks of A, of `size` consecutive unknowns each (along x on a grid).
    BlockJacobi {
        /// Unknowns per block: 2 or 4, what fits the kernels' groups of four.
        size: usize,
    },
    /// A Chebyshev polynomial in D⁻¹A that damps the upper 29/30 of its spectrum, with D the diagonal of A.
    Chebyshev {
        /// Number of steps, at least 1; each but the first multiplies by A.
        degree: usize,
    },
    /// A cycle of geometric multigrid, for stencils on grids.
    Multigrid(Multigrid),
    /// The network of [`SolveOptions::directions`](crate::SolveOptions::directions), for stencils on grids; best with the method
    /// [`Directions`](crate::Method::Directions).
    Network,
    /// A cycle of algebraic multigrid, for matrices; a stencil is made one.
    Amg(Amg),
    /// An additive cycle with Jacobi's scaling on every level (Bramble, Pasciak & Xu, Math. Comput. 55, 1990), for stencils on grids.
    Additive,
    /// The same with the learned stencils of [`SolveOptions::stencils`](crate::SolveOptions::stencils) in place of Jacobi's scaling.
    Stencils,
}

impl std::fmt::Display for Preconditioner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Jacobi => f.write_str("jacobi"),
            Self::BlockJacobi { size } => write!(f, "block-jacobi:{size}"),
            Self::Chebyshev { degree } => write!(f, "chebyshev:{degree}"),
            Self::Multigrid(multigrid) => multigrid.fmt(f),
            Self::Network => f.write_str("network"),
            Self::Amg(amg) => amg.fmt(f),
            Self::Additive => f.write_str("additive"),
            Self::Stencils => f.write_str("stencils"),
        }
    }
}

impl std::str::FromStr for Preconditioner {
    type Err = String;

    /// `none`, `jacobi`, `block-jacobi[:2|4]` (4 if not given), `chebyshev[:DEGREE]` (4 if not given), `additive`, `network`,
    /// `stencils`, or multigrid and amg as [`Multigrid`] and [`Amg`] read them.
    fn from_str(text: &str) -> Result<Self, String> {
        match text.split(':').next() {
            Some("multigrid") => return text.parse().map(Self::Multigrid),
            Some("amg") => return text.parse().map(Self::Amg),
            _ => {}
        }
        let (name, number) = match text.split_once(':') {
            Some((name, number)) => match number.parse::<usize>() {
                Ok(number) => (name, Some(number)),
                Err(_) => return Err(format!("`{number}` in `{text}` is not a whole number")),
            },
            None => (text, None),
        };
        match (name, number) {
            ("none", None) => Ok(Self::None),
            ("network", None) => Ok(Self::Network),
            ("jacobi", None) => Ok(Self::Jacobi),
            ("additive", None) => Ok(Self::Additive),
            ("stencils", None) => Ok(Self::Stencils),
            ("block-jacobi", size @ (None | Some(2 | 4))) => {
                Ok(Self::BlockJacobi { size: size.unwrap_or(4) })
            }
            ("block-jacobi", Some(size)) => Err(format!("block size {size} is neither 2 nor 4")),
            ("chebyshev", degree @ (None | Some(1..=64))) => {
                Ok(Self::Chebyshev { degree: degree.unwrap_or(4) })
            }
            ("chebyshev", Some(degree)) => Err(format!("degree {degree} is not between 1 and 64")),
            _ => Err(format!(
                "`{text}` is none of none, jacobi, block-jacobi[:2|4], chebyshev[:1-64], multigrid, amg, additive, network, stencils"
            )),
        }
    }
}

/// A preconditioner on the device.
#[derive(Debug)]
pub enum DevicePreconditioner<T> {
    /// Applied by the kernels of the loop.
    Fused(Inverse<T>),
    /// Chebyshev steps with D⁻¹ and the bounds of the spectrum of D⁻¹A.
    Chebyshev {
        /// D⁻¹ where D is not the identity.
        inverse: Inverse<T>,
        /// Number of steps.
        degree: usize,
        /// Lower and upper end of the interval that is damped.
        interval: [f64; 2],
        /// The product Az and the step d.
        work: [Buffer<T>; 2],
    },
    /// Cycles over coarser grids.
    Multigrid(Hierarchy<T>),
    /// Cycles over aggregates.
    Amg(amg::Hierarchy<T>),
    /// A trained network.
    Network(DeviceDirections<T>),
    /// An additive cycle over coarser grids.
    Stencils(DeviceStencils<T>),
    /// Another one, after which the part in a space is corrected.
    Deflated {
        /// That other one.
        inner: Box<Self>,
        /// The space.
        deflation: DeviceDeflation<T>,
    },
}

impl<T: Real> DevicePreconditioner<T> {
    /// Whether it has launches of its own.
    pub fn is_general(&self) -> bool {
        !matches!(self, Self::Fused(_))
    }

    /// Whether it is a cycle over coarser levels, or a network: some dozens of launches.
    pub fn is_cycle(&self) -> bool {
        match self {
            Self::Deflated { inner, .. } => inner.is_cycle(),
            other => !matches!(other, Self::Fused(_) | Self::Chebyshev { .. }),
        }
    }

    /// Whether it may give any direction whatever.
    pub fn is_learned(&self) -> bool {
        matches!(self, Self::Network(_))
    }

    /// Whether there is none, M = I.
    pub fn is_identity(&self) -> bool {
        matches!(self, Self::Fused(Inverse::Identity))
    }

    /// Whether it is a fixed symmetric operator: otherwise the loop has to take flexible directions.
    pub fn is_symmetric(&self) -> bool {
        match self {
            Self::Fused(_) | Self::Chebyshev { .. } | Self::Stencils(_) => true,
            Self::Multigrid(hierarchy) => hierarchy.is_symmetric(),
            Self::Amg(hierarchy) => hierarchy.is_symmetric(),
            Self::Network(_) => false,
            // As long as r has no part in the space.
            Self::Deflated { inner, .. } => inner.is_symmetric(),
        }
    }

    /// The part that is diagonal or blocks.
    pub fn inverse(&self) -> Option<&Inverse<T>> {
        match self {
            Self::Fused(inverse) | Self::Chebyshev { inverse, .. } => Some(inverse),
            _ => None,
        }
    }

    /// Records z = M⁻¹r; nothing where M = I.
    ///
    /// # Errors
    /// What the device says against it.
    pub fn record(
        &self,
        plan: &mut Plan,
        operator: &dyn DeviceOperator<T>,
        params: &Params,
        control: &Buffer<T>,
        r: &Buffer<T>,
        z: &Buffer<T>,
    ) -> Result<(), GpuError> {
        let (inverse, degree, [low, high], [product, step]) = match self {
            Self::Fused(inverse) => {
                return Apply { params: *params, control, inverse, r, z }.record(plan);
            }
            Self::Multigrid(hierarchy) => return hierarchy.record(plan, params, control, r, z),
            Self::Amg(hierarchy) => return hierarchy.record(plan, params, control, r, z),
            Self::Network(network) => return network.record(plan, params, control, r, z),
            Self::Stencils(stencils) => return stencils.record(plan, params, control, r, z),
            Self::Deflated { inner, deflation } => {
                inner.record(plan, operator, params, control, r, z)?;
                return deflation.record(plan, params, control, [r, z], inner.is_identity());
            }
            Self::Chebyshev { inverse, degree, interval, work } => (inverse, degree, interval, work),
        };
        // θ and δ: centre and half-width of the interval; σ = θ/δ; ρ₁ = 1/σ, ρₖ₊₁ = 1/(2σ − ρₖ)
        let (theta, delta) = ((high + low) / 2.0, (high - low) / 2.0);
        let sigma = theta / delta;
        let mut rho = 1.0 / sigma;
        let mut chebyshev = ChebyshevParams {
            quads: params.quads,
            stride4: params.stride4,
            columns: params.columns,
            groups: params.groups,
            control_stride: params.control_stride,
            first: 1,
            c1: 0.0,
            c2: (1.0 / theta) as f32,
        };
        let unknowns = 4 * u64::from(params.quads) * u64::from(params.columns);
        let bytes = (6 + inverse.reals()) * size_of::<T>() as u64 * unknowns;
        let kind = inverse.kind();
        for k in 0..*degree {
            if k > 0 {
                operator.record(plan, control, params.shape(), z, product)?;
                let next = 1.0 / (2.0 * sigma - rho);
                chebyshev = ChebyshevParams {
                    first: 0,
                    c1: (next * rho) as f32,
                    c2: (2.0 * next / delta) as f32,
                    ..chebyshev
                };
                rho = next;
            }
            let launch =
                Launch::new(&ansatz_shaders::krylov::CHEBYSHEV, move |args| chebyshev_twin::<T>(args, kind))
                    .real::<T>()
                    .constant("LANES", stream_lanes(plan.gpu()))
                    .params(&chebyshev)
                    .bind(control)
                    .bind(r)
                    .bind(product)
                    .bind(step)
                    .bind(z)
                    .workgroups(u64::from(params.groups) * u64::from(params.columns))
                    .cost(bytes, (5 + inverse.flops()) * unknowns);
            plan.launch(inverse.bind(launch))?;
        }
        Ok(())
    }
}

#[repr(C)]
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct ChebyshevParams {
    quads: u32,
    stride4: u32,
    columns: u32,
    groups: u32,
    control_stride: u32,
    first: u32,
    c1: f32,
    c2: f32,
}

fn chebyshev_twin<T: Real>(args: &Args, kind: Kind) {
    let params: ChebyshevParams = args.params();
    let (control, r, t) = (args.read::<T>(1), args.read::<T>(2), args.read::<T>(3));
    let (mut d, mut z) = (args.write::<T>(4), args.write::<T>(5));
    let inverse = (kind != Kind::Identity).then(|| args.read::<T>(6));
    let inverse: &[T] = inverse.as_deref().unwrap_or(&[]);
    let (c1, c2) = (T::from_f64(f64::from(params.c1)), T::from_f64(f64::from(params.c2)));
    let first = params.first != 0;
    for column in 0..params.columns as usize {
        if Status::from_word(control[column * params.control_stride as usize]) != Status::Running {
            continue;
        }
        let begin = 4 * column * params.stride4 as usize;
        let unknowns = begin..begin + 4 * params.quads as usize;
        let (r, t) = (&r[unknowns.clone()], &t[unknowns.clone()]);
        let steps = d[unknowns.clone()].par_chunks_mut(4).zip(z[unknowns].par_chunks_mut(4));
        steps.with_min_len(1024).enumerate().for_each(|(q, (d, z))| {
            let (r, t) = (quad(r, q), quad(t, q));
            let residual = std::array::from_fn(|i| if first { c2 * r[i] } else { c2 * (r[i] - t[i]) });
            for (i, step) in kind.apply(inverse, q, residual).into_iter().enumerate() {
                d[i] = if first { step } else { step + c1 * d[i] };
                z[i] = if first { d[i] } else { z[i] + d[i] };
            }
        });
    }
}

/// The inverses of the diagonal blocks of `size` unknowns on the device, as 4×4 matrices, from the entries `a(i, j)` of the
/// matrix; padding and inactive unknowns get a zero row.
///
/// # Errors
/// [`KrylovError::IndefiniteBlock`] where a block is not positive definite.
pub(crate) fn block_inverses<T: Real>(
    gpu: &Gpu,
    ordering: &Ordering,
    size: usize,
    active: impl Fn(usize) -> bool,
    entry: impl Fn(usize, usize) -> f64 + Sync,
) -> Result<Inverse<T>, KrylovError> {
    const PADDING: usize = usize::MAX;
    let mut natural = vec![PADDING; ordering.device_len()];
    for i in (0..ordering.natural_len()).filter(|&i| active(i)) {
        natural[ordering.to_device(i)] = i;
    }
    let blocks: Vec<[T; 16]> = natural
        .par_chunks(4)
        .map(|rows| {
            let block = faer::Mat::from_fn(4, 4, |i, j| match (rows[i], rows[j]) {
                (PADDING, _) | (_, PADDING) => f64::from(u8::from(i == j)),
                (row, column) if i / size == j / size => entry(row, column),
                _ => 0.0,
            });
            let first = rows.iter().copied().find(|&row| row != PADDING).unwrap_or(0);
            let factor = block.llt(faer::Side::Lower).map_err(|_| KrylovError::IndefiniteBlock { first })?;
            let inverse = factor.solve(faer::Mat::<f64>::identity(4, 4));
            Ok(std::array::from_fn(|k| {
                let (i, j) = (k % 4, k / 4);
                let padding = rows[i] == PADDING || rows[j] == PADDING;
                T::from_f64(if padding { 0.0 } else { inverse[(i, j)] })
            }))
        })
        .collect::<Result<_, KrylovError>>()?;
    Ok(Inverse::Blocks(gpu.upload("inverse blocks", bytemuck::cast_slice(&blocks))?))
}
