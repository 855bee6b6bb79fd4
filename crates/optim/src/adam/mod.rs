//! Adam on the device (Kingma and Ba, ICLR 2015, algorithm 1): `shaders/optim/adam.wgsl`.

mod rate;
mod schedule;
mod update;

use ansatz_gpu::{Buffer, Gpu, GpuError, Plan, Real};
use ansatz_linalg::{Dot, Grid};

pub use rate::AdamRate;
pub use schedule::{Decay, Schedule};
pub use update::AdamUpdate;

/// How Adam steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamOptions {
    /// The learning rate of each step.
    pub schedule: Schedule,
    /// β₁, of the mean gradient: at least 0 and below 1.
    pub beta1: f64,
    /// β₂, of the mean square: at least 0 and below 1.
    pub beta2: f64,
    /// ε, beside the root of the mean square: positive.
    pub epsilon: f64,
    /// The longest ‖g‖₂ that is taken as it is; a longer gradient is shortened to that (Pascanu, Mikolov and Bengio, ICML
    /// 2013).
    pub clip: Option<f64>,
}

impl Default for AdamOptions {
    fn default() -> Self {
        Self { schedule: Schedule::constant(1e-3), beta1: 0.9, beta2: 0.999, epsilon: 1e-8, clip: None }
    }
}

/// The state of Adam on a device.
///
/// All that changes from step to step is there, so that a recorded plan can be repeated without the host. A gradient with
/// ‖g‖² infinite or NaN stops it: θ, m and v stay as they were before.
///
/// ```
/// use ansatz_gpu::{Gpu, Plan};
/// use ansatz_linalg::{Axpby, Grid};
/// use ansatz_optim::{Adam, AdamOptions, Schedule};
///
/// # fn main() -> Result<(), ansatz_gpu::GpuError> {
/// let gpu = Gpu::cpu();
/// let theta = gpu.upload("θ", &[1.0f32, -2.0])?;
/// let g = gpu.buffer("g", 2)?;
/// let adam = Adam::new(&gpu, 2, AdamOptions { schedule: Schedule::constant(0.1), ..AdamOptions::default() })?;
///
/// let mut plan = Plan::new(&gpu, "training");
/// // The gradient of ‖θ‖²/2.
/// Axpby { alpha: 1.0, x: &theta, beta: 0.0, y: &g, grid: Grid::stream(&gpu, 2) }.record(&mut plan)?;
/// adam.record(&mut plan, &theta, &g)?;
/// plan.repeat_blindly(200)?;
/// assert!(gpu.read(&theta)?.iter().all(|theta| theta.abs() < 1e-2));
/// assert_eq!(gpu.read(adam.control())?[Adam::<f32>::STEP], 200.0);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Adam<T> {
    options: AdamOptions,
    m: Buffer<T>,
    v: Buffer<T>,
    control: Buffer<T>,
    partials: Buffer<T>,
}

impl<T: Real> Adam<T> {
    /// The word of [`Adam::control`] that is 0 as long as steps are taken. [`Adam::NOT_FINITE`] stops them, and so does
    /// anything else that is not 0.
    pub const STATUS: usize = 0;
    /// The word that counts the steps done (in f32, to 2²⁴, where it stays).
    pub const STEP: usize = 1;
    /// The word with η of the last step.
    pub const RATE: usize = 2;
    /// The word with g·g of the last step, before clipping; not finite where that stopped it.
    pub const SQUARE: usize = 5;
    /// Words of the control buffer.
    pub const WORDS: usize = 7;
    /// The status where g·g is infinite or NaN.
    pub const NOT_FINITE: u32 = 1;

    const COMPLEMENT1: usize = 3;
    const COMPLEMENT2: usize = 4;
    const SCALE: usize = 6;

    /// For `n` parameters, with m = v = 0 before the first step.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where an option makes no sense in `T`, and what the device says.
    pub fn new(gpu: &Gpu, n: usize, options: AdamOptions) -> Result<Self, GpuError> {
        if let Some(message) = problem::<T>(&options) {
            return Err(GpuError::Misuse { what: "Adam".to_owned(), message });
        }
        Ok(Self {
            options,
            m: gpu.buffer("mean gradient", n)?,
            v: gpu.buffer("mean square", n)?,
            control: gpu.buffer("control of Adam", Self::WORDS)?,
            partials: gpu.buffer("partial g·g", Grid::reduction(gpu, n).groups as usize)?,
        })
    }

    /// Records a step: θ, m, v, and the words of control, from the gradient `g`. Four launches.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where a length is another than that of m, and what the device says against it.
    pub fn record(&self, plan: &mut Plan, theta: &Buffer<T>, g: &Buffer<T>) -> Result<(), GpuError> {
        let (options, control, n) = (self.options, &self.control, self.m.len());
        let (stream, reduction) = (Grid::stream(plan.gpu(), n), Grid::reduction(plan.gpu(), n));
        let slot = Self::SQUARE as u32;
        Dot { x: g, y: g, partials: &self.partials, results: control, slot, grid: reduction }.record(plan)?;
        AdamRate { options, control }.record(plan)?;
        AdamUpdate { options, control, g, theta, m: &self.m, v: &self.v, grid: stream }.record(plan)
    }

    /// The words that steer it. To go on from a checkpoint, write these, [`Adam::m`] and [`Adam::v`] back.
    pub fn control(&self) -> &Buffer<T> {
        &self.control
    }

    /// The running mean of the gradients.
    pub fn m(&self) -> &Buffer<T> {
        &self.m
    }

    /// The running mean of their squares.
    pub fn v(&self) -> &Buffer<T> {
        &self.v
    }

    /// The parameters before the last step, from those after it, to within their rounding: where the gradient after a step is not
    /// finite, they still were good.
    ///
    /// # Errors
    /// What the device says.
    pub fn before_last(&self, gpu: &Gpu, theta: &[T]) -> Result<Vec<T>, GpuError> {
        let (control, m, v) = (gpu.read(&self.control)?, gpu.read(&self.m)?, gpu.read(&self.v)?);
        if control[Self::STEP].is_zero() {
            return Ok(theta.to_vec());
        }
        let (step, correction) =
            (control[Self::RATE] / control[Self::COMPLEMENT1], T::one() / control[Self::COMPLEMENT2]);
        let epsilon = T::from_f64(self.options.epsilon);
        let before =
            |(&theta, (&m, &v)): (&T, (&T, &T))| theta + step * m / ((correction * v).sqrt() + epsilon);
        Ok(theta.iter().zip(m.iter().zip(&v)).map(before).collect())
    }
}

/// What is wrong with the options.
fn problem<T: Real>(options: &AdamOptions) -> Option<String> {
    let wrong =
        |what: &str, value: f64, expected: &str| Some(format!("{what} is {value}; it must be {expected}"));
    let within = |value: f64| {
        let value = T::from_f64(value);
        value >= T::min_positive_value() && value.is_finite()
    };
    for (name, beta) in [("β₁", options.beta1), ("β₂", options.beta2)] {
        if !(0.0..1.0).contains(&beta) {
            return wrong(name, beta, "at least 0 and below 1");
        }
    }
    // The padding of the vectors is 0/(0 + ε).
    if !within(options.epsilon) {
        return wrong("ε", options.epsilon, "positive and within the range of the numbers");
    }
    if let Some(clip) = options.clip.filter(|&clip| !within(clip * clip)) {
        return wrong(
            "the longest gradient",
            clip,
            "positive, and its square within the range of the numbers",
        );
    }
    options.schedule.problem()
}
