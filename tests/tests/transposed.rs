//! Sums over points, Jᵀr: every family against its jets on the host, and gradients against differences.

#![allow(clippy::unwrap_used)]

use ansatz_features::{Features, MultiIndex, Resident, Trainable, Transposed, Values};
use ansatz_gaussian::{FullGaussians, GaussianSum, PigNetwork, ProductGaussians};
use ansatz_gpu::{Gpu, Plan};
use ansatz_layers::{Activation, Design};
use ansatz_random_features::RandomFeatures;
use ansatz_tests::features::{Case, Uploaded, all_terms, term};
use ansatz_tests::{assert_close, each, noise, runs};

/// The sums of a family against those of the host, overwritten and added. A feature's rounding is relative to the largest of its
/// terms' magnitudes at any point, and a sum of many keeps within the sum of these.
fn check<T: Uploaded>(gpu: &Gpu, name: &str, features: &dyn Features, case: &Case<T>) {
    println!("{name}: {} points, {} functions, {} terms", case.count, features.len(), case.terms.len());
    let (n, count, first) = (features.len(), case.count, 3);
    let (rows, sizes) = case.expected_rows(features);
    let sum = |rows: &[f64], j: usize| rows[j * count..(j + 1) * count].iter().sum::<f64>();
    let largest = sizes.iter().fold(0.0f64, |most, &size| most.max(size));
    let tolerance = 40.0 * T::epsilon().widen();
    for add in [false, true] {
        let mut old = noise::<T>(n + 5, 4);
        if !add {
            old[first..first + n].fill(T::nan());
        }
        let found = case.sums(gpu, features, &old, first, add);
        let before = |j: usize| if add { old[first + j].widen() } else { 0.0 };
        let expected: Vec<f64> = (0..n).map(|j| before(j) + sum(&rows, j)).collect();
        assert_close(&found[first..first + n], &expected, |j| {
            tolerance * (1.0 + sum(&sizes, j) + largest * (count as f64).sqrt())
        });
        assert!(found[..first] == old[..first] && found[first + n..] == old[first + n..], "what is around");
        let again = case.sums(gpu, features, &old, first, add);
        assert!(found == again, "the same input gives the same bits");
    }
}

fn product(count: usize, dimensions: usize, periods: Vec<Option<f64>>, seed: u64) -> ProductGaussians {
    let widths = noise::<f64>(count * dimensions, seed + 1).iter().map(|x| 0.6 + 0.3 * x).collect();
    ProductGaussians::new(dimensions, noise(count * dimensions, seed), widths, periods).unwrap()
}

fn pig(count: usize, embeddings: usize, periods: &[Option<f64>], units: usize) -> PigNetwork {
    let gaussians =
        (0..embeddings as u64).map(|k| product(count, periods.len(), periods.to_vec(), 100 + 2 * k));
    PigNetwork::new(gaussians.collect(), units, 1.0, 3).unwrap()
}

fn full(count: usize, dimensions: usize, seed: u64) -> FullGaussians {
    let d = dimensions;
    // AAᵀ + 1
    let matrix = |j: usize| {
        let a = noise::<f64>(d * d, seed + 1 + j as u64);
        let entry = move |at: usize| {
            let (i, k) = (at / d, at % d);
            let product: f64 = (0..d).map(|m| a[i * d + m] * a[k * d + m]).sum();
            if i == k { 1.0 + product } else { product }
        };
        (0..d * d).map(entry).collect::<Vec<_>>()
    };
    FullGaussians::new(d, noise(count * d, seed), (0..count).flat_map(matrix).collect()).unwrap()
}

fn full_pig(count: usize, embeddings: usize, dimensions: usize, units: usize) -> PigNetwork {
    let gaussians = (0..embeddings as u64).map(|k| full(count, dimensions, 100 + 50 * k));
    PigNetwork::new(gaussians.collect(), units, 1.0, 3).unwrap()
}

fn laplacian(dimensions: usize) -> Vec<MultiIndex> {
    let axis = |i: usize| term(&[vec![0; i], vec![2]].concat());
    [term(&[]), term(&[1])].into_iter().chain((0..dimensions).map(axis)).collect()
}

#[test]
fn every_family_sums_what_its_rows_hold() {
    each(|gpu| {
        for count in [0, 1, 37] {
            let case = Case::<f32>::new(2, laplacian(2), count);
            check(gpu, "product", &product(13, 2, vec![], 1), &case);
            check(gpu, "no features", &product(0, 2, vec![], 1), &case);
            check(gpu, "full", &full(13, 2, 7), &case);
            let waves = ansatz_random_features::Activation::Sine;
            let waves = RandomFeatures::new(waves, 2, noise(18, 8), noise(9, 9)).unwrap();
            check(gpu, "waves", &waves, &case);
            let network =
                Design { activation: Activation::Tanh, ..Design::new(vec![(-1.2, 1.5); 2], vec![6, 5], 5) };
            let network = network.network().unwrap();
            check(gpu, "network", &*network.tangent(&noise(network.len(), 8)), &case);
        }
    });
}

/// Product Gaussians: all orders and more terms than one launch takes, periodic axes, many points, many features.
#[test]
fn products_of_all_kinds() {
    each(|gpu| {
        let periodic = product(9, 3, vec![Some(2.5), None, Some(3.0)], 5);
        check(gpu, "periodic", &periodic, &Case::<f32>::new(3, all_terms(3, 2), 21));
        check(gpu, "all orders", &product(5, 2, vec![], 5), &Case::<f32>::new(2, all_terms(2, 4), 10));
        check(gpu, "many points", &product(3, 1, vec![], 5), &Case::<f32>::new(1, laplacian(1), 9001));
        check(gpu, "many features", &product(1027, 2, vec![], 5), &Case::<f32>::new(2, laplacian(2), 5));
        if runs::<f64>(gpu) {
            check(gpu, "periodic", &periodic, &Case::<f64>::new(3, all_terms(3, 2), 21));
        }
    });
}

/// The tangent functions of networks over Gaussians, and of a sum of Gaussians.
#[test]
fn tangents_of_gaussians() {
    each(|gpu| {
        let plain = pig(13, 4, &[None, None], 16);
        let periodic = pig(6, 2, &[Some(2.5), None, None], 5);
        for count in [0, 5, 70] {
            let c = noise(plain.len(), 8);
            check(gpu, "plain", &*plain.tangent(&c), &Case::<f32>::new(2, laplacian(2), count));
            check(gpu, "as features", &plain, &Case::<f32>::new(2, laplacian(2), count));
        }
        let tangent = periodic.tangent(&noise(periodic.len(), 8));
        check(gpu, "periodic", &*tangent, &Case::<f32>::new(3, all_terms(3, 2), 9));
        let large = pig(3, 8, &[None], 64);
        check(gpu, "large", &*large.tangent(&noise(65, 8)), &Case::<f32>::new(1, vec![term(&[2])], 9));
        let sum = GaussianSum::new(product(13, 2, vec![Some(2.0), None], 1));
        check(gpu, "sum", &*sum.tangent(&noise(13, 8)), &Case::<f32>::new(2, laplacian(2), 33));
        let sum = GaussianSum::new(full(13, 2, 7));
        check(gpu, "full sum", &*sum.tangent(&noise(13, 8)), &Case::<f32>::new(2, laplacian(2), 33));
        let turned = full_pig(7, 3, 2, 5);
        check(gpu, "full as features", &turned, &Case::<f32>::new(2, all_terms(2, 2), 9));
        let c = noise(turned.len(), 8);
        check(gpu, "full", &*turned.tangent(&c), &Case::<f32>::new(2, all_terms(2, 2), 70));
        let turned = full_pig(3, 2, 3, 4);
        let c = noise(turned.len(), 8);
        check(gpu, "full in space", &*turned.tangent(&c), &Case::<f32>::new(3, laplacian(3), 9));
        if runs::<f64>(gpu) {
            check(gpu, "periodic", &*tangent, &Case::<f64>::new(3, all_terms(3, 2), 9));
        }
    });
}

/// Dense networks: with gates, of more points than there are workgroups, of more kinds of derivatives than one launch takes, with jets that
/// have no room in a workgroup, and in f64.
#[test]
fn tangents_of_dense_networks() {
    each(|gpu| {
        let design = |widths: &[usize]| Design::new(vec![(-1.2, 1.5); 2], widths.to_vec(), 5);
        let plain = design(&[6, 5]).network().unwrap();
        let gated = Design { gated: true, ..design(&[5, 5, 5]) }.network().unwrap();
        for network in [&plain, &gated] {
            let tangent = network.tangent(&noise(network.len(), 8));
            check(gpu, "as features", network, &Case::<f32>::new(2, laplacian(2), 21));
            check(gpu, "tangent", &*tangent, &Case::<f32>::new(2, laplacian(2), 1037));
            if runs::<f64>(gpu) {
                check(gpu, "tangent", &*tangent, &Case::<f64>::new(2, laplacian(2), 21));
            }
        }
        let large = design(&[64; 3]).network().unwrap();
        let tangent = large.tangent(&noise(large.len(), 8));
        check(gpu, "large", &*tangent, &Case::<f32>::new(2, laplacian(2), 5));
    });
    // A device takes long to compile so many.
    let many = Design::new(vec![(-1.2, 1.5); 4], vec![3], 5).network().unwrap();
    let tangent = many.tangent(&noise(many.len(), 8));
    check(&Gpu::cpu(), "many terms", &*tangent, &Case::<f32>::new(4, all_terms(4, 4), 5));
}

/// Jᵀr is the gradient of ½ Σ_p R², here R = u u_x + u_yy − 1, by a step along each tangent function.
#[test]
fn gradients_agree_with_differences() {
    let gpu = Gpu::cpu();
    let terms = [&[][..], &[1], &[0, 2]].map(term).to_vec();
    let networks = [pig(4, 2, &[None, None], 3), pig(4, 2, &[Some(2.5), None], 3), full_pig(4, 2, 2, 3)];
    for network in networks {
        let c: Vec<f64> = noise(network.len(), 8);
        let mut case = Case::<f64>::new(2, terms.clone(), 12);
        let jets = |features: &dyn Features, c: &[f64]| -> Vec<Vec<f64>> {
            let sums = |jets: &Vec<f64>| {
                let sum = |jets: &[f64]| jets.iter().zip(c).map(|(jet, c)| jet * c).sum::<f64>();
                jets.chunks(c.len()).map(sum).collect()
            };
            case.jets(features).iter().map(sums).collect()
        };
        let residual = |u: &Vec<f64>| u[0] * u[1] + u[2] - 1.0;
        let half_square = |features: &dyn Features, c: &[f64]| {
            0.5 * jets(features, c).iter().map(|u| residual(u).powi(2)).sum::<f64>()
        };
        let exact: Vec<[f64; 3]> = jets(&network, &c)
            .iter()
            .map(|u| [u[1], u[0], 1.0].map(|partial| residual(u) * partial))
            .collect();
        let tangent = network.tangent(&c);
        let n = tangent.len();
        // Steps in units of what matters: a centre hardly moves u whose amplitude is small.
        let mut units = vec![1.0; c.len()];
        units.extend(network.units(&c));
        let moved = |j: usize, by: f64| {
            let mut step = vec![0.0; n];
            step[j] = by * units[j];
            let (features, c) = network.moved(&c, &step).unwrap();
            half_square(&*features, &c)
        };
        let h = 1e-6;
        let slopes: Vec<f64> = (0..n).map(|j| (moved(j, h) - moved(j, -h)) / (2.0 * h)).collect();
        let stride = case.stride();
        exact
            .iter()
            .enumerate()
            .for_each(|(p, a)| (0..3).for_each(|t| case.coefficients[t * stride + p] = a[t]));
        let mut found = case.sums(&gpu, &*tangent, &vec![f64::NAN; n], 0, false);
        found.iter_mut().zip(&units).for_each(|(sum, unit)| *sum *= unit);
        let size = slopes.iter().fold(1.0f64, |most, slope| most.max(slope.abs()));
        // The square of the step times third derivatives, of about 1e4, and rounding over the step.
        assert_close(&found, &slopes, |_| 1e-7 * size);
    }
}

/// Numbers of a network that moves on a device: its derivatives before, and the gradient of Σ_p Σ_t a_t ∂^{α_t} u by its parameters.
fn of_resident<T: Uploaded>(gpu: &Gpu, resident: &dyn Resident<T>, case: &Case<T>) -> (Vec<T>, Vec<T>) {
    let n = resident.parameters().len();
    let upload = |numbers: &[T]| gpu.upload("numbers", numbers).unwrap();
    let (points, coefficients) = (upload(&case.points), upload(&case.coefficients));
    let values = upload(&vec![T::nan(); case.terms.len() * case.stride()]);
    let sums = upload(&vec![T::nan(); n]);
    let mut plan = Plan::new(gpu, "resident");
    resident.record_load(&mut plan).unwrap();
    let evaluate = Values {
        terms: &case.terms,
        points: &points,
        count: case.count,
        weights: resident.parameters(),
        first_weight: 0,
        values: &values,
        first_value: 0,
    };
    resident.features().record_values(&mut plan, &evaluate).unwrap();
    let transposed = Transposed {
        terms: &case.terms,
        points: &points,
        count: case.count,
        coefficients: &coefficients,
        first_coefficient: 0,
        sums: &sums,
        first_sum: 0,
        accumulate: false,
    };
    resident.tangent().record_transposed(&mut plan, &transposed).unwrap();
    resident.record_gradient(&mut plan, &sums).unwrap();
    plan.run().unwrap();
    (gpu.read(&values).unwrap(), gpu.read(&sums).unwrap())
}

/// Parameters on a device: u follows them when they are moved there, and the gradient is that by them.
#[test]
fn parameters_on_a_device() {
    let cpu = Gpu::cpu();
    let periodic = vec![Some(2.5), None];
    let gaussians = |periods: &[Option<f64>]| product(7, 2, periods.to_vec(), 5);
    let design = Design::new(vec![(-1.0, 1.0); 2], vec![5, 3], 7);
    let gated = Design { gated: true, widths: vec![5, 5], ..design.clone() };
    let families: [Box<dyn Trainable>; 8] = [
        Box::new(pig(5, 2, &[None, None], 3)),
        Box::new(pig(5, 2, &periodic, 3)),
        Box::new(full_pig(5, 2, 2, 3)),
        Box::new(GaussianSum::new(gaussians(&[None, None]))),
        Box::new(GaussianSum::new(gaussians(&periodic))),
        Box::new(GaussianSum::new(full(7, 2, 5))),
        Box::new(Design { periods: periodic.clone(), ..design }.network().unwrap()),
        Box::new(gated.network().unwrap()),
    ];
    for network in families {
        let c: Vec<f64> = noise(network.len(), 8);
        let case = Case::<f64>::new(2, laplacian(2), 10);
        let resident = network.resident_f64(&cpu, &c).unwrap().unwrap();
        let parameters = cpu.read(resident.parameters()).unwrap();
        let (same, same_c) = resident.on_host(&parameters).unwrap();
        assert_close(&same_c, &c, |_| 0.0);
        assert_close(&same.theta(), &network.theta(), |_| 1e-13);
        let objective = |parameters: &[f64]| {
            let (features, c) = resident.on_host(parameters).unwrap();
            let (n, jets) = (c.len(), case.jets(&*features));
            let part = |p: usize, t: usize| {
                let jets = &jets[p][t * n..][..n];
                case.coefficients[t * case.stride() + p]
                    * jets.iter().zip(&c).map(|(x, c)| x * c).sum::<f64>()
            };
            (0..case.count)
                .flat_map(|p| (0..case.terms.len()).map(move |t| (p, t)))
                .map(|(p, t)| part(p, t))
                .sum::<f64>()
        };
        let (_, gradient) = of_resident(&cpu, &*resident, &case);
        let h = 1e-5;
        let slope = |i: usize| {
            let moved = |by: f64| {
                let mut there = parameters.clone();
                there[i] += by;
                objective(&there)
            };
            (moved(h) - moved(-h)) / (2.0 * h)
        };
        let slopes: Vec<f64> = (0..parameters.len()).map(slope).collect();
        let size = slopes.iter().fold(1.0f64, |most, slope| most.max(slope.abs()));
        // The square of the step times third derivatives, of about 1e2.
        assert_close(&gradient, &slopes, |_| 1e-7 * size);

        let single = Case::<f32>::new(2, laplacian(2), 10);
        each(|gpu| {
            let [ours, theirs] = [gpu, &cpu].map(|gpu| {
                let resident = network.resident_f32(gpu, &c).unwrap().unwrap();
                // Moved after it was uploaded.
                let moved: Vec<f32> = parameters.iter().map(|x| 1.1 * *x as f32).collect();
                gpu.write(resident.parameters(), 0, &moved).unwrap();
                of_resident(gpu, &*resident, &single)
            });
            for (ours, theirs) in [(ours.0, theirs.0), (ours.1, theirs.1)] {
                let theirs: Vec<f64> = theirs.into_iter().map(f64::from).collect();
                let size = theirs.iter().fold(1.0f64, |most, x| most.max(x.abs()));
                assert_close(&ours, &theirs, |_| 40.0 * f64::from(f32::EPSILON) * size);
            }
        });
    }
}
