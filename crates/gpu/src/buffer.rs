//! Typed device buffers, and moving data into them.

use std::marker::PhantomData;
use std::sync::Arc;

use ansatz_shaders::Scalar;
use parking_lot::RwLock;

use crate::counters::{Held, add};
use crate::gpu::Device;
use crate::pool::Pooled;
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
    pub place: Place,
    _held: Held,
}

pub(crate) enum Place {
    Device(Pooled),
    /// Words of 8 bytes, so that every scalar is aligned.
    Host(RwLock<Vec<u64>>),
}

/// The memory of a buffer, on the device that it belongs to.
pub(crate) enum Located<'a> {
    Device(&'a Device, &'a wgpu::Buffer),
    Host(&'a RwLock<Vec<u64>>),
}

const STORAGE: wgpu::BufferUsages =
    wgpu::BufferUsages::STORAGE.union(wgpu::BufferUsages::COPY_SRC).union(wgpu::BufferUsages::COPY_DST);

/// Buffers are never empty, and a multiple of a `vec4<f64>` long, so that every kernel can bind them.
pub(crate) const GRAIN: u64 = 32;

impl Gpu {
    /// A buffer of `len` zeros.
    ///
    /// # Errors
    /// [`GpuError::Limit`] past the device's largest binding, [`GpuError::OutOfMemory`].
    pub fn buffer<T: Element>(&self, label: &str, len: usize) -> Result<Buffer<T>, GpuError> {
        let bytes = (len as u64).saturating_mul(size_of::<T>() as u64).clamp(1, u64::MAX - GRAIN);
        let bytes = bytes.next_multiple_of(GRAIN);
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
            Some(device) => Place::Device(self.take(device, label, bytes, STORAGE)?),
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
        let _held = Held::new(&self.inner.tally.held_bytes, bytes);
        Ok(Buffer {
            memory: Arc::new(Memory { label: label.to_owned(), place, _held }),
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
    ) -> Result<Pooled, GpuError> {
        device.check()?;
        let pooled = device.pool.lock().take(size, usage);
        if let Some(buffer) = pooled {
            if usage == STORAGE {
                let mut encoder =
                    device.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
                encoder.clear_buffer(&buffer, 0, None);
                device.queue.submit([encoder.finish()]);
            }
            return Ok(Pooled::new(buffer, &device.pool));
        }
        add(&self.inner.tally.buffers, 1);
        let descriptor =
            wgpu::BufferDescriptor { label: Some(label), size, usage, mapped_at_creation: false };
        let create = || device.scoped(label, size, || device.device.create_buffer(&descriptor));
        let buffer = create().or_else(|error| match error {
            GpuError::OutOfMemory { .. } => {
                device.pool.lock().clear();
                create()
            }
            other => Err(other),
        })?;
        Ok(Pooled::new(buffer, &device.pool))
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
        match self.locate(&buffer.memory)? {
            Located::Device(device, target) => {
                device.check()?;
                let offset = (first * size_of::<T>()) as u64;
                device.queue.write_buffer(target, offset, bytemuck::cast_slice(data));
                device.check()
            }
            Located::Host(words) => {
                let mut words = words.write();
                bytemuck::cast_slice_mut::<u64, T>(&mut words)[first..first + data.len()]
                    .copy_from_slice(data);
                Ok(())
            }
        }
    }

    /// Where `memory` lies, if it belongs to this device.
    pub(crate) fn locate<'a>(&'a self, memory: &'a Memory) -> Result<Located<'a>, GpuError> {
        match (&self.inner.device, &memory.place) {
            (Some(device), Place::Device(buffer)) if buffer.is_of(&device.pool) => {
                Ok(Located::Device(device, buffer))
            }
            (None, Place::Host(words)) => Ok(Located::Host(words)),
            _ => Err(GpuError::misuse(&memory.label, "the buffer belongs to another device")),
        }
    }
}
