//! Whether compensated sums survive the device's compiler: `shaders/probe/two_sum.wgsl`.

use crate::{Args, Buffer, Gpu, GpuError, Launch, Plan};

/// `errors` ← the rounding errors of a + b, first by TwoSum as it stands in the book, then with its intermediates hidden
/// from the compiler.
#[derive(Debug)]
pub struct TwoSum<'a> {
    /// First terms.
    pub a: &'a Buffer<f32>,
    /// Second terms, as many.
    pub b: &'a Buffer<f32>,
    /// One zero, which the compiler cannot know.
    pub zero: &'a Buffer<u32>,
    /// Twice as many.
    pub errors: &'a Buffer<f32>,
}

const LANES: u32 = 64;

impl TwoSum<'_> {
    /// Records the launch.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where the lengths do not fit, and what the device says against it.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let kernel = &ansatz_shaders::probe::TWO_SUM;
        let n = self.a.len();
        let fits = self.b.len() == n && self.errors.len() == 2 * n && self.zero.len() == 1;
        if !fits || 2 * n > u32::MAX as usize {
            return Err(GpuError::misuse(kernel.name, format!("the lengths do not fit {n} sums")));
        }
        plan.launch(
            Launch::new(kernel, twin)
                .constant("LANES", LANES)
                .params(&(n as u32))
                .bind(self.a)
                .bind(self.b)
                .bind(self.zero)
                .bind(self.errors)
                .workgroups(n.div_ceil(LANES as usize) as u64)
                .cost(16 * n as u64, 12 * n as u64),
        )
    }
}

fn twin(args: &Args) {
    let n = args.params::<u32>() as usize;
    let (a, b, mut errors) = (args.read::<f32>(1), args.read::<f32>(2), args.write::<f32>(4));
    for (i, (&a, &b)) in a.iter().zip(&b[..]).enumerate() {
        let s = a + b;
        let b_part = s - a;
        let error = (a - (s - b_part)) + (b - b_part);
        errors[i] = error;
        errors[n + i] = error;
    }
}

/// Whether the plain and the guarded form give every error exactly.
pub(super) fn survives(gpu: &Gpu) -> Result<[bool; 2], GpuError> {
    // Terms of different sizes, full of digits. Their sum fits f64, so that its error is known exactly.
    let term = |i: u32, shift: i32| {
        let digits = i.wrapping_mul(2_654_435_761) >> 9 | 1;
        (1.0 + digits as f32 / (1 << 23) as f32) * f32::powi(2.0, shift)
    };
    let a: Vec<f32> = (0..256).map(|i| term(i, (i % 5) as i32)).collect();
    let b: Vec<f32> =
        (0..256).map(|i| term(i + 1000, -((i % 19) as i32)) * if i % 2 == 0 { 1.0 } else { -1.0 }).collect();
    let n = a.len();
    let (terms_a, terms_b) = (gpu.upload("a", &a)?, gpu.upload("b", &b)?);
    let (zero, errors) = (gpu.buffer::<u32>("zero", 1)?, gpu.buffer::<f32>("errors", 2 * n)?);
    let launch = TwoSum { a: &terms_a, b: &terms_b, zero: &zero, errors: &errors };
    gpu.run_once(|plan| launch.record(plan))?;
    let found = gpu.read(&errors)?;

    let exact = a.iter().zip(&b).map(|(&a, &b)| (f64::from(a) + f64::from(b) - f64::from(a + b)) as f32);
    let exact: Vec<f32> = exact.collect();
    Ok([exact[..] == found[..n], exact[..] == found[n..]])
}
