//! Whether a system fits into the memory of the host, where the operating system says how much there is.

use ansatz::LinearSystem;

use crate::exit::{Exit, Failure};

/// What a solve keeps on the host per unknown and right-hand side: b, x, the residual and its copies for the device, in
/// f64, and as much again on a device that shares the memory.
const BYTES_PER_UNKNOWN: u64 = 100;

/// Refuses so many right-hand sides that would not fit, rather than be killed half-way.
pub fn check(system: &LinearSystem, count: usize) -> Result<(), Failure> {
    let operator = system.operator();
    let unknowns = (operator.dimension().max(operator.columns()) as u64).saturating_mul(count as u64);
    let needed = unknowns.saturating_mul(BYTES_PER_UNKNOWN);
    match available() {
        Some(available) if needed > available => {
            let gigabytes = |bytes: u64| bytes as f64 * 1e-9;
            Err(Failure {
                exit: Exit::Device,
                message: format!(
                    "{unknowns} unknowns in all take about {:.0} GB, and {:.0} GB of memory are free; solve a smaller system or fewer right-hand sides at once",
                    gigabytes(needed),
                    gigabytes(available)
                ),
            })
        }
        _ => Ok(()),
    }
}

/// Bytes that Linux says can be had without swapping; unknown elsewhere.
fn available() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}
