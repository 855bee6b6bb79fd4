//! The tilings of a product.

use std::fmt;

use ansatz_gpu::Gpu;
use ansatz_shaders::Kernel;
use ansatz_shaders::linalg::{GEMM_REGISTER, GEMM_SHARED, GEMM_TILED};

/// How a product is cut into tiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Tiling {
    /// 16 by 16 elements of C per invocation, in registers: `linalg/gemm_register`.
    Register {
        /// Invocations per workgroup, one below the other.
        lanes: u32,
    },
    /// 8 by 32 elements of C per invocation, in registers; eight of them share op(B): `linalg/gemm_shared`.
    Shared,
    /// 64 by 64 elements of C per workgroup, 8 by 8 per invocation, by way of workgroup memory: `linalg/gemm_tiled`.
    Tiled,
}

impl Tiling {
    /// Those that a device is tried in: one for each kernel.
    pub fn all(gpu: &Gpu) -> Vec<Self> {
        // A software adapter's subgroup is one vector of the processor; a GPU's wants to be full.
        let lanes = if gpu.is_software() { 8 } else { 32 };
        vec![Self::Shared, Self::Register { lanes }, Self::Tiled]
    }

    /// What suits devices of this kind.
    pub fn usual(gpu: &Gpu) -> Self {
        match gpu.summary().kind {
            // Workgroup memory is memory as any other there. Without subgroups, sharing takes barriers, which are slow.
            "software" if shares_in_subgroups(gpu) => Self::Shared,
            "software" => Self::Register { lanes: 8 },
            _ => Self::Tiled,
        }
    }

    /// Whether a device can run it.
    pub(super) fn runs_on(self, gpu: &Gpu) -> bool {
        let invocations = match self {
            Self::Register { lanes } => lanes,
            Self::Shared => LEAST_SUBGROUP,
            Self::Tiled => 64,
        };
        (1..=gpu.capabilities().workgroup_invocations).contains(&invocations)
    }

    /// The kernel.
    pub(super) fn kernel(self) -> &'static Kernel {
        match self {
            Self::Register { .. } => &GEMM_REGISTER,
            Self::Shared => &GEMM_SHARED,
            Self::Tiled => &GEMM_TILED,
        }
    }

    /// Rows and columns of C per workgroup.
    pub(super) fn tile(self) -> [usize; 2] {
        match self {
            Self::Register { lanes } => [16 * lanes as usize, 16],
            Self::Shared => [64, 32],
            Self::Tiled => [64, 64],
        }
    }

    /// The constant LANES, where the kernel has it.
    pub(super) fn lanes(self) -> Option<u32> {
        match self {
            Self::Register { lanes } => Some(lanes),
            Self::Shared | Self::Tiled => None,
        }
    }
}

/// Invocations that share op(B) in [`Tiling::Shared`].
pub(super) const LEAST_SUBGROUP: u32 = 8;

fn shares_in_subgroups(gpu: &Gpu) -> bool {
    let least = gpu.summary().subgroups.map_or(0, |(least, _)| least);
    gpu.capabilities().subgroups && least >= LEAST_SUBGROUP
}

impl fmt::Display for Tiling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Register { lanes } => write!(f, "register {lanes}"),
            Self::Shared => f.write_str("shared"),
            Self::Tiled => f.write_str("tiled"),
        }
    }
}
