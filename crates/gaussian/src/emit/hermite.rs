//! Gaussians with full covariances: the derivatives of G divided by it, by the recurrence of the multivariate Hermite polynomials.

use ansatz_features::MultiIndex;

use super::{Lines, list};

/// With s = x − μ and u = Ps: `phi` = exp(−½ s·u) and h_α = ∂^α G/G for the terms and what these are made of,
///
/// ```text
/// h_{α+e_i} = −(u_i h_α + Σ_j α_j P_ij h_{α−e_j})
/// ```
///
/// since ∂_i u_j = P_ij.
pub(super) fn ratios(body: &mut Lines, terms: &[MultiIndex], points: &[String]) {
    let d = points.len();
    (0..d).for_each(|i| body.push(&format!("let s{i} = {} - c{i};", points[i])));
    for i in 0..d {
        let sum = list(d, " + ", |k| format!("{} * s{k}", entry(i, k)));
        body.push(&format!("let u{i} = {sum};"));
    }
    let square = list(d, " + ", |i| format!("u{i} * s{i}"));
    body.push(&format!("let phi = gaussian_exp(-0.5 * ({square}));"));
    let mut known = vec![MultiIndex::VALUE];
    terms.iter().for_each(|term| push(body, &mut known, term));
}

/// What h_α is called; nothing for h_0 = 1.
pub(super) fn name(term: &MultiIndex) -> Option<String> {
    let orders: String = term.0.iter().map(u8::to_string).collect();
    (term.order() > 0).then(|| format!("h{orders}"))
}

fn entry(i: usize, k: usize) -> String {
    format!("p{}_{}", i.min(k), i.max(k))
}

/// h_α, after those that it is made of.
fn push(body: &mut Lines, known: &mut Vec<MultiIndex>, term: &MultiIndex) {
    let (Some(axis), false) = (term.0.iter().rposition(|&order| order > 0), known.contains(term)) else {
        return;
    };
    let less = |term: &MultiIndex, axis: usize| {
        let mut less = *term;
        less.0[axis] -= 1;
        less
    };
    let below = less(term, axis);
    push(body, known, &below);
    let mut sum = vec![name(&below).map_or_else(|| format!("u{axis}"), |h| format!("u{axis} * {h}"))];
    for (j, &order) in below.0.iter().enumerate().filter(|(_, order)| **order > 0) {
        let rest = less(&below, j);
        push(body, known, &rest);
        let times = (order > 1).then(|| format!("{order}.0"));
        let factors = [times, Some(entry(axis, j)), name(&rest)];
        sum.push(factors.into_iter().flatten().collect::<Vec<_>>().join(" * "));
    }
    let name = name(term).unwrap_or_default();
    body.push(&format!("let {name} = -({});", sum.join(" + ")));
    known.push(*term);
}
