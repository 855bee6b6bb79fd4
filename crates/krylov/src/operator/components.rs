//! Connected components of an operator, and which of them carry a constant null vector.

/// Marks an entry that belongs to no component.
const NONE: u32 = u32::MAX;

/// Disjoint sets of vector entries, joined link by link: union by index with path halving.
#[derive(Debug, Clone)]
pub struct Components {
    parent: Vec<u32>,
}

impl Components {
    /// `len` entries, each a component of its own. Entries are numbered by 32 bits.
    pub fn new(len: usize) -> Self {
        Self { parent: (0..len as u32).collect() }
    }

    /// The representative of the component of `entry`: its smallest entry.
    pub fn find(&mut self, entry: usize) -> usize {
        let mut e = entry as u32;
        while self.parent[e as usize] != e {
            let grandparent = self.parent[self.parent[e as usize] as usize];
            self.parent[e as usize] = grandparent;
            e = grandparent;
        }
        e as usize
    }

    /// Joins the components of two entries.
    pub fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.find(a), self.find(b));
        self.parent[a.max(b)] = a.min(b) as u32;
    }

    /// The components of active entries in which no entry is `grounded`.
    pub(crate) fn ungrounded(
        mut self,
        active: impl Fn(usize) -> bool,
        grounded: impl Fn(usize) -> bool,
    ) -> NullComponents {
        let len = self.parent.len();
        let mut is_grounded = vec![false; len];
        for entry in (0..len).filter(|&e| active(e) && grounded(e)) {
            is_grounded[self.find(entry)] = true;
        }
        let mut found = NullComponents { labels: Vec::new(), sizes: Vec::new() };
        for entry in (0..len).filter(|&e| active(e)) {
            let root = self.find(entry);
            if is_grounded[root] {
                continue;
            }
            if found.labels.is_empty() {
                found.labels = vec![NONE; len];
            }
            // The root is the smallest entry of its component, so it has been labelled before the others.
            if root == entry {
                found.labels[entry] = found.sizes.len() as u32;
                found.sizes.push(0);
            }
            found.labels[entry] = found.labels[root];
            found.sizes[found.labels[root] as usize] += 1;
        }
        found
    }
}

/// Connected components on which A maps the constant vector to zero.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NullComponents {
    /// Empty where there is no such component.
    labels: Vec<u32>,
    sizes: Vec<usize>,
}

impl NullComponents {
    /// Number of components.
    pub fn count(&self) -> usize {
        self.sizes.len()
    }

    /// Whether there is none: the constant vector of no component is in the null space.
    pub fn is_empty(&self) -> bool {
        self.sizes.is_empty()
    }

    /// Number of entries in each component.
    pub fn sizes(&self) -> &[usize] {
        &self.sizes
    }

    /// The component of a vector entry, if it is in one.
    pub fn component(&self, entry: usize) -> Option<usize> {
        self.labels.get(entry).filter(|&&label| label != NONE).map(|&label| label as usize)
    }

    /// The mean of a vector over each component; a right-hand side is consistent where it is zero.
    pub fn means(&self, vector: &[f64]) -> Vec<f64> {
        let mut means = vec![0.0; self.count()];
        for (&label, &value) in self.labels.iter().zip(vector) {
            if label != NONE {
                means[label as usize] += value;
            }
        }
        means.iter().zip(&self.sizes).map(|(sum, &size)| sum / size as f64).collect()
    }

    /// Subtracts from a vector its mean over each component: the projection onto the range of A.
    pub fn project(&self, vector: &mut [f64]) {
        let means = self.means(vector);
        for (&label, value) in self.labels.iter().zip(vector) {
            if label != NONE {
                *value -= means[label as usize];
            }
        }
    }
}
