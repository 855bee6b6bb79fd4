//! The twins of `shaders/krylov/gmres_cycle.wgsl` and `gmres_step.wgsl`.

use ansatz_gpu::Real;

use super::{FINAL, FRESH, RESTART, SCALE, STEP, Small};
use crate::cg::control::Status;
use crate::steps::Words;

/// Where the small matrices stand, the step, and where those of this column begin.
fn place<T: Real>(words: &mut Words<'_, T>) -> (Small, usize, usize) {
    let small = Small { m: words.own(RESTART).widen() as usize };
    let step = words.own(STEP).widen() as usize;
    (small, step, words.column * small.len())
}

/// β = ‖r‖ after its test, g = βe₁, step = 0.
pub(super) fn begin<T: Real>(words: &mut Words<'_, T>) {
    let (small, _, at) = place(words);
    let square = words.total_of_kind(0);
    let status = words.tested(square);
    words.leave_residual(square);
    words.leave_status(status);
    let values = [(STEP, T::zero()), (FINAL, status.word()), (FRESH, T::one())];
    values.into_iter().for_each(|(word, value)| *words.own(word) = value);
    if status == Status::Running {
        *words.own(SCALE) = T::one() / square.sqrt();
        words.small[at + small.g()] = square.sqrt();
    }
}

/// h ← h + Vᵀw.
pub(crate) fn accumulate<T: Real>(words: &mut Words<'_, T>) {
    let (small, step, at) = place(words);
    let fresh = !words.own(FRESH).is_zero();
    let groups = words.params.groups as usize;
    for i in 0..=step.min(small.m) {
        let first = (words.column * (small.m + 1) + i) * groups;
        let sum: T = words.products[first..first + groups].iter().copied().sum();
        words.small[at + small.part() + i] = sum;
        let h = &mut words.small[at + small.h() + i];
        *h = if fresh { sum } else { *h + sum };
    }
    *words.own(FRESH) = T::zero();
}

/// The rotations of a new column of the Hessenberg matrix.
pub(super) fn rotate<T: Real>(words: &mut Words<'_, T>) {
    let (small, step, at) = place(words);
    let square = words.total_of_kind(0);
    let (iteration, next) = (words.iteration() + T::one(), square.sqrt());
    let column = at + step * (small.m + 1);
    let h = at + small.h();
    words.small.copy_within(h..=h + step, column);
    let length = words.small[column..=column + step].iter().fold(square, |sum, &h| sum + h * h);
    for i in 0..step {
        let (c, s) = (words.small[at + small.cosines() + i], words.small[at + small.sines() + i]);
        let (above, below) = (words.small[column + i], words.small[column + i + 1]);
        words.small[column + i] = c * above + s * below;
        words.small[column + i + 1] = c * below - s * above;
    }
    let pivot = words.small[column + step];
    let diagonal = (pivot * pivot + square).sqrt();
    let mut done = step;
    let status = if !length.is_finite() || !diagonal.is_finite() {
        Status::NotFinite
    } else if diagonal <= T::epsilon() * length.sqrt() {
        // A times the new direction lies in the space already, and brings nothing to it.
        Status::Breakdown
    } else {
        let (c, s, last) = (pivot / diagonal, next / diagonal, words.small[at + small.g() + step]);
        words.small[column + step] = diagonal;
        words.small[at + small.cosines() + step] = c;
        words.small[at + small.sines() + step] = s;
        words.small[at + small.g() + step] = c * last;
        words.small[at + small.g() + step + 1] = -s * last;
        done += 1;
        let rr = (s * last) * (s * last);
        words.leave_iteration(iteration);
        words.leave_residual(rr);
        words.tested(rr)
    };
    *words.own(STEP) = T::from_f64(done as f64);
    *words.own(FINAL) = status.word();
    *words.own(FRESH) = T::one();
    words.leave_status(status);
    if status == Status::Running {
        // The space is exhausted, or full: the cycle ends, and the next one begins from the residual.
        if next <= T::epsilon() * length.sqrt() || done >= small.m {
            words.leave_gate(Status::Exhausted);
        } else {
            *words.own(SCALE) = T::one() / next;
        }
    }
}

/// y of R y = g, and the gate opens for what a finished cycle has still to do.
pub(super) fn solve<T: Real>(words: &mut Words<'_, T>) {
    let (small, step, at) = place(words);
    if step == 0 {
        return;
    }
    for i in (0..step).rev() {
        let mut sum = words.small[at + small.g() + i];
        for j in i + 1..step {
            sum -= words.small[at + j * (small.m + 1) + i] * words.small[at + small.y() + j];
        }
        words.small[at + small.y() + i] = sum / words.small[at + i * (small.m + 1) + i];
    }
    words.leave_gate(Status::Running);
}

/// The end of a cycle.
pub(super) fn close<T: Real>(words: &mut Words<'_, T>) {
    if words.own(STEP).is_zero() {
        return;
    }
    let square = words.total_of_kind(0);
    words.leave_squared(square);
    *words.own(STEP) = T::zero();
    let status = Status::from_word(*words.own(FINAL));
    words.leave_status(status);
}
