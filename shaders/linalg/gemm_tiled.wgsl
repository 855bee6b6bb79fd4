// C ← α op(A) op(B) + β C,  op(X) = X or Xᵀ   (BLAS level 3, gemm), by tiles in workgroup memory
//
// A workgroup of 64 invocations holds 64 rows and 64 columns of C, each invocation 8 by 8 of them as 2 by 2 blocks. For
// every 16 columns of op(A), each invocation brings one block of 4 by 4 of op(A) and one of op(B) into workgroup memory,
// and all take the products of what is there. The sums over k run in order. With β = 0 the old C is not used at all, so
// a C of NaN is overwritten.
//
// Bindings: params; 1 A and 2 B, read; 3 C, read and written; vec4s of columns, as told in common/gemm.
// Mapping: `groups` workgroups, in bands of BAND columns of them, `row_groups` high; each takes 64 rows and 64 columns
// of C. At most 45,000 groups of four columns of op(A).
// Cost: 2 m n k flops; per tile of C and 16 columns of op(A) 8192 bytes are loaded (16,384 in f64) for 131,072 flops.
// Needs 8192 bytes of workgroup memory (16,384 in f64). F64 needs SHADER_F64. IMMEDIATES needs 56 bytes (64 in f64);
// else a storage buffer.
#import common/gemm

// Columns of op(A) and rows of op(B), 16 vec4s each.
var<workgroup> tile_a: array<real4, 256>;
var<workgroup> tile_b: array<real4, 256>;

// What is left of op(A) after the last group of four columns, filled up with zeros.
fn rest_of_a(rows: RowsOfA) -> real4x4 {
    let k = 4u * params.k_quads;
    var block = real4x4();
    if params.k_rest > 0u { block[0] = column_of_a(rows, k); }
    if params.k_rest > 1u { block[1] = column_of_a(rows, k + 1u); }
    if params.k_rest > 2u { block[2] = column_of_a(rows, k + 2u); }
    return block;
}

// As above, of op(B), and transposed.
fn rest_of_b(columns: ColumnsOfB) -> real4x4 {
    let k = 4u * params.k_quads;
    var block = real4x4();
    if params.k_rest > 0u { block[0] = row_of_b(columns, k); }
    if params.k_rest > 1u { block[1] = row_of_b(columns, k + 1u); }
    if params.k_rest > 2u { block[2] = row_of_b(columns, k + 2u); }
    return block;
}

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let group = linear_workgroup(workgroup, workgroups);
    if group < params.groups {
        let place = place_of(group);
        // Of this invocation: the block it brings, at a sixteenth of the tile's edge and a quarter of its depth; and the
        // 8 by 8 elements of C it holds, in two places 32 apart so that neighbours read neighbouring vec4s.
        let edge = lane % 16u;
        let deep = lane / 16u;
        let brought_a = rows_of_a(64u * place.x + 4u * edge);
        let brought_b = columns_of_b(64u * place.y + 4u * edge);
        let held = vec2(lane % 8u, lane / 8u);
        var sum_00 = real4x4();
        var sum_01 = real4x4();
        var sum_10 = real4x4();
        var sum_11 = real4x4();
        let quads = params.k_quads + min(params.k_rest, 1u);
        for (var first = 0u; first < quads; first += 4u) {
            let q = first + deep;
            var block_a = real4x4();
            var block_b = real4x4();
            if q < params.k_quads {
                block_a = block_of_a(brought_a, q);
                block_b = transpose(block_of_b(brought_b, q));
            } else if q < quads {
                block_a = rest_of_a(brought_a);
                block_b = rest_of_b(brought_b);
            }
            workgroupBarrier();
            let put = 64u * deep + edge;
            tile_a[put] = block_a[0];
            tile_b[put] = block_b[0];
            tile_a[put + 16u] = block_a[1];
            tile_b[put + 16u] = block_b[1];
            tile_a[put + 32u] = block_a[2];
            tile_b[put + 32u] = block_b[2];
            tile_a[put + 48u] = block_a[3];
            tile_b[put + 48u] = block_b[3];
            workgroupBarrier();
            for (var k = 0u; k < 256u; k += 64u) {
                let a_00 = tile_a[k + held.x];
                let a_01 = tile_a[k + 8u + held.x];
                let b_00 = tile_b[k + held.y];
                let b_01 = tile_b[k + 8u + held.y];
                sum_00 = plus_outer(sum_00, a_00, b_00);
                sum_01 = plus_outer(sum_01, a_00, b_01);
                sum_10 = plus_outer(sum_10, a_01, b_00);
                sum_11 = plus_outer(sum_11, a_01, b_01);
                let a_10 = tile_a[k + 16u + held.x];
                let a_11 = tile_a[k + 24u + held.x];
                let b_10 = tile_b[k + 16u + held.y];
                let b_11 = tile_b[k + 24u + held.y];
                sum_00 = plus_outer(sum_00, a_10, b_10);
                sum_01 = plus_outer(sum_01, a_10, b_11);
                sum_10 = plus_outer(sum_10, a_11, b_10);
                sum_11 = plus_outer(sum_11, a_11, b_11);
                let a_20 = tile_a[k + 32u + held.x];
                let a_21 = tile_a[k + 40u + held.x];
                let b_20 = tile_b[k + 32u + held.y];
                let b_21 = tile_b[k + 40u + held.y];
                sum_00 = plus_outer(sum_00, a_20, b_20);
                sum_01 = plus_outer(sum_01, a_20, b_21);
                sum_10 = plus_outer(sum_10, a_21, b_20);
                sum_11 = plus_outer(sum_11, a_21, b_21);
                let a_30 = tile_a[k + 48u + held.x];
                let a_31 = tile_a[k + 56u + held.x];
                let b_30 = tile_b[k + 48u + held.y];
                let b_31 = tile_b[k + 56u + held.y];
                sum_00 = plus_outer(sum_00, a_30, b_30);
                sum_01 = plus_outer(sum_01, a_30, b_31);
                sum_10 = plus_outer(sum_10, a_31, b_30);
                sum_11 = plus_outer(sum_11, a_31, b_31);
            }
        }
        let row = 64u * place.x + 4u * held.x;
        let column = 64u * place.y + 4u * held.y;
        for (var x = 0u; x < 4u; x++) {
            store(row, column + x, column_of(sum_00, x));
            store(row + 32u, column + x, column_of(sum_10, x));
            store(row, column + 32u + x, column_of(sum_01, x));
            store(row + 32u, column + 32u + x, column_of(sum_11, x));
        }
    }
}
