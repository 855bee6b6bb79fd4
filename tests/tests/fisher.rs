//! The inverse Fisher matrix on every device, against the same on the host in f64.

#![allow(clippy::unwrap_used)]

use ansatz_gpu::{Gpu, Plan, Real};
use ansatz_optim::StaticFisher;
use ansatz_tests::{assert_close, each, noise, runs};

#[test]
fn products_agree_with_the_host() {
    fn check<T: Real>(gpu: &Gpu) {
        for (d, m) in [(1, 1), (7, 3), (3, 9), (1003, 17), (70_001, 5)] {
            // Numbers of `T`, so that host and device have the same.
            let wide = |x: Vec<T>| -> Vec<f64> { x.into_iter().map(Real::widen).collect() };
            let gradients: Vec<Vec<f64>> = (0..m).map(|seed| wide(noise(d, seed))).collect();
            let damping = 0.1;
            let host = StaticFisher::new(&gradients, damping).unwrap();
            let device = host.upload::<T>(gpu).unwrap();
            // Across the gradients and along them.
            for x in [wide(noise(d, 99)), gradients[0].clone()] {
                let on_device =
                    gpu.upload("x", &x.iter().map(|&x| T::from_f64(x)).collect::<Vec<T>>()).unwrap();
                let y = gpu.upload("y", &vec![T::nan(); d]).unwrap();
                let mut plan = Plan::new(gpu, "fisher");
                device.record(&mut plan, &on_device, &y).unwrap();
                plan.run().unwrap();
                // The roundings of V, of sums of d and m terms, and of their difference of numbers up to |x|/λ.
                let roundings = (d as f64).sqrt() + (m as f64) + 8.0;
                let tolerance = roundings * T::epsilon().widen() / damping;
                assert_close(&gpu.read(&y).unwrap(), &host.apply(&x), |_| tolerance);
            }
        }
        let short = gpu.buffer::<T>("short", 3).unwrap();
        let device = StaticFisher::new(&[vec![1.0; 4]], 1.0).unwrap().upload::<T>(gpu).unwrap();
        assert!(device.record(&mut Plan::new(gpu, "refused"), &short, &short).is_err());
    }
    each(|gpu| {
        check::<f32>(gpu);
        if runs::<f64>(gpu) {
            check::<f64>(gpu);
        }
    });
}
