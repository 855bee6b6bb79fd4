//! A convolution and its adjoint: `shaders/layers/convolution.wgsl`.

use ansatz_gpu::{Args, Buffer, GpuError, Launch, Plan, Real};
use rayon::prelude::*;

use super::{Images, Split};

/// Cells that an invocation takes.
const RUN: usize = 8;
/// The most channels of a layer: the sums over them are one invocation's loop.
pub const MOST_CHANNELS: usize = 64;

/// The shape of a convolution, and where its parameters lie in a buffer of those of all layers.
///
/// For each four outputs, four inputs and tap (z slowest, x fastest) there is a block of 16 numbers: W for four outputs by the first
/// of the inputs, then by the second, and so on. Then come the biases. What fills up fours is not read, but may be moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Convolution {
    /// Channels of x, 1 to 64.
    pub inputs: usize,
    /// Channels of y, 1 to 64.
    pub outputs: usize,
    /// Whether neighbours count, 3² or 3³ cells in all; otherwise y depends on the same cell alone.
    pub neighbours: bool,
    /// Dimensions, 2 or 3.
    pub dimensions: usize,
    /// Number before the first parameter, a multiple of 4.
    pub first: usize,
}

impl Convolution {
    /// Cells that a cell of y depends on.
    pub fn taps(&self) -> usize {
        if self.neighbours { 3usize.pow(self.dimensions as u32) } else { 1 }
    }

    /// Numbers of its parameters, with what fills them up.
    pub fn numbers(&self) -> usize {
        self.weights() + 4 * self.outputs.div_ceil(4)
    }

    /// Weights and biases, without what fills them up.
    pub fn parameters(&self) -> usize {
        (self.taps() * self.inputs + 1) * self.outputs
    }

    /// Where W is for an output, an input and a tap.
    pub fn weight(&self, output: usize, input: usize, tap: usize) -> usize {
        let block = (output / 4 * self.inputs.div_ceil(4) + input / 4) * self.taps() + tap;
        self.first + 16 * block + 4 * (input % 4) + output % 4
    }

    /// Where b is for an output.
    pub fn bias(&self, output: usize) -> usize {
        self.first + self.weights() + output
    }

    /// Numbers of the blocks of weights.
    fn weights(&self) -> usize {
        16 * self.outputs.div_ceil(4) * self.inputs.div_ceil(4) * self.taps()
    }

    /// How far it reaches along x and y, and along z.
    pub(super) fn reach(&self) -> [u32; 2] {
        [self.neighbours.into(), (self.neighbours && self.dimensions == 3).into()]
    }

    pub(super) fn check(&self, kernel: &str, parameters: usize) -> Result<(), GpuError> {
        let wrong = |message| Err(GpuError::Misuse { what: kernel.to_owned(), message });
        let channels = 1..=MOST_CHANNELS;
        if !channels.contains(&self.inputs) || !channels.contains(&self.outputs) {
            return wrong(format!(
                "{} inputs and {} outputs: 1 to {MOST_CHANNELS} are possible",
                self.inputs, self.outputs
            ));
        }
        if !(2..=3).contains(&self.dimensions) {
            return wrong(format!("{} dimensions: 2 and 3 are possible", self.dimensions));
        }
        if !self.first.is_multiple_of(4) || self.first + self.numbers() > parameters {
            return wrong(format!(
                "parameters {} … of {parameters}: {} are wanted, from a multiple of 4 on",
                self.first,
                self.numbers()
            ));
        }
        Ok(())
    }
}

/// What becomes of the sums of a [`Convolve`].
#[derive(Debug)]
pub enum Epilogue<'a, T> {
    /// Nothing.
    Identity,
    /// max(·, 0).
    Relu,
    /// … + r, which is as y.
    Add(&'a Buffer<T>),
    /// max(·, 0) + r: a layer beside a connection that skips it.
    ReluAdd(&'a Buffer<T>),
    /// 0 wherever r ≤ 0: the way back through max(·, 0) = r.
    Gate(&'a Buffer<T>),
}

/// A launch of a convolution of `images`, with zeros around them, or of its adjoint, which has no bias.
#[derive(Debug)]
pub struct Convolve<'a, T> {
    /// Its shape.
    pub layer: Convolution,
    /// Takes z̄ (as y) to x̄ (as x).
    pub adjoint: bool,
    /// The images.
    pub images: Images,
    /// Parameters of all layers.
    pub parameters: &'a Buffer<T>,
    /// x; of the adjoint, z̄.
    pub x: &'a Buffer<T>,
    /// y; of the adjoint, x̄.
    pub y: &'a Buffer<T>,
    /// What becomes of the sums.
    pub epilogue: Epilogue<'a, T>,
}

#[repr(C)]
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    images: [u32; 4],
    in_quads: u32,
    out_quads: u32,
    first4: u32,
    reach_z: u32,
    runs: u32,
    groups: u32,
    relu: u32,
    gate: u32,
}

impl<T: Real> Convolve<'_, T> {
    /// Records the launch.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where lengths do not fit each other, and what the device says against it.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let Self { layer, images, .. } = *self;
        let kernel = &ansatz_shaders::layers::CONVOLUTION;
        let (from, to) =
            if self.adjoint { (layer.outputs, layer.inputs) } else { (layer.inputs, layer.outputs) };
        layer.check(kernel.name, self.parameters.len())?;
        images.check(kernel.name, "x", self.x, from)?;
        images.check(kernel.name, "y", self.y, to)?;
        let (relu, gate, extra) = match self.epilogue {
            Epilogue::Identity => (false, false, None),
            Epilogue::Relu => (true, false, None),
            Epilogue::Add(r) => (false, false, Some(r)),
            Epilogue::ReluAdd(r) => (true, false, Some(r)),
            Epilogue::Gate(r) => (false, true, Some(r)),
        };
        if let Some(r) = extra {
            images.check(kernel.name, "r", r, to)?;
        }
        let split = Split::new(plan.gpu(), to.div_ceil(4));
        let runs = images.extents[0].div_ceil(RUN);
        let groups = (images.rows() * runs).div_ceil(split.lanes as usize);
        let [reach, reach_z] = layer.reach();
        let params = Params {
            images: images.words(),
            in_quads: from.div_ceil(4) as u32,
            out_quads: to.div_ceil(4) as u32,
            first4: (layer.first / 4) as u32,
            reach_z,
            runs: runs as u32,
            groups: groups as u32,
            relu: relu.into(),
            gate: gate.into(),
        };
        let (adjoint, has_extra, cells) = (self.adjoint, extra.is_some(), images.cells());
        let moved = from + to * (1 + usize::from(has_extra));
        let launch = Launch::new(kernel, move |args| twin::<T>(args, layer, images, adjoint, has_extra))
            .real::<T>()
            .flag("TRANSPOSED", adjoint)
            .flag("EXTRA", has_extra)
            .constant("LANES", split.lanes)
            .constant("QUADS", split.quads as u32)
            .constant("REACH", reach)
            .least_subgroup(split.least_subgroup)
            .params(&params)
            .bind(self.parameters)
            .bind(self.x)
            .bind(self.y)
            .workgroups((groups * split.groups) as u64)
            .cost((cells * moved * size_of::<T>()) as u64, (2 * cells * layer.taps() * from * to) as u64);
        plan.launch(match extra {
            Some(r) => launch.bind(r),
            None => launch,
        })
    }
}

/// The neighbour of a cell that a tap means, if it is in the image: along an axis of n cells.
pub(super) fn neighbour(at: usize, tap: usize, reach: u32, n: usize) -> Option<usize> {
    (at + tap).checked_sub(reach as usize).filter(|&at| at < n)
}

fn twin<T: Real>(args: &Args, layer: Convolution, images: Images, adjoint: bool, has_extra: bool) {
    let params: Params = args.params();
    let (parameters, x, mut y) = (args.read::<T>(1), args.read::<T>(2), args.write::<T>(3));
    let r = has_extra.then(|| args.read::<T>(4));
    let ([nx, ny, nz], [reach, reach_z]) = (images.extents, layer.reach());
    let (cells, steps) = (images.cells(), 2 * reach as usize + 1);
    let plane_len = 4 * cells;
    // A row of y for four channels o: Σ over i, t of W_oi(t) x_i(p + t).
    y.par_chunks_mut(4 * nx).enumerate().for_each(|(number, y)| {
        let (out, row) = (number / images.rows(), number % images.rows());
        let [image, z, own_y] = images.place(row);
        let bias = |lane: usize| if adjoint { T::zero() } else { parameters[layer.bias(4 * out + lane)] };
        let mut sums: Vec<[T; 4]> = vec![std::array::from_fn(bias); nx];
        for in_quad in 0..params.in_quads as usize {
            for tap in 0..layer.taps() {
                let [tz, ty, tx] = [tap / steps / steps, tap / steps % steps, tap % steps];
                let (Some(from_z), Some(from_y)) =
                    (neighbour(z, tz, reach_z, nz), neighbour(own_y, ty, reach, ny))
                else {
                    continue;
                };
                let weights: [[T; 4]; 4] = std::array::from_fn(|i| {
                    std::array::from_fn(|o| {
                        let (o, i) = (4 * out + o, 4 * in_quad + i);
                        let at = if adjoint {
                            layer.weight(i, o, layer.taps() - 1 - tap)
                        } else {
                            layer.weight(o, i, tap)
                        };
                        parameters[at]
                    })
                });
                let from = plane_len * in_quad + 4 * nx * ((image * nz + from_z) * ny + from_y);
                let from = &x[from..from + 4 * nx];
                for (cell, sum) in sums.iter_mut().enumerate() {
                    let Some(cell) = neighbour(cell, tx, reach, nx) else { continue };
                    for (weights, &x) in weights.iter().zip(&from[4 * cell..4 * cell + 4]) {
                        (0..4).for_each(|o| sum[o] += weights[o] * x);
                    }
                }
            }
        }
        for (k, (y, sum)) in y.iter_mut().zip(sums.into_iter().flatten()).enumerate() {
            // NaN stays.
            let s = if params.relu == 1 && sum < T::zero() { T::zero() } else { sum };
            let r = r.as_ref().map(|r| r[plane_len * out + 4 * nx * row + k]);
            *y = match r {
                None => s,
                Some(r) if params.gate == 0 => s + r,
                Some(r) if r > T::zero() => s,
                Some(_) => T::zero(),
            };
        }
    });
}
