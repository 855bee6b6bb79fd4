//! Gated loops: the body is recorded once, its kernels stop themselves by a status word on the device, and the host
//! looks at a few words every so many rounds through a ring of staging buffers, without stalling the device.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::time::Instant;

use crate::buffer::{STAGING, map, unload};
use crate::counters::add;
use crate::profile::Timestamps;
use crate::{Buffer, Element, GpuError, Plan};

/// How a plan is repeated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Repeat {
    /// Rounds at most.
    pub max_rounds: u64,
    /// Rounds between two looks of the host.
    pub look_every: u32,
    /// Work per submission, seconds at most: some drivers kill what takes 2 s.
    pub seconds_per_submission: f64,
}

impl Default for Repeat {
    fn default() -> Self {
        Self { max_rounds: u64::MAX, look_every: 32, seconds_per_submission: 0.5 }
    }
}

/// Looks under way at once: the device works on one batch while the host looks at the one before.
const RING: usize = 2;

/// Until a batch was timed, a device is taken to move this many bytes per second, and to need this long per launch.
const ASSUMED_BANDWIDTH: f64 = 2e9;
const ASSUMED_LAUNCH_SECONDS: f64 = 50e-6;

impl Plan {
    /// Repeats the plan until `look` breaks or the rounds are used up. `look` sees the first `words` scalars of
    /// `watched` as they were after each batch, and the number of rounds done by then; rounds that were already under
    /// way when it breaks still run, so the kernels must gate themselves.
    ///
    /// # Errors
    /// [`GpuError::Timeout`], [`GpuError::DeviceLost`], or what else went wrong on the device.
    pub fn repeat<T: Element>(
        &mut self,
        options: Repeat,
        watched: &Buffer<T>,
        words: usize,
        mut look: impl FnMut(&[T], u64) -> ControlFlow<()>,
    ) -> Result<(), GpuError> {
        if words > watched.len() {
            return Err(GpuError::misuse(
                &self.label,
                format!("{words} words are watched of {}", watched.len()),
            ));
        }
        let look_every = options.look_every.max(1);
        let gpu = self.gpu.clone();
        let Some(device) = &gpu.inner.device else {
            let mut done = 0;
            while done < options.max_rounds {
                let rounds = u64::from(look_every).min(options.max_rounds - done) as u32;
                self.run_twins(rounds);
                done += u64::from(rounds);
                add(&gpu.inner.tally.read_backs, 1);
                if look(&gpu.read_host(watched, words), done).is_break() {
                    break;
                }
            }
            return Ok(());
        };
        let source = self
            .device_buffer(watched)
            .ok_or_else(|| GpuError::misuse(&self.label, "the watched buffer belongs to another device"))?;
        let bytes = ((words * size_of::<T>()) as u64).max(16).next_multiple_of(16).min(watched.memory.bytes);
        let mut free: Vec<wgpu::Buffer> =
            (0..RING).map(|_| gpu.take(device, "look", bytes, STAGING)).collect::<Result<_, _>>()?;

        let cost = self.cost();
        let launches = self.steps.len() as f64;
        let mut seconds_per_round = cost.bytes as f64 / ASSUMED_BANDWIDTH + launches * ASSUMED_LAUNCH_SECONDS;
        let mut under_way: VecDeque<(wgpu::Buffer, wgpu::SubmissionIndex, u64)> = VecDeque::new();
        let (mut submitted, mut looked_at, mut stopped) = (0u64, 0u64, false);
        let mut last_look = Instant::now();
        while !stopped && submitted < options.max_rounds || !under_way.is_empty() {
            if !stopped
                && submitted < options.max_rounds
                && let Some(staging) = free.pop()
            {
                let batch = u64::from(look_every).min(options.max_rounds - submitted) as u32;
                let most =
                    (options.seconds_per_submission / seconds_per_round).clamp(1.0, f64::from(batch)) as u32;
                let most = most.min(Timestamps::most_rounds(self.steps.len()));
                let mut left = batch;
                loop {
                    let rounds = left.min(most);
                    left -= rounds;
                    let mut timestamps = Timestamps::for_plan(&gpu, device, self.steps.len(), rounds)?;
                    let commands = self.encode(device, rounds, timestamps.as_mut(), |encoder| {
                        if left == 0 {
                            encoder.copy_buffer_to_buffer(source, 0, &staging, 0, bytes);
                        }
                    });
                    let index = device.queue.submit([commands]);
                    add(&gpu.inner.tally.submissions, 1);
                    device.check()?;
                    if let Some(timestamps) = timestamps {
                        self.profile.gather(&gpu, device, timestamps, &self.steps)?;
                    }
                    if left == 0 {
                        submitted += u64::from(batch);
                        let _mapped = map(&staging);
                        add(&gpu.inner.tally.read_backs, 1);
                        under_way.push_back((staging, index, submitted));
                        break;
                    }
                }
                if under_way.len() < RING && submitted < options.max_rounds {
                    continue;
                }
            }
            let Some((staging, index, done)) = under_way.pop_front() else { break };
            device.wait(Some(index))?;
            let seen = unload::<T>(&staging, words)?;
            free.push(staging);
            if !stopped {
                let elapsed = last_look.elapsed().as_secs_f64();
                last_look = Instant::now();
                seconds_per_round = elapsed / (done - looked_at).max(1) as f64;
                looked_at = done;
                stopped = look(&seen, done).is_break();
            }
        }
        let mut pool = device.pool.lock();
        free.into_iter().for_each(|staging| pool.give(staging));
        Ok(())
    }
}
