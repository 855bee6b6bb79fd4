//! Compute pipelines: made once per device, kept in memory and, where the driver can, on disk.

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use ansatz_shaders::{Access, Variant};
use parking_lot::Mutex;

use crate::counters::add;
use crate::gpu::Device;
use crate::{Capabilities, Gpu, GpuError, Launch};

/// A compiled kernel and the layout of its bindings.
#[derive(Debug)]
pub(crate) struct Pipeline {
    pub pipeline: wgpu::ComputePipeline,
    pub layout: wgpu::BindGroupLayout,
}

/// Kernel, flags that are on, the bits of its override constants, and the text of its generated import.
type Key = (&'static str, Vec<&'static str>, Vec<(&'static str, u64)>, Option<Arc<str>>);

pub(crate) struct Pipelines {
    made: Mutex<HashMap<Key, Arc<Pipeline>>>,
    disk: Option<(wgpu::PipelineCache, PathBuf)>,
    unsaved: std::sync::atomic::AtomicBool,
}

impl Pipelines {
    pub fn new(
        device: &wgpu::Device,
        info: &wgpu::AdapterInfo,
        capabilities: &Capabilities,
        directory: Option<&Path>,
    ) -> Self {
        let file = wgpu::util::pipeline_cache_key(info)
            .filter(|_| capabilities.pipeline_cache)
            .and_then(|key| directory.map(|directory| directory.join(key)));
        let disk = file.map(|file| {
            let sealed = std::fs::read(&file).unwrap_or_default();
            let cache = create_cache(device, unseal(&sealed)).or_else(|| create_cache(device, None));
            (cache, file)
        });
        let disk = disk.and_then(|(cache, file)| Some((cache?, file)));
        Self { made: Mutex::default(), disk, unsaved: false.into() }
    }

    /// Writes the cache to a temporary file and renames it.
    pub fn save(&self) -> std::io::Result<()> {
        let Some((cache, file)) = &self.disk else { return Ok(()) };
        if !self.unsaved.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        let (Some(data), Some(directory)) = (cache.get_data(), file.parent()) else { return Ok(()) };
        std::fs::create_dir_all(directory)?;
        let mut temporary = tempfile::NamedTempFile::new_in(directory)?;
        temporary.write_all(&checksum(&data).to_le_bytes())?;
        temporary.write_all(&data)?;
        temporary.persist(file)?;
        Ok(())
    }
}

/// FNV-1a: drivers believe what they are given, so damage on disk must be found here.
pub(crate) fn checksum(data: &[u8]) -> u64 {
    let mix = |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    data.iter().fold(0xcbf2_9ce4_8422_2325, mix)
}

/// The data of a cache file, if it is whole.
fn unseal(file: &[u8]) -> Option<&[u8]> {
    let (sum, data) = file.split_first_chunk()?;
    (u64::from_le_bytes(*sum) == checksum(data)).then_some(data)
}

/// A cache that starts with `data`; `None` where wgpu will not have it.
fn create_cache(device: &wgpu::Device, data: Option<&[u8]>) -> Option<wgpu::PipelineCache> {
    let scope = device.push_error_scope(wgpu::ErrorFilter::Validation);
    let descriptor = wgpu::PipelineCacheDescriptor { label: None, data, fallback: true };
    // SAFETY: the data is what `get_data` returned, to the byte; wgpu checks that it was for such a device and driver.
    let cache = unsafe { device.create_pipeline_cache(&descriptor) };
    pollster::block_on(scope.pop()).is_none().then_some(cache)
}

impl Drop for Pipelines {
    fn drop(&mut self) {
        // A cache that cannot be written costs time in the next process, nothing else.
        let _ = self.save();
    }
}

impl Gpu {
    pub(crate) fn pipeline(
        &self,
        device: &Device,
        launch: &Launch,
        variant: &'static Variant,
    ) -> Result<Arc<Pipeline>, GpuError> {
        let Launch { kernel, constants, generated, .. } = launch;
        let bits = constants.iter().map(|&(name, value)| (name, value.to_bits())).collect();
        let key: Key = (kernel.name, variant.flags.to_vec(), bits, generated.clone());
        if let Some(found) = device.pipelines.made.lock().get(&key) {
            return Ok(found.clone());
        }
        let made = device.scoped(kernel.name, 0, || compile(device, launch, variant))?;
        add(&self.inner.tally.pipelines, 1);
        device.pipelines.unsaved.store(true, Ordering::Relaxed);
        Ok(device.pipelines.made.lock().entry(key).or_insert(Arc::new(made)).clone())
    }
}

fn compile(device: &Device, launch: &Launch, variant: &Variant) -> Pipeline {
    let Launch { kernel, constants, generated, .. } = launch;
    let label = Some(kernel.name);
    let source = match generated {
        Some(text) => variant.source_with(text).into(),
        None => variant.source.into(),
    };
    let source = wgpu::ShaderSource::Wgsl(source);
    let descriptor = wgpu::ShaderModuleDescriptor { label, source };
    // SAFETY: the kernels are ours, validated at build time and tested against their twins; every index is bounded by
    // parameters that the typed launch checked against the lengths of the bound buffers, and every loop ends.
    let module = unsafe {
        device.device.create_shader_module_trusted(descriptor, wgpu::ShaderRuntimeChecks::unchecked())
    };
    let entries: Vec<_> = variant
        .bindings
        .iter()
        .map(|binding| wgpu::BindGroupLayoutEntry {
            binding: binding.index,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer {
                ty: match binding.access {
                    Access::Uniform => wgpu::BufferBindingType::Uniform,
                    Access::Read => wgpu::BufferBindingType::Storage { read_only: true },
                    Access::ReadWrite => wgpu::BufferBindingType::Storage { read_only: false },
                },
                has_dynamic_offset: false,
                min_binding_size: None,
            },
            count: None,
        })
        .collect();
    let layout =
        device.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label, entries: &entries });
    let immediate_size = variant.params.filter(|params| params.immediate).map_or(0, |params| params.size);
    let pipeline_layout = device.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label,
        bind_group_layouts: &[Some(&layout)],
        immediate_size,
    });
    let pipeline = device.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label,
        layout: Some(&pipeline_layout),
        module: &module,
        entry_point: Some("main"),
        compilation_options: wgpu::PipelineCompilationOptions {
            constants,
            zero_initialize_workgroup_memory: false,
        },
        cache: device.pipelines.disk.as_ref().map(|(cache, _)| cache),
    });
    Pipeline { pipeline, layout }
}
