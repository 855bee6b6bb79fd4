//! Scalable neural network kernels.

use ansatz_random_features::snnk::{Kernel, Snnk, SnnkError, Spectrum, Wave, kernel_rmse};

/// RMSE with d = 8 and m = 1024, within a factor 1.3 of figures that were measured apart from this code.
#[test]
fn errors_are_as_measured() {
    for (kernel, length, expected) in
        [(Kernel::cosine(), 0.5, 0.018), (Kernel::cosine(), 1.0, 0.059), (Kernel::ArcCosine, 1.0, 0.015)]
    {
        let found = kernel_rmse(&Snnk::new(kernel), 8, length, length, 100).unwrap();
        let ratio = found / expected;
        assert!((1.0 / 1.3..1.3).contains(&ratio), "length {length}: {found}, not {expected}");
    }
}

#[test]
fn errors_fall_as_the_root_of_the_features() {
    for kernel in [Kernel::cosine(), Kernel::ArcCosine] {
        let points: Vec<(f64, f64)> = [64, 256, 1024, 4096]
            .map(|count| {
                let options = Snnk { count, ..Snnk::new(kernel.clone()) };
                let rmse = kernel_rmse(&options, 8, 0.5, 0.5, 50).unwrap();
                ((count as f64).ln(), rmse.ln())
            })
            .into();
        let mean = |f: fn(&(f64, f64)) -> f64| points.iter().map(f).sum::<f64>() / 4.0;
        let (x, y) = (mean(|p| p.0), mean(|p| p.1));
        let slope = points.iter().map(|p| (p.0 - x) * (p.1 - y)).sum::<f64>()
            / points.iter().map(|p| (p.0 - x).powi(2)).sum::<f64>();
        assert!((slope + 0.5).abs() < 0.1, "{kernel:?}: slope {slope}");
    }
}

/// However g are drawn, the mean over many draws is the kernel: within four standard errors of 60 draws.
#[test]
fn every_option_is_without_bias() {
    let mixed = Kernel::Universal(Spectrum::Waves(vec![
        Wave { amplitude: 0.8, frequency: 1.0, phase: 0.3 },
        Wave { amplitude: -0.4, frequency: 2.0, phase: -1.0 },
        Wave { amplitude: 0.5, frequency: 0.0, phase: 0.0 },
    ]));
    let (x, w) = ([0.3, -0.4, 0.2], [0.5, 0.1, -0.3]);
    for kernel in
        [Kernel::cosine(), Kernel::sine(), mixed, Kernel::Universal(Spectrum::Gaussian), Kernel::ArcCosine]
    {
        let b = if kernel == Kernel::ArcCosine { 0.0 } else { 0.7 };
        let exact = kernel.exact(&x, &w, b);
        for (antithetic, orthogonal, damping, balance) in [
            (false, false, 0.0, 1.0),
            (true, false, 0.0, 0.5),
            (false, true, 0.1, 1.0),
            (true, true, -0.05, 2.0),
        ] {
            let values: Vec<f64> = (0..60)
                .map(|seed| {
                    let options = Snnk {
                        kernel: kernel.clone(),
                        count: 255,
                        seed,
                        damping,
                        antithetic,
                        orthogonal,
                        balance,
                    };
                    options.features(3).unwrap().estimate(&x, &w, b).unwrap().value
                })
                .collect();
            let mean = values.iter().sum::<f64>() / 60.0;
            let spread = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (60.0 * 59.0)).sqrt();
            assert!(
                (mean - exact).abs() < 4.0 * spread,
                "{kernel:?}, antithetic {antithetic}, orthogonal {orthogonal}, M {damping}: {mean} ± {spread}, not {exact}"
            );
        }
    }
}

#[test]
fn orthogonal_and_antithetic_draws_are_no_worse() {
    let plain = Snnk::new(Kernel::ArcCosine);
    let rmse = |options: &Snnk| kernel_rmse(options, 8, 1.0, 1.0, 60).unwrap();
    let base = rmse(&plain);
    for (antithetic, orthogonal) in [(false, true), (true, false), (true, true)] {
        let better = rmse(&Snnk { antithetic, orthogonal, ..plain.clone() });
        assert!(better < 1.05 * base, "{better}, and {base} without");
    }
}

#[test]
fn balance_follows_the_lengths() {
    let rmse =
        |balance| kernel_rmse(&Snnk { balance, ..Snnk::new(Kernel::cosine()) }, 8, 0.25, 2.0, 20).unwrap();
    assert!(2.0 * rmse(8.0) < rmse(1.0));
}

#[test]
fn what_would_overflow_is_refused() {
    let features = Snnk::new(Kernel::cosine()).features(2).unwrap();
    assert!(matches!(features.psi(&[40.0, 0.0], 0.0), Err(SnnkError::Overflow { .. })));
    assert!(features.phi(&[1e3, 0.0]).is_ok_and(|phi| phi.iter().all(|phi| phi.is_finite())));
    assert!(matches!(features.phi(&[f64::NAN, 0.0]), Err(SnnkError::Features(_))));
    assert!(matches!(features.phi(&[1.0]), Err(SnnkError::Features(_))));
    let relu = Snnk::new(Kernel::ArcCosine).features(2).unwrap();
    assert!(matches!(relu.psi(&[1.0, 0.0], 0.5), Err(SnnkError::Bias { .. })));
    assert!(Snnk { damping: -0.25, ..Snnk::new(Kernel::cosine()) }.features(2).is_err());
    assert!(Snnk { balance: 0.0, ..Snnk::new(Kernel::cosine()) }.features(2).is_err());
    assert!(
        Snnk { count: 0, ..Snnk::new(Kernel::cosine()) }
            .features(2)
            .unwrap()
            .phi(&[0.0; 2])
            .unwrap()
            .is_empty()
    );
}
