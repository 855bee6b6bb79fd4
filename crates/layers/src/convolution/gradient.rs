//! The gradient of a convolution by its parameters: `shaders/layers/convolution_weights.wgsl`.

use ansatz_features::launch::PartialSums;
use ansatz_gpu::{Args, Buffer, Gpu, GpuError, Launch, Plan, Real};
use rayon::prelude::*;

use super::layer::neighbour;
use super::{Convolution, Images, Split};

/// Invocations in a row that have the same outputs.
const TEAM: usize = 4;
/// One driver cuts an invocation off after 65,535 iterations, silently.
const MOST_CELLS: usize = 60_000;
/// So many invocations keep a device busy.
const INVOCATIONS: usize = 1 << 16;
const SOFTWARE_INVOCATIONS: usize = 1 << 10;

/// W̄ and b̄ of a convolution from x and z̄, where they lie in a buffer as those of [`Convolution`] do.
#[derive(Debug)]
pub struct ConvolutionGradient<'a, T> {
    /// The shape.
    pub layer: Convolution,
    /// The images, over all of which the gradient sums.
    pub images: Images,
    /// What the convolution was applied to.
    pub x: &'a Buffer<T>,
    /// The gradient by its sums.
    pub z_bar: &'a Buffer<T>,
    /// Sums over chunks of rows: [`ConvolutionGradient::partials`] numbers.
    pub partials: &'a Buffer<T>,
    /// The gradient by all parameters, of which this layer's part is overwritten.
    pub gradient: &'a Buffer<T>,
    /// Adds to that part in place of overwriting it: for a layer that is used more than once.
    pub accumulate: bool,
}

#[repr(C)]
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    images: [u32; 4],
    in_quads: u32,
    out_quads: u32,
    reach_z: u32,
    chunks: u32,
    rows: u32,
    stride4: u32,
}

/// How the rows are cut.
struct Cut {
    chunks: usize,
    rows: usize,
    /// Invocations for each chunk.
    items: usize,
    split: Split,
}

impl Cut {
    fn new(gpu: &Gpu, layer: &Convolution, images: &Images) -> Self {
        let tap_rows = if layer.neighbours { layer.taps() / 3 } else { 1 };
        let split = Split::new(gpu, layer.outputs.div_ceil(4));
        let items = (tap_rows * layer.inputs.div_ceil(4)).next_multiple_of(TEAM) * split.groups;
        let enough = if gpu.is_software() { SOFTWARE_INVOCATIONS } else { INVOCATIONS };
        let rows = images.rows().div_ceil(enough.div_ceil(items));
        let rows = rows.clamp(1, (MOST_CELLS / images.extents[0].max(1)).max(1));
        Self { chunks: images.rows().div_ceil(rows), rows, items, split }
    }
}

impl<T: Real> ConvolutionGradient<'_, T> {
    /// How many numbers [`ConvolutionGradient::partials`] has.
    pub fn partials(gpu: &Gpu, layer: &Convolution, images: &Images) -> usize {
        Cut::new(gpu, layer, images).chunks * layer.numbers()
    }

    /// Records two launches.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where lengths do not fit each other, and what the device says against it.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let Self { layer, images, x, z_bar, partials, gradient, accumulate } = *self;
        let kernel = &ansatz_shaders::layers::CONVOLUTION_WEIGHTS;
        let wrong = |message| Err(GpuError::Misuse { what: kernel.name.to_owned(), message });
        layer.check(kernel.name, gradient.len())?;
        images.check(kernel.name, "x", x, layer.inputs)?;
        images.check(kernel.name, "z̄", z_bar, layer.outputs)?;
        if images.extents[0] > MOST_CELLS {
            return wrong(format!("rows of {} cells: {MOST_CELLS} are possible", images.extents[0]));
        }
        let Cut { chunks, rows, items, split } = Cut::new(plan.gpu(), &layer, &images);
        let expected = chunks * layer.numbers();
        if partials.len() < expected {
            return wrong(format!("{} partial sums; {expected} are wanted", partials.len()));
        }
        let [reach, reach_z] = layer.reach();
        let params = Params {
            images: images.words(),
            in_quads: layer.inputs.div_ceil(4) as u32,
            out_quads: layer.outputs.div_ceil(4) as u32,
            reach_z,
            chunks: chunks as u32,
            rows: rows as u32,
            stride4: (layer.numbers() / 4) as u32,
        };
        let (cells, channels) = (images.cells(), layer.inputs + layer.outputs);
        plan.launch(
            Launch::new(kernel, move |args| twin::<T>(args, layer, images))
                .real::<T>()
                .constant("LANES", split.lanes)
                .constant("QUADS", split.quads as u32)
                .constant("REACH", reach)
                .least_subgroup(split.least_subgroup)
                .params(&params)
                .bind(x)
                .bind(z_bar)
                .bind(partials)
                .workgroups((chunks * items).div_ceil(split.lanes as usize) as u64)
                .cost(
                    (cells * channels * size_of::<T>()) as u64,
                    (2 * cells * layer.taps() * layer.inputs * layer.outputs) as u64,
                ),
        )?;
        let (n, first_sum) = (layer.numbers(), layer.first);
        let sums = PartialSums {
            partials,
            chunks,
            stride: n,
            groups: 1,
            padded: n,
            n,
            sums: gradient,
            first_sum,
            accumulate,
        };
        sums.record(plan)
    }
}

fn twin<T: Real>(args: &Args, layer: Convolution, images: Images) {
    let params: Params = args.params();
    let (x, z_bar, mut partials) = (args.read::<T>(1), args.read::<T>(2), args.write::<T>(3));
    let ([nx, ny, nz], [reach, reach_z]) = (images.extents, layer.reach());
    let (cells, steps) = (images.cells(), 2 * reach as usize + 1);
    let local = Convolution { first: 0, ..layer };
    let chunks = partials.par_chunks_mut(layer.numbers()).take(params.chunks as usize).enumerate();
    chunks.for_each(|(chunk, sums)| {
        sums.fill(T::zero());
        let first = chunk * params.rows as usize;
        for row in first..(first + params.rows as usize).min(images.rows()) {
            let [image, z, y] = images.place(row);
            for out in 0..params.out_quads as usize {
                let at = 4 * (out * cells + row * nx);
                let gradient = &z_bar[at..at + 4 * nx];
                let biases = &mut sums[local.bias(4 * out)..][..4];
                gradient.chunks_exact(4).for_each(|g| (0..4).for_each(|o| biases[o] += g[o]));
                for tap in 0..layer.taps() {
                    let [tz, ty, tx] = [tap / steps / steps, tap / steps % steps, tap % steps];
                    let (Some(from_z), Some(from_y)) =
                        (neighbour(z, tz, reach_z, nz), neighbour(y, ty, reach, ny))
                    else {
                        continue;
                    };
                    for input in 0..params.in_quads as usize {
                        let from = 4 * (input * cells + ((image * nz + from_z) * ny + from_y) * nx);
                        let mut block = [[T::zero(); 4]; 4];
                        for (cell, g) in gradient.chunks_exact(4).enumerate() {
                            let Some(cell) = neighbour(cell, tx, reach, nx) else { continue };
                            for (block, &x) in block.iter_mut().zip(&x[from + 4 * cell..][..4]) {
                                (0..4).for_each(|o| block[o] += x * g[o]);
                            }
                        }
                        let at = local.weight(4 * out, 4 * input, tap);
                        sums[at..at + 16]
                            .iter_mut()
                            .zip(block.as_flattened())
                            .for_each(|(sum, &part)| *sum += part);
                    }
                }
            }
        }
    });
}
