//! What can go wrong on a device.

/// An error of the host crate: no adapter, a limit, a wrong launch, a failed device.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum GpuError {
    /// No adapter answers to the request.
    #[error("no adapter matches `{wanted}`; available: {available}; choose one of these or `cpu`")]
    NoAdapter {
        /// What was asked for.
        wanted: String,
        /// The adapters that exist, by index and name.
        available: String,
    },
    /// The adapter exists, but refused to open a device.
    #[error("adapter `{adapter}` refused a device: {message}")]
    DeviceRequest {
        /// Name of the adapter.
        adapter: String,
        /// The driver's word.
        message: String,
    },
    /// A limit of the device is too small for what was asked.
    #[error("{what} needs {needed}, but the device allows {available}; {remedy}")]
    Limit {
        /// What was to be made.
        what: String,
        /// How much it needs.
        needed: u64,
        /// How much the device allows.
        available: u64,
        /// What to do about it.
        remedy: &'static str,
    },
    /// The device lacks a feature.
    #[error("{what} needs {feature}, which this device lacks; {remedy}")]
    Unsupported {
        /// What was to be made.
        what: String,
        /// What it needs.
        feature: &'static str,
        /// What to do about it.
        remedy: &'static str,
    },
    /// The device has no memory left.
    #[error(
        "out of device memory while allocating {bytes} bytes for `{label}`; use a smaller problem or another device"
    )]
    OutOfMemory {
        /// Label of the buffer.
        label: String,
        /// Its size.
        bytes: u64,
    },
    /// A launch does not fit its kernel, or a read or write its buffer.
    #[error("{what}: {message}")]
    Misuse {
        /// The kernel or buffer.
        what: String,
        /// What does not fit.
        message: String,
    },
    /// The driver or wgpu rejected a command.
    #[error("{context}: {message}")]
    Validation {
        /// What was being done.
        context: String,
        /// The message of wgpu.
        message: String,
    },
    /// The device did not finish in time.
    #[error(
        "the device did not finish within {seconds} s; it may hang, or the work per submission is too large"
    )]
    Timeout {
        /// How long was waited.
        seconds: f64,
    },
    /// The device is gone (unplugged, reset, destroyed); open a new one to go on.
    #[error("device lost: {reason}; open the device again and resume from the last iterate")]
    DeviceLost {
        /// The driver's word.
        reason: String,
    },
}

impl GpuError {
    pub(crate) fn misuse(what: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Misuse { what: what.into(), message: message.into() }
    }
}
