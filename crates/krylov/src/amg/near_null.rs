//! Vectors that an operator nearly maps to zero, which its coarse levels have to represent.

use crate::KrylovError;

/// Near-null-space vectors: the constant for diffusion, the rigid-body motions for elasticity.
#[derive(Debug, Clone, PartialEq)]
pub struct NearNullSpace {
    vectors: Vec<Vec<f64>>,
    unknowns_per_node: usize,
}

impl NearNullSpace {
    /// Takes vectors of n entries, and how many consecutive unknowns belong to one node (the displacements of a point), which
    /// are aggregated together.
    ///
    /// # Errors
    /// [`KrylovError::Setting`] without a vector or with more than [`MOST_VECTORS`](Self::MOST_VECTORS), where lengths differ
    /// or are no multiple of `unknowns_per_node`, or where an entry is not finite.
    pub fn new(vectors: Vec<Vec<f64>>, unknowns_per_node: usize) -> Result<Self, KrylovError> {
        let wrong = |name, value: String, expected| Err(KrylovError::Setting { name, value, expected });
        let length = vectors.first().map_or(0, Vec::len);
        let count = "the number of near-null-space vectors";
        if vectors.is_empty() || vectors.len() > Self::MOST_VECTORS {
            return wrong(count, vectors.len().to_string(), "between 1 and 16");
        }
        if let Some(other) = vectors.iter().find(|vector| vector.len() != length) {
            let lengths = format!("{length} and {}", other.len());
            return wrong("the lengths of near-null-space vectors", lengths, "the same");
        }
        if unknowns_per_node == 0 || !length.is_multiple_of(unknowns_per_node) {
            let value = format!("{unknowns_per_node} for {length} unknowns");
            return wrong("the number of unknowns per node", value, "a divisor of the number of unknowns");
        }
        if let Some(value) = vectors.iter().flatten().find(|value| !value.is_finite()) {
            return wrong("an entry of a near-null-space vector", value.to_string(), "a finite number");
        }
        Ok(Self { vectors, unknowns_per_node })
    }

    /// The constant vector, for one unknown per node.
    pub fn constant(n: usize) -> Self {
        Self { vectors: vec![vec![1.0; n]], unknowns_per_node: 1 }
    }

    /// The rigid-body motions of nodes at these places, `axes` (2 or 3) coordinates for each: a translation along each axis and
    /// a rotation in each plane, of as many displacements per node.
    pub fn rigid_body(positions: &[f64], axes: usize) -> Self {
        let n = positions.len();
        let translations =
            (0..axes).map(|axis| (0..n).map(|i| f64::from(u8::from(i % axes == axis))).collect());
        let planes = (0..axes).flat_map(|i| (i + 1..axes).map(move |j| (i, j)));
        let rotation = |(i, j): (usize, usize)| {
            let displacement = |place: &[f64]| -> Vec<f64> {
                let mut u = vec![0.0; axes];
                (u[i], u[j]) = (-place[j], place[i]);
                u
            };
            positions.chunks_exact(axes).flat_map(displacement).collect()
        };
        let vectors: Vec<Vec<f64>> = translations.chain(planes.map(rotation)).collect();
        Self { vectors, unknowns_per_node: axes }
    }

    /// More vectors are a mistake: each adds an unknown to every coarse node.
    pub const MOST_VECTORS: usize = 16;

    /// The vectors.
    pub fn vectors(&self) -> &[Vec<f64>] {
        &self.vectors
    }

    /// Entries of a vector.
    pub fn dimension(&self) -> usize {
        self.vectors.first().map_or(0, Vec::len)
    }

    /// Consecutive unknowns of a node.
    pub fn unknowns_per_node(&self) -> usize {
        self.unknowns_per_node
    }
}
