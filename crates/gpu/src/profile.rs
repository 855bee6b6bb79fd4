//! Time per kernel, from timestamps where the device has them.

use std::collections::BTreeMap;

use crate::buffer::{STAGING, map, unload};
use crate::gpu::Device;
use crate::launch::Cost;
use crate::plan::Step;
use crate::{Gpu, GpuError};

/// Time, traffic and arithmetic of every kernel of a plan.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Profile {
    rows: BTreeMap<&'static str, ProfileRow>,
}

/// What one kernel did in all.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ProfileRow {
    /// Launches.
    pub launches: u64,
    /// Seconds.
    pub seconds: f64,
    /// Bytes moved, by the kernel's own account.
    pub bytes: u64,
    /// Floating-point operations, by the kernel's own account.
    pub flops: u64,
}

impl ProfileRow {
    /// Gigabytes (10⁹) per second.
    pub fn gigabytes_per_second(&self) -> f64 {
        self.bytes as f64 / self.seconds * 1e-9
    }

    /// Gigaflops per second.
    pub fn gigaflops_per_second(&self) -> f64 {
        self.flops as f64 / self.seconds * 1e-9
    }
}

impl Profile {
    /// Kernel names and their rows, by name.
    pub fn rows(&self) -> impl Iterator<Item = (&'static str, ProfileRow)> + '_ {
        self.rows.iter().map(|(&name, &row)| (name, row))
    }

    /// Whether nothing was timed.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds the rows of another profile.
    pub fn merge(&mut self, other: &Self) {
        for (name, row) in other.rows() {
            let sum = self.rows.entry(name).or_default();
            sum.launches += row.launches;
            sum.seconds += row.seconds;
            sum.bytes += row.bytes;
            sum.flops += row.flops;
        }
    }

    pub(crate) fn add(&mut self, name: &'static str, cost: Cost, seconds: f64) {
        let row = self.rows.entry(name).or_default();
        row.launches += 1;
        row.seconds += seconds;
        row.bytes += cost.bytes;
        row.flops += cost.flops;
    }

    /// Waits for `timestamps` and adds what they say of `steps`.
    pub(crate) fn gather(
        &mut self,
        gpu: &Gpu,
        device: &Device,
        timestamps: Timestamps,
        steps: &[Step],
    ) -> Result<(), GpuError> {
        let ticks = timestamps.read(gpu, device)?;
        let seconds_per_tick = f64::from(device.queue.get_timestamp_period()) * 1e-9;
        for (pair, step) in ticks.chunks_exact(2).zip(steps.iter().cycle()) {
            self.add(step.name, step.cost, pair[1].saturating_sub(pair[0]) as f64 * seconds_per_tick);
        }
        Ok(())
    }
}

/// Two timestamps around every launch of a command buffer.
pub(crate) struct Timestamps {
    set: wgpu::QuerySet,
    resolved: wgpu::Buffer,
    staging: wgpu::Buffer,
    launches: u32,
    next: u32,
}

impl Timestamps {
    /// WebGPU's limit on one query set.
    const MOST_LAUNCHES: u32 = 2048;

    /// How many rounds of `steps` launches one query set can hold.
    pub fn most_rounds(steps: usize) -> u32 {
        (Self::MOST_LAUNCHES / steps.max(1) as u32).max(1)
    }

    /// `None` unless the profile is on and the device has timestamps.
    pub fn for_plan(gpu: &Gpu, device: &Device, steps: usize, rounds: u32) -> Result<Option<Self>, GpuError> {
        let on = gpu.inner.profiling.load(std::sync::atomic::Ordering::Relaxed);
        let launches = steps as u32 * rounds;
        if !on || !gpu.capabilities().timestamps || launches == 0 || launches > Self::MOST_LAUNCHES {
            return Ok(None);
        }
        let bytes = u64::from(launches) * 16;
        let descriptor = wgpu::QuerySetDescriptor {
            label: Some("profile"),
            ty: wgpu::QueryType::Timestamp,
            count: launches * 2,
        };
        let set = device.scoped("profile", bytes, || device.device.create_query_set(&descriptor))?;
        let usage = wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC;
        let resolved = gpu.take(device, "profile", bytes, usage)?;
        let staging = gpu.take(device, "profile read-back", bytes, STAGING)?;
        Ok(Some(Self { set, resolved, staging, launches, next: 0 }))
    }

    pub fn next(&mut self) -> Option<wgpu::ComputePassTimestampWrites<'_>> {
        let index = self.next;
        self.next += 2;
        Some(wgpu::ComputePassTimestampWrites {
            query_set: &self.set,
            beginning_of_pass_write_index: Some(index),
            end_of_pass_write_index: Some(index + 1),
        })
    }

    pub fn resolve(&self, encoder: &mut wgpu::CommandEncoder) {
        encoder.resolve_query_set(&self.set, 0..self.launches * 2, &self.resolved, 0);
        encoder.copy_buffer_to_buffer(&self.resolved, 0, &self.staging, 0, self.resolved.size());
    }

    fn read(self, _gpu: &Gpu, device: &Device) -> Result<Vec<u64>, GpuError> {
        let _mapped = map(&self.staging);
        device.wait(None)?;
        let words = unload::<u32>(&self.staging, self.launches as usize * 4)?;
        let mut pool = device.pool.lock();
        pool.give(self.resolved);
        pool.give(self.staging);
        Ok(words.chunks_exact(2).map(|pair| u64::from(pair[0]) | u64::from(pair[1]) << 32).collect())
    }
}
