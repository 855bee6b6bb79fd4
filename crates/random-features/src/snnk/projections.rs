//! The normal vectors g that points and weights are projected on.

use ansatz_random::Philox;

/// `count` vectors of `dimensions` numbers, one after another.
pub fn draw(drawn: Philox, count: usize, dimensions: usize, antithetic: bool, orthogonal: bool) -> Vec<f64> {
    let free = if antithetic { count.div_ceil(2) } else { count };
    let mut vectors: Vec<f64> = (0..(free * dimensions) as u64).map(|i| drawn.normal(i)).collect();
    if dimensions == 0 {
        return vectors;
    }
    if orthogonal {
        vectors.chunks_mut(dimensions * dimensions).for_each(|block| orthogonalise(block, dimensions));
    }
    if antithetic {
        let pair = |g: &[f64]| g.iter().copied().chain(g.iter().map(|g| -g)).collect::<Vec<_>>();
        vectors = vectors.chunks(dimensions).flat_map(pair).take(count * dimensions).collect();
    }
    vectors
}

/// Gram–Schmidt, twice against rounding. Each vector keeps its length: that of a normal vector does not depend on any
/// direction, so the lengths stay χ-distributed and independent, and each vector alone stays normal.
fn orthogonalise(block: &mut [f64], dimensions: usize) {
    let dot = |u: &[f64], v: &[f64]| u.iter().zip(v).map(|(u, v)| u * v).sum::<f64>();
    for i in 0..block.len() / dimensions {
        let (before, rest) = block.split_at_mut(i * dimensions);
        let g = &mut rest[..dimensions];
        let length = dot(g, g);
        for _ in 0..2 {
            for earlier in before.chunks(dimensions) {
                let share = dot(g, earlier) / dot(earlier, earlier);
                g.iter_mut().zip(earlier).for_each(|(g, earlier)| *g -= share * earlier);
            }
        }
        let stretch = (length / dot(g, g)).sqrt();
        g.iter_mut().for_each(|g| *g *= stretch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_orthogonal_and_pairs_opposite() {
        let (d, count) = (5, 13);
        let plain = draw(Philox::new(3, 0), 7, d, false, false);
        let vectors = draw(Philox::new(3, 0), count, d, true, true);
        assert_eq!(vectors.len(), count * d);
        let dot = |u: &[f64], v: &[f64]| u.iter().zip(v).map(|(u, v)| u * v).sum::<f64>();
        let g: Vec<&[f64]> = vectors.chunks(d).collect();
        for i in 0..5 {
            let length = dot(&plain[i * d..][..d], &plain[i * d..][..d]);
            assert!((dot(g[2 * i], g[2 * i]) - length).abs() < 1e-12 * length);
            (0..i).for_each(|j| assert!(dot(g[2 * i], g[2 * j]).abs() < 1e-13 * length));
        }
        (0..6).for_each(|i| assert!(g[2 * i].iter().zip(g[2 * i + 1]).all(|(a, b)| *a == -b)));
    }
}
