//! r and a_t = s r ∂R/∂u_t: `shaders/expr/residual.wgsl`.

use ansatz_expr::{Leaf, Precision, Program, Scalar, Scratch};
use ansatz_gpu::{Args, Buffer, GpuError, Launch, Plan, Real};

/// Invocations per workgroup.
const LANES: u32 = 64;

/// From the derivatives u_t of the unknown at some points to r = R − target, the loss ½ s r² of each point, and
/// a_t = s r ∂R/∂u_t, with which the gradient of the sum of losses is Σ_p Σ_t a_t ∂u_t. All are arrays of as many numbers as there are
/// points, rounded up to a multiple of four.
#[derive(Debug)]
pub struct Residual<'a, T> {
    /// R, then ∂R/∂u_t for each of its inputs that is a derivative of an unknown, in their order.
    pub program: &'a Program,
    /// Numbers among which s is.
    pub scales: &'a Buffer<T>,
    /// Which of them it is.
    pub scale: usize,
    /// The inputs that are none, in their order, and the target.
    pub fixed: &'a Buffer<T>,
    /// u_t, in the order of the inputs.
    pub jets: &'a Buffer<T>,
    /// a_t.
    pub coefficients: &'a Buffer<T>,
    /// The loss of each point; zero beyond the last.
    pub losses: &'a Buffer<T>,
    /// Number of points.
    pub points: usize,
}

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    count: u32,
    n4: u32,
    scale: u32,
}

impl<T: Real + Scalar> Residual<'_, T> {
    /// Records the launch.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where a buffer has another length than its arrays or the program is none of a residual, and what the
    /// device says against the kernel.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let kernel = &ansatz_shaders::expr::RESIDUAL;
        let wrong = |message| Err(GpuError::Misuse { what: kernel.name.to_owned(), message });
        let (program, stride) = (self.program, self.points.next_multiple_of(4));
        let jets = program.inputs().iter().filter(|leaf| matches!(leaf, Leaf::Jet(_))).count();
        // The unknown's derivatives are the last of the leaves.
        let fixed = program.inputs().len() - jets;
        if program.output_count() != 1 + jets {
            let outputs = program.output_count();
            return wrong(format!("{outputs} expressions for a residual with {jets} derivatives"));
        }
        for (what, count, len) in [
            ("fixed", fixed + 1, self.fixed.len()),
            ("jets", jets, self.jets.len()),
            ("coefficients", jets, self.coefficients.len()),
            ("losses", 1, self.losses.len()),
        ] {
            let wanted = count.saturating_mul(stride);
            if len != wanted {
                return wrong(format!("`{what}` has {len} numbers; {count} arrays of {stride} are {wanted}"));
            }
        }
        if self.scale >= self.scales.len() {
            return wrong(format!("scale {} of {}", self.scale, self.scales.len()));
        }
        // The index of the last group of four must not wrap around.
        let groups = (fixed + 1).max(jets).saturating_mul(stride / 4);
        if groups > (u32::MAX - LANES) as usize {
            return wrong(format!("{groups} groups of four are too many for an index of 32 bits"));
        }
        let n4 = (stride / 4) as u32;
        let precision = if T::IS_F64 { Precision::Double } else { Precision::Single };
        let numbers = (fixed + 2 + 2 * jets) * self.points;
        let own = program.clone();
        plan.launch(
            Launch::new(kernel, move |args| twin::<T>(&own, fixed, args))
                .real::<T>()
                .generated(program.wgsl("expression", precision))
                .constant("LANES", LANES)
                .constant("FIXED", fixed as u32)
                .params(&Params { count: self.points as u32, n4, scale: self.scale as u32 })
                .bind(self.fixed)
                .bind(self.jets)
                .bind(self.coefficients)
                .bind(self.losses)
                .bind(self.scales)
                .workgroups(n4.div_ceil(LANES).into())
                .cost(
                    (numbers * size_of::<T>()) as u64,
                    (self.points * (program.instruction_count() + 2 * jets + 4)) as u64,
                ),
        )
    }
}

fn twin<T: Real + Scalar>(program: &Program, fixed: usize, args: &Args) {
    let params: Params = args.params();
    let (count, stride) = (params.count as usize, 4 * params.n4 as usize);
    let (of_points, jets) = (args.read::<T>(1), args.read::<T>(2));
    let (mut coefficients, mut losses) = (args.write::<T>(3), args.write::<T>(4));
    let inputs: Vec<_> =
        of_points.chunks_exact(stride).take(fixed).chain(jets.chunks_exact(stride)).collect();
    let mut values = vec![T::zero(); program.output_count() * stride];
    let mut outputs: Vec<_> = values.chunks_exact_mut(stride).collect();
    let done = program.eval_points(&inputs, &mut outputs, &mut Scratch::default());
    debug_assert_eq!(done, Ok(()));
    let scale = args.read::<T>(5)[params.scale as usize];
    let (residual, partials) = values.split_at(stride);
    coefficients.fill(T::zero());
    losses.fill(T::zero());
    for p in 0..count {
        let r = residual[p] - of_points[fixed * stride + p];
        losses[p] = T::from_f64(0.5) * scale * r * r;
        for (a, partial) in coefficients.chunks_exact_mut(stride).zip(partials.chunks_exact(stride)) {
            a[p] = scale * r * partial[p];
        }
    }
}
