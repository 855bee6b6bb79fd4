//! Rows and values of every family of features.

use ansatz_features::launch::Gather;
use ansatz_features::{Features, MultiIndex, Rows, Trainable, Transposed, Values};
use ansatz_gaussian::{FullGaussians, GaussianSum, PigNetwork, ProductGaussians, TrainedGaussians};
use ansatz_gpu::Real;
use ansatz_layers::{Activation as Unit, Design};
use ansatz_linalg::{Matrix, SLAB_GRAIN};
use ansatz_random_features::{Activation, RandomFeatures};
use ansatz_shaders::Kernel;
use ansatz_shaders::features::{CHUNK_SUM, CUT, GATHER, PARTIAL_SUM};
use ansatz_shaders::{gaussian, layers, linalg, random_features};

use super::{Outputs, Suite, numbers, poison, positive, precision, rounding, run_once, values};
use crate::Error;
use crate::pde::Tier;

/// Coordinates of a point.
const DIMENSIONS: usize = 3;
/// Points and features: none, odd, many features for few points, and many points.
const SIZES: [(usize, usize); 4] = [(0, 5), (37, 13), (5, 1027), (4099, 5)];

pub(super) fn run<T: Tier>(suite: &mut Suite<'_>) -> Result<(), Error> {
    for (points, count) in SIZES {
        let ridge = [&random_features::ROWS, &random_features::VALUES];
        for activation in Activation::ALL {
            let features = RandomFeatures::new(
                activation,
                DIMENSIONS,
                numbers(20, DIMENSIONS * count),
                numbers(21, count),
            )?;
            family::<T>(suite, ridge, activation.name(), &features, points)?;
            if activation == Activation::Sine {
                let kernels = [&CUT, &linalg::GEMV_TRANSPOSED];
                sums::<T>(suite, &kernels, activation.name(), &features, points)?;
            }
        }
        let (centres, widths) = (numbers(22, DIMENSIONS * count), positive(23, DIMENSIONS * count));
        let features = ProductGaussians::new(DIMENSIONS, centres, widths, vec![Some(2.5), None, Some(3.0)])?;
        let kernels = [&gaussian::PRODUCT_ROWS, &gaussian::PRODUCT_VALUES];
        family::<T>(suite, kernels, "one axis free", &features, points)?;
        let sum = GaussianSum::new(features);
        let kernels_of_sums = [&gaussian::TRANSPOSED, &PARTIAL_SUM];
        sums::<T>(suite, &kernels_of_sums, "sum of Gaussians", &*sum.tangent(&numbers(29, count)), points)?;

        let precisions = [2.0, 0.5, -0.3, 0.5, 1.0, 0.2, -0.3, 0.2, 3.0].repeat(count);
        let features = FullGaussians::new(DIMENSIONS, numbers(24, DIMENSIONS * count), precisions)?;
        let kernels = [&gaussian::FULL_ROWS, &gaussian::FULL_VALUES];
        family::<T>(suite, kernels, "full", &features, points)?;
        let sum = GaussianSum::new(features);
        let what = "sum of full Gaussians";
        sums::<T>(suite, &kernels_of_sums, what, &*sum.tangent(&numbers(29, count)), points)?;
        gather::<T>(suite, count)?;
        if count <= PIG {
            product_network::<T>(suite, points, count)?;
            full_network::<T>(suite, points, count)?;
            for unit in Unit::ALL {
                dense::<T>(suite, points, count, unit)?;
            }
        }
    }
    Ok(())
}

/// Gaussians of an embedding, at most.
const PIG: usize = 13;

fn full_network<T: Tier>(suite: &mut Suite<'_>, points: usize, count: usize) -> Result<(), Error> {
    let precisions = [2.0, 0.5, -0.3, 0.5, 1.0, 0.2, -0.3, 0.2, 3.0].repeat(count);
    let gaussians =
        |seed| FullGaussians::new(DIMENSIONS, numbers(seed, DIMENSIONS * count), precisions.clone());
    resident::<T>(suite, "sum of full Gaussians", &GaussianSum::new(gaussians(32)?))?;
    network::<T, _>(suite, "full network", vec![gaussians(30)?, gaussians(32)?], points)
}

fn product_network<T: Tier>(suite: &mut Suite<'_>, points: usize, count: usize) -> Result<(), Error> {
    let gaussians = |seed: u64| {
        let (centres, widths) = (numbers(seed, DIMENSIONS * count), positive(seed + 1, DIMENSIONS * count));
        ProductGaussians::new(DIMENSIONS, centres, widths, vec![Some(2.5), None, None])
    };
    resident::<T>(suite, "sum of Gaussians", &GaussianSum::new(gaussians(32)?))?;
    network::<T, _>(suite, "network", vec![gaussians(30)?, gaussians(32)?], points)
}

/// A network over embeddings, and its tangent; its parameters move by the two kernels.
fn network<T: Tier, G: Into<TrainedGaussians>>(
    suite: &mut Suite<'_>,
    what: &str,
    gaussians: Vec<G>,
    points: usize,
) -> Result<(), Error> {
    let network = PigNetwork::new(gaussians, 5, 1.0, 7)?;
    let tangent = network.tangent(&numbers(34, network.len()));
    let kernels = [&gaussian::PIG_REVERSE, &gaussian::PIG_VALUES];
    family::<T>(suite, kernels, what, &network, points)?;
    let of_tangent = format!("tangent of {what}");
    rows::<T>(suite, kernels[0], &of_tangent, &*tangent, points)?;
    let kernels = [&gaussian::PIG_REVERSE, &gaussian::TRANSPOSED, &PARTIAL_SUM];
    sums::<T>(suite, &kernels, &of_tangent, &*tangent, points)?;
    resident::<T>(suite, what, &network)
}

/// Gaussians that move on the device, by the two kernels: what they are at a few points, and a gradient.
fn resident<T: Tier>(suite: &mut Suite<'_>, what: &str, network: &dyn Trainable) -> Result<(), Error> {
    let moves = [&gaussian::PIG_PACK, &gaussian::PIG_GRADIENT];
    let name = format!("{}, {what}, {} parameters", precision::<T>(), network.parameters());
    suite.case(&moves, &name, rounding::<T>(), |gpu| {
        let c = numbers(34, network.len());
        let Some(resident) = T::resident(network, gpu, &c)? else { return Ok(Vec::new()) };
        let sums = gpu.upload("sums", &numbers::<T>(35, resident.parameters().len()))?;
        let values_of = gpu.upload("values", &poison::<T>(4))?;
        let points = gpu.upload("points", &numbers::<T>(36, 4 * DIMENSIONS))?;
        let evaluate = Values {
            terms: &[MultiIndex::VALUE],
            points: &points,
            count: 4,
            weights: resident.parameters(),
            first_weight: 0,
            values: &values_of,
            first_value: 0,
        };
        run_once(gpu, |plan| {
            resident.record_load(plan)?;
            resident.features().record_values(plan, &evaluate)?;
            resident.record_gradient(plan, &sums)
        })?;
        let (u, gradient) = (values(gpu, &values_of)?, values(gpu, &sums)?);
        Ok(vec![(moves[0], u), (moves[1], gradient)])
    })
}

/// Parameters in other places, of which some are none.
fn gather<T: Tier>(suite: &mut Suite<'_>, count: usize) -> Result<(), Error> {
    suite.case(&[&GATHER], &format!("{}, from {count}", precision::<T>()), 0.0, |gpu| {
        let (from, n) = (gpu.upload("from", &numbers::<T>(40, count))?, (3 * count).next_multiple_of(4));
        let places: Vec<u32> = (0..n as u32).map(|i| i.wrapping_mul(7919) % (2 * count as u32)).collect();
        let (places, to) = (gpu.upload("places", &places)?, gpu.upload("to", &numbers::<T>(41, n))?);
        run_once(gpu, |plan| Gather { from: &from, places: &places, to: &to }.record(plan))?;
        Ok(vec![(&GATHER, values(gpu, &to)?)])
    })
}

/// A dense network of these units, and its tangent. Gates and sums over points are the same for all of them.
fn dense<T: Tier>(suite: &mut Suite<'_>, points: usize, units: usize, unit: Unit) -> Result<(), Error> {
    let plain = Design::new(vec![(-1.0, 1.0); DIMENSIONS], vec![units, 3], 7);
    let plain = Design { activation: unit, periods: vec![Some(2.5), None, None], ..plain };
    let gated = Design { gated: true, widths: vec![units; 2], ..plain.clone() };
    let mut designs = vec![(plain, unit.name().to_owned())];
    if unit == Unit::Sine {
        designs.push((gated, format!("gated {}", unit.name())));
    }
    for (design, what) in designs {
        let network = design.network()?;
        let tangent = network.tangent(&numbers(34, network.len()));
        let of_tangent = format!("tangent of {what}");
        family::<T>(suite, [&layers::ROWS, &layers::VALUES], &what, &network, points)?;
        family::<T>(suite, [&layers::TANGENT, &layers::TANGENT_VALUES], &of_tangent, &*tangent, points)?;
        if unit == Unit::Sine {
            sums::<T>(suite, &[&layers::ROWS, &PARTIAL_SUM], &what, &network, points)?;
            sums::<T>(suite, &[&layers::TANGENT, &PARTIAL_SUM], &of_tangent, &*tangent, points)?;
        }
    }
    Ok(())
}

/// More terms than one launch takes, to the second order; of ReLU, to the first.
fn terms(features: &dyn Features) -> Vec<MultiIndex> {
    let orders =
        [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [2, 0, 0], [0, 2, 0], [0, 0, 2], [1, 1, 0], [0, 1, 1]];
    let terms = orders.map(|orders| {
        let mut term = MultiIndex::VALUE;
        term.0[..3].copy_from_slice(&orders);
        term
    });
    terms.into_iter().filter(|term| term.order() <= features.max_order()).collect()
}

fn family<T: Tier>(
    suite: &mut Suite<'_>,
    [rows_kernel, evaluation]: [&'static Kernel; 2],
    what: &str,
    features: &dyn Features,
    count: usize,
) -> Result<(), Error> {
    rows::<T>(suite, rows_kernel, what, features, count)?;
    let name = format!("{}, {what}, {count} points, {} features", precision::<T>(), features.len());
    let (terms, n, stride) = (terms(features), features.len(), count.next_multiple_of(4));
    let points = numbers::<T>(25, DIMENSIONS * stride);

    // Networks sum what their workgroups or invocations have at hand.
    let networks = [layers::VALUES.name, layers::TANGENT_VALUES.name, gaussian::PIG_VALUES.name];
    let sums_chunks = !networks.contains(&evaluation.name);
    let launched = if sums_chunks { vec![evaluation, &CHUNK_SUM] } else { vec![evaluation] };
    suite.case(&launched, &name, rounding::<T>(), |gpu| {
        let (points, weights) =
            (gpu.upload("points", &points)?, gpu.upload("weights", &numbers::<T>(28, n + 3))?);
        let results = gpu.upload("values", &poison::<T>(terms.len() * stride))?;
        let evaluate = Values {
            terms: &terms,
            points: &points,
            count,
            weights: &weights,
            first_weight: 1,
            values: &results,
            first_value: 0,
        };
        run_once(gpu, |plan| T::upload(features, gpu)?.record_values(plan, &evaluate))?;
        let results = values(gpu, &results)?;
        let outputs: Outputs = launched.iter().map(|&kernel| (kernel, results.clone())).collect();
        Ok(outputs)
    })
}

fn rows<T: Tier>(
    suite: &mut Suite<'_>,
    kernel: &'static Kernel,
    what: &str,
    features: &dyn Features,
    count: usize,
) -> Result<(), Error> {
    let name = format!("{}, {what}, {count} points, {} features", precision::<T>(), features.len());
    let (terms, n, stride) = (terms(features), features.len(), count.next_multiple_of(4));
    let (points, coefficients) =
        (numbers::<T>(25, DIMENSIONS * stride), numbers::<T>(26, terms.len() * stride));

    for accumulate in [false, true] {
        let name = format!("{name}{}", if accumulate { ", added" } else { "" });
        suite.case(&[kernel], &name, rounding::<T>(), |gpu| {
            let (points, coefficients) =
                (gpu.upload("points", &points)?, gpu.upload("coefficients", &coefficients)?);
            // Slabs that cut the block, whose first row and column are not those of the matrix.
            let matrix = Matrix::in_slabs(gpu, "matrix", count + 4, n + 3, SLAB_GRAIN)?;
            for (slab, _) in matrix.slabs() {
                let old = if accumulate { numbers(27, slab.len()) } else { poison(slab.len()) };
                gpu.write(slab, 0, &old)?;
            }
            let block = Rows {
                terms: &terms,
                points: &points,
                count,
                coefficients: &coefficients,
                first_coefficient: 0,
                matrix: &matrix,
                first_row: 4,
                first_column: 2,
                accumulate,
            };
            run_once(gpu, |plan| T::upload(features, gpu)?.record_rows(plan, &block))?;
            let entries = matrix.read(gpu)?.into_iter().map(Real::widen).collect();
            Ok(vec![(kernel, entries)])
        })?;
    }
    Ok(())
}

fn sums<T: Tier>(
    suite: &mut Suite<'_>,
    kernels: &[&'static Kernel],
    what: &str,
    features: &dyn Features,
    count: usize,
) -> Result<(), Error> {
    let name = format!("{}, sums, {what}, {count} points, {} features", precision::<T>(), features.len());
    let (terms, n, stride) = (terms(features), features.len(), count.next_multiple_of(4));
    let (points, coefficients) =
        (numbers::<T>(25, DIMENSIONS * stride), numbers::<T>(26, (1 + terms.len()) * stride));
    for accumulate in [false, true] {
        let name = format!("{name}{}", if accumulate { ", added" } else { "" });
        suite.case(kernels, &name, rounding::<T>(), |gpu| {
            let old = if accumulate { numbers(27, n + 3) } else { poison::<T>(n + 3) };
            let results = gpu.upload("sums", &old)?;
            let transposed = Transposed {
                terms: &terms,
                points: &gpu.upload("points", &points)?,
                count,
                coefficients: &gpu.upload("coefficients", &coefficients)?,
                first_coefficient: 1,
                sums: &results,
                first_sum: 2,
                accumulate,
            };
            run_once(gpu, |plan| T::upload(features, gpu)?.record_transposed(plan, &transposed))?;
            let results = values(gpu, &results)?;
            Ok(kernels.iter().map(|&kernel| (kernel, results.clone())).collect())
        })?;
    }
    Ok(())
}
