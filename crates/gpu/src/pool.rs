//! Device buffers that wait to be used again.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

use parking_lot::Mutex;

/// Free buffers by size and usage. Repeated solves of one size allocate nothing.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    free: HashMap<(u64, wgpu::BufferUsages), Vec<wgpu::Buffer>>,
    held_bytes: u64,
}

/// The pool holds at most this much memory that nobody uses.
const MAX_HELD_BYTES: u64 = 512 << 20;

impl Pool {
    pub fn take(&mut self, bytes: u64, usage: wgpu::BufferUsages) -> Option<wgpu::Buffer> {
        let buffer = self.free.get_mut(&(bytes, usage))?.pop()?;
        self.held_bytes -= bytes;
        Some(buffer)
    }

    pub fn give(&mut self, buffer: wgpu::Buffer) {
        let bytes = buffer.size();
        if self.held_bytes + bytes <= MAX_HELD_BYTES {
            self.held_bytes += bytes;
            self.free.entry((bytes, buffer.usage())).or_default().push(buffer);
        }
    }

    /// Gives all free memory back to the driver.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

/// A device buffer that goes back to its pool when it is dropped. Commands that still use it come first on the queue.
pub(crate) struct Pooled {
    buffer: wgpu::Buffer,
    pool: Arc<Mutex<Pool>>,
}

impl Pooled {
    pub fn new(buffer: wgpu::Buffer, pool: &Arc<Mutex<Pool>>) -> Self {
        Self { buffer, pool: pool.clone() }
    }

    /// Whether the buffer is of the device that `pool` belongs to.
    pub fn is_of(&self, pool: &Arc<Mutex<Pool>>) -> bool {
        Arc::ptr_eq(&self.pool, pool)
    }
}

impl Deref for Pooled {
    type Target = wgpu::Buffer;
    fn deref(&self) -> &wgpu::Buffer {
        &self.buffer
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        self.pool.lock().give(self.buffer.clone());
    }
}
