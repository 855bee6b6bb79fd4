//! The draws behind the published table of bandlimited weights.
//!
//! They are those of NumPy's generator (PCG64, that is PCG XSL-RR 128/64: O'Neill, HMC-CS-2014-0905) with the seeds 0 to 4: a for
//! every unit, then b. This was found by trying: with them, and singular values up to 10⁻¹² of the largest dropped, the
//! medians are the published figures to the digits given, and other draws give others.

use std::iter;

use ansatz::features::FeatureError;
use ansatz::random_features::{Activation, RandomFeatures};

/// State and increment of the generator at the beginning of each draw.
pub const DRAWS: [[u128; 2]; 5] = [
    [0x1aa1_b534_5996_452d_0958_5eb7_a695_61e3, 0x418d_dadb_3af7_1a82_5881_33bc_4478_73a9],
    [0x9c5b_484b_fedb_756c_2a6e_7d6f_320f_bc7e, 0x922a_f2da_2645_f895_a198_57b9_5740_937b],
    [0x6924_16b3_311e_c79c_2a21_eb1b_c4f4_83cc, 0x5bae_0a57_4388_2ba5_d1ad_0f9f_2cb8_dbef],
    [0xf38b_68fd_d16b_0f8d_a7f7_267a_ef60_5897, 0xa704_3c16_0277_735a_2ed8_8b8b_c66a_be1f],
    [0x7633_9b92_f88f_f6f3_4f69_f00c_3a70_3764, 0xd159_6989_777d_52ac_a8ed_b0f4_250c_ac59],
];

/// Sigmoid units of one coordinate, weights and biases uniform on [-limit, limit].
pub fn features(draw: [u128; 2], units: usize, limit: f64) -> Result<RandomFeatures, FeatureError> {
    let mut uniform = uniform(draw).map(|u| limit * (2.0 * u - 1.0));
    let weights = uniform.by_ref().take(units).collect();
    let biases = uniform.take(units).collect();
    RandomFeatures::new(Activation::Sigmoid, 1, weights, biases)
}

/// Numbers uniform on [0, 1).
fn uniform([mut state, increment]: [u128; 2]) -> impl Iterator<Item = f64> {
    iter::from_fn(move || {
        state = state.wrapping_mul(0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645).wrapping_add(increment);
        let bits = ((state >> 64) as u64 ^ state as u64).rotate_right((state >> 122) as u32);
        Some((bits >> 11) as f64 / (1u64 << 53) as f64)
    })
}

#[cfg(test)]
mod tests {
    /// Of `numpy.random.default_rng(seed).uniform(-1, 1)`.
    #[test]
    fn the_first_numbers_are_known() {
        let expected = [0.27392337, 0.02364325, -0.47677573, -0.82870167, 0.88611221];
        for (draw, expected) in super::DRAWS.into_iter().zip(expected) {
            let first = super::uniform(draw).next().map(|u| 2.0 * u - 1.0);
            assert!(first.is_some_and(|first| (first - expected).abs() < 1e-8), "{first:?}, not {expected}");
        }
    }
}
