//! The product on the CPU: faer's.

use ansatz_gpu::{Args, Real};
use faer::linalg::matmul::matmul;
use faer::traits::ComplexField;
use faer::{Accum, MatMut, MatRef, Par};

use super::Params;
use crate::faer_calls::with_faer;

/// C ← α op(A) op(B) + β C over the parts that the parameters tell.
pub fn gemm<T: Real>(args: &Args, transpose_a: bool, transpose_b: bool) {
    let params: Params<T> = args.params();
    let (a, b, mut c) = (args.read::<T>(1), args.read::<T>(2), args.write::<T>(3));
    scale(&params, &mut c);
    if T::IS_F64 {
        let [a, b] = [&a[..], &b[..]].map(bytemuck::cast_slice::<T, f64>);
        let (c, alpha) = (bytemuck::cast_slice_mut(&mut c[..]), params.alpha.widen());
        add_product(&params, a, transpose_a, b, transpose_b, c, alpha);
    } else {
        let [a, b] = [&a[..], &b[..]].map(bytemuck::cast_slice::<T, f32>);
        let (c, alpha) = (bytemuck::cast_slice_mut(&mut c[..]), params.alpha.widen() as f32);
        add_product(&params, a, transpose_a, b, transpose_b, c, alpha);
    }
}

/// C ← β C.
fn scale<T: Real>(params: &Params<T>, c: &mut [T]) {
    let (m, n, stride) = (params.m as usize, params.n as usize, 4 * params.c_stride4 as usize);
    for column in c[4 * params.c_first4 as usize..].chunks_mut(stride).take(n) {
        // A branch: 0 times NaN would be NaN.
        column[..m]
            .iter_mut()
            .for_each(|c| *c = if params.beta.is_zero() { T::zero() } else { params.beta * *c });
    }
}

/// C ← C + α op(A) op(B).
fn add_product<T, S: ComplexField>(
    params: &Params<T>,
    a: &[S],
    transpose_a: bool,
    b: &[S],
    transpose_b: bool,
    c: &mut [S],
    alpha: S,
) {
    let (m, n) = (params.m as usize, params.n as usize);
    let k = 4 * params.k_quads as usize + params.k_rest as usize;
    if k == 0 {
        return;
    }
    let [a_first, a_stride, b_first, b_stride, c_first, c_stride] = [
        params.a_first4,
        params.a_stride4,
        params.b_first4,
        params.b_stride4,
        params.c_first4,
        params.c_stride4,
    ]
    .map(|quads| 4 * quads as usize);
    let c_end = c_first + (n - 1) * c_stride + m;
    let c = MatMut::from_column_major_slice_with_stride_mut(&mut c[c_first..c_end], m, n, c_stride);
    let a = part(&a[a_first..], a_stride, transpose_a, m, k);
    let b = part(&b[b_first..], b_stride, transpose_b, k, n);
    with_faer(|| matmul(c, Accum::Add, a, b, alpha, Par::rayon(0)));
}

/// The matrix of so many rows and columns, or the transposed of it, which begins a slice.
fn part<S>(all: &[S], stride: usize, transpose: bool, rows: usize, columns: usize) -> MatRef<'_, S> {
    let stored = |rows, columns| {
        let end = (columns - 1) * stride + rows;
        MatRef::from_column_major_slice_with_stride(&all[..end], rows, columns, stride)
    };
    if transpose { stored(columns, rows).transpose() } else { stored(rows, columns) }
}
