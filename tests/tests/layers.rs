//! Networks: jets and tangent functions against dual numbers and differences, and the kernels against the host.

#![allow(clippy::unwrap_used)]

use ansatz_features::{FeatureError, Features, MultiIndex, Trainable};
use ansatz_gpu::{Gpu, GpuError};
use ansatz_layers::{Activation, DenseNetwork, Design, Fourier};
use ansatz_linalg::Matrix;
use ansatz_tests::features::{Case, Uploaded, all_terms, poisoned, term};
use ansatz_tests::{assert_close, each, noise, runs};

fn network(activation: Activation, dimensions: usize, widths: &[usize]) -> DenseNetwork {
    let design = Design::new(vec![(-1.2, 1.5); dimensions], widths.to_vec(), 5);
    Design { activation, ..design }.network().unwrap()
}

/// Three layers of a width that is no multiple of four, two of which are gates.
fn gated(activation: Activation, dimensions: usize) -> DenseNetwork {
    let design = Design::new(vec![(-1.2, 1.5); dimensions], vec![5; 3], 5);
    Design { activation, gated: true, ..design }.network().unwrap()
}

/// A network whose second coordinate repeats, one of random waves, and one with gates.
fn embedded() -> [DenseNetwork; 3] {
    let plain = Design::new(vec![(-1.0, 1.0), (0.0, 3.0)], vec![6, 5], 3);
    let periodic = Design { periods: vec![None, Some(3.0)], harmonics: 2, ..plain.clone() };
    let fourier = Some(Fourier { count: 3, deviations: vec![1.5, 1.0] });
    let gated = Design { gated: true, widths: vec![5; 3], ..periodic.clone() };
    let fourier = Design { fourier, ..periodic.clone() };
    [periodic, fourier, gated].map(|design| design.network().unwrap())
}

/// f + f_x ε_x + f_y ε_y + f_xy ε_x ε_y.
#[derive(Clone, Copy)]
struct Dual([f64; 4]);

impl Dual {
    fn add_scaled(&mut self, weight: f64, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(to, from)| *to += weight * from);
    }

    fn multiply(self, other: Self) -> Self {
        let ([u, ux, uy, uxy], [v, vx, vy, vxy]) = (self.0, other.0);
        Self([u * v, ux * v + u * vx, uy * v + u * vy, uxy * v + ux * vy + uy * vx + u * vxy])
    }

    fn apply(self, [s, s1, s2]: [f64; 3]) -> Self {
        let [_, x, y, xy] = self.0;
        Self([s, s1 * x, s1 * y, s1 * xy + s2 * x * y])
    }
}

/// s, s′, s″ by closed forms.
fn closed_form(activation: Activation, z: f64) -> [f64; 3] {
    match activation {
        Activation::Identity => [z, 1.0, 0.0],
        Activation::Sine => [z.sin(), z.cos(), -z.sin()],
        Activation::Tanh => {
            let slope = z.cosh().powi(-2);
            [z.tanh(), slope, -2.0 * z.tanh() * slope]
        }
        Activation::Softplus => {
            let sigmoid = 1.0 / (1.0 + (-z).exp());
            [z.exp().ln_1p(), sigmoid, sigmoid * (1.0 - sigmoid)]
        }
        Activation::Gelu => {
            let density = (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
            // Φ by Simpson's rule.
            let steps = 2000;
            let at = |k: usize| (-0.5 * (z * k as f64 / f64::from(steps)).powi(2)).exp();
            let weight = |k: usize| [2.0, 4.0][k % 2];
            let inner: f64 = (1..steps as usize).map(|k| weight(k) * at(k)).sum();
            let integral = z / f64::from(3 * steps) * (at(0) + inner + at(steps as usize));
            let phi = 0.5 + integral / (2.0 * std::f64::consts::PI).sqrt();
            [z * phi, phi + z * density, (2.0 - z * z) * density]
        }
    }
}

/// The last hidden layer in dual numbers, from θ as it is documented: W row after row, then b, layer after layer.
fn by_duals(network: &DenseNetwork, box_of: (f64, f64), x: &[f64], axes: [usize; 2]) -> Vec<Dual> {
    let scale = 2.0 / (box_of.1 - box_of.0);
    let input = |i: usize| {
        let along = |axis: usize| if axis == i { scale } else { 0.0 };
        Dual([scale * (x[i] - 0.5 * (box_of.0 + box_of.1)), along(axes[0]), along(axes[1]), 0.0])
    };
    let mut h: Vec<Dual> = (0..x.len()).map(input).collect();
    let mut rest = network.inner();
    let mut mixed = Vec::new();
    for (l, &width) in network.widths().iter().enumerate() {
        let outputs = if network.is_gated() && l == 0 { 3 * width } else { width };
        let (weights, after) = rest.split_at(outputs * h.len());
        let (biases, after) = after.split_at(outputs);
        rest = after;
        let unit = |i: usize| {
            let mut z = Dual([biases[i], 0.0, 0.0, 0.0]);
            h.iter().enumerate().for_each(|(j, &other)| z.add_scaled(weights[i * h.len() + j], other));
            z.apply(closed_form(network.activation(), z.0[0]))
        };
        let units: Vec<Dual> = (0..outputs).map(unit).collect();
        h = units[..width].to_vec();
        if network.is_gated() && l == 0 {
            mixed = units[width..].to_vec();
        } else if network.is_gated() {
            // (1 − g) U + g V
            let mix = |(i, g): (usize, &Dual)| {
                let mut rest = Dual([1.0, 0.0, 0.0, 0.0]);
                rest.add_scaled(-1.0, *g);
                let mut sum = rest.multiply(mixed[i]);
                sum.add_scaled(1.0, g.multiply(mixed[width + i]));
                sum
            };
            h = units.iter().enumerate().map(mix).collect();
        }
    }
    assert!(rest.is_empty());
    h
}

#[test]
fn jets_agree_with_dual_numbers() {
    let plain = Activation::ALL.map(|activation| network(activation, 3, &[7, 6, 5]));
    for network in plain.into_iter().chain(Activation::ALL.map(|activation| gated(activation, 3))) {
        let (x, n) = ([0.3, -0.8, 1.1], network.len());
        for axes in [[0, 1], [2, 1], [1, 1], [0, 0]] {
            let mut terms = [MultiIndex::VALUE; 4];
            terms[1].0[axes[0]] += 1;
            terms[2].0[axes[1]] += 1;
            terms[3].0[axes[0]] += 1;
            terms[3].0[axes[1]] += 1;
            let mut jets = vec![f64::NAN; 4 * n];
            network.jets(&x, &terms, &mut jets);
            for (j, dual) in by_duals(&network, (-1.2, 1.5), &x, axes).iter().enumerate() {
                for t in 0..4 {
                    let (found, exact) = (jets[t * n + j], dual.0[t]);
                    // Rounding, and the rule for Φ, 1e-14 of it.
                    let name = network.activation().name();
                    assert!((found - exact).abs() < 1e-12, "{name} {j} {axes:?} {t}: {found}, not {exact}");
                }
            }
            assert_eq!([0, 1, 2, 3].map(|t| jets[t * n + n - 1]), [1.0, 0.0, 0.0, 0.0]);
        }
    }
}

/// Every derivative to the fourth order is the slope of one of an order less.
#[test]
fn jets_agree_with_differences() {
    const STEP: f64 = 1e-4;
    let mut networks: Vec<_> = Activation::ALL.map(|activation| network(activation, 2, &[6, 5])).into();
    networks.extend(embedded());
    for network in networks {
        let (below, n) = (all_terms(2, 3), network.len());
        for axis in 0..2 {
            let above: Vec<MultiIndex> = below
                .iter()
                .map(|&term| {
                    let mut term = term;
                    term.0[axis] += 1;
                    term
                })
                .collect();
            let jets = |shift: f64, terms: &[MultiIndex]| {
                let mut x = [0.4, 0.9];
                x[axis] += shift;
                let mut out = vec![f64::NAN; terms.len() * n];
                network.jets(&x, terms, &mut out);
                out
            };
            let (low, high, exact) = (jets(-STEP, &below), jets(STEP, &below), jets(0.0, &above));
            let size = exact.iter().fold(1.0f64, |most, x| most.max(x.abs()));
            for (at, &exact) in exact.iter().enumerate() {
                let slope = (high[at] - low[at]) / (2.0 * STEP);
                // The square of the step, times a derivative of the sixth order: waves of frequency 5 have 5² of it.
                let error = (exact - slope).abs();
                assert!(
                    error < 1e-6 * size,
                    "{:?} {:?}: {exact}, not {slope}",
                    network.activation(),
                    above[at / n]
                );
            }
        }
    }
}

/// The tangent functions are the slopes of u, and so of each of its derivatives, by c and θ.
#[test]
fn tangent_functions_agree_with_differences_in_the_parameters() {
    const STEP: f64 = 1e-5;
    let mut networks: Vec<_> = Activation::ALL.map(|activation| network(activation, 2, &[4, 3, 5])).into();
    networks.extend(embedded());
    for network in networks {
        let c: Vec<f64> = noise(network.len(), 1);
        let terms = [&[][..], &[1], &[1, 1], &[0, 2], &[3], &[2, 2]].map(term);
        let (x, n) = ([0.4, 0.9], network.parameters());
        let mut exact = vec![f64::NAN; terms.len() * n];
        let tangent = network.tangent(&c);
        assert_eq!((tangent.len(), tangent.dimensions(), tangent.max_order()), (n, 2, 4));
        tangent.jets(&x, &terms, &mut exact);
        for j in 0..n {
            let u = |size: f64| {
                let mut step = vec![0.0; n];
                step[j] = size;
                let (moved, c) = network.moved(&c, &step).unwrap();
                let mut jets = vec![f64::NAN; terms.len() * c.len()];
                moved.jets(&x, &terms, &mut jets);
                let sum = |jets: &[f64]| jets.iter().zip(&c).map(|(jet, c)| jet * c).sum::<f64>();
                jets.chunks(c.len()).map(sum).collect::<Vec<_>>()
            };
            for (t, (high, low)) in u(STEP).iter().zip(u(-STEP)).enumerate() {
                let (slope, exact) = ((high - low) / (2.0 * STEP), exact[t * n + j]);
                // The square of the step times a third derivative; rounding divided by the step.
                let tolerance = 1e-8 * (1.0 + exact.abs());
                let name = network.activation().name();
                assert!((slope - exact).abs() < tolerance, "{name} {:?} {j}: {exact}, not {slope}", terms[t]);
            }
        }
    }
}

#[test]
fn periodic_networks_repeat() {
    let terms = all_terms(2, 2);
    for network in embedded() {
        let jets = |y: f64| {
            let mut out = vec![f64::NAN; terms.len() * network.len()];
            network.jets(&[0.3, y], &terms, &mut out);
            out
        };
        assert_close(&jets(0.4), &jets(3.4), |_| 1e-12);
    }
}

#[test]
fn translated_networks_are_the_same_elsewhere() {
    let terms = all_terms(2, 2);
    for network in embedded() {
        let jets = |network: &dyn Features, x: [f64; 2]| {
            let mut out = vec![f64::NAN; terms.len() * network.len()];
            network.jets(&x, &terms, &mut out);
            out
        };
        let moved = network.translated(&[0.5, -1.25]).unwrap();
        assert_close(&jets(&*moved, [0.8, -0.85]), &jets(&network, [0.3, 0.4]), |_| 1e-12);
        assert!(network.translated(&[0.5]).is_err());
    }
}

#[test]
fn networks_follow_from_the_seed_and_their_size() {
    let design = |seed: u64| Design::new(vec![(0.0, 1.0); 3], vec![64, 64], seed).network().unwrap();
    assert_eq!(design(1), design(1));
    assert_ne!(design(1), design(2));
    let network = design(1);
    assert_eq!((network.len(), network.inner().len()), (65, 3 * 64 + 64 + 64 * 64 + 64));
    let weights = &network.inner()[4 * 64..][..64 * 64];
    let variance = weights.iter().map(|w| w * w).sum::<f64>() / weights.len() as f64;
    // 2/128, to four standard deviations of the mean of 4,096 squares.
    assert!((variance * 64.0 - 1.0).abs() < 4.0 * (2.0f64 / 4096.0).sqrt(), "{variance}");
}

#[test]
fn wrong_designs_and_steps_are_refused() {
    let refused = |error: FeatureError| error.to_string();
    let design = Design::new(vec![(0.0, 1.0)], vec![3], 1);
    let with = |change: &dyn Fn(&mut Design)| {
        let mut design = design.clone();
        change(&mut design);
        refused(design.network().unwrap_err())
    };
    assert!(with(&|design: &mut Design| design.domain.clear()).contains("from 1 to 8"));
    assert!(with(&|design: &mut Design| design.domain = vec![(1.0, 1.0)]).contains("positive"));
    assert!(with(&|design: &mut Design| design.widths.clear()).contains("hidden layers"));
    assert!(with(&|design: &mut Design| design.widths = vec![3, 0]).contains("width number 1"));
    assert!(with(&|design: &mut Design| design.periods = vec![None, None]).contains("2 periods"));
    assert!(with(&|design: &mut Design| design.gated = true).contains("1 hidden layers with gates; 2"));
    let uneven = |design: &mut Design| (design.gated, design.widths) = (true, vec![4, 5]);
    assert!(with(&uneven).contains("number 1 is 5; it must be that of the first"));
    assert!(with(&|design: &mut Design| design.periods = vec![Some(f64::NAN)]).contains("NaN"));
    let waves = |count: usize, deviations: &[f64]| Some(Fourier { count, deviations: deviations.to_vec() });
    assert!(with(&|design: &mut Design| design.fourier = waves(0, &[1.0])).contains("count of waves"));
    assert!(with(&|design: &mut Design| design.fourier = waves(2, &[0.0])).contains("deviation of waves"));
    assert!(with(&|design: &mut Design| design.fourier = waves(2, &[1.0, 1.0])).contains("2 deviations"));
    let network = design.network().unwrap();
    assert!(refused(network.with_inner(vec![0.0; 5]).unwrap_err()).contains("5 inner parameters; 6"));
    let step = |size: f64| network.moved(&[0.0; 4], &[size; 10]).map(|_| ());
    assert!(step(1.0).is_ok());
    assert!(refused(step(f64::INFINITY).unwrap_err()).contains("finite"));
    assert!(refused(network.moved(&[0.0; 3], &[0.0; 10]).unwrap_err()).contains("3 coefficients"));
}

/// By how much device and host may differ, relative to the largest derivative of a function at any point: a layer rounds its
/// parameters and a sum of some dozen products, and three layers of weights of about 1 add that up.
fn tolerance<T: Uploaded>() -> f64 {
    40.0 * T::epsilon().widen()
}

/// Rows and values of a family against the host's.
fn check<T: Uploaded>(gpu: &Gpu, name: &str, features: &dyn Features, case: &Case<T>) {
    println!("{name}: {} points, {} functions, {} terms", case.count, features.len(), case.terms.len());
    let (n, count) = (features.len(), case.count);
    let jets = case.jets(features);
    // Of derivatives of one order.
    let scale =
        |t: usize| jets.iter().flat_map(|jets| &jets[t * n..][..n]).fold(0.0f64, |most, x| most.max(x.abs()));
    let scales: Vec<f64> = (0..case.terms.len()).map(scale).collect();
    let (expected, _) = case.expected_rows(features);
    assert_close(&case.rows(gpu, features), &expected, |at| {
        let part = |t: usize| case.coefficients[t * case.stride() + at % count].widen().abs() * scales[t];
        tolerance::<T>() * (0..scales.len()).map(part).sum::<f64>()
    });
    let (first, weights) = (3, noise::<T>(n + 5, 4));
    let sum =
        |t: usize, p: usize| (0..n).map(|j| weights[first + j].widen() * jets[p][t * n + j]).sum::<f64>();
    let expected: Vec<f64> =
        (0..scales.len()).flat_map(|t| (0..count).map(move |p| (t, p))).map(|(t, p)| sum(t, p)).collect();
    let found = case.values(gpu, features, &weights, first);
    assert_close(&found, &expected, |at| tolerance::<T>() * (n as f64).sqrt() * scales[at / count]);
    assert!(found == case.values(gpu, features, &weights, first), "the same input gives the same bits");
}

fn check_both<T: Uploaded>(gpu: &Gpu, network: &DenseNetwork, case: &Case<T>) {
    let name = network.activation().name();
    check(gpu, name, network, case);
    let tangent = network.tangent(&noise(network.len(), 8));
    check(gpu, &format!("tangent of {name}"), tangent.as_ref(), case);
}

fn laplacian() -> Vec<MultiIndex> {
    [&[][..], &[1], &[2], &[0, 2]].map(term).to_vec()
}

#[test]
fn rows_and_values_agree_with_the_host_for_every_activation() {
    each(|gpu| {
        for activation in Activation::ALL {
            check_both(gpu, &network(activation, 2, &[6, 9]), &Case::<f32>::new(2, laplacian(), 37));
        }
        for network in embedded() {
            check_both(gpu, &network, &Case::<f32>::new(2, laplacian(), 9));
        }
        if runs::<f64>(gpu) {
            for activation in [Activation::Tanh, Activation::Gelu] {
                check_both(gpu, &network(activation, 2, &[6, 9]), &Case::<f64>::new(2, laplacian(), 9));
            }
            for at in [0, 2] {
                check_both(gpu, &embedded()[at], &Case::<f64>::new(2, laplacian(), 9));
            }
        }
    });
}

/// Four terms of the fourth order and one that occurs twice; one coordinate, and eight.
#[test]
fn all_orders_and_numbers_of_coordinates() {
    each(|gpu| {
        let terms = [&[4][..], &[2, 1], &[2, 2], &[1, 3], &[2, 2]].map(term);
        check_both(gpu, &network(Activation::Tanh, 2, &[5, 6]), &Case::<f32>::new(2, terms.to_vec(), 6));
        check_both(gpu, &gated(Activation::Sine, 2), &Case::<f32>::new(2, vec![term(&[4])], 6));
        check_both(gpu, &network(Activation::Sine, 1, &[5]), &Case::<f32>::new(1, vec![term(&[2])], 5));
        let laplacian: Vec<_> = (0..8).map(|i| term(&[vec![0; i], vec![2]].concat())).collect();
        check_both(gpu, &network(Activation::Softplus, 8, &[5, 4]), &Case::<f32>::new(8, laplacian, 5));
    });
}

/// Derivatives of more kinds than one launch takes: all of the second order in four pairs of coordinates, and more.
#[test]
fn more_derivatives_than_one_launch_takes() {
    each(|gpu| {
        let case = Case::<f32>::new(4, all_terms(4, 4), 5);
        check_both(gpu, &network(Activation::Tanh, 4, &[3]), &case);
    });
}

/// Jets of five layers of 64 units have no room in a workgroup, nor have those of three of 110 with gates.
#[test]
fn networks_as_large_as_they_may_be() {
    each(|gpu| {
        let network = network(Activation::Tanh, 2, &[64; 5]);
        check_both(gpu, &network, &Case::<f32>::new(2, laplacian(), 5));
        let gates = Design { gated: true, ..Design::new(vec![(-1.2, 1.5); 2], vec![110; 3], 5) };
        check_both(gpu, &gates.network().unwrap(), &Case::<f32>::new(2, vec![term(&[1])], 5));
    });
}

#[test]
fn nothing_is_written_where_there_is_nothing() {
    each(|gpu| {
        let network = network(Activation::Tanh, 2, &[3]);
        let tangent = network.tangent(&[1.0; 4]);
        for features in [&network as &dyn Features, tangent.as_ref()] {
            let (n, weights) = (features.len(), vec![1.0; features.len()]);
            assert!(Case::<f32>::new(2, laplacian(), 0).rows(gpu, features).is_empty());
            assert!(Case::<f32>::new(2, laplacian(), 0).values(gpu, features, &weights, 0).is_empty());
            assert_eq!(Case::<f32>::new(2, Vec::new(), 5).rows(gpu, features), vec![0.0; 5 * n]);
            assert!(Case::<f32>::new(2, Vec::new(), 5).values(gpu, features, &weights, 0).is_empty());
        }
    });
}

/// A block inside of a matrix of several slabs, written and then added to: the rest stays as it was.
#[test]
fn blocks_are_written_and_added_to_in_their_place() {
    each(|gpu| {
        let network = network(Activation::Tanh, 2, &[7, 11]);
        let tangent = network.tangent(&noise(network.len(), 8));
        let (n, case) = (tangent.len(), Case::<f32>::new(2, laplacian(), 9));
        let (expected, sizes) = case.expected_rows(tangent.as_ref());
        let matrix = poisoned(gpu, 20, n + 6, 64);
        assert!(matrix.slabs().count() > 1);
        case.record(gpu, tangent.as_ref(), &matrix, (8, 5, false)).unwrap().run().unwrap();
        case.record(gpu, tangent.as_ref(), &matrix, (8, 5, true)).unwrap().run().unwrap();
        let size = sizes.iter().fold(0.0f64, |most, &size| most.max(size));
        for (at, &entry) in matrix.read(gpu).unwrap().iter().enumerate() {
            let (column, row) = (at / 20, at % 20);
            if (5..5 + n).contains(&column) && (8..20).contains(&row) {
                let expected = if row < 17 { 2.0 * expected[(column - 5) * 9 + row - 8] } else { 0.0 };
                let error = (f64::from(entry) - expected).abs();
                assert!(error <= tolerance::<f32>() * size, "({row}, {column}): {entry}, not {expected}");
            } else {
                assert!(entry.is_nan(), "({row}, {column}) was written");
            }
        }
    });
}

/// 65,540 groups of four points: more workgroups than one dimension of a dispatch has.
#[test]
fn more_workgroups_than_one_dimension_holds() {
    each(|gpu| {
        let network = network(Activation::Tanh, 1, &[1]);
        let case = Case::<f32>::new(1, vec![MultiIndex::VALUE], 4 * 65_540 - 1);
        check(gpu, "tangent", network.tangent(&[1.0, 0.5]).as_ref(), &case);
    });
}

#[test]
fn a_nan_point_spoils_its_own_row_alone() {
    each(|gpu| {
        let mut case = Case::<f32>::new(2, laplacian(), 11);
        let second_coordinate = case.stride();
        case.points[second_coordinate + 6] = f32::NAN;
        let network = network(Activation::Gelu, 2, &[3, 4]);
        let tangent = network.tangent(&[1.0; 5]);
        let (n, rows) = (tangent.len(), case.rows(gpu, tangent.as_ref()));
        let values = case.values(gpu, tangent.as_ref(), &vec![1.0; n], 0);
        for (at, entry) in rows.iter().chain(&values).enumerate() {
            // The constant is one everywhere.
            let spoilt = at % 11 == 6 && at / 11 != 4;
            assert_eq!(entry.is_nan(), spoilt, "entry {at} is {entry}");
        }
    });
}

#[test]
fn wrong_launches_are_refused() {
    let gpu = Gpu::cpu();
    let network = network(Activation::Tanh, 2, &[3]);
    let tangent = network.tangent(&[1.0; 4]);
    let case = |orders: &[u8]| Case::<f32>::new(2, vec![term(orders)], 6);
    let matrix = Matrix::zeros(&gpu, "matrix", 16, 13).unwrap();
    let refused = |case: &Case<f32>, block| match case.record(&gpu, tangent.as_ref(), &matrix, block) {
        Err(GpuError::Misuse { what, message }) => format!("{what}: {message}"),
        other => format!("{:?}", other.map(|_| ())),
    };
    assert!(case(&[1]).record(&gpu, tangent.as_ref(), &matrix, (8, 0, false)).is_ok());
    assert!(refused(&case(&[1]), (8, 1, false)).contains("layers/tangent: 13 columns from 1 on"));
    assert!(refused(&case(&[3, 2]), (0, 0, false)).contains("to order 4"));
    assert!(refused(&case(&[0, 0, 1]), (0, 0, false)).contains("coordinate 2"));
    let fourier = Some(Fourier { count: 40_000, deviations: vec![1.0] });
    let wide = Design { fourier, ..Design::new(vec![(0.0, 1.0)], vec![2], 1) }.network().unwrap();
    let matrix = Matrix::zeros(&gpu, "matrix", 4, 3).unwrap();
    let message = match Case::<f32>::new(1, Vec::new(), 1).record(&gpu, &wide, &matrix, (0, 0, false)) {
        Err(GpuError::Misuse { message, .. }) => message,
        other => format!("{:?}", other.map(|_| ())),
    };
    assert!(message.contains("too wide"), "{message}");
}
