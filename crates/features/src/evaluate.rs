//! out_m(p) = f_m(in(p)): expressions at many points, `shaders/expr/evaluate.wgsl`.

use ansatz_expr::{Precision, Program, Scalar, Scratch};
use ansatz_gpu::{Args, Buffer, GpuError, Launch, Plan, Real};

/// Invocations per workgroup.
const LANES: u32 = 64;

/// Evaluates a program at `points` points. Each input and each output is an array of [`Evaluate::stride`] numbers, one
/// array after another, of which the first `points` count.
#[derive(Debug)]
pub struct Evaluate<'a, T> {
    /// The expressions.
    pub program: &'a Program,
    /// Inputs in the order of [`Program::inputs`].
    pub inputs: &'a Buffer<T>,
    /// Outputs in the order of the expressions.
    pub outputs: &'a Buffer<T>,
    /// Number of points.
    pub points: usize,
}

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    n4: u32,
}

impl<T: Real + Scalar> Evaluate<'_, T> {
    /// The distance between two arrays: `points` rounded up to a multiple of four.
    pub fn stride(points: usize) -> usize {
        points.next_multiple_of(4)
    }

    /// Records the launch.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where a buffer has another length than the program's arrays or the program has no outputs,
    /// and what the device says against the kernel.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let kernel = &ansatz_shaders::expr::EVALUATE;
        let wrong = |message| Err(GpuError::Misuse { what: kernel.name.to_owned(), message });
        let program = self.program;
        let stride = Self::stride(self.points);
        let counts = [program.inputs().len(), program.output_count()];
        if counts[1] == 0 {
            return wrong("the program has no outputs".to_owned());
        }
        for (what, count, len) in
            [("inputs", counts[0], self.inputs.len()), ("outputs", counts[1], self.outputs.len())]
        {
            let wanted = count.saturating_mul(stride);
            if len != wanted {
                return wrong(format!("`{what}` has {len} numbers; {count} arrays of {stride} are {wanted}"));
            }
        }
        // The index of the last group of four must not wrap around.
        let groups = counts[0].max(counts[1]).saturating_mul(stride / 4);
        if groups > (u32::MAX - LANES) as usize {
            return wrong(format!("{groups} groups of four are too many for an index of 32 bits"));
        }
        let n4 = (stride / 4) as u32;
        let precision = if T::IS_F64 { Precision::Double } else { Precision::Single };
        let numbers = (counts[0] + counts[1]) as u64 * self.points as u64;
        let own = program.clone();
        plan.launch(
            Launch::new(kernel, move |args| twin::<T>(&own, args))
                .real::<T>()
                .generated(program.wgsl("expression", precision))
                .constant("LANES", LANES)
                .params(&Params { n4 })
                .bind(self.inputs)
                .bind(self.outputs)
                .workgroups(n4.div_ceil(LANES).into())
                .cost(
                    numbers * size_of::<T>() as u64,
                    program.instruction_count() as u64 * self.points as u64,
                ),
        )
    }
}

fn twin<T: Real + Scalar>(program: &Program, args: &Args) {
    let stride = 4 * args.params::<Params>().n4 as usize;
    let (inputs, mut outputs) = (args.read::<T>(1), args.write::<T>(2));
    // The launch checked the lengths: there are as many arrays as the program takes.
    let inputs: Vec<_> = inputs.chunks_exact(stride).collect();
    let mut outputs: Vec<_> = outputs.chunks_exact_mut(stride).collect();
    let done = program.eval_points(&inputs, &mut outputs, &mut Scratch::default());
    debug_assert_eq!(done, Ok(()));
}
