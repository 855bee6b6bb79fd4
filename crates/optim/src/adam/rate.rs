//! The scalars of a step: `shaders/optim/adam_rate.wgsl`.

use ansatz_gpu::{Args, Buffer, GpuError, Launch, Plan, Real};

use super::{Adam, AdamOptions, Decay};

/// Counts a step, and leaves its rate, bias corrections and scale of the gradient; see [`Adam`].
#[derive(Debug)]
pub struct AdamRate<'a, T> {
    /// Schedule, β and clipping.
    pub options: AdamOptions,
    /// The words, with g·g in its place.
    pub control: &'a Buffer<T>,
}

#[repr(C, packed)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params<T> {
    decay: u32,
    warm_up: u32,
    rate: T,
    speed: T,
    last: T,
    gain1: T,
    gain2: T,
    clip: T,
}

impl<T: Real> AdamRate<'_, T> {
    /// Records the launch.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where there are too few words, and what the device says against it.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let kernel = &ansatz_shaders::optim::ADAM_RATE;
        if self.control.len() < Adam::<T>::WORDS {
            let message = format!("{} words of control, not {}", self.control.len(), Adam::<T>::WORDS);
            return Err(GpuError::Misuse { what: kernel.name.to_owned(), message });
        }
        let (options, schedule) = (self.options, self.options.schedule);
        let params = Params {
            decay: schedule.decay.kind(),
            warm_up: schedule.warm_up,
            rate: T::from_f64(schedule.rate),
            speed: T::from_f64(schedule.decay.speed()),
            last: T::from_f64(schedule.decay.last()),
            gain1: T::from_f64(1.0 - options.beta1),
            gain2: T::from_f64(1.0 - options.beta2),
            clip: T::from_f64(options.clip.unwrap_or(0.0)),
        };
        let bytes = 2 * (Adam::<T>::WORDS * size_of::<T>()) as u64;
        plan.launch(
            Launch::new(kernel, move |args| twin::<T>(args, schedule.decay))
                .real::<T>()
                .params(&params)
                .bind(self.control)
                .cost(bytes, 100),
        )
    }
}

fn twin<T: Real>(args: &Args, decay: Decay) {
    let Params { warm_up, rate, speed, last, gain1, gain2, clip, .. } = args.params::<Params<T>>();
    let mut control = args.write::<T>(1);
    let (one, half) = (T::one(), T::from_f64(0.5));
    let square = control[Adam::<T>::SQUARE];
    if !control[Adam::<T>::STATUS].is_zero() {
        return;
    }
    if !square.is_finite() {
        control[Adam::<T>::STATUS] = T::from_f64(f64::from(Adam::<T>::NOT_FINITE));
        return;
    }
    let before = control[Adam::<T>::STEP];
    let warm_up = T::from_f64(f64::from(warm_up));
    let along = (before - warm_up).max(T::zero()) * speed;
    let decayed = match decay {
        Decay::Constant => one,
        Decay::Exponential { .. } => (-along).exp(),
        Decay::Cosine { .. } => last + (one - last) * half * (one + (T::PI() * along.min(one)).cos()),
    };
    let risen = if before + one < warm_up { (before + one) / warm_up } else { one };
    control[Adam::<T>::STEP] = before + one;
    control[Adam::<T>::RATE] = rate * decayed * risen;
    for (word, gain) in [(Adam::<T>::COMPLEMENT1, gain1), (Adam::<T>::COMPLEMENT2, gain2)] {
        let complement = control[word];
        control[word] = complement + gain * (one - complement);
    }
    let clipped = clip > T::zero() && square > clip * clip;
    control[Adam::<T>::SCALE] = if clipped { clip / square.sqrt() } else { one };
}
