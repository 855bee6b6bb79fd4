//! How large subgroups are: `shaders/probe/subgroup.wgsl`.

use crate::{Args, Buffer, Gpu, GpuError, Launch, Plan};

/// `sizes` ← the subgroup size that each lane is told, then how many lanes each counts in its subgroup.
#[derive(Debug)]
pub struct Subgroup<'a> {
    /// Two words for each of [`Subgroup::LANES`].
    pub sizes: &'a Buffer<u32>,
}

impl Subgroup<'_> {
    /// Lanes of the workgroup, more than any subgroup has.
    pub const LANES: u32 = 128;

    /// Records the launch.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where the length does not fit, and what the device says against it.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let kernel = &ansatz_shaders::probe::SUBGROUP;
        if self.sizes.len() != 2 * Self::LANES as usize {
            return Err(GpuError::misuse(kernel.name, "takes two words for each lane"));
        }
        let launch = Launch::new(kernel, twin).constant("LANES", Self::LANES);
        plan.launch(launch.bind(self.sizes).cost(8 * u64::from(Self::LANES), 0))
    }
}

/// The CPU executor has no subgroups: each lane is alone.
fn twin(args: &Args) {
    args.write::<u32>(1).fill(1);
}

pub(super) fn size(gpu: &Gpu) -> Result<Option<u32>, GpuError> {
    if !gpu.capabilities().subgroups {
        return Ok(None);
    }
    let sizes = gpu.buffer("sizes", 2 * Subgroup::LANES as usize)?;
    gpu.run_once(|plan| Subgroup { sizes: &sizes }.record(plan))?;
    let counted = &gpu.read(&sizes)?[Subgroup::LANES as usize..];
    Ok(counted.iter().copied().max())
}
