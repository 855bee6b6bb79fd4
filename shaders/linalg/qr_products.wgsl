// partial_sic = v_i · a_c over the rows of split s: the products Vᵀ A of a block of reflections, by pieces.
//
// Bindings: params; 1 v, read, 32 columns of params.stride4 vec4s; 2 a, read, a slab of columns as long (or v itself);
// 3 partials, written, for each split params.out_columns columns of 32 scalars, of which these begin at params.out_first.
// Mapping: a workgroup takes 16 columns of v and 8 of a over a contiguous share of the vec4s [first_quad, end_quad); its
// lanes stride over them, and add up at the end. Tiles of v fastest, then of a, then splits.
// Cost per workgroup and vec4: 384 bytes read (768 in f64), 1024 flops. 128 sums in registers.
// Needs LANES vec4s of workgroup memory. F64 needs SHADER_F64. Without subgroups, trees in workgroup memory.
#import common/reflections
#import common/reduce

override LANES: u32 = 8u;

struct Params {
    stride4: u32,
    first_quad: u32,
    end_quad: u32,
    column: u32,       // first column of a
    columns: u32,
    out_first: u32,
    out_columns: u32,
    splits: u32,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(2) var<storage, read> a: array<real4>;
@group(0) @binding(3) var<storage, read_write> partials: array<real4>;

// Products of one column's rows with those of four.
fn times(y: real4, v: Four) -> real4 {
    return real4(dot(y, v.a), dot(y, v.b), dot(y, v.c), dot(y, v.d));
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let w = linear_workgroup(id, count);
    let tiles = (params.columns + 7u) / 8u;
    let tile_v = w % 2u;
    let first = 8u * ((w / 2u) % tiles);
    let split = w / (2u * tiles);
    let quads = params.end_quad - params.first_quad;
    let share = contiguous_share(split, params.splits, quads, LANES);
    let end = params.first_quad + share.end;

    // Columns past the last are read as the last, and not written.
    let last = params.column + params.columns - 1u;
    let first_v = 16u * tile_v;
    let at0 = min(params.column + first + 0u, last) * params.stride4;
    let at1 = min(params.column + first + 1u, last) * params.stride4;
    let at2 = min(params.column + first + 2u, last) * params.stride4;
    let at3 = min(params.column + first + 3u, last) * params.stride4;
    let at4 = min(params.column + first + 4u, last) * params.stride4;
    let at5 = min(params.column + first + 5u, last) * params.stride4;
    let at6 = min(params.column + first + 6u, last) * params.stride4;
    let at7 = min(params.column + first + 7u, last) * params.stride4;
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
    for (var q = params.first_quad + share.first + lane; q < end; q += LANES) {
        let y0 = a[at0 + q];
        let y1 = a[at1 + q];
        let y2 = a[at2 + q];
        let y3 = a[at3 + q];
        let y4 = a[at4 + q];
        let y5 = a[at5 + q];
        let y6 = a[at6 + q];
        let y7 = a[at7 + q];
        let v0 = four_columns(first_v + 0u, q);
        sum0_0 += times(y0, v0);
        sum1_0 += times(y1, v0);
        sum2_0 += times(y2, v0);
        sum3_0 += times(y3, v0);
        sum4_0 += times(y4, v0);
        sum5_0 += times(y5, v0);
        sum6_0 += times(y6, v0);
        sum7_0 += times(y7, v0);
        let v1 = four_columns(first_v + 4u, q);
        sum0_1 += times(y0, v1);
        sum1_1 += times(y1, v1);
        sum2_1 += times(y2, v1);
        sum3_1 += times(y3, v1);
        sum4_1 += times(y4, v1);
        sum5_1 += times(y5, v1);
        sum6_1 += times(y6, v1);
        sum7_1 += times(y7, v1);
        let v2 = four_columns(first_v + 8u, q);
        sum0_2 += times(y0, v2);
        sum1_2 += times(y1, v2);
        sum2_2 += times(y2, v2);
        sum3_2 += times(y3, v2);
        sum4_2 += times(y4, v2);
        sum5_2 += times(y5, v2);
        sum6_2 += times(y6, v2);
        sum7_2 += times(y7, v2);
        let v3 = four_columns(first_v + 12u, q);
        sum0_3 += times(y0, v3);
        sum1_3 += times(y1, v3);
        sum2_3 += times(y2, v3);
        sum3_3 += times(y3, v3);
        sum4_3 += times(y4, v3);
        sum5_3 += times(y5, v3);
        sum6_3 += times(y6, v3);
        sum7_3 += times(y7, v3);
    }
    var total: real4;
    let out = (split * params.out_columns + params.out_first + first) * (PANEL / 4u) + 4u * tile_v;
    let writes = lane == 0u && split < params.splits;
    total = workgroup_sum4(sum0_0, lane);
    if writes && first + 0u < params.columns {
        partials[out + 0u] = total;
    }
    total = workgroup_sum4(sum0_1, lane);
    if writes && first + 0u < params.columns {
        partials[out + 1u] = total;
    }
    total = workgroup_sum4(sum0_2, lane);
    if writes && first + 0u < params.columns {
        partials[out + 2u] = total;
    }
    total = workgroup_sum4(sum0_3, lane);
    if writes && first + 0u < params.columns {
        partials[out + 3u] = total;
    }
    total = workgroup_sum4(sum1_0, lane);
    if writes && first + 1u < params.columns {
        partials[out + 8u] = total;
    }
    total = workgroup_sum4(sum1_1, lane);
    if writes && first + 1u < params.columns {
        partials[out + 9u] = total;
    }
    total = workgroup_sum4(sum1_2, lane);
    if writes && first + 1u < params.columns {
        partials[out + 10u] = total;
    }
    total = workgroup_sum4(sum1_3, lane);
    if writes && first + 1u < params.columns {
        partials[out + 11u] = total;
    }
    total = workgroup_sum4(sum2_0, lane);
    if writes && first + 2u < params.columns {
        partials[out + 16u] = total;
    }
    total = workgroup_sum4(sum2_1, lane);
    if writes && first + 2u < params.columns {
        partials[out + 17u] = total;
    }
    total = workgroup_sum4(sum2_2, lane);
    if writes && first + 2u < params.columns {
        partials[out + 18u] = total;
    }
    total = workgroup_sum4(sum2_3, lane);
    if writes && first + 2u < params.columns {
        partials[out + 19u] = total;
    }
    total = workgroup_sum4(sum3_0, lane);
    if writes && first + 3u < params.columns {
        partials[out + 24u] = total;
    }
    total = workgroup_sum4(sum3_1, lane);
    if writes && first + 3u < params.columns {
        partials[out + 25u] = total;
    }
    total = workgroup_sum4(sum3_2, lane);
    if writes && first + 3u < params.columns {
        partials[out + 26u] = total;
    }
    total = workgroup_sum4(sum3_3, lane);
    if writes && first + 3u < params.columns {
        partials[out + 27u] = total;
    }
    total = workgroup_sum4(sum4_0, lane);
    if writes && first + 4u < params.columns {
        partials[out + 32u] = total;
    }
    total = workgroup_sum4(sum4_1, lane);
    if writes && first + 4u < params.columns {
        partials[out + 33u] = total;
    }
    total = workgroup_sum4(sum4_2, lane);
    if writes && first + 4u < params.columns {
        partials[out + 34u] = total;
    }
    total = workgroup_sum4(sum4_3, lane);
    if writes && first + 4u < params.columns {
        partials[out + 35u] = total;
    }
    total = workgroup_sum4(sum5_0, lane);
    if writes && first + 5u < params.columns {
        partials[out + 40u] = total;
    }
    total = workgroup_sum4(sum5_1, lane);
    if writes && first + 5u < params.columns {
        partials[out + 41u] = total;
    }
    total = workgroup_sum4(sum5_2, lane);
    if writes && first + 5u < params.columns {
        partials[out + 42u] = total;
    }
    total = workgroup_sum4(sum5_3, lane);
    if writes && first + 5u < params.columns {
        partials[out + 43u] = total;
    }
    total = workgroup_sum4(sum6_0, lane);
    if writes && first + 6u < params.columns {
        partials[out + 48u] = total;
    }
    total = workgroup_sum4(sum6_1, lane);
    if writes && first + 6u < params.columns {
        partials[out + 49u] = total;
    }
    total = workgroup_sum4(sum6_2, lane);
    if writes && first + 6u < params.columns {
        partials[out + 50u] = total;
    }
    total = workgroup_sum4(sum6_3, lane);
    if writes && first + 6u < params.columns {
        partials[out + 51u] = total;
    }
    total = workgroup_sum4(sum7_0, lane);
    if writes && first + 7u < params.columns {
        partials[out + 56u] = total;
    }
    total = workgroup_sum4(sum7_1, lane);
    if writes && first + 7u < params.columns {
        partials[out + 57u] = total;
    }
    total = workgroup_sum4(sum7_2, lane);
    if writes && first + 7u < params.columns {
        partials[out + 58u] = total;
    }
    total = workgroup_sum4(sum7_3, lane);
    if writes && first + 7u < params.columns {
        partials[out + 59u] = total;
    }
}
