//! Sobol's sequence: bit k of the Gray code of the index turns on direction number v_k of each axis.

use crate::Philox;

/// Degree s, coefficients a and m_1 … m_s of the primitive polynomial of axes 1 … 7: Joe and Kuo, "Constructing Sobol
/// sequences with better two-dimensional projections" (2008), table new-joe-kuo-6. Axis 0 is van der Corput's sequence.
const POLYNOMIALS: [(usize, u32, &[u32]); 7] = [
    (1, 0, &[1]),
    (2, 1, &[1, 3]),
    (3, 1, &[1, 3, 1]),
    (3, 2, &[1, 1, 1]),
    (4, 1, &[1, 1, 3, 3]),
    (4, 4, &[1, 3, 5, 13]),
    (5, 2, &[1, 1, 5, 5, 17]),
];

/// v_1 … v_32 of an axis, the binary point before bit 31:
/// m_k = 2 a_1 m_{k−1} ⊕ … ⊕ 2^{s−1} a_{s−1} m_{k−s+1} ⊕ 2^s m_{k−s} ⊕ m_{k−s}.
fn directions(axis: usize) -> [u32; 32] {
    let mut v: [u32; 32] = std::array::from_fn(|k| 1 << (31 - k));
    let Some((degree, coefficients, initial)) = axis.checked_sub(1).and_then(|row| POLYNOMIALS.get(row))
    else {
        return v;
    };
    for k in 0..32 {
        v[k] = match initial.get(k) {
            Some(m) => m << (31 - k),
            None => (1..*degree).fold(v[k - degree] ^ (v[k - degree] >> degree), |v_k, i| {
                let a = (coefficients >> (degree - 1 - i)) & 1;
                v_k ^ (a * v[k - i])
            }),
        };
    }
    v
}

/// Element `index` of an axis, without a shift.
fn element(v: &[u32; 32], index: u64) -> u32 {
    let gray = index ^ (index >> 1);
    (0..32).filter(|k| gray >> k & 1 == 1).fold(0, |x, k| x ^ v[k])
}

/// An exclusive or with a random word per axis keeps every stratum of the sequence; half a unit of the last place keeps
/// points off 0.
pub(super) fn points(dimension: usize, first: u64, count: usize, random: Philox) -> Vec<f64> {
    let axes: Vec<_> = (0..dimension).map(|axis| (directions(axis), random.bits(axis as u64))).collect();
    let unit = |bits: u32| (f64::from(bits) + 0.5) * (-32f64).exp2();
    let point = |p| axes.iter().map(move |(v, shift)| unit(element(v, p) ^ shift));
    (first..first + count as u64).flat_map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first points as published with the table, times 16.
    #[test]
    fn first_points() {
        let published = [
            [0.0; 8],
            [8.0; 8],
            [12.0, 4.0, 4.0, 4.0, 12.0, 12.0, 4.0, 12.0],
            [4.0, 12.0, 12.0, 12.0, 4.0, 4.0, 12.0, 4.0],
            [6.0, 6.0, 10.0, 14.0, 6.0, 2.0, 6.0, 14.0],
            [14.0, 14.0, 2.0, 6.0, 14.0, 10.0, 14.0, 6.0],
            [10.0, 2.0, 14.0, 10.0, 10.0, 14.0, 2.0, 2.0],
            [2.0, 10.0, 6.0, 2.0, 2.0, 6.0, 10.0, 10.0],
        ];
        for (index, point) in published.iter().enumerate() {
            for (axis, expected) in point.iter().enumerate() {
                let found = f64::from(element(&directions(axis), index as u64)) * (-28f64).exp2();
                assert_eq!(found, *expected, "point {index}, axis {axis}");
            }
        }
    }

    /// 2^m points of any two of the first axes have one in each of 2^m slices of each axis, shifted or not.
    #[test]
    fn each_slice_has_one_point() {
        let points = points(8, 0, 256, Philox::new(9, 0));
        for axis in 0..8 {
            let mut slices: Vec<_> = points.chunks(8).map(|x| (x[axis] * 256.0) as usize).collect();
            slices.sort_unstable();
            assert!(slices.into_iter().eq(0..256), "axis {axis}");
        }
    }
}
