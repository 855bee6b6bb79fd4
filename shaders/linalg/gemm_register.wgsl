// C ← α op(A) op(B) + β C,  op(X) = X or Xᵀ   (BLAS level 3, gemm), by blocks held in registers
//
// Each invocation holds 16 rows and 16 columns of C as 16 blocks of 4 by 4, and for every four columns of op(A) adds the
// products of four blocks of op(A) with four of op(B): the sum over k runs in groups of four, then adds the rest one by
// one. With β = 0 the old C is not used at all, so a C of NaN is overwritten.
//
// Bindings: params; 1 A and 2 B, read; 3 C, read and written; vec4s of columns, as told in common/gemm.
// Mapping: `groups` workgroups of LANES invocations, in bands of BAND columns of them, `row_groups` high; each takes
// 16 LANES rows and 16 columns of C. At most 60,000 groups of four columns of op(A).
// Cost: 2 m n k flops; per 16 by 16 block of C and four columns of op(A) 512 bytes are loaded (1024 in f64) for 2048 flops.
// Needs nothing beyond WebGPU; 256 sums per invocation want many registers or a near cache. F64 needs SHADER_F64.
// IMMEDIATES needs 56 bytes (64 in f64); else a storage buffer.
#import common/gemm

override LANES: u32 = 8u;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let group = linear_workgroup(workgroup, workgroups);
    if group < params.groups {
        let place = place_of(group);
        let row = 16u * (place.x * LANES + lane);
        let column = 16u * place.y;
        let rows_0 = rows_of_a(row);
        let rows_1 = rows_of_a(row + 4u);
        let rows_2 = rows_of_a(row + 8u);
        let rows_3 = rows_of_a(row + 12u);
        let columns_0 = columns_of_b(column);
        let columns_1 = columns_of_b(column + 4u);
        let columns_2 = columns_of_b(column + 8u);
        let columns_3 = columns_of_b(column + 12u);
        var sum_00 = real4x4();
        var sum_01 = real4x4();
        var sum_02 = real4x4();
        var sum_03 = real4x4();
        var sum_10 = real4x4();
        var sum_11 = real4x4();
        var sum_12 = real4x4();
        var sum_13 = real4x4();
        var sum_20 = real4x4();
        var sum_21 = real4x4();
        var sum_22 = real4x4();
        var sum_23 = real4x4();
        var sum_30 = real4x4();
        var sum_31 = real4x4();
        var sum_32 = real4x4();
        var sum_33 = real4x4();
        for (var q = 0u; q < params.k_quads; q++) {
            let a_0 = block_of_a(rows_0, q);
            let a_1 = block_of_a(rows_1, q);
            let a_2 = block_of_a(rows_2, q);
            let a_3 = block_of_a(rows_3, q);
            let b_0 = block_of_b(columns_0, q);
            sum_00 = plus_product(sum_00, a_0, b_0);
            sum_10 = plus_product(sum_10, a_1, b_0);
            sum_20 = plus_product(sum_20, a_2, b_0);
            sum_30 = plus_product(sum_30, a_3, b_0);
            let b_1 = block_of_b(columns_1, q);
            sum_01 = plus_product(sum_01, a_0, b_1);
            sum_11 = plus_product(sum_11, a_1, b_1);
            sum_21 = plus_product(sum_21, a_2, b_1);
            sum_31 = plus_product(sum_31, a_3, b_1);
            let b_2 = block_of_b(columns_2, q);
            sum_02 = plus_product(sum_02, a_0, b_2);
            sum_12 = plus_product(sum_12, a_1, b_2);
            sum_22 = plus_product(sum_22, a_2, b_2);
            sum_32 = plus_product(sum_32, a_3, b_2);
            let b_3 = block_of_b(columns_3, q);
            sum_03 = plus_product(sum_03, a_0, b_3);
            sum_13 = plus_product(sum_13, a_1, b_3);
            sum_23 = plus_product(sum_23, a_2, b_3);
            sum_33 = plus_product(sum_33, a_3, b_3);
        }
        for (var k = 4u * params.k_quads; k < 4u * params.k_quads + params.k_rest; k++) {
            let a_0 = column_of_a(rows_0, k);
            let a_1 = column_of_a(rows_1, k);
            let a_2 = column_of_a(rows_2, k);
            let a_3 = column_of_a(rows_3, k);
            let b_0 = row_of_b(columns_0, k);
            sum_00 = plus_outer(sum_00, a_0, b_0);
            sum_10 = plus_outer(sum_10, a_1, b_0);
            sum_20 = plus_outer(sum_20, a_2, b_0);
            sum_30 = plus_outer(sum_30, a_3, b_0);
            let b_1 = row_of_b(columns_1, k);
            sum_01 = plus_outer(sum_01, a_0, b_1);
            sum_11 = plus_outer(sum_11, a_1, b_1);
            sum_21 = plus_outer(sum_21, a_2, b_1);
            sum_31 = plus_outer(sum_31, a_3, b_1);
            let b_2 = row_of_b(columns_2, k);
            sum_02 = plus_outer(sum_02, a_0, b_2);
            sum_12 = plus_outer(sum_12, a_1, b_2);
            sum_22 = plus_outer(sum_22, a_2, b_2);
            sum_32 = plus_outer(sum_32, a_3, b_2);
            let b_3 = row_of_b(columns_3, k);
            sum_03 = plus_outer(sum_03, a_0, b_3);
            sum_13 = plus_outer(sum_13, a_1, b_3);
            sum_23 = plus_outer(sum_23, a_2, b_3);
            sum_33 = plus_outer(sum_33, a_3, b_3);
        }
        for (var x = 0u; x < 4u; x++) {
            store(row, column + x, column_of(sum_00, x));
            store(row + 4u, column + x, column_of(sum_10, x));
            store(row + 8u, column + x, column_of(sum_20, x));
            store(row + 12u, column + x, column_of(sum_30, x));
            store(row, column + 4u + x, column_of(sum_01, x));
            store(row + 4u, column + 4u + x, column_of(sum_11, x));
            store(row + 8u, column + 4u + x, column_of(sum_21, x));
            store(row + 12u, column + 4u + x, column_of(sum_31, x));
            store(row, column + 8u + x, column_of(sum_02, x));
            store(row + 4u, column + 8u + x, column_of(sum_12, x));
            store(row + 8u, column + 8u + x, column_of(sum_22, x));
            store(row + 12u, column + 8u + x, column_of(sum_32, x));
            store(row, column + 12u + x, column_of(sum_03, x));
            store(row + 4u, column + 12u + x, column_of(sum_13, x));
            store(row + 8u, column + 12u + x, column_of(sum_23, x));
            store(row + 12u, column + 12u + x, column_of(sum_33, x));
        }
    }
}
