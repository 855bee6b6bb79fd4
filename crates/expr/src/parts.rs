//! Walks over expressions. They are loops: the depth of an expression is not bounded by the stack.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::canonical::rebuild;
use crate::expr::Kind;
use crate::{Expr, Jet, Leaf};

impl Expr {
    /// Every distinct part of the expression, itself included, children before parents.
    pub(crate) fn parts(&self) -> Vec<Expr> {
        parts(std::slice::from_ref(self))
    }

    /// How many distinct parts there are: the size of the work to evaluate or differentiate the expression.
    pub fn size(&self) -> usize {
        self.parts().len()
    }

    /// The leaves it depends on, sorted.
    pub fn leaves(&self) -> Vec<Leaf> {
        let leaves: BTreeSet<_> = self.parts().iter().filter_map(Expr::as_leaf).collect();
        leaves.into_iter().collect()
    }

    /// The fields and derivatives it depends on, sorted.
    pub fn jets(&self) -> Vec<Jet> {
        let jet = |leaf| match leaf {
            Leaf::Jet(jet) => Some(jet),
            _ => None,
        };
        self.leaves().into_iter().filter_map(jet).collect()
    }

    /// The expression with each leaf replaced for which `replacement` gives something.
    pub fn substitute(&self, mut replacement: impl FnMut(Leaf) -> Option<Expr>) -> Self {
        let mut done: HashMap<u128, Expr> = HashMap::new();
        for part in self.parts() {
            let new = match part.0.kind {
                Kind::Leaf(leaf) => replacement(leaf).unwrap_or_else(|| part.clone()),
                kind => {
                    let children: Vec<_> = part.0.children.iter().map(|c| done[&c.hash()].clone()).collect();
                    if children == part.0.children { part.clone() } else { rebuild(kind, children) }
                }
            };
            done.insert(part.hash(), new);
        }
        done.remove(&self.hash()).unwrap_or_else(|| self.clone())
    }
}

/// Every distinct part of these expressions, children before parents.
pub(crate) fn parts(roots: &[Expr]) -> Vec<Expr> {
    let mut seen = HashSet::new();
    let mut out = Vec::new();
    // Each entry with whether its children have been visited.
    let mut stack: Vec<(Expr, bool)> = roots.iter().rev().map(|root| (root.clone(), false)).collect();
    while let Some((expr, ready)) = stack.pop() {
        if ready {
            out.push(expr);
        } else if seen.insert(expr.hash()) {
            let children: Vec<_> = expr.0.children.iter().rev().map(|c| (c.clone(), false)).collect();
            stack.push((expr, true));
            stack.extend(children);
        }
    }
    out
}
