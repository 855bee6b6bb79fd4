//! Between images and those with cells twice as wide: `shaders/layers/upsample.wgsl` and `downsample.wgsl`.

use ansatz_gpu::{Args, Buffer, GpuError, Launch, Plan, Real};
use rayon::prelude::*;

use super::Images;

const LANES: u32 = 64;

/// How a fine cell depends on coarse ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interpolation {
    /// On the one that it lies in.
    Nearest,
    /// Linearly along each axis, between the centres of cells; beside the outermost of them constant.
    Trilinear,
}

/// y ← a P x + r: to finer images.
#[derive(Debug)]
pub struct Upsample<'a, T> {
    /// The finer images.
    pub fine: Images,
    /// Channels.
    pub channels: usize,
    /// P.
    pub interpolation: Interpolation,
    /// a.
    pub scale: f64,
    /// x, of the images `fine.halved()`.
    pub x: &'a Buffer<T>,
    /// r, if there is one.
    pub skip: Option<&'a Buffer<T>>,
    /// y.
    pub y: &'a Buffer<T>,
}

/// y ← a Pᵀ x: to coarser images. With a = 1/2ᵈ and [`Interpolation::Nearest`], averages.
#[derive(Debug)]
pub struct Downsample<'a, T> {
    /// The finer images.
    pub fine: Images,
    /// Channels.
    pub channels: usize,
    /// P.
    pub interpolation: Interpolation,
    /// a.
    pub scale: f64,
    /// x.
    pub x: &'a Buffer<T>,
    /// y, of the images `fine.halved()`.
    pub y: &'a Buffer<T>,
}

#[repr(C)]
#[derive(Debug, Clone, Copy)]
struct Params<T> {
    images: [u32; 4],
    quads: u32,
    padding: u32,
    scale: T,
}

// SAFETY: six words and a number, which begins at a multiple of eight bytes: there is no gap.
unsafe impl<T: Real> bytemuck::Zeroable for Params<T> {}
// SAFETY: as above, and every bit pattern is a value.
unsafe impl<T: Real> bytemuck::Pod for Params<T> {}

impl<T: Real> Params<T> {
    fn new(fine: Images, channels: usize, scale: f64) -> Self {
        Self {
            images: fine.words(),
            quads: channels.div_ceil(4) as u32,
            padding: 0,
            scale: T::from_f64(scale),
        }
    }
}

impl<T: Real> Upsample<'_, T> {
    /// Records the launch.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where lengths do not fit each other, and what the device says against it.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let Self { fine, channels, interpolation, scale, .. } = *self;
        let kernel = &ansatz_shaders::layers::UPSAMPLE;
        fine.check(kernel.name, "y", self.y, channels)?;
        fine.halved().check(kernel.name, "x", self.x, channels)?;
        if let Some(skip) = self.skip {
            fine.check(kernel.name, "r", skip, channels)?;
        }
        let numbers = fine.len(channels);
        let moved = self.x.len() + numbers * (1 + usize::from(self.skip.is_some()));
        let has_skip = self.skip.is_some();
        let launch = Launch::new(kernel, move |args| upsample_twin::<T>(args, fine, interpolation, has_skip))
            .real::<T>()
            .flag("TRILINEAR", interpolation == Interpolation::Trilinear)
            .flag("EXTRA", has_skip)
            .constant("LANES", LANES)
            .params(&Params::<T>::new(fine, channels, scale))
            .bind(self.x)
            .bind(self.y)
            .workgroups((numbers / 4).div_ceil(LANES as usize) as u64)
            .cost((moved * size_of::<T>()) as u64, interpolation.flops() * numbers as u64);
        plan.launch(match self.skip {
            Some(skip) => launch.bind(skip),
            None => launch,
        })
    }
}

impl<T: Real> Downsample<'_, T> {
    /// Records the launch.
    ///
    /// # Errors
    /// [`GpuError::Misuse`] where lengths do not fit each other, and what the device says against it.
    pub fn record(&self, plan: &mut Plan) -> Result<(), GpuError> {
        let Self { fine, channels, interpolation, scale, .. } = *self;
        let kernel = &ansatz_shaders::layers::DOWNSAMPLE;
        fine.check(kernel.name, "x", self.x, channels)?;
        fine.halved().check(kernel.name, "y", self.y, channels)?;
        let numbers = self.y.len();
        plan.launch(
            Launch::new(kernel, move |args| downsample_twin::<T>(args, fine, interpolation))
                .real::<T>()
                .flag("TRILINEAR", interpolation == Interpolation::Trilinear)
                .constant("LANES", LANES)
                .params(&Params::<T>::new(fine, channels, scale))
                .bind(self.x)
                .bind(self.y)
                .workgroups((numbers / 4).div_ceil(LANES as usize) as u64)
                .cost(
                    ((self.x.len() + numbers) * size_of::<T>()) as u64,
                    interpolation.flops() * self.x.len() as u64,
                ),
        )
    }
}

impl Interpolation {
    /// Operations for each number of the finer images.
    fn flops(self) -> u64 {
        match self {
            Self::Nearest => 2,
            Self::Trilinear => 16,
        }
    }

    /// The coarse cells that fine cell `i` of `n` along an axis depends on, with their weights.
    fn sources(self, i: usize, n: usize) -> Vec<(usize, f64)> {
        let (own, last) = (i / 2, n.div_ceil(2) - 1);
        match self {
            Self::Nearest => vec![(own, 1.0)],
            Self::Trilinear => {
                let next = if i % 2 == 1 { (own + 1).min(last) } else { own.saturating_sub(1) };
                vec![(own, 0.75), (next, 0.25)]
            }
        }
    }

    /// The cells of a coarse plane that a fine one depends on, with their weights.
    fn stencil(self, fine: &Images, [x, y, z]: [usize; 3]) -> Vec<(usize, f64)> {
        let [wide, high, _] = fine.halved().extents;
        let [xs, ys, zs] = [(x, 0), (y, 1), (z, 2)].map(|(at, axis)| self.sources(at, fine.extents[axis]));
        let mut cells = Vec::with_capacity(8);
        for (z, weight_z) in zs {
            for &(y, weight_y) in &ys {
                cells.extend(
                    xs.iter().map(|&(x, weight)| ((z * high + y) * wide + x, weight * weight_y * weight_z)),
                );
            }
        }
        cells
    }
}

/// Runs through the cells of a fine image.
fn cells_of(fine: &Images) -> impl Iterator<Item = [usize; 3]> {
    let [nx, ny, nz] = fine.extents;
    (0..nx * ny * nz).map(move |cell| [cell % nx, cell / nx % ny, cell / nx / ny])
}

fn upsample_twin<T: Real>(args: &Args, fine: Images, interpolation: Interpolation, has_skip: bool) {
    let params: Params<T> = args.params();
    let (x, mut y) = (args.read::<T>(1), args.write::<T>(2));
    let skip = has_skip.then(|| args.read::<T>(3));
    let [fine_len, coarse_len] =
        [fine, fine.halved()].map(|images| 4 * images.extents.iter().product::<usize>());
    y.par_chunks_mut(fine_len).enumerate().for_each(|(image, y)| {
        let x = &x[image * coarse_len..][..coarse_len];
        for (cell, (y, place)) in y.chunks_exact_mut(4).zip(cells_of(&fine)).enumerate() {
            let sources = interpolation.stencil(&fine, place);
            for (channel, y) in y.iter_mut().enumerate() {
                let sum: T =
                    sources.iter().map(|&(from, weight)| T::from_f64(weight) * x[4 * from + channel]).sum();
                let r = skip.as_ref().map_or(T::zero(), |skip| skip[image * fine_len + 4 * cell + channel]);
                *y = params.scale * sum + r;
            }
        }
    });
}

fn downsample_twin<T: Real>(args: &Args, fine: Images, interpolation: Interpolation) {
    let params: Params<T> = args.params();
    let (x, mut y) = (args.read::<T>(1), args.write::<T>(2));
    let [fine_len, coarse_len] =
        [fine, fine.halved()].map(|images| 4 * images.extents.iter().product::<usize>());
    y.par_chunks_mut(coarse_len).enumerate().for_each(|(image, y)| {
        y.fill(T::zero());
        let x = &x[image * fine_len..][..fine_len];
        for (x, place) in x.chunks_exact(4).zip(cells_of(&fine)) {
            for (to, weight) in interpolation.stencil(&fine, place) {
                let y = &mut y[4 * to..4 * to + 4];
                (0..4).for_each(|channel| y[channel] += T::from_f64(weight) * x[channel]);
            }
        }
        y.iter_mut().for_each(|y| *y = params.scale * *y);
    });
}
