//! The expression tree.

use std::fmt;
use std::sync::Arc;

use crate::{Binary, Leaf, Unary};

/// A scalar expression. Cloning is cheap: the parts are shared.
///
/// Every expression is in canonical form as soon as it is built: sums and products are flat, sorted and have like terms
/// and powers collected, numbers are folded. So `x + 2*x` *is* `3*x`, and two expressions are equal when they are the
/// same tree. The rules hold for real numbers; where a rule removes a term (`0*f`, `f - f`, `f/f`), it takes f to be finite.
///
/// ```
/// use ansatz_expr::Scope;
/// let scope = Scope::new(&["x", "t"])?.with_time("t")?.with_field("u")?.with_parameter("nu")?;
/// let (u, x, t, nu) = (scope.field("u")?, 0, 1, scope.parameter("nu")?);
/// let burgers = u.derivative(t) + &u * u.derivative(x) - nu * u.derivative(x).derivative(x);
/// assert_eq!(burgers, scope.parse("u_t + u*u_x - nu*u_xx").unwrap());
/// # Ok::<(), ansatz_expr::ScopeError>(())
/// ```
#[derive(Clone)]
pub struct Expr(pub(crate) Arc<Node>);

pub(crate) struct Node {
    pub kind: Kind,
    pub children: Vec<Expr>,
    /// Hash of the whole tree below; expressions with equal hashes are taken as equal.
    pub hash: u128,
}

/// A node without its children.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    /// Not −0, and one NaN only.
    Number(f64),
    Leaf(Leaf),
    /// Two or more terms, none of them a sum; a number comes last.
    Sum,
    /// Two or more factors, none of them a product; a number comes first.
    Product,
    /// Base and exponent.
    Power,
    Unary(Unary),
    Binary(Binary),
    /// Condition, value where it is not 0, value where it is 0.
    Select,
}

impl Expr {
    pub(crate) fn new(kind: Kind, children: Vec<Expr>) -> Self {
        let hash = hash(&kind, &children);
        Self(Arc::new(Node { kind, children, hash }))
    }

    /// The number `value`.
    pub fn number(value: f64) -> Self {
        // One zero and one NaN, so that equal values hash equal.
        let value = if value.is_nan() { f64::NAN } else { value + 0.0 };
        Self::new(Kind::Number(value), Vec::new())
    }

    /// The expression that is `leaf` itself.
    pub fn leaf(leaf: Leaf) -> Self {
        Self::new(Kind::Leaf(leaf), Vec::new())
    }

    /// Its value, if it is a number.
    pub fn as_number(&self) -> Option<f64> {
        match self.0.kind {
            Kind::Number(value) => Some(value),
            _ => None,
        }
    }

    /// The leaf, if it is one.
    pub fn as_leaf(&self) -> Option<Leaf> {
        match self.0.kind {
            Kind::Leaf(leaf) => Some(leaf),
            _ => None,
        }
    }

    /// Whether it is the number 0.
    pub fn is_zero(&self) -> bool {
        self.as_number() == Some(0.0)
    }

    pub(crate) fn hash(&self) -> u128 {
        self.0.hash
    }
}

impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.0.hash == other.0.hash
    }
}

impl Eq for Expr {}

impl std::hash::Hash for Expr {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        state.write_u128(self.0.hash);
    }
}

impl Drop for Node {
    /// Takes the tree down in a loop: a recursion as deep as the tree could overflow the stack.
    fn drop(&mut self) {
        let mut rest = std::mem::take(&mut self.children);
        while let Some(child) = rest.pop() {
            if let Some(mut node) = Arc::into_inner(child.0) {
                rest.append(&mut node.children);
            }
        }
    }
}

impl fmt::Debug for Expr {
    /// Prefix form without names: `Sum(u0[1], Product(-1, x0))` and the like.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.kind {
            Kind::Number(value) => write!(f, "{value:?}"),
            Kind::Leaf(leaf) => write!(f, "{leaf:?}"),
            Kind::Unary(function) => f.debug_list().entry(&function).entries(&self.0.children).finish(),
            Kind::Binary(function) => f.debug_list().entry(&function).entries(&self.0.children).finish(),
            kind => f.debug_list().entry(&kind).entries(&self.0.children).finish(),
        }
    }
}

/// Multiplies and folds the high bits down, in 128 bits.
fn absorb(state: u128, word: u64) -> u128 {
    const MULTIPLIER: u128 = 0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645;
    let state = (state ^ u128::from(word)).wrapping_mul(MULTIPLIER);
    state ^ (state >> 67)
}

fn hash(kind: &Kind, children: &[Expr]) -> u128 {
    let words: [u64; 3] = match *kind {
        Kind::Number(value) => [1, value.to_bits(), 0],
        Kind::Leaf(Leaf::Parameter(index)) => [2, index as u64, 0],
        Kind::Leaf(Leaf::Coordinate(index)) => [3, index as u64, 0],
        Kind::Leaf(Leaf::Normal(index)) => [4, index as u64, 0],
        Kind::Leaf(Leaf::Jet(jet)) => [5, jet.field as u64, u64::from_le_bytes(jet.orders)],
        Kind::Sum => [6, 0, 0],
        Kind::Product => [7, 0, 0],
        Kind::Power => [8, 0, 0],
        Kind::Unary(function) => [9, function as u64, 0],
        Kind::Binary(function) => [10, function as u64, 0],
        Kind::Select => [11, 0, 0],
    };
    let children = children.iter().flat_map(|child| [child.0.hash as u64, (child.0.hash >> 64) as u64]);
    let length = children.clone().count() as u64;
    words.into_iter().chain([length]).chain(children).fold(0x9e37_79b9_7f4a_7c15, absorb)
}
