//! y ← f(x) with the functions of `shaders/common/math.wgsl`: `shaders/math/functions.wgsl`.

use ansatz_gpu::{Args, Buffer, GpuError, Launch, Plan, Real};
use rayon::prelude::*;

use crate::Grid;
use crate::grid::same_length;

/// A function of `shaders/common/math.wgsl`. Its header states domains and special values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Function {
    /// Sine; within 2 ULP for |x| ≤ 10⁴ (10⁶ in f64), NaN past 2²² (2³⁰ in f64).
    Sin,
    /// Cosine; as the sine.
    Cos,
    /// e to the power of x; within 2 ULP.
    Exp,
    /// Hyperbolic tangent; within 4 ULP.
    Tanh,
    /// Natural logarithm; within 2 ULP.
    Log,
    /// 1 / (1 + e^(−x)); within 4 ULP.
    Sigmoid,
}

impl Function {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Sin, Self::Cos, Self::Exp, Self::Tanh, Self::Log, Self::Sigmoid];

    /// Its name, `sin`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sin => "sin",
            Self::Cos => "cos",
            Self::Exp => "exp",
            Self::Tanh => "tanh",
            Self::Log => "log",
            Self::Sigmoid => "sigmoid",
        }
    }

    /// The function's value, from the platform's library; NaN where the shader gives that.
    pub fn value<T: Real>(self, x: T) -> T {
        let turn_limit = T::from_f64(if T::IS_F64 { 1_073_741_824.0 } else { 4_194_304.0 });
        match self {
            Self::Sin | Self::Cos if x.abs() > turn_limit => T::nan(),
            Self::Sin => x.sin(),
            Self::Cos => x.cos(),
            Self::Exp => x.exp(),
            Self::Tanh => x.tanh(),
            Self::Log => x.ln(),
            Self::Sigmoid => {
                // Neither overflows nor loses the digits of a small value.
                let e = (-x.abs()).exp();
                if x < T::zero() { e / (T::one() + e) } else { T::one() / (T::one() + e) }
            }
        }
    }
}

/// y ← f(x), element by element.
#[derive(Debug)]
pub struct Elementwise<'a, T> {
    /// f.
    pub function: Function,
    /// The arguments.
    pub x: &'a Buffer<T>,
    /// The values; as long as `x`.
    pub y: &'a Buffer<T>,
    /// How the work is spread.
    pub grid: Grid,
}

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    n: u32,
    groups: u32,
}

/// Operations per value, about: for the account of a profile.
const FLOPS: u64 = 40;

impl<T: Real> Elementwise<'_, T> {
    /// Records the launch.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where the lengths differ or the grid does not fit, and what the device says against it.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let kernel = &ansatz_shaders::math::FUNCTIONS;
        let (n, function) = (self.x.len(), self.function);
        same_length(kernel.name, &[("x", n), ("y", self.y.len())])?;
        let params = Params { n: self.grid.check_elements(kernel.name, n)?, groups: self.grid.groups };
        plan.launch(
            Launch::new(kernel, move |args| twin::<T>(args, function))
                .real::<T>()
                .constant("LANES", self.grid.lanes)
                .constant("FUNCTION", function as u32)
                .params(&params)
                .bind(self.x)
                .bind(self.y)
                .workgroups(self.grid.groups.into())
                .cost((2 * n * size_of::<T>()) as u64, FLOPS * n as u64),
        )
    }
}

fn twin<T: Real>(args: &Args, function: Function) {
    let (x, mut y) = (args.read::<T>(1), args.write::<T>(2));
    y.par_iter_mut().with_min_len(1024).zip(&x[..]).for_each(|(y, &x)| *y = function.value(x));
}
