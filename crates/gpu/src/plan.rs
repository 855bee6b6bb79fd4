//! Plans: launches recorded once and run often, by either executor.

use std::sync::Arc;
use std::time::Instant;

use crate::buffer::Located;
use crate::counters::add;
use crate::gpu::Device;
use crate::launch::{Args, Cost, Launch, Twin, check};
use crate::pipeline::Pipeline;
use crate::profile::{Clock, Profile, Timestamps};
use crate::{Buffer, Gpu, GpuError};

/// A list of launches over buffers. Recording checks every launch; running it allocates nothing on the device and
/// creates no pipeline and no bind group.
pub struct Plan {
    pub(crate) gpu: Gpu,
    pub(crate) label: String,
    pub(crate) steps: Vec<Step>,
    pub(crate) profile: Profile,
}

/// One recorded launch.
pub(crate) struct Step {
    pub name: &'static str,
    pub cost: Cost,
    args: Args,
    twin: Twin,
    /// `None` on the CPU executor.
    dispatch: Option<Dispatch>,
}

struct Dispatch {
    pipeline: Arc<Pipeline>,
    bind_group: wgpu::BindGroup,
    grid: [u32; 2],
    immediate: bool,
    /// Keeps the parameters alive where they are in a storage buffer.
    _params: Option<Buffer<u32>>,
}

impl Plan {
    /// An empty plan for `gpu`.
    pub fn new(gpu: &Gpu, label: &str) -> Self {
        Self { gpu: gpu.clone(), label: label.to_owned(), steps: Vec::new(), profile: Profile::default() }
    }

    /// The device that it runs on.
    pub fn gpu(&self) -> &Gpu {
        &self.gpu
    }

    /// Number of recorded launches.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether nothing is recorded.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// What one run moves and computes.
    pub fn cost(&self) -> Cost {
        self.steps.iter().fold(Cost::default(), |sum, step| Cost {
            bytes: sum.bytes + step.cost.bytes,
            flops: sum.flops + step.cost.flops,
            exponentials: sum.exponentials + step.cost.exponentials,
        })
    }

    /// Time per kernel, gathered while [`Gpu::set_profiling`] is on.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Records a launch. A launch of no workgroups is dropped.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where the launch does not fit its kernel, [`GpuError::Limit`] where it needs more than the
    /// device has, and what the driver says against the kernel.
    pub fn launch(&mut self, launch: Launch) -> Result<(), GpuError> {
        let capabilities = self.gpu.capabilities();
        let mut flags = launch.flags.clone();
        let subgroup = self.gpu.summary().subgroups.map_or(0, |(least, _)| least);
        let subgroups = capabilities.subgroups && subgroup >= launch.least_subgroup;
        flags.extend(subgroups.then_some("SUBGROUPS"));
        flags.extend(capabilities.immediates.then_some("IMMEDIATES"));
        let variant = launch.kernel.variant(&flags);
        check(&launch, variant, &self.gpu)?;
        if launch.workgroups == 0 {
            return Ok(());
        }
        let dispatch = match &self.gpu.inner.device {
            Some(device) => Some(self.prepare(device, &launch, variant)?),
            None => None,
        };
        let Launch { kernel, args, cost, twin, .. } = launch;
        self.steps.push(Step { name: kernel.name, cost, args, twin, dispatch });
        Ok(())
    }

    fn prepare(
        &self,
        device: &Device,
        launch: &Launch,
        variant: &'static ansatz_shaders::Variant,
    ) -> Result<Dispatch, GpuError> {
        let name = launch.kernel.name;
        let grid =
            grid(launch.workgroups, self.gpu.capabilities().workgroups_per_dimension).ok_or_else(|| {
                let most = u64::from(self.gpu.capabilities().workgroups_per_dimension);
                let remedy = "cut the problem into smaller parts";
                GpuError::Limit {
                    what: format!("{name} (workgroups)"),
                    needed: launch.workgroups,
                    available: most * most,
                    remedy,
                }
            })?;
        let pipeline = self.gpu.pipeline(device, launch, variant)?;
        let immediate = variant.params.is_some_and(|params| params.immediate);
        let params = match variant.params {
            Some(_) if !immediate => {
                let words: Vec<u32> =
                    launch.args.params.chunks_exact(4).map(bytemuck::pod_read_unaligned::<u32>).collect();
                Some(self.gpu.upload(name, &words)?)
            }
            _ => None,
        };
        let mut entries = Vec::new();
        if let Some(params) = &params
            && let Located::Device(_, buffer) = self.gpu.locate(&params.memory)?
        {
            entries.push(wgpu::BindGroupEntry { binding: 0, resource: buffer.as_entire_binding() });
        }
        let storage = variant.bindings.iter().filter(|binding| binding.index > 0);
        for (bound, binding) in launch.args.bound.iter().zip(storage) {
            if let Located::Device(_, buffer) = self.gpu.locate(&bound.memory)? {
                let resource = wgpu::BindingResource::Buffer(bound.part_of(buffer));
                entries.push(wgpu::BindGroupEntry { binding: binding.index, resource });
            }
        }
        let descriptor =
            wgpu::BindGroupDescriptor { label: Some(name), layout: &pipeline.layout, entries: &entries };
        let bind_group = device.scoped(name, 0, || device.device.create_bind_group(&descriptor))?;
        add(&self.gpu.inner.tally.bind_groups, 1);
        Ok(Dispatch { pipeline, bind_group, grid, immediate, _params: params })
    }

    /// Runs the plan once; it may still be under way when this returns (reading a result waits for it).
    ///
    /// # Errors
    /// [`GpuError::DeviceLost`], or what else went wrong on the device.
    pub fn run(&mut self) -> Result<(), GpuError> {
        self.repeat_blindly(1)
    }

    /// Runs the plan `count` times in a row in one submission, without a look from the host.
    ///
    /// # Errors
    /// As [`Plan::run`].
    pub fn repeat_blindly(&mut self, count: u32) -> Result<(), GpuError> {
        let gpu = self.gpu.clone();
        let Some(device) = &gpu.inner.device else {
            self.run_twins(count);
            return Ok(());
        };
        self.submit(device, count, |_| ()).map(|_| ())
    }

    /// Runs the twins in order.
    pub(crate) fn run_twins(&mut self, count: u32) {
        let profiling = self.gpu.inner.profiling.load(std::sync::atomic::Ordering::Relaxed);
        for _ in 0..count {
            for step in &self.steps {
                let start = profiling.then(Instant::now);
                (step.twin)(&step.args);
                if let Some(start) = start {
                    self.profile.add(step.name, step.cost, start.elapsed().as_secs_f64());
                }
            }
        }
        add(&self.gpu.inner.tally.dispatches, u64::from(count) * self.steps.len() as u64);
    }

    /// Submits `rounds` rounds, and what `finish` adds after the last of them: one pass for all, unless each launch is
    /// timed.
    pub(crate) fn submit(
        &mut self,
        device: &Device,
        rounds: u32,
        finish: impl FnOnce(&mut wgpu::CommandEncoder),
    ) -> Result<wgpu::SubmissionIndex, GpuError> {
        device.check()?;
        let gpu = self.gpu.clone();
        let label = Some(self.label.as_str());
        let mut encoder = device.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label });
        match Clock::of(&gpu, self.steps.len()) {
            Clock::Off => {
                let descriptor = wgpu::ComputePassDescriptor { label, timestamp_writes: None };
                let mut pass = encoder.begin_compute_pass(&descriptor);
                for _ in 0..rounds {
                    self.steps.iter().for_each(|step| step.dispatch(&mut pass));
                }
            }
            Clock::Device { most_rounds } => {
                let mut left = rounds;
                while left > 0 {
                    let now = left.min(most_rounds);
                    self.submit_stamped(device, now)?;
                    left -= now;
                }
            }
            Clock::Host => {
                for _ in 0..rounds {
                    self.submit_one_by_one(device)?;
                }
            }
        }
        finish(&mut encoder);
        add(&gpu.inner.tally.dispatches, u64::from(rounds) * self.steps.len() as u64);
        self.hand_over(device, encoder)
    }

    fn hand_over(
        &self,
        device: &Device,
        encoder: wgpu::CommandEncoder,
    ) -> Result<wgpu::SubmissionIndex, GpuError> {
        let index = device.queue.submit([encoder.finish()]);
        add(&self.gpu.inner.tally.submissions, 1);
        device.check().map(|()| index)
    }

    /// Rounds with a pass and two timestamps for each launch.
    fn submit_stamped(&mut self, device: &Device, rounds: u32) -> Result<(), GpuError> {
        let mut timestamps = Timestamps::new(&self.gpu, device, rounds * self.steps.len() as u32)?;
        let mut encoder = device.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        for _ in 0..rounds {
            for step in &self.steps {
                let (label, timestamp_writes) = (Some(step.name), Some(timestamps.next()));
                let descriptor = wgpu::ComputePassDescriptor { label, timestamp_writes };
                step.dispatch(&mut encoder.begin_compute_pass(&descriptor));
            }
        }
        timestamps.resolve(&mut encoder);
        self.hand_over(device, encoder)?;
        let seconds_per_tick = f64::from(device.queue.get_timestamp_period()) * 1e-9;
        self.profile.add_ticks(&timestamps.read(device)?, seconds_per_tick, &self.steps);
        Ok(())
    }

    /// One round with a submission and a wait for each launch.
    fn submit_one_by_one(&mut self, device: &Device) -> Result<(), GpuError> {
        device.wait(None)?;
        for step in &self.steps {
            let mut encoder =
                device.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            step.dispatch(&mut encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default()));
            let start = Instant::now();
            self.hand_over(device, encoder)?;
            device.wait(None)?;
            self.profile.add(step.name, step.cost, start.elapsed().as_secs_f64());
        }
        Ok(())
    }
}

impl Step {
    fn dispatch(&self, pass: &mut wgpu::ComputePass<'_>) {
        let Some(dispatch) = &self.dispatch else { return };
        pass.set_pipeline(&dispatch.pipeline.pipeline);
        pass.set_bind_group(0, &dispatch.bind_group, &[]);
        if dispatch.immediate {
            pass.set_immediates(0, &self.args.params);
        }
        pass.dispatch_workgroups(dispatch.grid[0], dispatch.grid[1], 1);
    }
}

/// Spreads a linear count of workgroups over two dimensions; a few surplus ones may appear, which kernels skip.
fn grid(workgroups: u64, per_dimension: u32) -> Option<[u32; 2]> {
    let rows = workgroups.div_ceil(u64::from(per_dimension));
    let columns = workgroups.div_ceil(rows);
    (rows <= u64::from(per_dimension)).then_some([columns as u32, rows as u32])
}

#[cfg(test)]
mod tests {
    use super::grid;

    #[test]
    fn grids_cover_every_workgroup() {
        for count in [1u64, 2, 65_535, 65_536, 65_537, 1_000_003, 4_294_836_225] {
            let [x, y] = grid(count, 65_535).map(|g| g.map(u64::from)).unwrap_or_default();
            assert!(x * y >= count && x * y < count + y && x <= 65_535 && y <= 65_535, "{count}: {x} x {y}");
        }
        assert_eq!(grid(65_535 * 65_535 + 1, 65_535), None);
    }
}
