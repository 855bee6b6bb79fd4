//! Blocked Householder reflections on the host, by faer's products.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::householder::{
    apply_block_householder_on_the_left_in_place_scratch as scratch,
    apply_block_householder_transpose_on_the_left_in_place_with_conj as apply_transpose,
    make_householder_in_place,
};
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::prelude::ReborrowMut;
use faer::reborrow::Reborrow;
use faer::traits::RealField;
use faer::{Accum, Conj, Mat, MatMut, Par};

use crate::faer_calls::with_faer;

/// Columns per block of reflections.
pub(super) const BLOCK: usize = 64;

/// Turns the first `columns` of `work` into R, by reflections that go over all of its columns. The columns before `end` hold
/// nothing from the row `end_row(end)` on.
pub(super) fn triangularise<F: RealField>(
    mut work: MatMut<'_, F>,
    columns: usize,
    end_row: impl Fn(usize) -> usize,
) {
    with_faer(|| {
        for first in (0..columns.min(work.nrows())).step_by(BLOCK) {
            let block = BLOCK.min(columns - first).min(work.nrows() - first);
            let end = work.nrows().min(end_row(first + block));
            let rows = work.rb_mut().subrows_mut(first, end - first);
            let (_, rest) = rows.split_at_col_mut(first);
            let (mut panel, rest) = rest.split_at_col_mut(block);
            let mut factor = Mat::zeros(block, block);
            reflect(panel.rb_mut(), factor.as_mut());
            apply(panel, factor.as_mut(), rest);
        }
    });
}

/// The reflections of a panel, half by half (Elmroth and Gustavson, IBM J. Res. Dev. 44, 2000): H₁ H₂ … = I − V T⁻¹ Vᵀ
/// with the upper triangle T of VᵀV, its diagonal halved.
fn reflect<F: RealField>(mut panel: MatMut<'_, F>, mut factor: MatMut<'_, F>) {
    let columns = panel.ncols();
    if columns <= 1 {
        if columns == 1 {
            let (mut head, tail) = panel.split_at_row_mut(1);
            factor[(0, 0)] = make_householder_in_place(&mut head[(0, 0)], tail.col_mut(0)).tau;
        }
        return;
    }
    let half = columns / 2;
    let (mut left, mut right) = panel.rb_mut().split_at_col_mut(half);
    let (mut factor_left, mut factor_cross, _, factor_right) = factor.rb_mut().split_at_mut(half, half);
    reflect(left.rb_mut(), factor_left.rb_mut());
    apply(left.rb_mut(), factor_left.rb_mut(), right.rb_mut());
    let below = right.nrows() - half;
    reflect(right.rb_mut().subrows_mut(half, below), factor_right);

    // T₁₂ = V₁ᵀ V₂. The head of V₂ is a unit triangle.
    let (one, par) = (faer::traits::math_utils::one::<F>(), Par::rayon(0));
    let (v1, v2) = (left.rb().subrows(half, below), right.rb().subrows(half, below));
    let (square, full) = (v2.ncols(), BlockStructure::Rectangular);
    triangular::matmul(
        factor_cross.rb_mut(),
        full,
        Accum::Replace,
        v1.subrows(0, square).transpose(),
        full,
        v2.subrows(0, square),
        BlockStructure::UnitTriangularLower,
        one.clone(),
        par,
    );
    let rest = below - square;
    faer::linalg::matmul::matmul(
        factor_cross,
        Accum::Add,
        v1.subrows(square, rest).transpose(),
        v2.subrows(square, rest),
        one,
        par,
    );
}

/// `others` ← (I − V T⁻ᵀ Vᵀ) `others`.
fn apply<F: RealField>(panel: MatMut<'_, F>, factor: MatMut<'_, F>, others: MatMut<'_, F>) {
    if others.ncols() == 0 {
        return;
    }
    let mut memory = MemBuffer::new(scratch::<F>(panel.nrows(), panel.ncols(), others.ncols()));
    let stack = MemStack::new(&mut memory);
    apply_transpose(panel.rb(), factor.rb(), Conj::No, others, Par::rayon(0), stack);
}
