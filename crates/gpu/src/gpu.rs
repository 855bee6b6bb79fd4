//! The open device.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;

use crate::adapter::{self, AdapterSummary, Selection};
use crate::counters::{Counters, Tally};
use crate::pipeline::Pipelines;
use crate::pool::Pool;
use crate::tuning::{TUNING_VARIABLE, Tuner};
use crate::{Capabilities, GpuError, Probe};

/// How a device is opened.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// The device is opened with no more than this, whatever the adapter offers.
    pub at_most: Option<Capabilities>,
    /// How long the host waits for one submission before it gives up with [`GpuError::Timeout`].
    pub timeout: Duration,
    /// Where compiled pipelines are kept; `None` keeps them in memory only.
    pub cache_directory: Option<PathBuf>,
    /// Whether variants of a kernel are compared at their first use; otherwise each device gets what usually suits its
    /// kind. On unless the environment says `ANSATZ_TUNING=off`.
    pub tuning: bool,
}

impl Default for OpenOptions {
    fn default() -> Self {
        let directories = directories::ProjectDirs::from("", "", "ansatz");
        Self {
            at_most: None,
            timeout: Duration::from_secs(120),
            cache_directory: directories.map(|found| found.cache_dir().to_owned()),
            tuning: std::env::var_os(TUNING_VARIABLE).is_none_or(|value| value != "off"),
        }
    }
}

/// An open device: a wgpu adapter, or the CPU executor that runs the same plans through the kernels' twins.
///
/// Cheap to clone; all clones are the same device.
///
/// ```
/// # fn main() -> Result<(), ansatz_gpu::GpuError> {
/// let gpu = ansatz_gpu::Gpu::cpu();
/// let buffer = gpu.upload("three numbers", &[1.0f32, 2.0, 3.0])?;
/// assert_eq!(gpu.read(&buffer)?, [1.0, 2.0, 3.0]);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Gpu {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    summary: AdapterSummary,
    pub capabilities: Capabilities,
    pub tally: Tally,
    pub profiling: AtomicBool,
    pub probe: OnceLock<Probe>,
    /// `None` where nothing is to be measured.
    pub tuner: Option<Tuner>,
    /// `None`: the CPU executor.
    pub device: Option<Device>,
}

pub(crate) struct Device {
    pub device: wgpu::Device,
    pub queue: wgpu::Queue,
    pub pool: Arc<Mutex<Pool>>,
    pub pipelines: Pipelines,
    pub timeout: Duration,
    /// The first error that wgpu reported outside an error scope, or the reason why the device was lost.
    failure: Arc<Mutex<Option<GpuError>>>,
}

impl std::fmt::Debug for Gpu {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Gpu({})", self.inner.summary)
    }
}

impl Gpu {
    /// Opens the device that `selection` names.
    ///
    /// # Errors
    /// [`GpuError::NoAdapter`] where nothing answers to the name, [`GpuError::DeviceRequest`] where the driver refuses.
    pub fn open(selection: &Selection, options: &OpenOptions) -> Result<Self, GpuError> {
        adapter::choose(selection)?
            .map_or_else(|| Ok(Self::cpu()), |adapter| Self::request(&adapter, options))
    }

    /// The CPU executor. It needs no driver and cannot fail.
    pub fn cpu() -> Self {
        Self::new(AdapterSummary::cpu(), Capabilities::CPU, None, None)
    }

    fn new(
        summary: AdapterSummary,
        capabilities: Capabilities,
        tuner: Option<Tuner>,
        device: Option<Device>,
    ) -> Self {
        let (tally, profiling, probe) = (Tally::default(), AtomicBool::new(false), OnceLock::new());
        Self { inner: Arc::new(Inner { summary, capabilities, tally, profiling, probe, tuner, device }) }
    }

    /// The CPU executor with a tuner, to test the latter.
    #[cfg(test)]
    pub(crate) fn with_tuner(tuner: Tuner) -> Self {
        Self::new(AdapterSummary::cpu(), Capabilities::CPU, Some(tuner), None)
    }

    fn request(adapter: &wgpu::Adapter, options: &OpenOptions) -> Result<Self, GpuError> {
        let offered = Capabilities::of(adapter);
        let capabilities = options.at_most.map_or(offered, |cap| offered.lowered_to(cap));
        let summary = AdapterSummary::of(adapter);
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("ansatz"),
            required_features: capabilities.features(),
            required_limits: capabilities.limits(),
            memory_hints: wgpu::MemoryHints::Performance,
            ..Default::default()
        };
        let (device, queue) = pollster::block_on(adapter.request_device(&descriptor)).map_err(|error| {
            GpuError::DeviceRequest { adapter: summary.name.clone(), message: error.to_string() }
        })?;

        let failure = Arc::new(Mutex::new(None));
        let (on_error, on_loss) = (failure.clone(), failure.clone());
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            on_error.lock().get_or_insert_with(|| match error {
                wgpu::Error::OutOfMemory { .. } => {
                    GpuError::OutOfMemory { label: "command".to_owned(), bytes: 0 }
                }
                other => GpuError::Validation { context: "device".to_owned(), message: other.to_string() },
            });
        }));
        device.set_device_lost_callback(move |reason, message| {
            let reason = format!("{reason:?} {message}").trim().to_owned();
            *on_loss.lock() = Some(GpuError::DeviceLost { reason });
        });

        let pipelines =
            Pipelines::new(&device, &adapter.get_info(), &capabilities, options.cache_directory.as_deref());
        let pool = Arc::new(Mutex::new(Pool::default()));
        let device = Device { device, queue, pool, pipelines, timeout: options.timeout, failure };
        let tuner = options.tuning.then(|| Tuner::new(&summary, options.cache_directory.as_deref()));
        Ok(Self::new(summary, capabilities, tuner, Some(device)))
    }

    /// Name, backend and driver.
    pub fn summary(&self) -> &AdapterSummary {
        &self.inner.summary
    }

    /// Negotiated limits and features.
    pub fn capabilities(&self) -> &Capabilities {
        &self.inner.capabilities
    }

    /// Which executor runs the plans: `wgpu` or `cpu`.
    pub fn executor(&self) -> &'static str {
        if self.is_cpu() { "cpu" } else { "wgpu" }
    }

    /// Whether this is the CPU executor.
    pub fn is_cpu(&self) -> bool {
        self.inner.device.is_none()
    }

    /// Whether a processor does the work: the CPU executor, or an adapter such as lavapipe and SwiftShader.
    pub fn is_software(&self) -> bool {
        self.summary().kind == "software"
    }

    /// Invocations per workgroup of a kernel that walks through vectors, of which `most` suit a GPU. A software adapter runs the
    /// subgroups of a workgroup one after the other, each through the whole share: with one alone, the share is read in the order
    /// in which it lies in memory.
    pub fn stream_lanes(&self, most: u32) -> u32 {
        let subgroup = self.summary().subgroups.map_or(8, |(least, _)| least);
        let lanes = if self.is_software() { subgroup.clamp(4, most.max(4)) } else { most };
        lanes.min(self.capabilities().workgroup_invocations)
    }

    /// What has been done on this device so far.
    pub fn counters(&self) -> Counters {
        self.inner.tally.snapshot()
    }

    /// Turns the per-kernel profile of [`crate::Plan`]s on or off. It costs a pass per kernel, so it is off at first.
    pub fn set_profiling(&self, on: bool) {
        self.inner.profiling.store(on, Ordering::Relaxed);
    }

    /// Waits until everything submitted so far is done.
    ///
    /// # Errors
    /// [`GpuError::Timeout`], [`GpuError::DeviceLost`], or what else went wrong on the device since the last check.
    pub fn wait(&self) -> Result<(), GpuError> {
        self.inner.device.as_ref().map_or(Ok(()), |device| device.wait(None))
    }

    /// Destroys the device, as a driver reset would: everything after this is [`GpuError::DeviceLost`].
    pub fn destroy(&self) {
        if let Some(device) = &self.inner.device {
            device.device.destroy();
            let reason = "destroyed by the program".to_owned();
            device.failure.lock().get_or_insert(GpuError::DeviceLost { reason });
        }
    }

    /// Writes the compiled pipelines to the cache directory, whole or not at all. Done on drop as well.
    ///
    /// # Errors
    /// The file system's word, where the file cannot be written.
    pub fn save_pipeline_cache(&self) -> std::io::Result<()> {
        self.inner.device.as_ref().map_or(Ok(()), |device| device.pipelines.save())
    }
}

impl Device {
    /// The first thing that went wrong on the device, if anything did.
    pub fn check(&self) -> Result<(), GpuError> {
        self.failure.lock().clone().map_or(Ok(()), Err)
    }

    /// Waits for one submission, or for the last.
    pub fn wait(&self, submission: Option<wgpu::SubmissionIndex>) -> Result<(), GpuError> {
        self.check()?;
        self.poll(wgpu::PollType::Wait { submission_index: submission, timeout: Some(self.timeout) })
    }

    /// Lets wgpu look after finished submissions.
    pub fn poll(&self, poll: wgpu::PollType) -> Result<(), GpuError> {
        // wgpu panics where the driver reports a lost device at this point, after it has called back with the reason.
        let polled = catch_unwind(AssertUnwindSafe(|| self.device.poll(poll)));
        self.check()?;
        match polled {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(wgpu::PollError::Timeout)) => Err(self.timed_out()),
            Ok(Err(error)) => {
                Err(GpuError::Validation { context: "poll".to_owned(), message: error.to_string() })
            }
            Err(_) => {
                Err(GpuError::DeviceLost { reason: "the driver failed while it was polled".to_owned() })
            }
        }
    }

    pub fn timed_out(&self) -> GpuError {
        GpuError::Timeout { seconds: self.timeout.as_secs_f64() }
    }

    /// Runs `work` and turns what wgpu says against it into an `Err`.
    pub fn scoped<R>(&self, context: &str, bytes: u64, work: impl FnOnce() -> R) -> Result<R, GpuError> {
        self.check()?;
        let memory = self.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let internal = self.device.push_error_scope(wgpu::ErrorFilter::Internal);
        let validation = self.device.push_error_scope(wgpu::ErrorFilter::Validation);
        let result = work();
        let validation = pollster::block_on(validation.pop());
        let internal = pollster::block_on(internal.pop());
        if pollster::block_on(memory.pop()).is_some() {
            return Err(GpuError::OutOfMemory { label: context.to_owned(), bytes });
        }
        // A lost device is reported to no scope.
        self.check()?;
        validation.or(internal).map_or(Ok(result), |error| {
            Err(GpuError::Validation { context: context.to_owned(), message: error.to_string() })
        })
    }
}
