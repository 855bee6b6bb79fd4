//! The second pass of kernels that sum over points chunk by chunk: `shaders/features/partial_sum.wgsl`.

use ansatz_gpu::{Args, Buffer, GpuError, Launch, Plan, Real};

const LANES: u32 = 64;

/// `sums[first_sum + g n + j]` ← Σ_c `partials[c stride + g padded + j]` for j < n, or added to what is there. The caller has checked the
/// lengths.
#[derive(Debug)]
pub struct PartialSums<'a, T> {
    /// The sums of each chunk.
    pub partials: &'a Buffer<T>,
    /// Number of chunks; without any, the sums are zero.
    pub chunks: usize,
    /// Numbers for each chunk.
    pub stride: usize,
    /// Groups of sums.
    pub groups: usize,
    /// Numbers from one group to the next.
    pub padded: usize,
    /// Sums per group.
    pub n: usize,
    /// The sums.
    pub sums: &'a Buffer<T>,
    /// Where the first of them goes.
    pub first_sum: usize,
    /// Adds to what is there, in place of overwriting it.
    pub accumulate: bool,
}

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    n: u32,
    groups: u32,
    padded: u32,
    chunks: u32,
    stride: u32,
    first: u32,
    accumulate: u32,
}

impl<T: Real> PartialSums<'_, T> {
    /// Records the launch.
    ///
    /// # Errors
    /// What the device says against it.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let sums = self.groups * self.n;
        let moved = sums * (self.chunks + 1 + usize::from(self.accumulate)) * size_of::<T>();
        plan.launch(
            Launch::new(&ansatz_shaders::features::PARTIAL_SUM, twin::<T>)
                .real::<T>()
                .constant("LANES", LANES)
                .params(&Params {
                    n: self.n as u32,
                    groups: self.groups as u32,
                    padded: self.padded as u32,
                    chunks: self.chunks as u32,
                    stride: self.stride as u32,
                    first: self.first_sum as u32,
                    accumulate: self.accumulate.into(),
                })
                .bind(self.partials)
                .bind(self.sums)
                .workgroups(sums.div_ceil(LANES as usize) as u64)
                .cost(moved as u64, (sums * self.chunks) as u64),
        )
    }
}

fn twin<T: Real>(args: &Args) {
    let params: Params = args.params();
    let (partials, mut sums) = (args.read::<T>(1), args.write::<T>(2));
    let [n, groups, padded, chunks, stride, first] =
        [params.n, params.groups, params.padded, params.chunks, params.stride, params.first]
            .map(|number| number as usize);
    for (i, sum) in sums[first..first + groups * n].iter_mut().enumerate() {
        let at = i / n * padded + i % n;
        let new = (0..chunks).map(|chunk| partials[chunk * stride + at]).sum();
        *sum = if params.accumulate == 1 { new + *sum } else { new };
    }
}
