//! Convolutions forward and backward, and images of other sizes.

use ansatz_gpu::{Gpu, Real};
use ansatz_layers::convolution::{
    Convolution, ConvolutionGradient, Convolve, Downsample, Epilogue, Gate, Images, Interpolation, Upsample,
};
use ansatz_shaders::features::PARTIAL_SUM;
use ansatz_shaders::layers::{CONVOLUTION, CONVOLUTION_WEIGHTS, DOWNSAMPLE, GATE, UPSAMPLE};

use super::{Suite, numbers, poison, precision, rounding, run_once, values};
use crate::Error;

/// Odd, of one cell, of one row, flat, without an image.
const IMAGES: [Images; 5] = [
    Images { extents: [19, 5, 3], count: 2 },
    Images { extents: [1, 1, 1], count: 3 },
    Images { extents: [37, 1, 1], count: 1 },
    Images { extents: [9, 14, 1], count: 2 },
    Images { extents: [8, 8, 8], count: 0 },
];

/// Inputs and outputs: in part of fours, and the most.
const CHANNELS: [[usize; 2]; 3] = [[1, 16], [6, 3], [64, 64]];

pub(super) fn run<T: Real>(suite: &mut Suite<'_>) -> Result<(), Error> {
    for images in IMAGES {
        for [inputs, outputs] in CHANNELS {
            for (neighbours, dimensions) in [(true, 3), (true, 2), (false, 3)] {
                let layer = Convolution { inputs, outputs, neighbours, dimensions, first: 8 };
                both_ways::<T>(suite, images, layer)?;
            }
        }
        for interpolation in [Interpolation::Nearest, Interpolation::Trilinear] {
            resampling::<T>(suite, images, interpolation)?;
        }
    }
    // More rows than one dimension of a dispatch has workgroups.
    let tall = Images { extents: [1, 70_001, 1], count: if suite.gpu.is_cpu() { 1 } else { 8 } };
    let layer = Convolution { inputs: 1, outputs: 1, neighbours: true, dimensions: 2, first: 0 };
    both_ways::<T>(suite, tall, layer)?;
    resampling::<T>(suite, tall, Interpolation::Nearest)
}

fn both_ways<T: Real>(suite: &mut Suite<'_>, images: Images, layer: Convolution) -> Result<(), Error> {
    let of = format!("{}, {images:?}, {layer:?}", precision::<T>());
    // Sums of as many terms as there are taps and inputs.
    let tolerance = rounding::<T>();
    let parameters = |gpu: &Gpu| gpu.upload("parameters", &numbers::<T>(1, layer.first + layer.numbers()));
    for adjoint in [false, true] {
        for number in 0..5 {
            suite.case(
                &[&CONVOLUTION],
                &format!("{of}, adjoint {adjoint}, epilogue {number}"),
                tolerance,
                |gpu| {
                    let [from, to] =
                        if adjoint { [layer.outputs, layer.inputs] } else { [layer.inputs, layer.outputs] };
                    let x = &gpu.upload("x", &filled::<T>(images, from, 2))?;
                    let r = &gpu.upload("r", &numbers::<T>(3, images.len(to)))?;
                    let y = &gpu.upload("y", &poison::<T>(images.len(to)))?;
                    let parameters = &parameters(gpu)?;
                    let epilogue = match number {
                        0 => Epilogue::Identity,
                        1 => Epilogue::Relu,
                        2 => Epilogue::Add(r),
                        3 => Epilogue::ReluAdd(r),
                        _ => Epilogue::Gate(r),
                    };
                    run_once(gpu, |plan| {
                        Convolve { layer, adjoint, images, parameters, x, y, epilogue }.record(plan)
                    })?;
                    Ok(vec![(&CONVOLUTION, values(gpu, y)?)])
                },
            )?;
        }
    }
    // Sums over all cells, of terms of both signs.
    suite.case(&[&CONVOLUTION_WEIGHTS, &PARTIAL_SUM], &of, 4.0 * tolerance, |gpu| {
        let x = &gpu.upload("x", &filled::<T>(images, layer.inputs, 4))?;
        let z_bar = &gpu.upload("z̄", &filled::<T>(images, layer.outputs, 5))?;
        let partials =
            &gpu.upload("partials", &poison::<T>(ConvolutionGradient::<T>::partials(gpu, &layer, &images)))?;
        let gradient = &gpu.upload("gradient", &poison::<T>(layer.first + layer.numbers() + 4))?;
        run_once(gpu, |plan| {
            ConvolutionGradient { layer, images, x, z_bar, partials, gradient, accumulate: false }
                .record(plan)
        })?;
        // How the rows are cut differs from device to device; the sums over the cuts do not.
        let sums = values(gpu, gradient)?;
        Ok(vec![(&CONVOLUTION_WEIGHTS, sums.clone()), (&PARTIAL_SUM, sums)])
    })?;
    let n = images.len(layer.inputs);
    suite.case(&[&GATE], &of, 0.0, |gpu| {
        let (h, h_bar) = (&gpu.upload("h", &numbers::<T>(6, n))?, &gpu.upload("h̄", &numbers::<T>(7, n))?);
        let z_bar = &gpu.upload("z̄", &poison::<T>(n))?;
        run_once(gpu, |plan| Gate { h, h_bar, z_bar }.record(plan))?;
        Ok(vec![(&GATE, values(gpu, z_bar)?)])
    })
}

fn resampling<T: Real>(
    suite: &mut Suite<'_>,
    fine: Images,
    interpolation: Interpolation,
) -> Result<(), Error> {
    let (channels, scale) = (6, 0.75);
    for has_skip in [false, true] {
        let of = format!("{}, {fine:?}, {interpolation:?}, skip {has_skip}", precision::<T>());
        suite.case(&[&UPSAMPLE], &of, rounding::<T>(), |gpu| {
            let x = &gpu.upload("x", &numbers::<T>(8, fine.halved().len(channels)))?;
            let r = &gpu.upload("r", &numbers::<T>(9, fine.len(channels)))?;
            let y = &gpu.upload("y", &poison::<T>(fine.len(channels)))?;
            let skip = has_skip.then_some(r);
            run_once(gpu, |plan| Upsample { fine, channels, interpolation, scale, x, skip, y }.record(plan))?;
            Ok(vec![(&UPSAMPLE, values(gpu, y)?)])
        })?;
    }
    suite.case(
        &[&DOWNSAMPLE],
        &format!("{}, {fine:?}, {interpolation:?}", precision::<T>()),
        rounding::<T>(),
        |gpu| {
            let x = &gpu.upload("x", &numbers::<T>(10, fine.len(channels)))?;
            let y = &gpu.upload("y", &poison::<T>(fine.halved().len(channels)))?;
            run_once(gpu, |plan| Downsample { fine, channels, interpolation, scale, x, y }.record(plan))?;
            Ok(vec![(&DOWNSAMPLE, values(gpu, y)?)])
        },
    )
}

/// Channels of images, and 0 in what fills up the last plane.
fn filled<T: Real>(images: Images, channels: usize, seed: u64) -> Vec<T> {
    let mut numbers = numbers::<T>(seed, images.len(channels));
    let plane = 4 * images.cells().max(1);
    for (i, number) in numbers.iter_mut().enumerate() {
        if 4 * (i / plane) + i % 4 >= channels {
            *number = T::zero();
        }
    }
    numbers
}
