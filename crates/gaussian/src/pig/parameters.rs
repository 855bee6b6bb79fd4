//! The parameters of embeddings as an optimiser moves them, amplitudes, centres and what stands for the covariances, as in
//! [`super::free`]: `shaders/gaussian/pig_pack.wgsl` and `pig_gradient.wgsl`.

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
        let form = self.form.clone();
        let launch = Launch::new(&gaussian::PIG_PACK, move |args| pack::<T>(args, &form, amplitudes));
        let launch = match self.form {
            Form::Product(periods) => {
                let periodic = periods.iter().enumerate().filter(|(_, period)| period.is_some());
                launch.constant("PERIODIC", periodic.fold(0, |bits, (i, _)| bits | 1u32 << i))
            }
            Form::Full(_) => launch.flag("FULL", true),
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
        let (dimensions, widths) = (self.form.dimensions(), self.shifts() - self.form.dimensions());
        let full = matches!(self.form, Form::Full(_));
        let launch =
            Launch::new(&gaussian::PIG_GRADIENT, move |args| turn::<T>(args, dimensions, widths, full));
        let launch = if full { launch.flag("FULL", true) } else { launch.constant("WIDTHS", widths as u32) };
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

fn pack<T: Real>(args: &Args, form: &Form, amplitudes: bool) {
    let PackParams { n, first, at } = args.params();
    let (theta, mut gaussians) = (args.read::<T>(1), args.write::<T>(2));
    let [n, first, at] = [n, first, at].map(|number| number as usize);
    let (d, numbers) = (form.dimensions(), form.numbers());
    let group = numbers + usize::from(amplitudes);
    for j in 0..n {
        let get = |part: usize| theta[first + part * n + j];
        let mut set = |place: usize, value: T| {
            gaussians[at + 4 * (j / 4 * group + place) + j % 4] = value;
        };
        if amplitudes {
            set(numbers, get(0));
        }
        match form {
            Form::Product(periods) => {
                let mut width = 1 + d;
                for (i, period) in periods.iter().enumerate() {
                    set(2 * i, get(1 + i));
                    if period.is_none() {
                        set(2 * i + 1, (T::from_f64(-2.0) * get(width)).exp());
                        width += 1;
                    }
                }
            }
            Form::Full(_) => {
                let s = free::factor(d, |i, k| get(1 + place(d, i, k)));
                for i in 0..d {
                    set(i, get(1 + i));
                    (i..d).for_each(|k| set(place(d, i, k), free::precision(&s, i, k)));
                }
            }
        }
    }
}

fn turn<T: Real>(args: &Args, d: usize, widths: usize, full: bool) {
    let GradientParams { n, first } = args.params();
    let (theta, mut gradient) = (args.read::<T>(1), args.write::<T>(2));
    let (n, first) = (n as usize, first as usize);
    for at in first..first + n {
        let (w, sum) = (theta[at], gradient[at]);
        for i in 1..=d {
            gradient[at + i * n] = -w * gradient[at + i * n];
        }
        if full {
            turn_full(d, n, &theta[at..], &mut gradient[at..]);
            continue;
        }
        for i in d + 1..=d + widths {
            let square = (T::from_f64(2.0) * theta[at + i * n]).exp();
            gradient[at + i * n] = w * (square * gradient[at + i * n] + sum);
        }
    }
}

/// Of one Gaussian, whose numbers are n apart. With R = S⁻¹, H the sums of ∂_ik G and s those of G: ∂L/∂S = −w Rᵀ(R H Rᵀ + s 1).
fn turn_full<T: Real>(d: usize, n: usize, theta: &[T], gradient: &mut [T]) {
    let (w, sum) = (theta[0], gradient[0]);
    let of_pair = |i: usize, k: usize| (1 + place(d, i, k)) * n;
    let s = free::factor(d, |i, k| theta[of_pair(i, k)]);
    let zero = [[T::zero(); MAX_DIMENSIONS]; MAX_DIMENSIONS];
    let (r, mut rh, mut b) = (free::inverse(d, &s), zero, zero);
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
