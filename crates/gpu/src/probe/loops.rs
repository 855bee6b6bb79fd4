//! Whether a driver cuts long loops off: `shaders/probe/loops.wgsl`.

use crate::{Args, Buffer, Gpu, GpuError, Launch, Plan};

/// `counts` ← how many of `rounds` rounds a loop did, and what a recurrence came to by then.
#[derive(Debug)]
pub struct Loops<'a> {
    /// Rounds asked for.
    pub rounds: u32,
    /// Two words.
    pub counts: &'a Buffer<u32>,
}

impl Loops<'_> {
    /// Rounds that the probe asks for: past the 65,535 after which lavapipe gives up.
    pub const PROBED: u32 = 100_000;

    /// Records the launch.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where the length does not fit, and what the device says against it.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let kernel = &ansatz_shaders::probe::LOOPS;
        if self.counts.len() != 2 {
            return Err(GpuError::misuse(kernel.name, "gives two words"));
        }
        plan.launch(Launch::new(kernel, twin).params(&self.rounds).bind(self.counts).cost(8, 0))
    }
}

fn twin(args: &Args) {
    let rounds = args.params::<u32>();
    let step = |x: u32, _| x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    args.write::<u32>(1).copy_from_slice(&[rounds, (0..rounds).fold(0, step)]);
}

/// Rounds that the device completed of [`Loops::PROBED`].
pub(super) fn rounds(gpu: &Gpu) -> Result<u32, GpuError> {
    let counts = gpu.buffer("counts", 2)?;
    gpu.run_once(|plan| Loops { rounds: Loops::PROBED, counts: &counts }.record(plan))?;
    Ok(gpu.read(&counts)?[0])
}
