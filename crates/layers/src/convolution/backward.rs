//! The way back through the network: the gradient by its parameters.

use ansatz_gpu::{Buffer, Gpu, GpuError, Plan, Real};

use super::forward::{Kept, Tape};
use super::spare::Spare;
use super::{
    Convolution, ConvolutionGradient, Convolve, DirectionNetwork, Downsample, Epilogue, Gate, Images,
    Interpolation, Upsample,
};

/// A pass from the last layer to the first.
pub(super) struct Backward<'a, T> {
    layers: Vec<Convolution>,
    /// The images of each level.
    levels: Vec<Images>,
    channels: usize,
    parameters: &'a Buffer<T>,
    gradient: &'a Buffer<T>,
    partials: Buffer<T>,
    spare: Spare<T>,
}

impl<'a, T: Real> Backward<'a, T> {
    pub fn new(
        gpu: &Gpu,
        network: &DirectionNetwork,
        images: Images,
        parameters: &'a Buffer<T>,
        gradient: &'a Buffer<T>,
    ) -> Result<Self, GpuError> {
        let layers = network.layers();
        let levels: Vec<Images> = std::iter::successors(Some(images), |images| Some(images.halved()))
            .take(network.coarsenings + 1)
            .collect();
        // Fewer cells may be cut into more chunks.
        let wanted =
            |images| layers.iter().map(move |layer| ConvolutionGradient::<T>::partials(gpu, layer, images));
        let partials = levels.iter().flat_map(wanted).max();
        let partials = gpu.buffer("partial gradients", partials.unwrap_or(0))?;
        Ok(Self {
            layers,
            levels,
            channels: network.channels,
            parameters,
            gradient,
            partials,
            spare: Spare::new(network.channels),
        })
    }

    /// The gradient from q̄.
    pub fn record(
        mut self,
        plan: &mut Plan,
        Tape(steps): &Tape<T>,
        q_bar: &Buffer<T>,
    ) -> Result<(), GpuError> {
        let (mut level, interpolation, channels) = (0, Interpolation::Nearest, self.channels);
        let mut x_bar = q_bar.clone();
        // ȳ on the finer levels, which also goes to what was averaged there.
        let mut waiting = Vec::new();
        for step in steps.iter().rev() {
            let fine = self.levels[level];
            match step {
                Kept::Layer(x) => {
                    let Some(layer) = self.layers.pop() else { continue };
                    self.gradient(plan, layer, fine, [x, &x_bar])?;
                    // Nothing is before the first layer.
                    if !self.layers.is_empty() {
                        let next = self.spare.take(plan.gpu(), fine)?;
                        self.adjoint(plan, layer, fine, [&x_bar, &next], Epilogue::Identity)?;
                        x_bar = next;
                    }
                }
                Kept::Pair { x, inner, outer } => x_bar = self.pair(plan, fine, [x, inner, outer], x_bar)?,
                Kept::Up => {
                    let coarse = self.spare.take(plan.gpu(), fine.halved())?;
                    Downsample { fine, channels, interpolation, scale: 1.0, x: &x_bar, y: &coarse }
                        .record(plan)?;
                    waiting.push(std::mem::replace(&mut x_bar, coarse));
                    level += 1;
                }
                Kept::Down => {
                    level -= 1;
                    let fine = self.levels[level];
                    let (skip, next) = (waiting.pop(), self.spare.take(plan.gpu(), fine)?);
                    let (x, skip) = (&x_bar, skip.as_ref());
                    Upsample { fine, channels, interpolation, scale: fine.average(), x, skip, y: &next }
                        .record(plan)?;
                    self.spare.give(skip.cloned());
                    self.spare.give([std::mem::replace(&mut x_bar, next)]);
                }
            }
        }
        Ok(())
    }

    /// x̄ of y = x + max(W₂ h + b₂, 0) with h = max(W₁ x + b₁, 0), from ȳ.
    fn pair(
        &mut self,
        plan: &mut Plan,
        images: Images,
        [x, inner, outer]: [&Buffer<T>; 3],
        y_bar: Buffer<T>,
    ) -> Result<Buffer<T>, GpuError> {
        let (Some(second), Some(first)) = (self.layers.pop(), self.layers.pop()) else { return Ok(y_bar) };
        let (outer_bar, inner_bar) =
            (self.spare.take(plan.gpu(), images)?, self.spare.take(plan.gpu(), images)?);
        Gate { h: outer, h_bar: &y_bar, z_bar: &outer_bar }.record(plan)?;
        self.gradient(plan, second, images, [inner, &outer_bar])?;
        self.adjoint(plan, second, images, [&outer_bar, &inner_bar], Epilogue::Gate(inner))?;
        self.gradient(plan, first, images, [x, &inner_bar])?;
        self.adjoint(plan, first, images, [&inner_bar, &outer_bar], Epilogue::Add(&y_bar))?;
        self.spare.give([inner_bar, y_bar]);
        Ok(outer_bar)
    }

    fn gradient(
        &self,
        plan: &mut Plan,
        layer: Convolution,
        images: Images,
        [x, z_bar]: [&Buffer<T>; 2],
    ) -> Result<(), GpuError> {
        let (partials, gradient) = (&self.partials, self.gradient);
        ConvolutionGradient { layer, images, x, z_bar, partials, gradient, accumulate: false }.record(plan)
    }

    fn adjoint(
        &self,
        plan: &mut Plan,
        layer: Convolution,
        images: Images,
        [x, y]: [&Buffer<T>; 2],
        epilogue: Epilogue<'_, T>,
    ) -> Result<(), GpuError> {
        Convolve { layer, adjoint: true, images, parameters: self.parameters, x, y, epilogue }.record(plan)
    }
}
