//! The plane geometry of polygons, given by their corners in order.

/// Half the sum of cross products, positive counter-clockwise.
pub(super) fn signed_area(corners: &[[f64; 2]]) -> f64 {
    edges(corners).map(|(a, b)| a[0] * b[1] - a[1] * b[0]).sum::<f64>() / 2.0
}

pub(super) fn edge_of(corners: &[[f64; 2]], edge: usize) -> ([f64; 2], [f64; 2]) {
    (corners[edge], corners[(edge + 1) % corners.len()])
}

pub(super) fn edges(corners: &[[f64; 2]]) -> impl Iterator<Item = ([f64; 2], [f64; 2])> {
    (0..corners.len()).map(|edge| edge_of(corners, edge))
}

/// Whether a ray from x crosses the edges an odd number of times.
pub(super) fn winds_around(corners: &[[f64; 2]], x: &[f64]) -> bool {
    let crosses = |(a, b): &([f64; 2], [f64; 2])| {
        (a[1] > x[1]) != (b[1] > x[1]) && x[0] < a[0] + (x[1] - a[1]) / (b[1] - a[1]) * (b[0] - a[0])
    };
    edges(corners).filter(crosses).count() % 2 == 1
}

pub(super) fn segment_distance(a: [f64; 2], b: [f64; 2], x: &[f64]) -> f64 {
    let along = [b[0] - a[0], b[1] - a[1]];
    let square = along[0] * along[0] + along[1] * along[1];
    let place = ((x[0] - a[0]) * along[0] + (x[1] - a[1]) * along[1]) / square;
    let place = if place.is_nan() { 0.0 } else { place.clamp(0.0, 1.0) };
    (a[0] + place * along[0] - x[0]).hypot(a[1] + place * along[1] - x[1])
}

/// Two edges that meet elsewhere than in a common corner.
pub(super) fn crossing(corners: &[[f64; 2]]) -> Option<(usize, usize)> {
    let side = |a: [f64; 2], b: [f64; 2], c: [f64; 2]| {
        ((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])).partial_cmp(&0.0)
    };
    let n = corners.len();
    let pairs = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j)));
    let mut apart = pairs.filter(|&(i, j)| j != i + 1 && (j + 1) % n != i);
    let touch = |(i, j): &(usize, usize)| {
        let ((a, b), (c, d)) = (edge_of(corners, *i), edge_of(corners, *j));
        let cross = side(a, b, c) != side(a, b, d) && side(c, d, a) != side(c, d, b);
        cross || segment_distance(a, b, &c) == 0.0 || segment_distance(a, b, &d) == 0.0
    };
    let repeated = (0..n).find(|&i| edge_of(corners, i).0 == edge_of(corners, i).1);
    repeated.map(|i| (i, (i + 1) % n)).or_else(|| apart.find(touch))
}
