//! The scalar of a kernel: `real` in WGSL, [`Real`] in its twin.

/// A floating-point type that kernels exist for: `f32` everywhere, `f64` where the device has it.
pub trait Real:
    crate::Element
    + num_traits::Float
    + num_traits::FloatConst
    + std::iter::Sum
    + std::ops::AddAssign
    + std::ops::SubAssign
    + std::ops::MulAssign
    + std::fmt::Debug
    + std::fmt::Display
    + Send
    + Sync
    + 'static
{
    /// Whether this is `f64`: selects the `F64` variant of a kernel.
    const IS_F64: bool;
    /// Rounds an `f64` to this type.
    fn from_f64(value: f64) -> Self;
    /// Widens to `f64`, exactly.
    fn widen(self) -> f64;
}

impl Real for f32 {
    const IS_F64: bool = false;
    fn from_f64(value: f64) -> Self {
        value as f32
    }
    fn widen(self) -> f64 {
        f64::from(self)
    }
}

impl Real for f64 {
    const IS_F64: bool = true;
    fn from_f64(value: f64) -> Self {
        value
    }
    fn widen(self) -> f64 {
        self
    }
}
