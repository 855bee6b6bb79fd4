//! Every kernel against its twin: the same launches over the same data on a device and on the CPU executor.
//!
//! Sizes are odd, empty, and past one dispatch dimension; what a kernel must write is filled with NaN before, and what
//! it must leave alone has to keep it. A kernel that no case launches is reported as a failure.

mod blas;
mod block;
mod convolution;
mod expr;
mod features;
mod gemm;
mod krylov;
mod learning;
mod linalg;
mod math;
mod methods;
mod multigrid;
mod optim;
mod probe;
mod snnk;
mod stencils;

use ansatz_gpu::{Buffer, Gpu, GpuError, Plan, Real};
use ansatz_krylov::KrylovError;
use ansatz_krylov::generate::random;
use ansatz_random_features::snnk::SnnkError;
use ansatz_shaders::{KERNELS, Kernel};
use serde::Serialize;

use crate::Error;

/// One kernel in one case.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    /// The kernel, such as `krylov/sell`.
    pub kernel: &'static str,
    /// What it was run on.
    pub case: String,
    /// The largest difference from the twin, divided by the largest value.
    pub error: f64,
    /// The largest difference that rounding explains.
    pub tolerance: f64,
    /// What is wrong besides a large difference.
    pub problem: Option<String>,
}

impl Check {
    /// Whether the device computes what the twin does.
    pub fn passed(&self) -> bool {
        self.problem.is_none() && self.error <= self.tolerance
    }
}

/// Runs every kernel on `gpu` and compares it with its twin, in f32 and where the device has it in f64.
///
/// ```
/// let checks = ansatz::verify::all(&ansatz::Gpu::cpu())?;
/// assert!(checks.iter().all(|check| check.passed()));
/// # Ok::<(), ansatz::Error>(())
/// ```
///
/// # Errors
/// Only a device that is lost or hangs; what a kernel does wrong is a failed check.
pub fn all(gpu: &Gpu) -> Result<Vec<Check>, Error> {
    let mut suite = Suite { gpu, cpu: Gpu::cpu(), checks: Vec::new() };
    probe::run(&mut suite)?;
    blas::run::<f32>(&mut suite)?;
    blas::norm_max(&mut suite)?;
    math::functions::<f32>(&mut suite)?;
    math::random(&mut suite)?;
    gemm::run::<f32>(&mut suite)?;
    krylov::run::<f32>(&mut suite)?;
    methods::run::<f32>(&mut suite)?;
    block::run::<f32>(&mut suite)?;
    learning::run::<f32>(&mut suite)?;
    multigrid::run::<f32>(&mut suite)?;
    stencils::run::<f32>(&mut suite)?;
    expr::run::<f32>(&mut suite)?;
    features::run::<f32>(&mut suite)?;
    convolution::run::<f32>(&mut suite)?;
    linalg::run::<f32>(&mut suite)?;
    optim::run::<f32>(&mut suite)?;
    snnk::run::<f32>(&mut suite)?;
    if gpu.capabilities().f64 {
        blas::run::<f64>(&mut suite)?;
        math::functions::<f64>(&mut suite)?;
        gemm::run::<f64>(&mut suite)?;
        krylov::run::<f64>(&mut suite)?;
        methods::run::<f64>(&mut suite)?;
        block::run::<f64>(&mut suite)?;
        learning::run::<f64>(&mut suite)?;
        multigrid::run::<f64>(&mut suite)?;
        stencils::run::<f64>(&mut suite)?;
        expr::run::<f64>(&mut suite)?;
        features::run::<f64>(&mut suite)?;
        convolution::run::<f64>(&mut suite)?;
        linalg::run::<f64>(&mut suite)?;
        optim::run::<f64>(&mut suite)?;
        snnk::run::<f64>(&mut suite)?;
    }
    for kernel in KERNELS {
        if suite.checks.iter().all(|check| check.kernel != kernel.name) {
            suite.fail(kernel.name, "none", "no case launches this kernel".to_owned());
        }
    }
    suite.checks.sort_by(|a, b| a.kernel.cmp(b.kernel));
    Ok(suite.checks)
}

/// What a case computed on one device: some values for each kernel that it launched.
type Outputs = Vec<(&'static Kernel, Vec<f64>)>;

struct Suite<'a> {
    gpu: &'a Gpu,
    cpu: Gpu,
    checks: Vec<Check>,
}

impl Suite<'_> {
    /// Runs a case on both devices and compares what it computed.
    fn case(
        &mut self,
        kernels: &[&'static Kernel],
        name: &str,
        tolerance: f64,
        run: impl Fn(&Gpu) -> Result<Outputs, Error>,
    ) -> Result<(), Error> {
        let found = match run(self.gpu) {
            Err(error) if is_gone(&error) => return Err(error),
            found => found,
        };
        let (found, expected) = match (found, run(&self.cpu)) {
            (Ok(found), Ok(expected)) => (found, expected),
            (Err(error), _) | (_, Err(error)) => {
                for kernel in kernels {
                    self.fail(kernel.name, name, error.to_string());
                }
                return Ok(());
            }
        };
        for kernel in kernels {
            let of_kernel = |outputs: &Outputs| -> Vec<Vec<f64>> {
                outputs
                    .iter()
                    .filter(|(of, _)| of.name == kernel.name)
                    .map(|(_, values)| values.clone())
                    .collect()
            };
            let (found, expected) = (of_kernel(&found), of_kernel(&expected));
            let mut check =
                Check { kernel: kernel.name, case: name.to_owned(), error: 0.0, tolerance, problem: None };
            if found.is_empty() || found.len() != expected.len() {
                check.problem = Some("the case gave no values".to_owned());
            }
            for (found, expected) in found.iter().zip(&expected) {
                match difference(found, expected) {
                    Ok(error) => check.error = check.error.max(error),
                    Err(problem) => check.problem = Some(problem),
                }
            }
            self.checks.push(check);
        }
        Ok(())
    }

    fn fail(&mut self, kernel: &'static str, case: &str, problem: String) {
        let case = case.to_owned();
        self.checks.push(Check { kernel, case, error: 0.0, tolerance: 0.0, problem: Some(problem) });
    }
}

/// Whether no further case can run.
fn is_gone(error: &Error) -> bool {
    let gone = |error: &GpuError| matches!(error, GpuError::DeviceLost { .. } | GpuError::Timeout { .. });
    match error {
        Error::Gpu(error) | Error::Krylov(KrylovError::Gpu(error)) | Error::Snnk(SnnkError::Gpu(error)) => {
            gone(error)
        }
        _ => false,
    }
}

/// The largest difference, relative to the largest value; NaN must stand where it is expected, and nowhere else.
fn difference(found: &[f64], expected: &[f64]) -> Result<f64, String> {
    if found.len() != expected.len() {
        return Err(format!("{} values, not {}", found.len(), expected.len()));
    }
    let (mut worst, mut largest) = (0.0f64, 0.0f64);
    for (i, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        match (found.is_finite(), expected.is_finite()) {
            (true, true) => {
                worst = worst.max((found - expected).abs());
                largest = largest.max(expected.abs());
            }
            (false, false) if found.is_nan() == expected.is_nan() => {}
            _ => return Err(format!("value {i} is {found}; the twin has {expected}")),
        }
    }
    Ok(if worst == 0.0 { 0.0 } else { worst / largest.max(f64::MIN_POSITIVE) })
}

/// What rounding may do to a sum of a few thousand terms of one sign.
fn rounding<T: Real>() -> f64 {
    64.0 * T::epsilon().widen()
}

fn precision<T: Real>() -> &'static str {
    if T::IS_F64 { "f64" } else { "f32" }
}

/// `n` numbers in [−1, 1), other ones for every `seed`.
fn numbers<T: Real>(seed: u64, n: usize) -> Vec<T> {
    (0..n as u64).map(|i| T::from_f64(random(seed, i))).collect()
}

/// `n` numbers in [0.1, 1).
fn positive<T: Real>(seed: u64, n: usize) -> Vec<T> {
    (0..n as u64).map(|i| T::from_f64(0.55 + 0.45 * random(seed, i))).collect()
}

/// What must be overwritten, or left alone.
fn poison<T: Real>(n: usize) -> Vec<T> {
    vec![T::nan(); n]
}

/// Records and runs a plan once.
fn run_once(gpu: &Gpu, record: impl FnOnce(&mut Plan) -> Result<(), GpuError>) -> Result<(), GpuError> {
    let mut plan = Plan::new(gpu, "verify");
    record(&mut plan)?;
    plan.run()
}

/// The values of a buffer.
fn values<T: Real>(gpu: &Gpu, buffer: &Buffer<T>) -> Result<Vec<f64>, GpuError> {
    Ok(gpu.read(buffer)?.into_iter().map(Real::widen).collect())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use ansatz_shaders::blas::{COPY, TRIAD};

    use super::*;

    /// What a case says that gives `first` on the device and `second` from the twin.
    fn check(first: Result<Vec<f64>, Error>, second: Vec<f64>) -> Result<Check, Error> {
        let gpu = Gpu::cpu();
        let mut suite = Suite { gpu: &gpu, cpu: gpu.clone(), checks: Vec::new() };
        let values = Cell::new(Some(first));
        suite.case(&[&COPY], "a case", 1e-6, |_| {
            let values = values.take().unwrap_or(Ok(second.clone()))?;
            Ok(vec![(&COPY, values)])
        })?;
        assert_eq!(suite.checks.len(), 1);
        Ok(suite.checks.remove(0))
    }

    #[test]
    fn a_kernel_that_is_wrong_is_found() -> Result<(), Error> {
        assert!(check(Ok(vec![1.0, 2.0]), vec![1.0, 2.0])?.passed());
        assert!(check(Ok(vec![1.0, 2.000001]), vec![1.0, 2.0])?.passed());
        assert!(!check(Ok(vec![1.0, 2.00001]), vec![1.0, 2.0])?.passed());
        assert!(!check(Ok(vec![1.0]), vec![1.0, 2.0])?.passed());
        assert!(!check(Ok(vec![f64::NAN, 2.0]), vec![1.0, 2.0])?.passed());
        Ok(())
    }

    #[test]
    fn a_kernel_that_is_refused_fails_and_a_lost_device_ends_it_all() -> Result<(), Error> {
        let refused = GpuError::Validation { context: "blas/copy".to_owned(), message: "no".to_owned() };
        assert!(!check(Err(refused.into()), vec![1.0])?.passed());
        let lost = GpuError::DeviceLost { reason: "unplugged".to_owned() };
        assert!(check(Err(lost.into()), vec![1.0]).is_err());
        Ok(())
    }

    #[test]
    fn a_case_that_says_nothing_of_a_kernel_fails_it() -> Result<(), Error> {
        let gpu = Gpu::cpu();
        let mut suite = Suite { gpu: &gpu, cpu: gpu.clone(), checks: Vec::new() };
        suite.case(&[&COPY, &TRIAD], "a case", 0.0, |_| Ok(vec![(&COPY, vec![1.0])]))?;
        assert_eq!(suite.checks.iter().map(Check::passed).collect::<Vec<_>>(), [true, false]);
        Ok(())
    }

    #[test]
    fn differences_are_relative_to_the_largest_value() {
        assert_eq!(difference(&[1.0, 4.0], &[1.0, 5.0]), Ok(0.2));
        assert_eq!(difference(&[0.0], &[0.0]), Ok(0.0));
        assert_eq!(difference(&[], &[]), Ok(0.0));
    }

    #[test]
    fn poison_is_expected_or_not() {
        let nan = f64::NAN;
        assert_eq!(difference(&[nan, 1.0], &[nan, 1.0]), Ok(0.0));
        assert!(difference(&[nan], &[1.0]).is_err());
        assert!(difference(&[1.0], &[nan]).is_err());
        assert!(difference(&[f64::INFINITY], &[nan]).is_err());
        assert!(difference(&[1.0], &[1.0, 2.0]).is_err());
    }
}
