//! Integration tests of Ansatz, run per adapter.
//!
//! A test is written once, for [`each`] device: the one that `ANSATZ_DEVICE` names, or all that this machine has. The
//! CPU executor always runs too, and one adapter runs a second time lowered to what WebGPU guarantees at least, so that
//! every fallback is taken. Each device is opened once per test program: many at a time crash some drivers.
//!
//! How far two results may differ follows from the precision and from the number of roundings, and is said where it is
//! used. Where the arithmetic is exact (copies, sums of small integers), so is the test.

#![allow(clippy::panic, clippy::expect_used)] // These functions run in tests alone: to panic is to fail.

pub mod cycles;
pub mod features;

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::{LazyLock, Mutex};

use ansatz_gpu::{Capabilities, Gpu, OpenOptions, Real, Selection};

/// A device that tests run on.
pub struct Device {
    /// What it is called in messages.
    pub label: String,
    /// The device.
    pub gpu: Gpu,
    /// How it was opened.
    pub selection: Selection,
    /// How it was opened.
    pub options: OpenOptions,
}

static DEVICES: LazyLock<Vec<Device>> = LazyLock::new(|| {
    let selections = match Selection::from_env() {
        Selection::Auto => (0..ansatz_gpu::list().len()).map(Selection::Index).collect(),
        named => vec![named, Selection::Cpu],
    };
    let options = OpenOptions { cache_directory: None, tuning: false, ..OpenOptions::default() };
    let mut devices: Vec<Device> = Vec::new();
    for selection in selections {
        match Gpu::open(&selection, &options) {
            Ok(gpu) if gpu.is_cpu() && devices.iter().any(|device| device.gpu.is_cpu()) => {}
            Ok(gpu) => {
                let label = gpu.summary().to_string();
                devices.push(Device { label, gpu, selection, options: options.clone() });
            }
            Err(error) => say(&format!("skipped: adapter `{selection}` does not open: {error}")),
        }
    }
    if let Some(found) = devices.iter().find(|device| !device.gpu.is_cpu()) {
        let options = OpenOptions { at_most: Some(Capabilities::LOWEST), ..options };
        let (selection, label) = (found.selection.clone(), format!("{}, lowered", found.label));
        let gpu = Gpu::open(&selection, &options).expect("an adapter that opened also opens with less");
        devices.push(Device { label, gpu, selection, options });
    } else {
        say("skipped: no adapter, so nothing runs on wgpu nor with lowered limits");
    }
    devices.iter().for_each(|device| say(&format!("device: {}", device.label)));
    devices
});

/// The devices that tests run on.
pub fn devices() -> &'static [Device] {
    &DEVICES
}

/// The devices other than the CPU executor.
pub fn adapters() -> impl Iterator<Item = &'static Device> {
    devices().iter().filter(|device| !device.gpu.is_cpu())
}

/// Runs `test` on each device.
pub fn each(test: impl Fn(&Gpu)) {
    for device in devices() {
        // Shown if the test fails.
        println!("on {}", device.label);
        test(&device.gpu);
    }
}

impl Device {
    /// Opens the device a second time, for tests that count what it does or break it.
    pub fn reopen(&self, change: impl FnOnce(&mut OpenOptions)) -> Gpu {
        let mut options = self.options.clone();
        change(&mut options);
        Gpu::open(&self.selection, &options).expect("a device that opened once opens again")
    }
}

/// Says something that is shown even though the test passes.
pub fn say(line: &str) {
    // Only the macros are captured. A closed stderr is no reason to fail.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Devices that were said to have no f64.
static TOLD: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Whether kernels in `T` run on `gpu`; says so once where they do not.
pub fn runs<T: Real>(gpu: &Gpu) -> bool {
    let runs = !T::IS_F64 || gpu.capabilities().f64;
    let name = gpu.summary().to_string();
    if !runs && TOLD.lock().is_ok_and(|mut told| told.insert(name.clone())) {
        say(&format!("skipped: f64 on {name}, which has none"));
    }
    runs
}

/// `len` numbers between -1 and 1 without a pattern, the same for each `seed` every time.
pub fn noise<T: Real>(len: usize, seed: u64) -> Vec<T> {
    (0..len as u64).map(|i| T::from_f64(2.0 * (mixed(i, seed) as f64 / u64::MAX as f64) - 1.0)).collect()
}

/// `len` integers from -2 to 2: sums of a million products of such are exact in f32.
pub fn integers<T: Real>(len: usize, seed: u64) -> Vec<T> {
    (0..len as u64).map(|i| T::from_f64((mixed(i, seed) % 5) as f64 - 2.0)).collect()
}

/// The finaliser of SplitMix64.
fn mixed(i: u64, seed: u64) -> u64 {
    let mut z = i.wrapping_add(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xd134_2543_de82_ef95);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Checks `found` against `expected` element by element: NaN for NaN, infinity for the same infinity, and numbers
/// within `tolerance(i)`.
pub fn assert_close<T: Real>(found: &[T], expected: &[f64], tolerance: impl Fn(usize) -> f64) {
    assert_eq!(found.len(), expected.len(), "lengths");
    for (i, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        let (found, tolerance) = (found.widen(), tolerance(i));
        let close = match expected.is_finite() {
            true => (found - expected).abs() <= tolerance,
            false => found == expected || found.is_nan() && expected.is_nan(),
        };
        assert!(close, "element {i}: {found:e}, not {expected:e} within {tolerance:e}");
    }
}
