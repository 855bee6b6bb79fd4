//! Gated loops: the body is recorded once, its kernels stop themselves by a status word on the device, and the host
//! looks at a few words every so many rounds through a ring of staging buffers, without stalling the device.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::time::Instant;

use crate::buffer::Located;
use crate::counters::add;
use crate::read::Staging;
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
    /// `watched` as they were after each batch, and the number of rounds done by then. The rounds under way when it
    /// breaks still run (at most [`Repeat::look_every`], after it returned), so the kernels must gate themselves.
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
        let look_every = u64::from(options.look_every.max(1));
        let gpu = self.gpu.clone();
        let (device, source) = match gpu.locate(&watched.memory)? {
            Located::Device(device, source) => (device, source),
            Located::Host(_) => {
                return self.repeat_twins(options.max_rounds, look_every, watched, words, look);
            }
        };
        let bytes = (words * size_of::<T>()).max(1).next_multiple_of(8) as u64;
        let mut free =
            (0..RING).map(|_| Staging::take(&gpu, device, "look", bytes)).collect::<Result<Vec<_>, _>>()?;
        let mut under_way = VecDeque::new();
        let (mut submitted, mut looked_at) = (0, 0);
        let mut seconds_per_round = self.assumed_seconds();
        let mut last_look = Instant::now();
        loop {
            while submitted < options.max_rounds
                && let Some(mut staging) = free.pop()
            {
                let batch = look_every.min(options.max_rounds - submitted) as u32;
                // At least one; also where the options are not a number.
                let most = ((options.seconds_per_submission / seconds_per_round) as u32).max(1);
                let mut left = batch;
                while left > most {
                    self.submit(device, most, |_| ())?;
                    left -= most;
                }
                let index = self.submit(device, left, |encoder| staging.copy_from(source, encoder))?;
                staging.map();
                add(&gpu.inner.tally.read_backs, 1);
                submitted += u64::from(batch);
                under_way.push_back((staging, index, submitted));
            }
            let Some((mut staging, index, done)) = under_way.pop_front() else { return Ok(()) };
            device.wait(Some(index))?;
            let seen = staging.unload(words)?;
            free.push(staging);
            seconds_per_round = last_look.elapsed().as_secs_f64() / (done - looked_at) as f64;
            (last_look, looked_at) = (Instant::now(), done);
            if look(&seen, done).is_break() {
                return Ok(());
            }
        }
    }

    /// What a round takes, by its own account, on a device that was not timed.
    fn assumed_seconds(&self) -> f64 {
        self.cost().bytes as f64 / ASSUMED_BANDWIDTH + self.len() as f64 * ASSUMED_LAUNCH_SECONDS
    }

    fn repeat_twins<T: Element>(
        &mut self,
        max_rounds: u64,
        look_every: u64,
        watched: &Buffer<T>,
        words: usize,
        mut look: impl FnMut(&[T], u64) -> ControlFlow<()>,
    ) -> Result<(), GpuError> {
        let mut done = 0;
        while done < max_rounds {
            let rounds = look_every.min(max_rounds - done);
            self.run_twins(rounds as u32);
            done += rounds;
            if look(&self.gpu.read_host(watched, words)?, done).is_break() {
                break;
            }
        }
        Ok(())
    }
}
