//! How convolutions go to invocations.

use ansatz_gpu::Gpu;

/// Invocations per workgroup, and how many channels each takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Split {
    pub lanes: u32,
    /// Quads of channels of y per invocation: 1, 2 or 4.
    pub quads: usize,
    /// Of so many quads.
    pub groups: usize,
    /// What subgroups must have for invocations to share what they load.
    pub least_subgroup: u32,
}

impl Split {
    /// For so many quads of channels of y.
    pub fn new(gpu: &Gpu, channel_quads: usize) -> Self {
        // A processor takes a handful of invocations at a time, its loads are dear, and a cache holds the sums. On a GPU loads of
        // the same address are one, and there are only so many registers.
        let (lanes, quads, least_subgroup) = match channel_quads {
            _ if !gpu.is_software() => (64, 1, u32::MAX),
            0 | 1 => (8, 1, 8),
            // Four at once, unless that would be mostly for nothing.
            quads if quads.div_ceil(2) % 2 == 1 && quads < 8 => (8, 2, 8),
            _ => (8, 4, 8),
        };
        Self { lanes, quads, groups: channel_quads.div_ceil(quads), least_subgroup }
    }
}
