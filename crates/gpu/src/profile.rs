//! Time per kernel: by timestamps where the device has them, else by the host's clock.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use crate::gpu::Device;
use crate::launch::Cost;
use crate::plan::Step;
use crate::pool::Pooled;
use crate::read::Staging;
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

    /// The same of a plan of so many launches, where only so many of its rounds found work: the others moved nothing.
    #[must_use]
    pub fn of_rounds(&self, rounds: u64, launches: usize) -> Self {
        let all: u64 = self.rows.values().map(|row| row.launches).sum();
        let share = (rounds * launches as u64) as f64 / all.max(1) as f64;
        let part = |count: u64| (count as f64 * share.min(1.0)).round() as u64;
        let of_row = |row: &ProfileRow| ProfileRow {
            launches: part(row.launches),
            seconds: row.seconds,
            bytes: part(row.bytes),
            flops: part(row.flops),
        };
        Self { rows: self.rows.iter().map(|(&name, row)| (name, of_row(row))).collect() }
    }

    pub(crate) fn add(&mut self, name: &'static str, cost: Cost, seconds: f64) {
        let row = self.rows.entry(name).or_default();
        row.launches += 1;
        row.seconds += seconds;
        row.bytes += cost.bytes;
        row.flops += cost.flops;
    }

    /// Adds what `ticks`, two per launch, say of rounds of `steps`.
    pub(crate) fn add_ticks(&mut self, ticks: &[u64], seconds_per_tick: f64, steps: &[Step]) {
        for (pair, step) in ticks.chunks_exact(2).zip(steps.iter().cycle()) {
            self.add(step.name, step.cost, pair[1].saturating_sub(pair[0]) as f64 * seconds_per_tick);
        }
    }
}

/// How the launches of a plan are timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    /// Not at all.
    Off,
    /// By the device, in so many rounds at once.
    Device { most_rounds: u32 },
    /// By the host, one launch at a time: includes what it costs to submit and to wait.
    Host,
}

impl Clock {
    /// WebGPU's limit on one query set, in launches.
    const MOST_LAUNCHES: usize = 2048;

    /// The clock for a plan of `launches`.
    pub fn of(gpu: &Gpu, launches: usize) -> Self {
        if !gpu.inner.profiling.load(Ordering::Relaxed) || launches == 0 {
            Self::Off
        } else if gpu.capabilities().timestamps && launches <= Self::MOST_LAUNCHES {
            Self::Device { most_rounds: (Self::MOST_LAUNCHES / launches) as u32 }
        } else {
            Self::Host
        }
    }
}

/// Two timestamps around every launch of a command buffer.
pub(crate) struct Timestamps {
    set: wgpu::QuerySet,
    resolved: Pooled,
    staging: Staging,
    stamps: u32,
    next: u32,
}

impl Timestamps {
    pub fn new(gpu: &Gpu, device: &Device, launches: u32) -> Result<Self, GpuError> {
        let stamps = 2 * launches;
        let bytes = 8 * u64::from(stamps);
        let ty = wgpu::QueryType::Timestamp;
        let descriptor = wgpu::QuerySetDescriptor { label: Some("profile"), ty, count: stamps };
        let set = device.scoped("profile", bytes, || device.device.create_query_set(&descriptor))?;
        let usage = wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC;
        let resolved = gpu.take(device, "profile", bytes, usage)?;
        let staging = Staging::take(gpu, device, "profile read-back", bytes)?;
        Ok(Self { set, resolved, staging, stamps, next: 0 })
    }

    /// The stamps of the next launch.
    pub fn next(&mut self) -> wgpu::ComputePassTimestampWrites<'_> {
        let begin = self.next;
        self.next += 2;
        wgpu::ComputePassTimestampWrites {
            query_set: &self.set,
            beginning_of_pass_write_index: Some(begin),
            end_of_pass_write_index: Some(begin + 1),
        }
    }

    pub fn resolve(&self, encoder: &mut wgpu::CommandEncoder) {
        encoder.resolve_query_set(&self.set, 0..self.stamps, &self.resolved, 0);
        self.staging.copy_from(&self.resolved, encoder);
    }

    /// Waits for the stamps.
    pub fn read(mut self, device: &Device) -> Result<Vec<u64>, GpuError> {
        self.staging.map();
        device.wait(None)?;
        let words = self.staging.unload::<u32>(2 * self.stamps as usize)?;
        Ok(words.chunks_exact(2).map(|pair| u64::from(pair[0]) | u64::from(pair[1]) << 32).collect())
    }
}
