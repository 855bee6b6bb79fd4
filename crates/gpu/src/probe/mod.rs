//! What a device's arithmetic really does: found out once, by small kernels, and not taken from anybody's word.
//!
//! WGSL promises little about `sin`, nothing about compensated sums, and drivers claim features that they emulate. What
//! is found here is printed, and drives choices.

mod double;
mod functions;
mod loops;
mod subgroup;
mod two_sum;

use std::fmt;

use crate::{Gpu, GpuError, Plan};

pub use double::Double;
pub use functions::{FunctionError, Functions};
pub use loops::Loops;
pub use subgroup::Subgroup;
pub use two_sum::TwoSum;

/// The precision that a device can compute in, as proved by its probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// f32 alone: the host refines in f64.
    F32,
    /// f64 as well.
    F64,
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::F64 => "f32 and native f64",
        })
    }
}

/// What the probe of a device found. Its [`Display`](fmt::Display) gives one line per finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// Accuracy of the device's own functions.
    pub functions: Vec<FunctionError>,
    /// Whether TwoSum as it stands in the book gives the error of an f32 sum; compilers may cancel it by algebra.
    pub plain_two_sum: bool,
    /// Whether it does with its intermediates hidden from the compiler.
    pub guarded_two_sum: bool,
    /// Whether the device claims f64.
    pub claims_f64: bool,
    /// Whether f64 has 52 binary places there.
    pub native_f64: bool,
    /// Lanes in a subgroup; `None` without subgroup operations.
    pub subgroup: Option<u32>,
    /// Rounds that one invocation completed of a loop of [`Loops::PROBED`].
    pub loop_rounds: u32,
}

impl Probe {
    /// The precision proved.
    pub fn tier(&self) -> Tier {
        if self.native_f64 { Tier::F64 } else { Tier::F32 }
    }

    /// Whether one invocation may loop more than 65,535 times.
    pub fn long_loops(&self) -> bool {
        self.loop_rounds == Loops::PROBED
    }
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "precision: {}", self.tier())?;
        if self.claims_f64 && !self.native_f64 {
            writeln!(f, "f64: claimed, but with less than 52 binary places; not used")?;
        }
        for function in &self.functions {
            writeln!(f, "{function}")?;
        }
        let survives = |yes| if yes { "exact" } else { "deleted by the compiler" };
        let (plain, guarded) = (survives(self.plain_two_sum), survives(self.guarded_two_sum));
        writeln!(f, "two_sum: plain {plain}, guarded {guarded}")?;
        match self.subgroup {
            Some(lanes) => writeln!(f, "subgroups: {lanes} lanes")?,
            None => writeln!(f, "subgroups: none")?,
        }
        match self.long_loops() {
            true => write!(f, "loops: {} rounds and more", self.loop_rounds),
            false => write!(f, "loops: cut off silently after {} rounds", self.loop_rounds),
        }
    }
}

impl Gpu {
    /// What this device's arithmetic really does: found out at the first call, kept for all later ones.
    ///
    /// ```
    /// let gpu = ansatz_gpu::Gpu::cpu();
    /// assert!(gpu.probe()?.plain_two_sum);
    /// # Ok::<(), ansatz_gpu::GpuError>(())
    /// ```
    ///
    /// # Errors
    /// A failed device. What a working device cannot do is a finding, not an error.
    pub fn probe(&self) -> Result<&Probe, GpuError> {
        if let Some(probe) = self.inner.probe.get() {
            return Ok(probe);
        }
        let probe = self.run_probe()?;
        Ok(self.inner.probe.get_or_init(|| probe))
    }

    fn run_probe(&self) -> Result<Probe, GpuError> {
        let [plain_two_sum, guarded_two_sum] = two_sum::survives(self)?;
        let claims_f64 = self.capabilities().f64;
        Ok(Probe {
            functions: functions::errors(self)?,
            plain_two_sum,
            guarded_two_sum,
            claims_f64,
            native_f64: claims_f64 && double::is_native(self)?,
            subgroup: subgroup::size(self)?,
            loop_rounds: loops::rounds(self)?,
        })
    }

    /// Records one launch and runs it.
    fn run_once(&self, record: impl FnOnce(&mut Plan) -> Result<(), GpuError>) -> Result<(), GpuError> {
        let mut plan = Plan::new(self, "probe");
        record(&mut plan)?;
        plan.run()
    }
}
