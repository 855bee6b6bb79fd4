// C ← α op(A) op(B) + β C,  op(X) = X or Xᵀ   (BLAS level 3, gemm), where eight invocations share op(B)
//
// Each invocation holds 8 rows and 32 columns of C as 2 by 8 blocks of 4 by 4. For every four columns of op(A) it loads
// its own two blocks of op(A) and one of the eight blocks of op(B), which all eight invocations then read from each
// other: 12 loads for 2048 flops, where linalg/gemm_register needs 32. The sum over k runs in groups of four, then adds
// the rest one by one. With β = 0 the old C is not used at all, so a C of NaN is overwritten.
//
// Bindings: params; 1 A and 2 B, read; 3 C, read and written; vec4s of columns, as told in common/gemm.
// Mapping: `groups` workgroups of 8 invocations, in bands of BAND columns of them, `row_groups` high; each takes 64 rows
// and 32 columns of C. At most 60,000 groups of four columns of op(A).
// Cost: 2 m n k flops; per 64 by 32 block of C and four columns of op(A) 1536 bytes are loaded (3072 in f64).
// Needs 256 sums per invocation: many registers or a near cache. SUBGROUPS needs SUBGROUP and subgroups of eight
// invocations or more; else 512 bytes of workgroup memory (1024 in f64) and two barriers per step. F64 needs SHADER_F64.
// IMMEDIATES needs 56 bytes (64 in f64); else a storage buffer.
#import common/gemm

#if !SUBGROUPS
var<workgroup> tile_b: array<real4x4, 8>;
var<workgroup> tile_row: array<real4, 8>;
#endif

@compute @workgroup_size(8)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let group = linear_workgroup(workgroup, workgroups);
    if group < params.groups {
        let place = place_of(group);
        let row = 8u * (place.x * 8u + lane);
        let column = 32u * place.y;
        let rows_0 = rows_of_a(row);
        let rows_1 = rows_of_a(row + 4u);
        let columns = columns_of_b(column + 4u * lane);
        var sum_00 = real4x4();
        var sum_01 = real4x4();
        var sum_02 = real4x4();
        var sum_03 = real4x4();
        var sum_04 = real4x4();
        var sum_05 = real4x4();
        var sum_06 = real4x4();
        var sum_07 = real4x4();
        var sum_10 = real4x4();
        var sum_11 = real4x4();
        var sum_12 = real4x4();
        var sum_13 = real4x4();
        var sum_14 = real4x4();
        var sum_15 = real4x4();
        var sum_16 = real4x4();
        var sum_17 = real4x4();
        for (var q = 0u; q < params.k_quads; q++) {
            let own = block_of_b(columns, q);
            let a_0 = block_of_a(rows_0, q);
            let a_1 = block_of_a(rows_1, q);
#if SUBGROUPS
            let own_0 = own[0];
            let own_1 = own[1];
            let own_2 = own[2];
            let own_3 = own[3];
            let b_0 = real4x4(
                subgroupBroadcast(own_0, 0u),
                subgroupBroadcast(own_1, 0u),
                subgroupBroadcast(own_2, 0u),
                subgroupBroadcast(own_3, 0u),
            );
            let b_1 = real4x4(
                subgroupBroadcast(own_0, 1u),
                subgroupBroadcast(own_1, 1u),
                subgroupBroadcast(own_2, 1u),
                subgroupBroadcast(own_3, 1u),
            );
            let b_2 = real4x4(
                subgroupBroadcast(own_0, 2u),
                subgroupBroadcast(own_1, 2u),
                subgroupBroadcast(own_2, 2u),
                subgroupBroadcast(own_3, 2u),
            );
            let b_3 = real4x4(
                subgroupBroadcast(own_0, 3u),
                subgroupBroadcast(own_1, 3u),
                subgroupBroadcast(own_2, 3u),
                subgroupBroadcast(own_3, 3u),
            );
            let b_4 = real4x4(
                subgroupBroadcast(own_0, 4u),
                subgroupBroadcast(own_1, 4u),
                subgroupBroadcast(own_2, 4u),
                subgroupBroadcast(own_3, 4u),
            );
            let b_5 = real4x4(
                subgroupBroadcast(own_0, 5u),
                subgroupBroadcast(own_1, 5u),
                subgroupBroadcast(own_2, 5u),
                subgroupBroadcast(own_3, 5u),
            );
            let b_6 = real4x4(
                subgroupBroadcast(own_0, 6u),
                subgroupBroadcast(own_1, 6u),
                subgroupBroadcast(own_2, 6u),
                subgroupBroadcast(own_3, 6u),
            );
            let b_7 = real4x4(
                subgroupBroadcast(own_0, 7u),
                subgroupBroadcast(own_1, 7u),
                subgroupBroadcast(own_2, 7u),
                subgroupBroadcast(own_3, 7u),
            );
#else
            workgroupBarrier();
            tile_b[lane] = own;
            workgroupBarrier();
            let b_0 = tile_b[0];
            let b_1 = tile_b[1];
            let b_2 = tile_b[2];
            let b_3 = tile_b[3];
            let b_4 = tile_b[4];
            let b_5 = tile_b[5];
            let b_6 = tile_b[6];
            let b_7 = tile_b[7];
#endif
            sum_00 = plus_product(sum_00, a_0, b_0);
            sum_10 = plus_product(sum_10, a_1, b_0);
            sum_01 = plus_product(sum_01, a_0, b_1);
            sum_11 = plus_product(sum_11, a_1, b_1);
            sum_02 = plus_product(sum_02, a_0, b_2);
            sum_12 = plus_product(sum_12, a_1, b_2);
            sum_03 = plus_product(sum_03, a_0, b_3);
            sum_13 = plus_product(sum_13, a_1, b_3);
            sum_04 = plus_product(sum_04, a_0, b_4);
            sum_14 = plus_product(sum_14, a_1, b_4);
            sum_05 = plus_product(sum_05, a_0, b_5);
            sum_15 = plus_product(sum_15, a_1, b_5);
            sum_06 = plus_product(sum_06, a_0, b_6);
            sum_16 = plus_product(sum_16, a_1, b_6);
            sum_07 = plus_product(sum_07, a_0, b_7);
            sum_17 = plus_product(sum_17, a_1, b_7);
        }
        for (var k = 4u * params.k_quads; k < 4u * params.k_quads + params.k_rest; k++) {
            let own = row_of_b(columns, k);
            let a_0 = column_of_a(rows_0, k);
            let a_1 = column_of_a(rows_1, k);
#if SUBGROUPS
            let b_0 = subgroupBroadcast(own, 0u);
            let b_1 = subgroupBroadcast(own, 1u);
            let b_2 = subgroupBroadcast(own, 2u);
            let b_3 = subgroupBroadcast(own, 3u);
            let b_4 = subgroupBroadcast(own, 4u);
            let b_5 = subgroupBroadcast(own, 5u);
            let b_6 = subgroupBroadcast(own, 6u);
            let b_7 = subgroupBroadcast(own, 7u);
#else
            workgroupBarrier();
            tile_row[lane] = own;
            workgroupBarrier();
            let b_0 = tile_row[0];
            let b_1 = tile_row[1];
            let b_2 = tile_row[2];
            let b_3 = tile_row[3];
            let b_4 = tile_row[4];
            let b_5 = tile_row[5];
            let b_6 = tile_row[6];
            let b_7 = tile_row[7];
#endif
            sum_00 = plus_outer(sum_00, a_0, b_0);
            sum_10 = plus_outer(sum_10, a_1, b_0);
            sum_01 = plus_outer(sum_01, a_0, b_1);
            sum_11 = plus_outer(sum_11, a_1, b_1);
            sum_02 = plus_outer(sum_02, a_0, b_2);
            sum_12 = plus_outer(sum_12, a_1, b_2);
            sum_03 = plus_outer(sum_03, a_0, b_3);
            sum_13 = plus_outer(sum_13, a_1, b_3);
            sum_04 = plus_outer(sum_04, a_0, b_4);
            sum_14 = plus_outer(sum_14, a_1, b_4);
            sum_05 = plus_outer(sum_05, a_0, b_5);
            sum_15 = plus_outer(sum_15, a_1, b_5);
            sum_06 = plus_outer(sum_06, a_0, b_6);
            sum_16 = plus_outer(sum_16, a_1, b_6);
            sum_07 = plus_outer(sum_07, a_0, b_7);
            sum_17 = plus_outer(sum_17, a_1, b_7);
        }
        for (var x = 0u; x < 4u; x++) {
            store(row, column + x, column_of(sum_00, x));
            store(row + 4u, column + x, column_of(sum_10, x));
            store(row, column + 4u + x, column_of(sum_01, x));
            store(row + 4u, column + 4u + x, column_of(sum_11, x));
            store(row, column + 8u + x, column_of(sum_02, x));
            store(row + 4u, column + 8u + x, column_of(sum_12, x));
            store(row, column + 12u + x, column_of(sum_03, x));
            store(row + 4u, column + 12u + x, column_of(sum_13, x));
            store(row, column + 16u + x, column_of(sum_04, x));
            store(row + 4u, column + 16u + x, column_of(sum_14, x));
            store(row, column + 20u + x, column_of(sum_05, x));
            store(row + 4u, column + 20u + x, column_of(sum_15, x));
            store(row, column + 24u + x, column_of(sum_06, x));
            store(row + 4u, column + 24u + x, column_of(sum_16, x));
            store(row, column + 28u + x, column_of(sum_07, x));
            store(row + 4u, column + 28u + x, column_of(sum_17, x));
        }
    }
}
