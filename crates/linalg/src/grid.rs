//! How a vector is spread over workgroups.

use ansatz_gpu::{Gpu, GpuError};

/// Rounds of its loop that one invocation may take: some drivers (lavapipe) drop all beyond 65,535, silently.
pub const MAX_TRIPS: u32 = 60_000;

/// Invocations per workgroup on a GPU.
const LANES: u32 = 256;

/// The workgroups of a vector kernel: `groups` of `lanes` invocations, each of which takes a contiguous share of the groups of four
/// elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// Invocations per workgroup; a power of two in reductions.
    pub lanes: u32,
    /// Workgroups.
    pub groups: u32,
}

impl Grid {
    /// For a kernel that streams vectors of `len` elements.
    pub fn stream(gpu: &Gpu, len: usize) -> Self {
        Self::covering(gpu, len, 1 << 14, 1 << 20)
    }

    /// For a kernel that leaves one partial result per workgroup.
    pub fn reduction(gpu: &Gpu, len: usize) -> Self {
        Self::covering(gpu, len, 1 << 10, 1 << 10)
    }

    /// At most `most` workgroups on a GPU, `most_in_software` on an adapter that is a CPU itself.
    fn covering(gpu: &Gpu, len: usize, most: u64, most_in_software: u64) -> Self {
        // A twin takes whole workgroups, as chunks that keep a thread busy for a while; workgroups of a software adapter cost, too.
        let lanes = if gpu.is_cpu() { LANES } else { gpu.stream_lanes(LANES) };
        let (trips, most) = if gpu.is_software() { (256, most_in_software) } else { (1, most) };
        let groups = quads(len).div_ceil(u64::from(lanes) * trips).clamp(1, most);
        Self { lanes, groups: groups as u32 }
    }

    /// Checks that `kernel` can take `len` elements in this shape, and gives its number of groups of four.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where it cannot.
    pub fn check(&self, kernel: &str, len: usize) -> Result<u32, GpuError> {
        let wrong = |message| Err(GpuError::Misuse { what: kernel.to_owned(), message });
        let invocations = u64::from(self.lanes) * u64::from(self.groups);
        if invocations == 0 {
            return wrong(format!("{self:?} has no invocations"));
        }
        // The index that ends the loop must not wrap around.
        if quads(len) + invocations > u64::from(u32::MAX) {
            return wrong(format!("{len} elements and {self:?} are too many for an index of 32 bits"));
        }
        let trips = quads(len).div_ceil(invocations);
        if trips > u64::from(MAX_TRIPS) {
            return wrong(format!("{len} elements take {trips} rounds of {self:?}; {MAX_TRIPS} are allowed"));
        }
        Ok(quads(len) as u32)
    }

    /// As [`Grid::check`], for a kernel that is told the number of elements, and gives that.
    pub(crate) fn check_elements(&self, kernel: &str, len: usize) -> Result<u32, GpuError> {
        self.check(kernel, len)?;
        // Rounded up to whole groups of four, it must not wrap around either.
        u32::try_from(len).ok().filter(|&len| len <= u32::MAX - 3).ok_or_else(|| {
            let message = format!("{len} elements are too many for an index of 32 bits");
            GpuError::Misuse { what: kernel.to_owned(), message }
        })
    }

    /// As [`Grid::check`], for a kernel whose workgroups leave one of `partials` each.
    pub(crate) fn check_reduction(&self, kernel: &str, len: usize, partials: usize) -> Result<u32, GpuError> {
        let wrong = |message| Err(GpuError::Misuse { what: kernel.to_owned(), message });
        // A tree halves the lanes; the second pass takes the padding of the partial results for zeros.
        if !self.lanes.is_power_of_two() {
            return wrong(format!("{} lanes are no power of two", self.lanes));
        }
        if partials != self.groups as usize {
            return wrong(format!(
                "{} workgroups leave as many partial results, not {partials}",
                self.groups
            ));
        }
        let second_pass = self.groups.div_ceil(self.lanes);
        if second_pass > MAX_TRIPS {
            return wrong(format!("{} partial results are too many for one workgroup", self.groups));
        }
        self.check(kernel, len)
    }
}

/// Groups of four that hold `len` elements.
fn quads(len: usize) -> u64 {
    len.div_ceil(4) as u64
}

/// Checks that vectors which are taken element by element have one length.
pub(crate) fn same_length(kernel: &str, lengths: &[(&str, usize)]) -> Result<(), GpuError> {
    if lengths.windows(2).all(|pair| pair[0].1 == pair[1].1) {
        return Ok(());
    }
    let lengths: Vec<_> = lengths.iter().map(|(name, len)| format!("`{name}` has {len}")).collect();
    Err(GpuError::Misuse { what: kernel.to_owned(), message: format!("{} elements", lengths.join(", ")) })
}

/// The parameters of most kernels here, and the first two of the others.
#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
pub(crate) struct Params {
    pub n4: u32,
    pub groups: u32,
}
