//! The parameters of embeddings as an optimiser moves them, amplitudes, centres and what stands for the covariances, as in
//! [`super::free`]: `shaders/gaussian/pig_pack.wgsl`, `pig_gradient.wgsl`, `pig_pack_full.wgsl` and `pig_gradient_full.wgsl`.

use ansatz_features::MAX_DIMENSIONS;
use ansatz_gpu::{Args, Buffer, GpuError, Launch, Plan, Real};
use ansatz_shaders::gaussian;

use super::free;
use crate::form::Form;
use crate::full::place;

const LANES: u32 = 64;

/// The parameters of some Gaussians: from `first` on amplitudes, centres along each coordinate, and log σ along each that is not periodic
/// or the parameters of full covariances.
pub(super) struct Moved<'a, T> {
    pub form: &'a Form,
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
    /// Parameters of a Gaussian beside its amplitude.
    fn shifts(&self) -> usize {
        self.form.numbers() - self.form.periodic()
    }

    /// Records how the Gaussians follow from their parameters.
    pub fn record_pack(&self, plan: &mut Plan, gaussians: &Buffer<T>) -> Result<(), GpuError> {
        let Packed { at, amplitudes } = self.packed;
        let launch = match self.form.clone() {
            Form::Product(periods) => {
                let periodic = periods.iter().enumerate().filter(|(_, period)| period.is_some());
                let periodic = periodic.fold(0, |bits, (i, _)| bits | 1u32 << i);
                Launch::new(&gaussian::PIG_PACK, move |args| pack::<T>(args, &periods, amplitudes))
                    .constant("PERIODIC", periodic)
            }
            Form::Full(d) => {
                Launch::new(&gaussian::PIG_PACK_FULL, move |args| pack_full::<T>(args, d, amplitudes))
            }
        };
        let numbers = 2 * (1 + self.shifts());
        plan.launch(
            self.specialise(launch)
                .constant("AMPLITUDES", amplitudes.into())
                .params(&PackParams { n: self.n as u32, first: self.first as u32, at: at as u32 })
                .bind(self.parameters)
                .bind(gaussians)
                .cost((self.n * numbers * size_of::<T>()) as u64, (20 * self.n * self.shifts()) as u64),
        )
    }

    /// Records how its sums over tangent functions become its gradient.
    pub fn record_gradient(&self, plan: &mut Plan, gradient: &Buffer<T>) -> Result<(), GpuError> {
        let launch = match self.form {
            Form::Product(periods) => {
                let (dimensions, widths) = (periods.len(), self.shifts() - periods.len());
                Launch::new(&gaussian::PIG_GRADIENT, move |args| turn::<T>(args, dimensions, widths))
                    .constant("WIDTHS", widths as u32)
            }
            Form::Full(d) => {
                let d = *d;
                Launch::new(&gaussian::PIG_GRADIENT_FULL, move |args| turn_full::<T>(args, d))
            }
        };
        let numbers = 3 * (1 + self.shifts());
        plan.launch(
            self.specialise(launch)
                .params(&GradientParams { n: self.n as u32, first: self.first as u32 })
                .bind(self.parameters)
                .bind(gradient)
                .cost((self.n * numbers * size_of::<T>()) as u64, (24 * self.n * self.shifts()) as u64),
        )
    }

    fn specialise(&self, launch: Launch) -> Launch {
        launch
            .real::<T>()
            .constant("LANES", LANES)
            .constant("DIMENSIONS", self.form.dimensions() as u32)
            .workgroups(self.n.div_ceil(LANES as usize) as u64)
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

fn pack_full<T: Real>(args: &Args, d: usize, amplitudes: bool) {
    let PackParams { n, first, at } = args.params();
    let (theta, mut gaussians) = (args.read::<T>(1), args.write::<T>(2));
    let [n, first, at] = [n, first, at].map(|number| number as usize);
    let numbers = Form::Full(d).numbers();
    let group = numbers + usize::from(amplitudes);
    for j in 0..n {
        let get = |part: usize| theta[first + part * n + j];
        let mut set = |place: usize, value: T| {
            gaussians[at + 4 * (j / 4 * group + place) + j % 4] = value;
        };
        if amplitudes {
            set(numbers, get(0));
        }
        let s = free::factor(d, |i, k| get(1 + place(d, i, k)));
        for i in 0..d {
            set(i, get(1 + i));
            (i..d).for_each(|k| set(place(d, i, k), free::precision(&s, i, k)));
        }
    }
}

/// With R = S⁻¹, H the sums of ∂_ik G and s those of G: ∂L/∂S = −w Rᵀ(R H Rᵀ + s 1).
fn turn_full<T: Real>(args: &Args, d: usize) {
    let GradientParams { n, first } = args.params();
    let (theta, mut gradient) = (args.read::<T>(1), args.write::<T>(2));
    let (n, first) = (n as usize, first as usize);
    for at in first..first + n {
        let (w, sum) = (theta[at], gradient[at]);
        for i in 1..=d {
            gradient[at + i * n] = -w * gradient[at + i * n];
        }
        let of_pair = |i: usize, k: usize| at + (1 + place(d, i, k)) * n;
        let s = free::factor(d, |i, k| theta[of_pair(i, k)]);
        let zero = [[T::zero(); MAX_DIMENSIONS]; MAX_DIMENSIONS];
        let (mut r, mut rh, mut b) = (zero, zero, zero);
        for c in 0..d {
            for i in c..d {
                let known: T = (c..i).map(|m| s[i][m] * r[m][c]).sum();
                r[i][c] = (if i == c { T::one() } else { T::zero() } - known) / s[i][i];
            }
        }
        for i in 0..d {
            for m in 0..d {
                rh[i][m] = (0..=i).map(|k| r[i][k] * gradient[of_pair(k, m)]).sum();
            }
        }
        for i in 0..d {
            for k in 0..d {
                b[i][k] = (0..=k).map(|m| rh[i][m] * r[k][m]).sum::<T>();
            }
            b[i][i] += sum;
        }
        for i in 0..d {
            let mut by_scale = T::zero();
            for k in 0..=i {
                let by_entry: T = -w * (i..d).map(|m| r[m][i] * b[m][k]).sum::<T>();
                by_scale -= by_entry * s[i][k];
                if k < i {
                    gradient[of_pair(k, i)] = s[i][i] * by_entry;
                }
            }
            gradient[of_pair(i, i)] = by_scale;
        }
    }
}
