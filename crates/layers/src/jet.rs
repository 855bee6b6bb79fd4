//! Jets: the truncated Taylor series of functions of x, u_α = ∂^α u / α!, for the α of a downward closed set.
//!
//! On such a set the product of two series is a convolution, w_α = Σ_{β+γ=α} u_β v_γ, in which nothing outside of the set
//! occurs. For h = s(z) with δ = z − z_0, h = Σ_k s_k δᵏ, and since dh = s′(z) dz is such a product too, the adjoint of a
//! function's step is that of a product: z̄_γ = Σ_{β+γ=α} g_β h̄_α with g = s′(z) = Σ_k (k + 1) s_{k+1} δᵏ.

use ansatz_features::MultiIndex;
use ansatz_gpu::Real;

use crate::activation::COEFFICIENTS;

/// Most derivatives in one set: all to the second order in eight coordinates.
pub(crate) const MAX_SLOTS: usize = 45;

/// The series of one function.
pub(crate) type Jet<T> = [T; MAX_SLOTS];

/// A downward closed set of multi-indices, by order; the first is the value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Slots {
    indices: Vec<MultiIndex>,
    products: Vec<Product>,
}

/// β + γ = α, by their places in the set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Product {
    pub first: usize,
    pub second: usize,
    pub result: usize,
}

impl Slots {
    /// The least set with these indices.
    pub fn closure(terms: &[MultiIndex]) -> Self {
        let mut indices = vec![MultiIndex::VALUE];
        terms.iter().for_each(|term| push_below(&mut indices, *term));
        indices.sort_by_key(|index| (index.order(), std::cmp::Reverse(*index)));
        let place = |index: &MultiIndex| indices.iter().position(|known| known == index);
        let mut products = Vec::new();
        for (result, index) in indices.iter().enumerate() {
            for (first, part) in indices.iter().enumerate() {
                if let Some(second) = difference(index, part).and_then(|rest| place(&rest)) {
                    products.push(Product { first, second, result });
                }
            }
        }
        Self { indices, products }
    }

    /// Parts of the terms, each with a closure of at most [`MAX_SLOTS`] indices; no terms are one part.
    pub fn parts(terms: &[MultiIndex]) -> Vec<(std::ops::Range<usize>, Self)> {
        let mut parts = Vec::new();
        let mut begin = 0;
        let mut present = Self::closure(&[]);
        for end in 1..=terms.len() {
            let with_next = Self::closure(&terms[begin..end]);
            if with_next.len() > MAX_SLOTS {
                parts.push((begin..end - 1, present));
                begin = end - 1;
                present = Self::closure(&terms[begin..end]);
            } else {
                present = with_next;
            }
        }
        parts.push((begin..terms.len(), present));
        parts
    }

    pub fn len(&self) -> usize {
        self.indices.len()
    }

    /// Highest total order.
    pub fn order(&self) -> usize {
        self.indices.last().map_or(0, MultiIndex::order)
    }

    /// The place of a term.
    pub fn place(&self, term: &MultiIndex) -> usize {
        self.indices.iter().position(|index| index == term).unwrap_or(0)
    }

    /// The place of the first derivative along a coordinate, if it is there.
    pub fn slope(&self, coordinate: usize) -> Option<usize> {
        let mut slope = MultiIndex::VALUE;
        slope.0[coordinate] = 1;
        self.indices.iter().position(|index| *index == slope)
    }

    pub fn products(&self) -> &[Product] {
        &self.products
    }

    /// Σ_{β+γ=α} u_β v_γ
    pub fn multiply<T: Real>(&self, u: &[T], v: &[T]) -> Jet<T> {
        let mut result = [T::zero(); MAX_SLOTS];
        self.products
            .iter()
            .for_each(|product| result[product.result] += u[product.first] * v[product.second]);
        result
    }

    /// Σ_k s_k δᵏ
    pub fn compose<T: Real>(&self, z: &[T], s: &[T; COEFFICIENTS]) -> Jet<T> {
        let mut delta = [T::zero(); MAX_SLOTS];
        delta[1..self.len()].copy_from_slice(&z[1..self.len()]);
        let mut result = delta.map(|delta| s[1] * delta);
        result[0] = s[0];
        let mut power = delta;
        for &s in &s[2..=self.order().max(1)] {
            power = self.multiply(&power, &delta);
            result.iter_mut().zip(&power).for_each(|(result, &power)| *result += s * power);
        }
        result
    }

    /// s′(z) = Σ_k (k + 1) s_{k+1} δᵏ
    pub fn slope_of<T: Real>(&self, z: &[T], s: &[T; COEFFICIENTS]) -> Jet<T> {
        let mut slope = [T::zero(); COEFFICIENTS];
        (1..COEFFICIENTS).for_each(|k| slope[k - 1] = T::from_f64(k as f64) * s[k]);
        self.compose(z, &slope)
    }

    /// z̄_γ = Σ_{β+γ=α} g_β h̄_α
    pub fn pull<T: Real>(&self, g: &[T], bar: &[T]) -> Jet<T> {
        let mut result = [T::zero(); MAX_SLOTS];
        self.products
            .iter()
            .for_each(|product| result[product.second] += g[product.first] * bar[product.result]);
        result
    }
}

/// α!
pub(crate) fn factorial(term: &MultiIndex) -> u32 {
    term.0.iter().map(|&order| (1..=u32::from(order)).product::<u32>()).product()
}

fn push_below(indices: &mut Vec<MultiIndex>, index: MultiIndex) {
    if indices.contains(&index) {
        return;
    }
    indices.push(index);
    for i in 0..index.0.len() {
        if index.0[i] > 0 {
            let mut below = index;
            below.0[i] -= 1;
            push_below(indices, below);
        }
    }
}

/// α − β where it has no negative order.
fn difference(whole: &MultiIndex, part: &MultiIndex) -> Option<MultiIndex> {
    let mut rest = *whole;
    for (rest, part) in rest.0.iter_mut().zip(&part.0) {
        *rest = rest.checked_sub(*part)?;
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(orders: &[u8]) -> MultiIndex {
        let mut term = MultiIndex::VALUE;
        term.0[..orders.len()].copy_from_slice(orders);
        term
    }

    #[test]
    fn closures_hold_what_is_below_and_no_more() {
        let laplacian = Slots::closure(&[term(&[2]), term(&[0, 2])]);
        assert_eq!(laplacian.indices, [&[0, 0][..], &[1], &[0, 1], &[2], &[0, 2]].map(term));
        assert_eq!(Slots::closure(&[term(&[2, 2])]).len(), 9);
        assert_eq!(Slots::closure(&[]).len(), 1);
        // 3 pairs for xx, 2 for x, 1 for 1.
        assert_eq!(Slots::closure(&[term(&[2])]).products.len(), 6);
        assert_eq!((laplacian.slope(1), laplacian.slope(2)), (Some(2), None));
    }

    #[test]
    fn many_terms_are_cut_into_parts_that_fit() {
        let mut terms = Vec::new();
        for i in 0..8 {
            for k in 0..8 {
                let mut term = MultiIndex::VALUE;
                term.0[i] += 2;
                term.0[k] += 2;
                terms.push(term);
            }
        }
        let parts = Slots::parts(&terms);
        assert!(parts.len() > 1 && parts.iter().all(|(_, slots)| slots.len() <= MAX_SLOTS));
        let covered: Vec<usize> = parts.iter().flat_map(|(range, _)| range.clone()).collect();
        assert_eq!(covered, (0..64).collect::<Vec<_>>());
    }

    /// (1 + x + 2y)⁴ and its inner product with a cotangent, by hand.
    #[test]
    fn composition_and_its_adjoint() {
        let slots = Slots::closure(&[term(&[2, 1]), term(&[0, 2])]);
        let mut z = [0.0; MAX_SLOTS];
        (z[0], z[1], z[2]) = (1.0, 1.0, 2.0);
        let s = [1.0, 4.0, 6.0, 4.0, 1.0, 0.0];
        let h = slots.compose(&z, &s);
        // Coefficients of x, y, xx, xy, yy, xxy.
        let at = |orders: &[u8]| h[slots.place(&term(orders))];
        assert_eq!([at(&[]), at(&[1]), at(&[0, 1]), at(&[2]), at(&[1, 1])], [1.0, 4.0, 8.0, 6.0, 24.0]);
        assert_eq!([at(&[0, 2]), at(&[2, 1])], [24.0, 24.0]);
        // ⟨h̄, g · ż⟩ = ⟨z̄, ż⟩
        let (mut bar, mut moved) = ([0.0; MAX_SLOTS], [0.0; MAX_SLOTS]);
        (0..slots.len()).for_each(|k| (bar[k], moved[k]) = (1.0 + k as f64, 3.0 - k as f64));
        let g = slots.slope_of(&z, &s);
        let dot = |a: &Jet<f64>, b: &Jet<f64>| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        assert_eq!(dot(&bar, &slots.multiply(&g, &moved)), dot(&slots.pull(&g, &bar), &moved));
    }
}
