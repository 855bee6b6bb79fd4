//! Typed device buffers, and moving data in and out of them.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ansatz_shaders::Scalar;
use futures::channel::oneshot;
use parking_lot::{Mutex, RwLock};

use crate::counters::add;
use crate::gpu::Device;
use crate::pool::Pool;
use crate::{Gpu, GpuError};

/// A scalar that a kernel can read.
pub trait Element: bytemuck::Pod + Send + Sync {
    /// Its name in the kernel table.
    const SCALAR: Scalar;
}

impl Element for u32 {
    const SCALAR: Scalar = Scalar::U32;
}
impl Element for i32 {
    const SCALAR: Scalar = Scalar::I32;
}
impl Element for f32 {
    const SCALAR: Scalar = Scalar::F32;
}
impl Element for f64 {
    const SCALAR: Scalar = Scalar::F64;
}

/// `len` scalars in the memory of a device. Cheap to clone: all clones are the same memory.
pub struct Buffer<T> {
    pub(crate) memory: Arc<Memory>,
    len: usize,
    element: PhantomData<T>,
}

impl<T> Clone for Buffer<T> {
    fn clone(&self) -> Self {
        Self { memory: self.memory.clone(), len: self.len, element: PhantomData }
    }
}

impl<T> std::fmt::Debug for Buffer<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Buffer({}, {} elements)", self.memory.label, self.len)
    }
}

impl<T> Buffer<T> {
    /// Number of scalars.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

pub(crate) struct Memory {
    pub label: String,
    pub bytes: u64,
    pub place: Place,
}

pub(crate) enum Place {
    Device {
        buffer: wgpu::Buffer,
        pool: Arc<Mutex<Pool>>,
    },
    /// Words of 8 bytes, so that every scalar is aligned.
    Host(RwLock<Vec<u64>>),
}

impl Drop for Memory {
    fn drop(&mut self) {
        if let Place::Device { buffer, pool } = &self.place {
            pool.lock().give(buffer.clone());
        }
    }
}

const STORAGE: wgpu::BufferUsages =
    wgpu::BufferUsages::STORAGE.union(wgpu::BufferUsages::COPY_SRC).union(wgpu::BufferUsages::COPY_DST);
pub(crate) const STAGING: wgpu::BufferUsages =
    wgpu::BufferUsages::MAP_READ.union(wgpu::BufferUsages::COPY_DST);

/// Buffers are never empty, and a multiple of a `vec4<f32>` long, so that every kernel can bind them.
fn padded(bytes: usize) -> u64 {
    (bytes as u64).max(1).next_multiple_of(16)
}

impl Gpu {
    /// A buffer of `len` zeros.
    ///
    /// # Errors
    /// [`GpuError::Limit`] past the device's largest binding, [`GpuError::OutOfMemory`].
    pub fn buffer<T: Element>(&self, label: &str, len: usize) -> Result<Buffer<T>, GpuError> {
        let bytes = padded(len.saturating_mul(size_of::<T>()));
        let available = self.capabilities().binding_bytes.min(self.capabilities().buffer_bytes);
        if bytes > available {
            let remedy = "cut the problem into smaller parts, or use a device with larger bindings (`cpu` has no such limit)";
            return Err(GpuError::Limit {
                what: format!("buffer `{label}` (bytes)"),
                needed: bytes,
                available,
                remedy,
            });
        }
        let place = match &self.inner.device {
            Some(device) => {
                let buffer = self.take(device, label, bytes, STORAGE)?;
                Place::Device { buffer, pool: device.pool.clone() }
            }
            None => {
                let mut words = Vec::new();
                let count = bytes.div_ceil(8) as usize;
                words
                    .try_reserve_exact(count)
                    .map_err(|_| GpuError::OutOfMemory { label: label.to_owned(), bytes })?;
                words.resize(count, 0);
                add(&self.inner.tally.buffers, 1);
                Place::Host(RwLock::new(words))
            }
        };
        Ok(Buffer {
            memory: Arc::new(Memory { label: label.to_owned(), bytes, place }),
            len,
            element: PhantomData,
        })
    }

    /// From the pool, cleared, or new.
    pub(crate) fn take(
        &self,
        device: &Device,
        label: &str,
        size: u64,
        usage: wgpu::BufferUsages,
    ) -> Result<wgpu::Buffer, GpuError> {
        device.check()?;
        let pooled = device.pool.lock().take(size, usage);
        if let Some(buffer) = pooled {
            if usage == STORAGE {
                let mut encoder =
                    device.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
                encoder.clear_buffer(&buffer, 0, None);
                device.queue.submit([encoder.finish()]);
            }
            return Ok(buffer);
        }
        add(&self.inner.tally.buffers, 1);
        let descriptor =
            wgpu::BufferDescriptor { label: Some(label), size, usage, mapped_at_creation: false };
        let create = || device.scoped(label, size, || device.device.create_buffer(&descriptor));
        create().or_else(|error| match error {
            GpuError::OutOfMemory { .. } => {
                device.pool.lock().clear();
                create()
            }
            other => Err(other),
        })
    }

    /// A buffer with a copy of `data`.
    ///
    /// # Errors
    /// As [`Gpu::buffer`].
    pub fn upload<T: Element>(&self, label: &str, data: &[T]) -> Result<Buffer<T>, GpuError> {
        let buffer = self.buffer(label, data.len())?;
        self.write(&buffer, 0, data)?;
        Ok(buffer)
    }

    /// Copies `data` into `buffer`, from element `first` on, before any plan that is run later.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where it does not fit, [`GpuError::DeviceLost`].
    pub fn write<T: Element>(&self, buffer: &Buffer<T>, first: usize, data: &[T]) -> Result<(), GpuError> {
        if first.checked_add(data.len()).is_none_or(|end| end > buffer.len) {
            let message = format!("{} elements from {first} on do not fit into {}", data.len(), buffer.len);
            return Err(GpuError::misuse(&buffer.memory.label, message));
        }
        match (&self.inner.device, &buffer.memory.place) {
            (Some(device), Place::Device { buffer: target, .. }) => {
                device.check()?;
                device.queue.write_buffer(
                    target,
                    (first * size_of::<T>()) as u64,
                    bytemuck::cast_slice(data),
                );
                device.check()
            }
            (None, Place::Host(words)) => {
                let mut words = words.write();
                bytemuck::cast_slice_mut::<u64, T>(&mut words)[first..first + data.len()]
                    .copy_from_slice(data);
                Ok(())
            }
            _ => Err(GpuError::misuse(&buffer.memory.label, "the buffer belongs to another device")),
        }
    }

    /// Waits for all work before it, and copies a buffer to the host.
    ///
    /// # Errors
    /// [`GpuError::Timeout`], [`GpuError::DeviceLost`], or what else went wrong on the device.
    pub fn read<T: Element>(&self, buffer: &Buffer<T>) -> Result<Vec<T>, GpuError> {
        let pending = self.start_read(buffer)?;
        if let (Some(device), Some(submission)) = (&self.inner.device, &pending.submission) {
            device.wait(Some(submission.clone()))?;
        }
        pollster::block_on(pending)
    }

    /// As [`Gpu::read`], without blocking the thread.
    ///
    /// # Errors
    /// As [`Gpu::read`].
    pub async fn read_async<T: Element>(&self, buffer: &Buffer<T>) -> Result<Vec<T>, GpuError> {
        self.start_read(buffer)?.await
    }

    fn start_read<T: Element>(&self, buffer: &Buffer<T>) -> Result<ReadBack<T>, GpuError> {
        add(&self.inner.tally.read_backs, 1);
        let (gpu, len, element) = (self.clone(), buffer.len, PhantomData);
        match (&self.inner.device, &buffer.memory.place) {
            (Some(device), Place::Device { buffer: source, .. }) => {
                let staging = self.take(device, "read-back", buffer.memory.bytes, STAGING)?;
                let mut encoder =
                    device.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
                encoder.copy_buffer_to_buffer(source, 0, &staging, 0, buffer.memory.bytes);
                let submission = device.queue.submit([encoder.finish()]);
                add(&self.inner.tally.submissions, 1);
                let mapped = map(&staging);
                Ok(ReadBack {
                    gpu,
                    from: From::Device { staging, mapped },
                    submission: Some(submission),
                    len,
                    element,
                })
            }
            (None, Place::Host(words)) => {
                let copy = words.read().clone();
                Ok(ReadBack { gpu, from: From::Host(copy), submission: None, len, element })
            }
            _ => Err(GpuError::misuse(&buffer.memory.label, "the buffer belongs to another device")),
        }
    }
}

pub(crate) type Mapped = oneshot::Receiver<Result<(), wgpu::BufferAsyncError>>;

/// Asks for `staging` to be mapped for reading.
pub(crate) fn map(staging: &wgpu::Buffer) -> Mapped {
    let (sender, receiver) = oneshot::channel();
    staging.map_async(wgpu::MapMode::Read, .., move |result| {
        // The receiver is gone when the caller gave up; nobody is left to tell.
        let _ = sender.send(result);
    });
    receiver
}

/// Copies the first `len` scalars of a mapped staging buffer, and unmaps it.
pub(crate) fn unload<T: Element>(staging: &wgpu::Buffer, len: usize) -> Result<Vec<T>, GpuError> {
    let view = staging.get_mapped_range(..).map_err(|error| GpuError::Validation {
        context: "read-back".to_owned(),
        message: error.to_string(),
    })?;
    let data =
        view[..len * size_of::<T>()].chunks_exact(size_of::<T>()).map(bytemuck::pod_read_unaligned).collect();
    drop(view);
    staging.unmap();
    Ok(data)
}

/// A read-back under way.
struct ReadBack<T> {
    gpu: Gpu,
    from: From,
    submission: Option<wgpu::SubmissionIndex>,
    len: usize,
    element: PhantomData<fn() -> T>,
}

enum From {
    Device { staging: wgpu::Buffer, mapped: Mapped },
    Host(Vec<u64>),
}

impl<T: Element> Future for ReadBack<T> {
    type Output = Result<Vec<T>, GpuError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        match &mut this.from {
            From::Host(words) => Poll::Ready(Ok(bytemuck::cast_slice(words)[..this.len].to_vec())),
            From::Device { staging, mapped } => {
                let Some(device) = &this.gpu.inner.device else {
                    return Poll::Ready(Err(GpuError::misuse("read-back", "the device is gone")));
                };
                if let Err(error) = device.check() {
                    return Poll::Ready(Err(error));
                }
                // Native devices call back only while they are polled.
                let _ = device.device.poll(wgpu::PollType::Poll);
                match Pin::new(mapped).poll(context) {
                    Poll::Pending => {
                        context.waker().wake_by_ref();
                        Poll::Pending
                    }
                    Poll::Ready(Ok(Ok(()))) => {
                        let data = unload(staging, this.len);
                        device.pool.lock().give(staging.clone());
                        Poll::Ready(data)
                    }
                    Poll::Ready(_) => {
                        Poll::Ready(Err(device.check().err().unwrap_or_else(|| GpuError::Validation {
                            context: "read-back".to_owned(),
                            message: "the buffer could not be mapped".to_owned(),
                        })))
                    }
                }
            }
        }
    }
}

impl Gpu {
    /// The first `words` scalars of a buffer of the CPU executor; empty for one of another device.
    pub(crate) fn read_host<T: Element>(&self, buffer: &Buffer<T>, words: usize) -> Vec<T> {
        match &buffer.memory.place {
            Place::Host(data) => bytemuck::cast_slice(&data.read())[..words].to_vec(),
            Place::Device { .. } => Vec::new(),
        }
    }
}
