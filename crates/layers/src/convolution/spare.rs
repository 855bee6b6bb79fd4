//! Buffers that a pass through the network takes again.

use ansatz_gpu::{Buffer, Gpu, GpuError, Real};

use super::Images;

/// Buffers of so many channels that are no longer wanted.
pub(super) struct Spare<T> {
    channels: usize,
    free: Vec<Buffer<T>>,
}

impl<T: Real> Spare<T> {
    pub fn new(channels: usize) -> Self {
        Self { channels, free: Vec::new() }
    }

    /// One for these images, whatever it holds.
    pub fn take(&mut self, gpu: &Gpu, images: Images) -> Result<Buffer<T>, GpuError> {
        let len = images.len(self.channels);
        match self.free.iter().position(|free| free.len() == len) {
            Some(at) => Ok(self.free.swap_remove(at)),
            None => gpu.buffer("channels", len),
        }
    }

    pub fn give(&mut self, buffers: impl IntoIterator<Item = Buffer<T>>) {
        self.free.extend(buffers);
    }
}
