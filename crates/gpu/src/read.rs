//! Moving results to the host, through staging buffers.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use futures::channel::oneshot;

use crate::buffer::Located;
use crate::counters::add;
use crate::gpu::Device;
use crate::pool::Pooled;
use crate::{Buffer, Element, Gpu, GpuError};

/// A buffer that the device copies to and the host reads from. It goes back to the pool unmapped, whatever happened.
pub(crate) struct Staging {
    buffer: Pooled,
    mapped: Option<oneshot::Receiver<Result<(), wgpu::BufferAsyncError>>>,
}

impl Staging {
    pub fn take(gpu: &Gpu, device: &Device, label: &str, bytes: u64) -> Result<Self, GpuError> {
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        Ok(Self { buffer: gpu.take(device, label, bytes, usage)?, mapped: None })
    }

    /// Encodes a copy of the first bytes of `source`, as many as this buffer holds.
    pub fn copy_from(&self, source: &wgpu::Buffer, encoder: &mut wgpu::CommandEncoder) {
        encoder.copy_buffer_to_buffer(source, 0, &self.buffer, 0, self.buffer.size());
    }

    /// Asks for the buffer to be mapped as soon as the commands submitted so far are done.
    pub fn map(&mut self) {
        let (sender, receiver) = oneshot::channel();
        self.buffer.map_async(wgpu::MapMode::Read, .., move |result| {
            // The receiver is gone when the caller gave up; nobody is left to tell.
            let _ = sender.send(result);
        });
        self.mapped = Some(receiver);
    }

    /// Whether the buffer is mapped by now.
    fn poll(&mut self, device: &Device, context: &mut Context<'_>) -> Poll<Result<(), GpuError>> {
        let Some(receiver) = &mut self.mapped else { return Poll::Ready(Err(unmappable())) };
        // Native devices call back only while they are polled.
        device.poll(wgpu::PollType::Poll)?;
        match Pin::new(receiver).poll(context) {
            Poll::Ready(Ok(Ok(()))) => Poll::Ready(Ok(())),
            Poll::Ready(_) => {
                self.mapped = None;
                Poll::Ready(Err(device.check().err().unwrap_or_else(unmappable)))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    /// Copies the first `len` scalars of the mapped buffer, and unmaps it.
    pub fn unload<T: Element>(&mut self, len: usize) -> Result<Vec<T>, GpuError> {
        let view = self.buffer.get_mapped_range(..).map_err(|_| unmappable())?;
        let scalars = view[..len * size_of::<T>()].chunks_exact(size_of::<T>());
        let data = scalars.map(bytemuck::pod_read_unaligned).collect();
        drop(view);
        self.mapped = None;
        self.buffer.unmap();
        Ok(data)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if let Some(mut receiver) = self.mapped.take()
            && !matches!(receiver.try_recv(), Ok(Some(Err(_))))
        {
            self.buffer.unmap();
        }
    }
}

fn unmappable() -> GpuError {
    let message = "the staging buffer could not be mapped".to_owned();
    GpuError::Validation { context: "read-back".to_owned(), message }
}

impl Gpu {
    /// Waits for all work before it, and copies a buffer to the host.
    ///
    /// # Errors
    /// [`GpuError::Timeout`], [`GpuError::DeviceLost`], or what else went wrong on the device.
    pub fn read<T: Element>(&self, buffer: &Buffer<T>) -> Result<Vec<T>, GpuError> {
        match self.locate(&buffer.memory)? {
            Located::Host(_) => self.read_host(buffer, buffer.len()),
            Located::Device(device, source) => {
                let (mut staging, submission) = self.start_read(device, source)?;
                device.wait(Some(submission))?;
                staging.unload(buffer.len())
            }
        }
    }

    /// As [`Gpu::read`], without blocking the thread.
    ///
    /// # Errors
    /// As [`Gpu::read`].
    pub async fn read_async<T: Element>(&self, buffer: &Buffer<T>) -> Result<Vec<T>, GpuError> {
        let (device, mut staging) = match self.locate(&buffer.memory)? {
            Located::Host(_) => return self.read_host(buffer, buffer.len()),
            Located::Device(device, source) => (device, self.start_read(device, source)?.0),
        };
        let start = Instant::now();
        poll_fn(|context| match staging.poll(device, context) {
            Poll::Pending if start.elapsed() > device.timeout => Poll::Ready(Err(device.timed_out())),
            Poll::Pending => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            ready => ready,
        })
        .await?;
        staging.unload(buffer.len())
    }

    fn start_read(
        &self,
        device: &Device,
        source: &wgpu::Buffer,
    ) -> Result<(Staging, wgpu::SubmissionIndex), GpuError> {
        let mut staging = Staging::take(self, device, "read-back", source.size())?;
        let mut encoder = device.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        staging.copy_from(source, &mut encoder);
        let submission = device.queue.submit([encoder.finish()]);
        device.check()?;
        add(&self.inner.tally.submissions, 1);
        add(&self.inner.tally.read_backs, 1);
        staging.map();
        Ok((staging, submission))
    }

    /// The first `words` scalars of a buffer of the CPU executor.
    pub(crate) fn read_host<T: Element>(&self, buffer: &Buffer<T>, words: usize) -> Result<Vec<T>, GpuError> {
        let Located::Host(data) = self.locate(&buffer.memory)? else {
            return Err(GpuError::misuse(&buffer.memory.label, "the buffer is not on the host"));
        };
        add(&self.inner.tally.read_backs, 1);
        Ok(bytemuck::cast_slice(&data.read())[..words].to_vec())
    }
}
