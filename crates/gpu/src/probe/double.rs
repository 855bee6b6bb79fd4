//! Whether f64 is f64: `shaders/probe/double.wgsl`.

use crate::{Args, Buffer, Gpu, GpuError, Launch, Plan, Real};

/// `evidence` ← the binary places of `T`, and the bits of the f32 of ((1 + 2⁻⁴⁰) − 1) 2⁴⁰.
#[derive(Debug)]
pub struct Double<'a> {
    /// One 1, which the compiler cannot know.
    pub one: &'a Buffer<u32>,
    /// Two words.
    pub evidence: &'a Buffer<u32>,
}

impl Double<'_> {
    /// Records the launch, in `T`.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where the lengths do not fit, and what the device says against it.
    pub fn record<T: Real>(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let kernel = &ansatz_shaders::probe::DOUBLE;
        if (self.one.len(), self.evidence.len()) != (1, 2) {
            return Err(GpuError::misuse(kernel.name, "takes one word and gives two"));
        }
        let launch = Launch::new(kernel, twin::<T>).real::<T>();
        plan.launch(launch.bind(self.one).bind(self.evidence).cost(12, 250))
    }
}

fn twin<T: Real>(args: &Args) {
    let (one, mut evidence) = (args.read::<u32>(1), args.write::<u32>(2));
    let unit = T::from_f64(f64::from(one[0]));
    let half = T::from_f64(0.5);
    let mut tiny = unit;
    for k in 1..=80 {
        tiny *= half;
        let sum = unit + tiny;
        if sum > unit {
            evidence[0] = k;
        }
        if k == 40 {
            evidence[1] = (((sum - unit) / tiny).widen() as f32).to_bits();
        }
    }
}

pub(super) fn is_native(gpu: &Gpu) -> Result<bool, GpuError> {
    let (one, evidence) = (gpu.upload("one", &[1])?, gpu.buffer("evidence", 2)?);
    match gpu.run_once(|plan| Double { one: &one, evidence: &evidence }.record::<f64>(plan)) {
        Ok(()) => Ok(gpu.read(&evidence)? == [52, 1f32.to_bits()]),
        // A driver that claims f64 and rejects its code has none.
        Err(GpuError::Validation { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}
