//! Listing and choosing an adapter.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use crate::GpuError;

/// Name of the environment variable that [`Selection::from_env`] reads.
pub const DEVICE_VARIABLE: &str = "ANSATZ_DEVICE";

/// Which device to open.
///
/// Parsed from text: `auto`, `cpu`, `high-performance`, `low-power`, an index of [`list`], a backend (`vulkan`,
/// `metal`, `dx12`), or a part of an adapter's or driver's name (case does not matter).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Selection {
    /// The fastest adapter by type (discrete, integrated, virtual, software); the CPU executor where there is none.
    #[default]
    Auto,
    /// The CPU executor.
    Cpu,
    /// The first discrete GPU, else the next best.
    HighPerformance,
    /// The first integrated GPU, else the next best.
    LowPower,
    /// By position in [`list`].
    Index(usize),
    /// By backend, or by a part of the adapter's or driver's name.
    Name(String),
}

impl Selection {
    /// Reads [`DEVICE_VARIABLE`]; [`Selection::Auto`] where it is not set or empty.
    pub fn from_env() -> Self {
        std::env::var(DEVICE_VARIABLE).ok().as_deref().map_or(Self::Auto, Self::parse)
    }

    fn parse(text: &str) -> Self {
        let text = text.trim();
        match text.to_ascii_lowercase().as_str() {
            "" | "auto" => Self::Auto,
            "cpu" => Self::Cpu,
            "high-performance" => Self::HighPerformance,
            "low-power" => Self::LowPower,
            lower => lower.parse().map_or_else(|_| Self::Name(lower.to_owned()), Self::Index),
        }
    }
}

impl FromStr for Selection {
    type Err = std::convert::Infallible;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::parse(text))
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::HighPerformance => f.write_str("high-performance"),
            Self::LowPower => f.write_str("low-power"),
            Self::Index(index) => write!(f, "{index}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// What an adapter says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdapterSummary {
    /// Name of the device.
    pub name: String,
    /// `vulkan`, `metal`, `dx12` or `cpu`.
    pub backend: String,
    /// Driver and its version.
    pub driver: String,
    /// `discrete`, `integrated`, `virtual`, `software` or `other`.
    pub kind: &'static str,
    /// Whether kernels can run in native f64.
    pub native_f64: bool,
    /// Smallest and largest subgroup, where the adapter has subgroup operations.
    pub subgroups: Option<(u32, u32)>,
    /// Largest storage binding, bytes.
    pub max_binding_bytes: u64,
}

impl AdapterSummary {
    pub(crate) fn of(adapter: &wgpu::Adapter) -> Self {
        let info = adapter.get_info();
        let features = adapter.features();
        Self {
            backend: info.backend.to_str().to_owned(),
            driver: format!("{} {}", info.driver, info.driver_info).trim().to_owned(),
            kind: match info.device_type {
                wgpu::DeviceType::DiscreteGpu => "discrete",
                wgpu::DeviceType::IntegratedGpu => "integrated",
                wgpu::DeviceType::VirtualGpu => "virtual",
                wgpu::DeviceType::Cpu => "software",
                wgpu::DeviceType::Other => "other",
            },
            native_f64: features.contains(wgpu::Features::SHADER_F64),
            subgroups: features
                .contains(wgpu::Features::SUBGROUP)
                .then_some((info.subgroup_min_size, info.subgroup_max_size)),
            max_binding_bytes: adapter.limits().max_storage_buffer_binding_size,
            name: info.name,
        }
    }

    /// The CPU executor, which needs no driver.
    pub(crate) fn cpu() -> Self {
        Self {
            name: format!("CPU executor ({} threads)", rayon::current_num_threads()),
            backend: "cpu".to_owned(),
            driver: format!("ansatz {}", env!("CARGO_PKG_VERSION")),
            kind: "software",
            native_f64: true,
            subgroups: None,
            max_binding_bytes: u64::MAX,
        }
    }
}

impl fmt::Display for AdapterSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, {}, {})", self.name, self.backend, self.kind, self.driver)
    }
}

/// One instance for the whole process: some drivers crash when many are made at once.
static INSTANCE: LazyLock<wgpu::Instance> = LazyLock::new(|| {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    descriptor.backends = wgpu::Backends::VULKAN | wgpu::Backends::METAL | wgpu::Backends::DX12;
    descriptor.flags = wgpu::InstanceFlags::empty().with_env();
    wgpu::Instance::new(descriptor)
});

/// Its adapters, asked for once: an index means the same adapter as long as the process lives.
static ADAPTERS: LazyLock<Vec<wgpu::Adapter>> =
    LazyLock::new(|| pollster::block_on(INSTANCE.enumerate_adapters(wgpu::Backends::all())));

/// All adapters of this machine, in the order that [`Selection::Index`] counts; the CPU executor is the last.
pub fn list() -> Vec<AdapterSummary> {
    ADAPTERS.iter().map(AdapterSummary::of).chain([AdapterSummary::cpu()]).collect()
}

/// The adapter that answers to `selection`; `None` means the CPU executor.
pub(crate) fn choose(selection: &Selection) -> Result<Option<wgpu::Adapter>, GpuError> {
    use wgpu::DeviceType::{Cpu, DiscreteGpu, IntegratedGpu, VirtualGpu};
    let by_preference = |order: [wgpu::DeviceType; 4]| {
        let rank = |adapter: &wgpu::Adapter| {
            let kind = adapter.get_info().device_type;
            order.iter().position(|&wanted| wanted == kind).unwrap_or(order.len())
        };
        ADAPTERS.iter().min_by_key(|adapter| rank(adapter)).cloned()
    };
    let found = match selection {
        Selection::Cpu => return Ok(None),
        Selection::Auto => return Ok(by_preference([DiscreteGpu, IntegratedGpu, VirtualGpu, Cpu])),
        Selection::HighPerformance => by_preference([DiscreteGpu, IntegratedGpu, VirtualGpu, Cpu]),
        Selection::LowPower => by_preference([IntegratedGpu, DiscreteGpu, VirtualGpu, Cpu]),
        Selection::Index(index) if *index == ADAPTERS.len() => return Ok(None),
        Selection::Index(index) => ADAPTERS.get(*index).cloned(),
        Selection::Name(name) => {
            let name = name.to_ascii_lowercase();
            let answers = |adapter: &&wgpu::Adapter| {
                let summary = AdapterSummary::of(adapter);
                let text = format!("{} {} {}", summary.name, summary.backend, summary.driver);
                text.to_ascii_lowercase().contains(&name)
            };
            ADAPTERS.iter().find(answers).cloned()
        }
    };
    found.map(Some).ok_or_else(|| {
        let known: Vec<_> =
            list().iter().enumerate().map(|(i, adapter)| format!("{i} = {}", adapter.name)).collect();
        GpuError::NoAdapter { wanted: selection.to_string(), available: known.join(", ") }
    })
}
