//! The twins of `shaders/krylov/block_conjugate.wgsl`, `block_step.wgsl` and `block_unit.wgsl`.

use ansatz_gpu::Real;

use super::small::Block;
use crate::cg::control::Status;

/// What rounding leaves of a pivot of a unit diagonal: sums of s products of unit vectors, each of which rounds a few times.
fn rounding<T: Real>(columns: usize) -> T {
    T::from_f64(10.0 * columns as f64) * T::epsilon()
}

/// β = −G⁺(QᵀZ).
pub(super) fn conjugate<T: Real>(block: &mut Block<'_, T>) {
    let (s, at, runs) = (block.columns(), block.at, block.runs());
    if runs {
        block.recall_factors();
    }
    for i in block.order.clone() {
        for j in 0..s {
            block.values[at.sums() + at.at(i) + j] = block.product(0, i, j);
        }
    }
    let writes = |block: &Block<'_, T>, slot| runs && block.is_alive(slot);
    for slot in (0..s).filter(|&slot| writes(block, slot)).collect::<Vec<_>>() {
        block.solve(at.sums(), slot, -T::one(), at.combination());
    }
    block.leave_combination(at.combination(), writes);
}

/// ξS and −ξ with ξ = G⁺(PᵀW).
pub(super) fn step<T: Real>(block: &mut Block<'_, T>) {
    let (s, at, runs) = (block.columns(), block.at, block.runs());
    let mut finite = true;
    for (i, j) in (0..s * s).map(|e| (e / s, e % s)).filter(|_| runs) {
        let g = if block.is_alive(i) && block.is_alive(j) {
            block.product(0, i.max(j), i.min(j))
        } else {
            T::zero()
        };
        let c = if block.is_alive(i) && block.is_alive(j) { block.product(1, i, j) } else { T::zero() };
        block.values[at.sums() + at.at(i) + j] = g;
        block.values[at.others() + at.at(i) + j] = c;
        finite &= g.is_finite() && c.is_finite();
    }
    let status = match finite {
        _ if !runs => Status::Idle,
        false => Status::NotFinite,
        true => status_of(block),
    };
    let goes = status == Status::Running;

    // G = D⁻¹LLᵀD⁻¹
    for slot in 0..s {
        let curvature = block.values[at.sums() + at.at(slot) + slot];
        let takes_part = goes && block.is_alive(slot) && curvature > T::zero();
        block.scale[slot] = if takes_part { T::one() / curvature.sqrt() } else { T::zero() };
    }
    block.factorise(rounding(s), false);
    if goes {
        block.keep_factors();
    }
    // −ξ, and ξS
    let alive = |block: &Block<'_, T>, slot| goes && block.is_alive(slot);
    let slots: Vec<usize> = (0..s).filter(|&slot| alive(block, slot)).collect();
    for &slot in &slots {
        block.solve(at.others(), slot, -T::one(), at.other_combination());
    }
    block.leave_combination(at.other_combination(), alive);
    for (k, column) in (0..block.order.len() * s).map(|e| (e / s, e % s)) {
        let xi = at.other_combination() + at.at(3 + k);
        let value = slots
            .iter()
            .fold(T::zero(), |sum, &j| sum - block.values[xi + j] * block.values[at.s() + at.at(j) + column]);
        block.values[at.combination() + at.at(3 + k) + column] = value;
    }
    block
        .leave_combination(at.combination(), |block, column| goes && block.status(column) == Status::Running);

    if goes {
        for column in (0..s).filter(|&column| block.status(column) == Status::Running).collect::<Vec<_>>() {
            let mut words = block.words(column);
            let iteration = words.iteration();
            words.leave_iteration(iteration + T::one());
        }
    } else if runs {
        block.end(|_| status);
    }
}

/// What the curvatures say.
fn status_of<T: Real>(block: &mut Block<'_, T>) -> Status {
    let (mut largest, mut smallest, mut witness) = (T::zero(), T::max_value(), 0);
    for slot in (0..block.columns()).filter(|&slot| block.is_alive(slot)) {
        let curvature = block.values[block.at.sums() + block.at.at(slot) + slot];
        largest = largest.max(curvature);
        if curvature < smallest {
            (smallest, witness) = (curvature, slot);
        }
    }
    if largest > T::zero() && smallest >= -rounding::<T>(block.columns()) * largest {
        return Status::Running;
    }
    block.leave_witness(witness);
    Status::NoCurvature
}

/// Before the first step: S = I.
pub(super) fn begin<T: Real>(block: &mut Block<'_, T>) {
    let (s, at) = (block.columns(), block.at);
    for column in 0..s {
        let one = if block.has_open_gate(column) { T::one() } else { T::zero() };
        block.values[at.alive() + column] = one;
        for i in 0..s {
            block.values[at.s() + at.at(i) + column] = if i == column { one } else { T::zero() };
        }
    }
    block.forget_factors();
    unit(block);
}

/// ρ⁻¹ and ρS with WᵀW = ρᵀρ, and the test of convergence.
pub(super) fn unit<T: Real>(block: &mut Block<'_, T>) {
    let (s, at, runs) = (block.columns(), block.at, block.runs());
    let mut finite = true;
    for (i, j) in (0..s * s).map(|e| (e / s, e % s)).filter(|_| runs) {
        let both = block.is_alive(i) && block.is_alive(j);
        let h = if both { block.product(0, i.max(j), i.min(j)) } else { T::zero() };
        block.values[at.sums() + at.at(i) + j] = h;
        finite &= h.is_finite();
    }
    // H = D⁻¹LLᵀD⁻¹, ρ = LᵀD⁻¹
    for slot in 0..s {
        let square = block.values[at.sums() + at.at(slot) + slot];
        let takes_part = runs && finite && square > T::zero();
        block.scale[slot] = if takes_part { T::one() / square.sqrt() } else { T::zero() };
    }
    block.factorise(rounding(s), true);
    let rr: Vec<T> = if runs && finite {
        (0..s).map(|column| multiply(block, column)).collect()
    } else {
        vec![T::zero(); s]
    };
    for slot in (0..s).filter(|_| runs && finite) {
        let alive = block.scale[slot] > T::zero();
        block.values[at.alive() + slot] = if alive { T::one() } else { T::zero() };
    }
    (0..block.order.len()).for_each(|k| invert(block, k));
    block.leave_combination(at.combination(), |block, slot| block.scale[slot] > T::zero());

    // All columns end at once.
    if !runs {
        return;
    }
    let statuses: Vec<Status> = rr
        .iter()
        .enumerate()
        .map(|(column, &rr)| {
            if block.status(column) != Status::Running {
                return Status::Idle;
            }
            let mut words = block.words(column);
            words.leave_residual(rr);
            words.tested(rr)
        })
        .collect();
    if !finite || statuses.contains(&Status::NotFinite) {
        block.end(|_| Status::NotFinite);
    } else if statuses.contains(&Status::Exhausted) || !statuses.contains(&Status::Running) {
        block.end(|column| match statuses[column] {
            Status::Reached => Status::Reached,
            _ => Status::Exhausted,
        });
    } else {
        block.leave_gates(Block::is_alive);
    }
}

/// S ← ρS in a column, and its r·r: rows of ρ come in the order of the pivots, and each takes rows not yet overwritten.
fn multiply<T: Real>(block: &mut Block<'_, T>, column: usize) -> T {
    let (at, rank) = (block.at, block.order.len());
    let first = at.s() + column;
    let mut rr = T::zero();
    for k in 0..rank {
        let value = (k..rank).fold(T::zero(), |sum, m| {
            let slot = block.order[m];
            sum + block.l(slot, k) / block.scale[slot] * block.values[first + at.at(slot)]
        });
        block.values[first + at.at(block.order[k])] = value;
        rr += value * value;
    }
    for slot in 0..block.columns() {
        if block.scale[slot].is_zero() {
            block.values[first + at.at(slot)] = T::zero();
        }
    }
    rr
}

/// The column of ρ⁻¹ = DL⁻ᵀ that belongs to pivot k.
fn invert<T: Real>(block: &mut Block<'_, T>, k: usize) {
    let (at, rank) = (block.at, block.order.len());
    let t = at.combination() + at.at(3) + block.order[k];
    for m in k + 1..rank {
        block.values[t + at.at(m)] = T::zero();
    }
    block.values[t + at.at(k)] = T::one() / block.l(block.order[k], k);
    for m in (0..k).rev() {
        let value = (m + 1..=k)
            .fold(T::zero(), |sum, l| sum - block.l(block.order[l], m) * block.values[t + at.at(l)]);
        block.values[t + at.at(m)] = value / block.l(block.order[m], m);
    }
    for m in 0..=k {
        block.values[t + at.at(m)] *= block.scale[block.order[m]];
    }
}
