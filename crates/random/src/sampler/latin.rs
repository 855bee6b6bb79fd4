//! Latin hypercubes: each axis is cut into n slices, and a random permutation gives every slice to one point.

use crate::Philox;

pub(super) fn points(dimension: usize, first: u64, count: usize, random: Philox) -> Vec<f64> {
    let mut points = vec![0.0; count * dimension];
    // The permutations draw from the stream after that of the places within slices.
    let shuffle = random.stream(random.stream_number() + 1);
    for axis in 0..dimension {
        let start = first * dimension as u64 + (axis * count) as u64;
        let mut slices: Vec<usize> = (0..count).collect();
        for i in (1..count).rev() {
            slices.swap(i, shuffle.below(start + i as u64, i as u64 + 1) as usize);
        }
        for (p, slice) in slices.into_iter().enumerate() {
            points[p * dimension + axis] = (slice as f64 + random.uniform(start + p as u64)) / count as f64;
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_point_in_each_slice_of_each_axis() {
        for count in [1, 2, 37, 1000] {
            let points = points(5, 3, count, Philox::new(1, 2));
            for axis in 0..5 {
                let mut slices: Vec<_> =
                    points.chunks(5).map(|x| (x[axis] * count as f64) as usize).collect();
                slices.sort_unstable();
                assert!(slices.into_iter().eq(0..count), "{count} points, axis {axis}");
            }
        }
    }
}
