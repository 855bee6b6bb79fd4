//! Numbers drawn by a counter.

/// Uniform in [0, 1): element `i` of stream `stream`.
pub(crate) fn uniform(seed: u64, stream: u64, i: u64) -> f64 {
    (mixed(seed, stream, i) >> 11) as f64 / (1u64 << 53) as f64
}

/// Standard normal, by Box and Muller.
pub(crate) fn normal(seed: u64, stream: u64, i: u64) -> f64 {
    let (u, v) = (1.0 - uniform(seed, stream, 2 * i), uniform(seed, stream, 2 * i + 1));
    (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

/// The finaliser of SplitMix64.
fn mixed(seed: u64, stream: u64, i: u64) -> u64 {
    let mut z = i.wrapping_add(stream.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xd134_2543_de82_ef95);
    z = (z ^ seed ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
