//! Counts of what a device was asked to do: tests hold loops against them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What has been done on a device since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Kernel launches.
    pub dispatches: u64,
    /// Command buffers handed to the driver.
    pub submissions: u64,
    /// Copies of results to the host.
    pub read_backs: u64,
    /// Buffers created (a buffer taken from the pool is not counted).
    pub buffers: u64,
    /// Pipelines created.
    pub pipelines: u64,
    /// Bind groups created.
    pub bind_groups: u64,
    /// Bytes of the buffers that are held now.
    pub held_bytes: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub dispatches: AtomicU64,
    pub submissions: AtomicU64,
    pub read_backs: AtomicU64,
    pub buffers: AtomicU64,
    pub pipelines: AtomicU64,
    pub bind_groups: AtomicU64,
    pub held_bytes: Arc<AtomicU64>,
}

pub(crate) fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}

/// Bytes that count as held until this is dropped.
pub(crate) struct Held {
    bytes: u64,
    of: Arc<AtomicU64>,
}

impl Held {
    pub fn new(of: &Arc<AtomicU64>, bytes: u64) -> Self {
        add(of, bytes);
        Self { bytes, of: of.clone() }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.of.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Tally {
    pub fn snapshot(&self) -> Counters {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counters {
            dispatches: read(&self.dispatches),
            submissions: read(&self.submissions),
            read_backs: read(&self.read_backs),
            buffers: read(&self.buffers),
            pipelines: read(&self.pipelines),
            bind_groups: read(&self.bind_groups),
            held_bytes: read(&self.held_bytes),
        }
    }
}
