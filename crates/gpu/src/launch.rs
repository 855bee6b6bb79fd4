//! One launch of a kernel: its constants, parameters, bindings and twin.

use std::marker::PhantomData;
use std::num::NonZeroU64;
use std::ops::{Deref, DerefMut, Range};
use std::sync::Arc;

use ansatz_shaders::{Access, Binding, Kernel, Scalar, Variant};
use parking_lot::{RwLockReadGuard, RwLockWriteGuard};

use crate::buffer::{GRAIN, Memory, Place};
use crate::{Buffer, Capabilities, Element, Gpu, GpuError, Real};

/// What a launch moves and computes: the kernel's own account, from which its share of the device's limit follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost {
    /// Bytes read and written when every array is touched once.
    pub bytes: u64,
    /// Floating-point operations, but for exponentials.
    pub flops: u64,
    /// Exponentials, where these are counted by themselves.
    pub exponentials: u64,
}

/// The kernel's computation in plain Rust: the CPU executor's implementation.
pub(crate) type Twin = Arc<dyn Fn(&Args) + Send + Sync>;

/// A launch that is ready to be recorded into a [`crate::Plan`].
pub struct Launch {
    pub(crate) kernel: &'static Kernel,
    pub(crate) flags: Vec<&'static str>,
    pub(crate) constants: Vec<(&'static str, f64)>,
    pub(crate) generated: Option<Arc<str>>,
    pub(crate) args: Args,
    pub(crate) workgroups: u64,
    pub(crate) least_subgroup: u32,
    pub(crate) cost: Cost,
    pub(crate) twin: Twin,
}

impl Launch {
    /// A launch of `kernel`, with the twin that computes the same on the CPU executor.
    pub fn new(kernel: &'static Kernel, twin: impl Fn(&Args) + Send + Sync + 'static) -> Self {
        Self {
            kernel,
            flags: Vec::new(),
            constants: Vec::new(),
            generated: None,
            args: Args { kernel: kernel.name, params: Vec::new(), bound: Vec::new() },
            workgroups: 1,
            least_subgroup: 1,
            cost: Cost::default(),
            twin: Arc::new(twin),
        }
    }

    /// Computes in `T`: selects the `F64` variant for `f64`.
    pub fn real<T: Real>(self) -> Self {
        self.flag("F64", T::IS_F64)
    }

    /// Turns the `#if` flag `name` on.
    pub fn flag(mut self, name: &'static str, on: bool) -> Self {
        if on {
            self.flags.push(name);
        }
        self
    }

    /// Sets an `override` constant.
    pub fn constant(mut self, name: &'static str, value: u32) -> Self {
        self.constants.push((name, f64::from(value)));
        self
    }

    /// Gives the text of the kernel's generated import.
    pub fn generated(mut self, text: impl Into<Arc<str>>) -> Self {
        self.generated = Some(text.into());
        self
    }

    /// Sets the parameter block; its layout is that of the kernel's `Params`.
    pub fn params<P: bytemuck::NoUninit>(mut self, params: &P) -> Self {
        self.args.params = bytemuck::bytes_of(params).to_vec();
        self
    }

    /// Binds the next of the kernel's buffers, in the order of its bindings (the parameters are not counted).
    pub fn bind<T: Element>(self, buffer: &Buffer<T>) -> Self {
        let all = 0..buffer.len();
        self.bind_range(buffer, all)
    }

    /// As [`Launch::bind`], a part of the buffer; the part must begin at a multiple of 256 bytes.
    pub fn bind_range<T: Element>(mut self, buffer: &Buffer<T>, range: Range<usize>) -> Self {
        let bytes = |elements: usize| elements.saturating_mul(size_of::<T>());
        let bytes = bytes(range.start)..bytes(range.end);
        let fits = range.start <= range.end && range.end <= buffer.len();
        self.args.bound.push(Bound { memory: buffer.memory.clone(), bytes, scalar: T::SCALAR, fits });
        self
    }

    /// How many workgroups run; the kernel rebuilds this linear index from a 2-D grid.
    pub fn workgroups(mut self, count: u64) -> Self {
        self.workgroups = count;
        self
    }

    /// Takes the variant without subgroups where they may be smaller than this.
    pub fn least_subgroup(mut self, invocations: u32) -> Self {
        self.least_subgroup = invocations;
        self
    }

    /// States what the launch moves and computes.
    pub fn cost(mut self, bytes: u64, flops: u64) -> Self {
        self.cost = Cost { bytes, flops, ..self.cost };
        self
    }

    /// The exponentials that it takes beside the flops of [`Launch::cost`].
    pub fn exponentials(mut self, count: u64) -> Self {
        self.cost.exponentials = count;
        self
    }
}

/// A bound part of a buffer.
pub(crate) struct Bound {
    pub memory: Arc<Memory>,
    pub bytes: Range<usize>,
    pub scalar: Scalar,
    pub fits: bool,
}

impl Bound {
    /// The part of `buffer`, rounded up to what every kernel can bind.
    pub fn part_of<'a>(&self, buffer: &'a wgpu::Buffer) -> wgpu::BufferBinding<'a> {
        // Nothing is a part of everything.
        let bytes = if self.bytes.is_empty() { 0..0 } else { self.bytes.clone() };
        let offset = bytes.start as u64;
        let end = (bytes.end as u64).max(1).next_multiple_of(GRAIN).min(buffer.size());
        wgpu::BufferBinding { buffer, offset, size: NonZeroU64::new(end - offset) }
    }
}

/// What a twin works on: the parameters and the bound buffers of its launch.
pub struct Args {
    pub(crate) kernel: &'static str,
    pub(crate) params: Vec<u8>,
    pub(crate) bound: Vec<Bound>,
}

impl Args {
    /// The parameter block.
    pub fn params<P: bytemuck::AnyBitPattern>(&self) -> P {
        bytemuck::pod_read_unaligned(&self.params)
    }

    /// The buffer at WGSL binding `binding` (1 is the first after the parameters), to be read.
    pub fn read<T: Element>(&self, binding: usize) -> Reading<'_, T> {
        let bound = &self.bound[binding - 1];
        debug_assert_eq!(bound.scalar, T::SCALAR, "{}: binding {binding}", self.kernel);
        match &bound.memory.place {
            // A buffer may be bound twice for reading.
            Place::Host(words) => {
                Reading { words: words.read_recursive(), bytes: bound.bytes.clone(), of: PhantomData }
            }
            Place::Device(_) => {
                unreachable!("twins run on the CPU executor alone, whose buffers are on the host")
            }
        }
    }

    /// As [`Args::read`], to be written.
    pub fn write<T: Element>(&self, binding: usize) -> Writing<'_, T> {
        let bound = &self.bound[binding - 1];
        debug_assert_eq!(bound.scalar, T::SCALAR, "{}: binding {binding}", self.kernel);
        match &bound.memory.place {
            Place::Host(words) => {
                Writing { words: words.write(), bytes: bound.bytes.clone(), of: PhantomData }
            }
            Place::Device(_) => {
                unreachable!("twins run on the CPU executor alone, whose buffers are on the host")
            }
        }
    }
}

/// A bound buffer, held for reading.
pub struct Reading<'a, T> {
    words: RwLockReadGuard<'a, Vec<u64>>,
    bytes: Range<usize>,
    of: PhantomData<T>,
}

/// A bound buffer, held for writing.
pub struct Writing<'a, T> {
    words: RwLockWriteGuard<'a, Vec<u64>>,
    bytes: Range<usize>,
    of: PhantomData<T>,
}

impl<T: Element> Deref for Reading<'_, T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        bytemuck::cast_slice(&bytemuck::cast_slice::<u64, u8>(&self.words)[self.bytes.clone()])
    }
}

impl<T: Element> Deref for Writing<'_, T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        bytemuck::cast_slice(&bytemuck::cast_slice::<u64, u8>(&self.words)[self.bytes.clone()])
    }
}

impl<T: Element> DerefMut for Writing<'_, T> {
    fn deref_mut(&mut self) -> &mut [T] {
        bytemuck::cast_slice_mut(
            &mut bytemuck::cast_slice_mut::<u64, u8>(&mut self.words)[self.bytes.clone()],
        )
    }
}

/// Checks a launch against the reflected kernel and against what the device can do.
pub(crate) fn check(launch: &Launch, variant: &Variant, gpu: &Gpu) -> Result<(), GpuError> {
    check_parameters(launch, variant)?;
    check_bindings(launch, variant, gpu)?;
    check_device(launch, variant, gpu.capabilities())
}

fn check_parameters(launch: &Launch, variant: &Variant) -> Result<(), GpuError> {
    let wrong = |message: String| Err(GpuError::misuse(launch.kernel.name, message));
    let (given, wanted) = (launch.args.params.len(), variant.params.map_or(0, |params| params.size as usize));
    if given != wanted {
        return wrong(format!("the parameters are {given} bytes; the kernel has {wanted}"));
    }
    if launch.generated.is_some() != variant.generated.is_some() {
        let message = match variant.generated {
            Some(_) => "the text of the kernel's generated import is missing",
            None => "the kernel has no generated import",
        };
        return wrong(message.to_owned());
    }
    let unknown = launch.constants.iter().find(|(name, _)| variant.constant(name).is_none());
    unknown.map_or(Ok(()), |(name, _)| wrong(format!("the kernel has no constant `{name}`")))
}

/// Binding offsets are a multiple of this many bytes on every device.
const ALIGNMENT: usize = 256;

fn check_bindings(launch: &Launch, variant: &Variant, gpu: &Gpu) -> Result<(), GpuError> {
    let wrong = |message: String| Err(GpuError::misuse(launch.kernel.name, message));
    let storage: Vec<_> = variant.bindings.iter().filter(|binding| binding.index > 0).collect();
    let bound = &launch.args.bound;
    if bound.len() != storage.len() {
        return wrong(format!("{} buffers are bound; the kernel has {}", bound.len(), storage.len()));
    }
    for (i, (bound, binding)) in bound.iter().zip(&storage).enumerate() {
        let (name, label) = (binding.name, &bound.memory.label);
        gpu.locate(&bound.memory)?;
        if !bound.fits {
            return wrong(format!("the range bound to `{name}` lies outside buffer `{label}`"));
        }
        if bound.bytes.start % ALIGNMENT != 0 {
            let start = bound.bytes.start;
            return wrong(format!("`{name}` starts at byte {start}, which is no multiple of {ALIGNMENT}"));
        }
        if binding.scalar != Scalar::Mixed && binding.scalar != bound.scalar {
            let wanted = binding.scalar;
            return wrong(format!("`{name}` holds {wanted:?}, but buffer `{label}` {:?}", bound.scalar));
        }
        let aliased = |(other, its): (&Bound, &&Binding)| {
            let written = binding.access == Access::ReadWrite || its.access == Access::ReadWrite;
            written && Arc::ptr_eq(&bound.memory, &other.memory)
        };
        if launch.args.bound[..i].iter().zip(&storage).any(aliased) {
            return wrong(format!("buffer `{label}` is bound twice, and written"));
        }
    }
    Ok(())
}

fn check_device(launch: &Launch, variant: &Variant, capabilities: &Capabilities) -> Result<(), GpuError> {
    let name = launch.kernel.name;
    if variant.flags.contains(&"F64") && !capabilities.f64 {
        let remedy = "compute in f32 and refine on the host, or use `cpu`";
        return Err(GpuError::Unsupported { what: name.to_owned(), feature: "native f64", remedy });
    }
    let size = variant.workgroup_size_with(&launch.constants);
    let bytes = variant.workgroup_bytes_with(&launch.constants);
    let (Some(size), Some(bytes)) = (size, bytes) else {
        return Err(GpuError::misuse(name, "a constant that its workgroup depends on is missing or wrong"));
    };
    let invocations: u64 = size.iter().map(|&extent| u64::from(extent)).product();
    if invocations == 0 {
        return Err(GpuError::misuse(name, "a workgroup of no invocations"));
    }
    let limit = |what: &str, needed: u64, available: u32| {
        let (what, available) = (format!("{name} ({what})"), u64::from(available));
        let remedy = "choose a smaller workgroup";
        let error = GpuError::Limit { what, needed, available, remedy };
        if needed > available { Err(error) } else { Ok(()) }
    };
    limit("invocations per workgroup", invocations, capabilities.workgroup_invocations)?;
    limit("bytes of workgroup memory", bytes.into(), capabilities.workgroup_bytes)
}
