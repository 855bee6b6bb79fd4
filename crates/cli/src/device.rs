//! Opening the device that the user names.

use ansatz::gpu::DEVICE_VARIABLE;
use ansatz::{Gpu, OpenOptions, Selection};
use clap::Args;

use crate::exit::Failure;
use crate::output;

/// `--device`.
#[derive(Debug, Clone, Args)]
pub struct DeviceArgs {
    /// Device: auto, cpu, high-performance, low-power, an index of `ansatz devices`, a backend, or part of a name
    /// [default: $ANSATZ_DEVICE, else auto].
    #[arg(long, value_name = "DEVICE")]
    device: Option<Selection>,
}

impl DeviceArgs {
    /// Opens it, and says so where the CPU executor stands in for an adapter that nobody named.
    pub fn open(&self) -> Result<Gpu, Failure> {
        self.open_with(&OpenOptions::default())
    }

    /// As [`DeviceArgs::open`], with options.
    pub fn open_with(&self, options: &OpenOptions) -> Result<Gpu, Failure> {
        let selection = self.device.clone().unwrap_or_else(Selection::from_env);
        let gpu = Gpu::open(&selection, options)?;
        if selection == Selection::Auto && gpu.is_cpu() {
            output::note(&format!(
                "no Vulkan, Metal or DX12 adapter was found: the CPU executor runs in its place \
                 (`--device cpu` or {DEVICE_VARIABLE}=cpu silences this)"
            ));
        }
        Ok(gpu)
    }
}
