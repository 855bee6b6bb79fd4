//! The parameters of embeddings as an optimiser moves them, amplitudes, centres and log σ: `shaders/gaussian/pig_pack.wgsl` and
//! `pig_gradient.wgsl`.

use ansatz_gpu::{Args, Buffer, GpuError, Launch, Plan, Real};

const LANES: u32 = 64;

/// The parameters of some Gaussians: from `first` on amplitudes, centres along each coordinate, and log σ along each that is not periodic.
pub(super) struct Moved<'a, T> {
    /// Of each coordinate that repeats.
    pub periods: &'a [Option<f64>],
    pub packed: Packed,
    /// Gaussians.
    pub n: usize,
    pub parameters: &'a Buffer<T>,
    pub first: usize,
}

/// How kernels read Gaussians.
#[derive(Clone, Copy)]
pub(super) struct Packed {
    /// Where they begin.
    pub at: usize,
    /// Whether amplitudes are among their numbers.
    pub amplitudes: bool,
}

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct PackParams {
    n: u32,
    first: u32,
    at: u32,
}

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct GradientParams {
    n: u32,
    first: u32,
}

impl<T: Real> Moved<'_, T> {
    fn widths(&self) -> usize {
        self.periods.iter().filter(|period| period.is_none()).count()
    }

    /// Records how the Gaussians follow from their parameters.
    pub fn record_pack(&self, plan: &mut Plan, gaussians: &Buffer<T>) -> Result<(), GpuError> {
        let (periods, Packed { at, amplitudes }) = (self.periods.to_vec(), self.packed);
        let numbers = 2 * (1 + periods.len() + self.widths());
        let periodic = periods.iter().enumerate().filter(|(_, period)| period.is_some());
        let periodic = periodic.fold(0, |bits, (i, _)| bits | 1u32 << i);
        plan.launch(
            Launch::new(&ansatz_shaders::gaussian::PIG_PACK, move |args| {
                pack::<T>(args, &periods, amplitudes);
            })
            .real::<T>()
            .constant("LANES", LANES)
            .constant("DIMENSIONS", self.periods.len() as u32)
            .constant("AMPLITUDES", amplitudes.into())
            .constant("PERIODIC", periodic)
            .params(&PackParams { n: self.n as u32, first: self.first as u32, at: at as u32 })
            .bind(self.parameters)
            .bind(gaussians)
            .workgroups(self.n.div_ceil(LANES as usize) as u64)
            .cost((self.n * numbers * size_of::<T>()) as u64, (20 * self.n * self.widths()) as u64),
        )
    }

    /// Records how its sums over tangent functions become its gradient.
    pub fn record_gradient(&self, plan: &mut Plan, gradient: &Buffer<T>) -> Result<(), GpuError> {
        let (dimensions, widths) = (self.periods.len(), self.widths());
        let numbers = 3 * (1 + dimensions + widths);
        plan.launch(
            Launch::new(&ansatz_shaders::gaussian::PIG_GRADIENT, move |args| {
                turn::<T>(args, dimensions, widths);
            })
            .real::<T>()
            .constant("LANES", LANES)
            .constant("DIMENSIONS", dimensions as u32)
            .constant("WIDTHS", widths as u32)
            .params(&GradientParams { n: self.n as u32, first: self.first as u32 })
            .bind(self.parameters)
            .bind(gradient)
            .workgroups(self.n.div_ceil(LANES as usize) as u64)
            .cost((self.n * numbers * size_of::<T>()) as u64, (24 * self.n * widths) as u64),
        )
    }
}

fn pack<T: Real>(args: &Args, periods: &[Option<f64>], amplitudes: bool) {
    let PackParams { n, first, at } = args.params();
    let (theta, mut gaussians) = (args.read::<T>(1), args.write::<T>(2));
    let [n, first, at] = [n, first, at].map(|number| number as usize);
    let d = periods.len();
    let group = 2 * d + usize::from(amplitudes);
    for j in 0..n {
        let mut set = |place: usize, value: T| {
            gaussians[at + 4 * (j / 4 * group + place) + j % 4] = value;
        };
        let get = |part: usize| theta[first + part * n + j];
        if amplitudes {
            set(2 * d, get(0));
        }
        let mut width = 1 + d;
        for (i, period) in periods.iter().enumerate() {
            set(2 * i, get(1 + i));
            if period.is_none() {
                set(2 * i + 1, (T::from_f64(-2.0) * get(width)).exp());
                width += 1;
            }
        }
    }
}

fn turn<T: Real>(args: &Args, dimensions: usize, widths: usize) {
    let GradientParams { n, first } = args.params();
    let (theta, mut gradient) = (args.read::<T>(1), args.write::<T>(2));
    let (n, first) = (n as usize, first as usize);
    for at in first..first + n {
        let (w, s) = (theta[at], gradient[at]);
        for i in 1..=dimensions {
            gradient[at + i * n] = -w * gradient[at + i * n];
        }
        for i in dimensions + 1..=dimensions + widths {
            let square = (T::from_f64(2.0) * theta[at + i * n]).exp();
            gradient[at + i * n] = w * (square * gradient[at + i * n] + s);
        }
    }
}
