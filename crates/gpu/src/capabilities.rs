//! What a device can do, negotiated when it is opened, and the fallback for each thing that it cannot.

/// Limits and features of an open device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// Storage buffers per kernel (8 everywhere; Ansatz uses at most 7).
    pub storage_buffers: u32,
    /// Workgroup memory, bytes.
    pub workgroup_bytes: u32,
    /// Invocations per workgroup.
    pub workgroup_invocations: u32,
    /// Workgroups per dimension of a dispatch.
    pub workgroups_per_dimension: u32,
    /// Largest storage binding, bytes.
    pub binding_bytes: u64,
    /// Largest buffer, bytes.
    pub buffer_bytes: u64,
    /// Subgroup operations. Fallback: a tree in workgroup memory.
    pub subgroups: bool,
    /// Immediates (push constants). Fallback: parameters in a small storage buffer.
    pub immediates: bool,
    /// Native f64. Fallback: f32 on the device, refined in f64 by the host.
    pub f64: bool,
    /// Timestamps. Fallback: wall-clock time around each kernel.
    pub timestamps: bool,
    /// A pipeline cache that can be kept on disk. Fallback: pipelines are compiled in every process.
    pub pipeline_cache: bool,
}

impl Capabilities {
    /// The bytes of immediates that every kernel's parameters fit into.
    pub(crate) const IMMEDIATE_BYTES: u32 = 64;

    /// What `adapter` offers.
    pub(crate) fn of(adapter: &wgpu::Adapter) -> Self {
        let (limits, features) = (adapter.limits(), adapter.features());
        Self {
            storage_buffers: limits.max_storage_buffers_per_shader_stage,
            workgroup_bytes: limits.max_compute_workgroup_storage_size,
            workgroup_invocations: limits.max_compute_invocations_per_workgroup,
            workgroups_per_dimension: limits.max_compute_workgroups_per_dimension,
            // About 2 GiB is the practical cap of drivers, whatever they claim.
            binding_bytes: limits.max_storage_buffer_binding_size.min((1 << 31) - 256),
            buffer_bytes: limits.max_buffer_size.min(1 << 31),
            subgroups: features.contains(wgpu::Features::SUBGROUP),
            immediates: features.contains(wgpu::Features::IMMEDIATES)
                && limits.max_immediate_size >= Self::IMMEDIATE_BYTES,
            f64: features.contains(wgpu::Features::SHADER_F64),
            timestamps: features.contains(wgpu::Features::TIMESTAMP_QUERY),
            pipeline_cache: features.contains(wgpu::Features::PIPELINE_CACHE),
        }
    }

    /// The CPU executor: twins have no such limits, and run in f64 as well as in f32.
    pub(crate) const CPU: Self = Self {
        storage_buffers: u32::MAX,
        workgroup_bytes: u32::MAX,
        workgroup_invocations: u32::MAX,
        workgroups_per_dimension: 65_535,
        binding_bytes: u64::MAX,
        buffer_bytes: u64::MAX,
        subgroups: false,
        immediates: false,
        f64: true,
        timestamps: false,
        pipeline_cache: false,
    };

    /// The least that WebGPU guarantees: what a device is lowered to in order to test every fallback.
    pub const LOWEST: Self = Self {
        storage_buffers: 8,
        workgroup_bytes: 16 << 10,
        workgroup_invocations: 256,
        workgroups_per_dimension: 65_535,
        binding_bytes: 128 << 20,
        buffer_bytes: 256 << 20,
        subgroups: false,
        immediates: false,
        f64: false,
        timestamps: false,
        pipeline_cache: false,
    };

    /// The smaller of both, feature by feature and limit by limit.
    pub(crate) fn lowered_to(self, cap: Self) -> Self {
        Self {
            storage_buffers: self.storage_buffers.min(cap.storage_buffers),
            workgroup_bytes: self.workgroup_bytes.min(cap.workgroup_bytes),
            workgroup_invocations: self.workgroup_invocations.min(cap.workgroup_invocations),
            workgroups_per_dimension: self.workgroups_per_dimension.min(cap.workgroups_per_dimension),
            binding_bytes: self.binding_bytes.min(cap.binding_bytes),
            buffer_bytes: self.buffer_bytes.min(cap.buffer_bytes),
            subgroups: self.subgroups && cap.subgroups,
            immediates: self.immediates && cap.immediates,
            f64: self.f64 && cap.f64,
            timestamps: self.timestamps && cap.timestamps,
            pipeline_cache: self.pipeline_cache && cap.pipeline_cache,
        }
    }

    pub(crate) fn features(&self) -> wgpu::Features {
        [
            (self.subgroups, wgpu::Features::SUBGROUP),
            (self.immediates, wgpu::Features::IMMEDIATES),
            (self.f64, wgpu::Features::SHADER_F64),
            (self.timestamps, wgpu::Features::TIMESTAMP_QUERY),
            (self.pipeline_cache, wgpu::Features::PIPELINE_CACHE),
        ]
        .into_iter()
        .filter_map(|(on, feature)| on.then_some(feature))
        .fold(wgpu::Features::empty(), wgpu::Features::union)
    }

    pub(crate) fn limits(&self) -> wgpu::Limits {
        wgpu::Limits {
            max_storage_buffers_per_shader_stage: self.storage_buffers,
            max_compute_workgroup_storage_size: self.workgroup_bytes,
            max_compute_invocations_per_workgroup: self.workgroup_invocations,
            max_compute_workgroup_size_x: self.workgroup_invocations,
            max_compute_workgroups_per_dimension: self.workgroups_per_dimension,
            max_storage_buffer_binding_size: self.binding_bytes,
            max_buffer_size: self.buffer_bytes,
            max_immediate_size: if self.immediates { Self::IMMEDIATE_BYTES } else { 0 },
            ..wgpu::Limits::downlevel_defaults()
        }
    }

    /// One line for each thing that the device lacks, with what is done in its place.
    pub fn fallbacks(&self) -> Vec<&'static str> {
        [
            (self.subgroups, "no subgroups: reductions by a tree in workgroup memory"),
            (self.immediates, "no immediates: parameters in storage buffers"),
            (self.f64, "no native f64: f32 on the device, refined in f64 by the host"),
            (self.timestamps, "no timestamps: kernels are profiled by the wall clock"),
            (self.pipeline_cache, "no pipeline cache: pipelines are compiled in every process"),
        ]
        .into_iter()
        .filter_map(|(on, line)| (!on).then_some(line))
        .collect()
    }
}
