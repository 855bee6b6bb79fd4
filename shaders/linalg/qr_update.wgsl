// a_c −= Σ_i v_i w_ic: a block of reflections goes over the columns behind it.
//
// Bindings: params; 1 v, read, 32 columns of params.stride4 vec4s; 2 weights, read, 32 scalars per column of a, from column
// params.weight_first on; 3 a, updated, a slab of columns as long as v's.
// Mapping: a workgroup takes 8 columns of a and 4 LANES vec4s of rows; a lane 4 vec4s, LANES apart. Rows fastest.
// Cost per lane: 4 × 8 vec4s of a read and written and 4 × 32 of v read, 3072 bytes (twice in f64); 8192 flops.
// Needs 128 sums in registers. F64 needs SHADER_F64. Fallback: none needed.
#import common/reflections

override LANES: u32 = 8u;

struct Params {
    stride4: u32,
    first_quad: u32,
    end_quad: u32,
    column: u32,
    columns: u32,
    weight_first: u32,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(2) var<storage, read> weights: array<real4>;
@group(0) @binding(3) var<storage, read_write> a: array<real4>;

// Four columns of v times four weights.
fn times(w: real4, v: Four) -> real4 {
    return (v.a * w.x + v.b * w.y) + (v.c * w.z + v.d * w.w);
}

fn subtract(column: u32, q: u32, sum: real4) {
    if column < params.columns && q < params.end_quad {
        let at = (params.column + column) * params.stride4 + q;
        a[at] = a[at] - sum;
    }
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let w = linear_workgroup(id, count);
    let quads = params.end_quad - params.first_quad;
    let row_tiles = (quads + 4u * LANES - 1u) / (4u * LANES);
    let first = 8u * (w / row_tiles);
    let q0 = params.first_quad + (w % row_tiles) * 4u * LANES + lane;
    let last_quad = params.end_quad - 1u;
    let last = params.columns - 1u;
    let at0 = min(q0 + 0u * LANES, last_quad);
    let at1 = min(q0 + 1u * LANES, last_quad);
    let at2 = min(q0 + 2u * LANES, last_quad);
    let at3 = min(q0 + 3u * LANES, last_quad);
    let weight0 = (params.weight_first + min(first + 0u, last)) * (PANEL / 4u);
    let weight1 = (params.weight_first + min(first + 1u, last)) * (PANEL / 4u);
    let weight2 = (params.weight_first + min(first + 2u, last)) * (PANEL / 4u);
    let weight3 = (params.weight_first + min(first + 3u, last)) * (PANEL / 4u);
    let weight4 = (params.weight_first + min(first + 4u, last)) * (PANEL / 4u);
    let weight5 = (params.weight_first + min(first + 5u, last)) * (PANEL / 4u);
    let weight6 = (params.weight_first + min(first + 6u, last)) * (PANEL / 4u);
    let weight7 = (params.weight_first + min(first + 7u, last)) * (PANEL / 4u);
    var sum0_0 = real4();
    var sum0_1 = real4();
    var sum0_2 = real4();
    var sum0_3 = real4();
    var sum1_0 = real4();
    var sum1_1 = real4();
    var sum1_2 = real4();
    var sum1_3 = real4();
    var sum2_0 = real4();
    var sum2_1 = real4();
    var sum2_2 = real4();
    var sum2_3 = real4();
    var sum3_0 = real4();
    var sum3_1 = real4();
    var sum3_2 = real4();
    var sum3_3 = real4();
    var sum4_0 = real4();
    var sum4_1 = real4();
    var sum4_2 = real4();
    var sum4_3 = real4();
    var sum5_0 = real4();
    var sum5_1 = real4();
    var sum5_2 = real4();
    var sum5_3 = real4();
    var sum6_0 = real4();
    var sum6_1 = real4();
    var sum6_2 = real4();
    var sum6_3 = real4();
    var sum7_0 = real4();
    var sum7_1 = real4();
    var sum7_2 = real4();
    var sum7_3 = real4();
    for (var i = 0u; i < PANEL / 4u; i++) {
        let w0 = weights[weight0 + i];
        let w1 = weights[weight1 + i];
        let w2 = weights[weight2 + i];
        let w3 = weights[weight3 + i];
        let w4 = weights[weight4 + i];
        let w5 = weights[weight5 + i];
        let w6 = weights[weight6 + i];
        let w7 = weights[weight7 + i];
        let v0 = four_columns(4u * i, at0);
        sum0_0 += times(w0, v0);
        sum1_0 += times(w1, v0);
        sum2_0 += times(w2, v0);
        sum3_0 += times(w3, v0);
        sum4_0 += times(w4, v0);
        sum5_0 += times(w5, v0);
        sum6_0 += times(w6, v0);
        sum7_0 += times(w7, v0);
        let v1 = four_columns(4u * i, at1);
        sum0_1 += times(w0, v1);
        sum1_1 += times(w1, v1);
        sum2_1 += times(w2, v1);
        sum3_1 += times(w3, v1);
        sum4_1 += times(w4, v1);
        sum5_1 += times(w5, v1);
        sum6_1 += times(w6, v1);
        sum7_1 += times(w7, v1);
        let v2 = four_columns(4u * i, at2);
        sum0_2 += times(w0, v2);
        sum1_2 += times(w1, v2);
        sum2_2 += times(w2, v2);
        sum3_2 += times(w3, v2);
        sum4_2 += times(w4, v2);
        sum5_2 += times(w5, v2);
        sum6_2 += times(w6, v2);
        sum7_2 += times(w7, v2);
        let v3 = four_columns(4u * i, at3);
        sum0_3 += times(w0, v3);
        sum1_3 += times(w1, v3);
        sum2_3 += times(w2, v3);
        sum3_3 += times(w3, v3);
        sum4_3 += times(w4, v3);
        sum5_3 += times(w5, v3);
        sum6_3 += times(w6, v3);
        sum7_3 += times(w7, v3);
    }
    subtract(first + 0u, q0 + 0u * LANES, sum0_0);
    subtract(first + 0u, q0 + 1u * LANES, sum0_1);
    subtract(first + 0u, q0 + 2u * LANES, sum0_2);
    subtract(first + 0u, q0 + 3u * LANES, sum0_3);
    subtract(first + 1u, q0 + 0u * LANES, sum1_0);
    subtract(first + 1u, q0 + 1u * LANES, sum1_1);
    subtract(first + 1u, q0 + 2u * LANES, sum1_2);
    subtract(first + 1u, q0 + 3u * LANES, sum1_3);
    subtract(first + 2u, q0 + 0u * LANES, sum2_0);
    subtract(first + 2u, q0 + 1u * LANES, sum2_1);
    subtract(first + 2u, q0 + 2u * LANES, sum2_2);
    subtract(first + 2u, q0 + 3u * LANES, sum2_3);
    subtract(first + 3u, q0 + 0u * LANES, sum3_0);
    subtract(first + 3u, q0 + 1u * LANES, sum3_1);
    subtract(first + 3u, q0 + 2u * LANES, sum3_2);
    subtract(first + 3u, q0 + 3u * LANES, sum3_3);
    subtract(first + 4u, q0 + 0u * LANES, sum4_0);
    subtract(first + 4u, q0 + 1u * LANES, sum4_1);
    subtract(first + 4u, q0 + 2u * LANES, sum4_2);
    subtract(first + 4u, q0 + 3u * LANES, sum4_3);
    subtract(first + 5u, q0 + 0u * LANES, sum5_0);
    subtract(first + 5u, q0 + 1u * LANES, sum5_1);
    subtract(first + 5u, q0 + 2u * LANES, sum5_2);
    subtract(first + 5u, q0 + 3u * LANES, sum5_3);
    subtract(first + 6u, q0 + 0u * LANES, sum6_0);
    subtract(first + 6u, q0 + 1u * LANES, sum6_1);
    subtract(first + 6u, q0 + 2u * LANES, sum6_2);
    subtract(first + 6u, q0 + 3u * LANES, sum6_3);
    subtract(first + 7u, q0 + 0u * LANES, sum7_0);
    subtract(first + 7u, q0 + 1u * LANES, sum7_1);
    subtract(first + 7u, q0 + 2u * LANES, sum7_2);
    subtract(first + 7u, q0 + 3u * LANES, sum7_3);
}
