//! The network forward, layer by layer.

use ansatz_gpu::{Buffer, GpuError, Plan, Real};
use ansatz_linalg::{Grid, Triad};

use super::network::{COARSEST_PAIRS, PAIRS};
use super::spare::Spare;
use super::{Convolution, Convolve, DirectionNetwork, Downsample, Epilogue, Images, Interpolation, Upsample};

/// What a forward pass kept for the way back: for each layer or pair of layers, in order.
#[derive(Debug)]
pub struct Tape<T>(pub(super) Vec<Kept<T>>);

/// What was kept of one step.
#[derive(Debug)]
pub(super) enum Kept<T> {
    /// x of the first or the last layer.
    Layer(Buffer<T>),
    /// x of a pair, and what each of its layers made.
    Pair { x: Buffer<T>, inner: Buffer<T>, outer: Buffer<T> },
    /// To the level after this one.
    Down,
    /// Back.
    Up,
}

/// A pass that takes its buffers from those that are no longer wanted, unless all are kept.
pub(super) struct Forward<'a, T> {
    layers: std::vec::IntoIter<Convolution>,
    coarsenings: usize,
    channels: usize,
    images: Images,
    parameters: &'a Buffer<T>,
    keep: bool,
    spare: Spare<T>,
    tape: Vec<Kept<T>>,
}

impl<'a, T: Real> Forward<'a, T> {
    pub fn new(network: &DirectionNetwork, images: Images, parameters: &'a Buffer<T>, keep: bool) -> Self {
        Self {
            layers: network.layers().into_iter(),
            coarsenings: network.coarsenings,
            channels: network.channels,
            images,
            parameters,
            keep,
            spare: Spare::new(network.channels),
            tape: Vec::new(),
        }
    }

    /// q = f(x).
    pub fn record(mut self, plan: &mut Plan, x: &Buffer<T>, q: &Buffer<T>) -> Result<Tape<T>, GpuError> {
        let images = self.images;
        let first = self.spare.take(plan.gpu(), images)?;
        self.convolve(plan, images, [x, &first], Epilogue::Identity)?;
        self.kept(|| Kept::Layer(x.clone()));
        let last = self.level(plan, images, 0, first)?;
        self.convolve(plan, images, [&last, q], Epilogue::Identity)?;
        self.kept(|| Kept::Layer(last.clone()));
        Ok(Tape(self.tape))
    }

    /// The pairs of a level, and all of the coarser ones between them.
    fn level(
        &mut self,
        plan: &mut Plan,
        fine: Images,
        depth: usize,
        x: Buffer<T>,
    ) -> Result<Buffer<T>, GpuError> {
        if depth == self.coarsenings {
            return self.pairs(plan, fine, COARSEST_PAIRS, x);
        }
        let (channels, interpolation) = (self.channels, Interpolation::Nearest);
        let x = self.pairs(plan, fine, PAIRS, x)?;
        let coarse = self.spare.take(plan.gpu(), fine.halved())?;
        let scale = fine.average();
        Downsample { fine, channels, interpolation, scale, x: &x, y: &coarse }.record(plan)?;
        self.kept(|| Kept::Down);
        let coarse = self.level(plan, fine.halved(), depth + 1, coarse)?;
        let y = self.spare.take(plan.gpu(), fine)?;
        Upsample { fine, channels, interpolation, scale: 1.0, x: &coarse, skip: Some(&x), y: &y }
            .record(plan)?;
        self.kept(|| Kept::Up);
        self.discard([x, coarse]);
        self.pairs(plan, fine, PAIRS, y)
    }

    /// x ← x + max(W max(W x + b, 0) + b, 0), so many times.
    fn pairs(
        &mut self,
        plan: &mut Plan,
        images: Images,
        count: usize,
        mut x: Buffer<T>,
    ) -> Result<Buffer<T>, GpuError> {
        for _ in 0..count {
            let (inner, y) = (self.spare.take(plan.gpu(), images)?, self.spare.take(plan.gpu(), images)?);
            self.convolve(plan, images, [&x, &inner], Epilogue::Relu)?;
            if self.keep {
                let outer = self.spare.take(plan.gpu(), images)?;
                self.convolve(plan, images, [&inner, &outer], Epilogue::Relu)?;
                let grid = Grid::stream(plan.gpu(), y.len());
                Triad { a: &y, b: &x, c: &outer, s: T::one(), grid }.record(plan)?;
                self.tape.push(Kept::Pair { x, inner, outer });
            } else {
                self.convolve(plan, images, [&inner, &y], Epilogue::ReluAdd(&x))?;
                self.discard([x, inner]);
            }
            x = y;
        }
        Ok(x)
    }

    fn convolve(
        &mut self,
        plan: &mut Plan,
        images: Images,
        [x, y]: [&Buffer<T>; 2],
        epilogue: Epilogue<'_, T>,
    ) -> Result<(), GpuError> {
        // There are as many layers as the pass goes through.
        let Some(layer) = self.layers.next() else { return Ok(()) };
        Convolve { layer, adjoint: false, images, parameters: self.parameters, x, y, epilogue }.record(plan)
    }

    fn discard(&mut self, buffers: [Buffer<T>; 2]) {
        if !self.keep {
            self.spare.give(buffers);
        }
    }

    fn kept(&mut self, kept: impl FnOnce() -> Kept<T>) {
        if self.keep {
            self.tape.push(kept());
        }
    }
}
