//! The tilings of a product.

use ansatz_gpu::Gpu;
use ansatz_shaders::Kernel;

/// How a product is cut into tiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Tiling {
    /// 16 by 16 elements of C per invocation, in registers: `linalg/gemm_register`.
    Register {
        /// Invocations per workgroup, one below the other.
        lanes: u32,
    },
}

impl Tiling {
    /// What suits devices of this kind.
    pub fn of(_gpu: &Gpu) -> Self {
        Self::Register { lanes: 8 }
    }

    /// Those that can run on a device.
    pub fn all(_gpu: &Gpu) -> Vec<Self> {
        vec![Self::Register { lanes: 8 }, Self::Register { lanes: 32 }]
    }

    /// The kernel.
    pub(super) fn kernel(self) -> &'static Kernel {
        match self {
            Self::Register { .. } => &ansatz_shaders::linalg::GEMM_REGISTER,
        }
    }

    /// Rows and columns of C per workgroup.
    pub(super) fn tile(self) -> [usize; 2] {
        match self {
            Self::Register { lanes } => [16 * lanes as usize, 16],
        }
    }

    /// The constant LANES, where the kernel has it.
    pub(super) fn lanes(self) -> Option<u32> {
        match self {
            Self::Register { lanes } => Some(lanes),
        }
    }
}
