//! A preconditioner that the kernels of the loop apply themselves: none, a diagonal, or 4×4 blocks.

use ansatz_gpu::{Buffer, Launch, Real};

/// M⁻¹ on the device.
#[derive(Debug, Clone)]
pub enum Inverse<T> {
    /// M = I.
    Identity,
    /// One number per unknown.
    Diagonal(Buffer<T>),
    /// A symmetric 4×4 matrix per group of four unknowns, column by column.
    Blocks(Buffer<T>),
}

impl<T: Real> Inverse<T> {
    /// Turns the kernel's flag on and binds the numbers, where there are any.
    pub(crate) fn bind(&self, launch: Launch) -> Launch {
        match self {
            Self::Identity => launch,
            Self::Diagonal(inverse) => launch.flag("DIAGONAL", true).bind(inverse),
            Self::Blocks(inverse) => launch.flag("BLOCKS", true).bind(inverse),
        }
    }

    /// Reals that one application reads per unknown.
    pub(crate) fn reals(&self) -> u64 {
        match self {
            Self::Identity => 0,
            Self::Diagonal(_) => 1,
            Self::Blocks(_) => 4,
        }
    }

    /// Floating-point operations of one application per unknown.
    pub(crate) fn flops(&self) -> u64 {
        [0, 1, 7][self.kind() as usize]
    }

    /// The same, and r·z with it, which is r·r for the identity.
    pub(crate) fn flops_with_dot(&self) -> u64 {
        [0, 3, 9][self.kind() as usize]
    }

    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Identity => Kind::Identity,
            Self::Diagonal(_) => Kind::Diagonal,
            Self::Blocks(_) => Kind::Blocks,
        }
    }
}

/// Which [`Inverse`] a twin is to apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Identity,
    Diagonal,
    Blocks,
}

impl Kind {
    /// z = M⁻¹r for group `quad` of four unknowns.
    pub fn apply<T: Real>(self, inverse: &[T], quad: usize, r: [T; 4]) -> [T; 4] {
        match self {
            Self::Identity => r,
            Self::Diagonal => std::array::from_fn(|i| inverse[4 * quad + i] * r[i]),
            Self::Blocks => std::array::from_fn(|i| {
                (0..4).fold(T::zero(), |sum, j| sum + inverse[16 * quad + 4 * j + i] * r[j])
            }),
        }
    }
}
