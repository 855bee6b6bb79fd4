// Y ← Y + VC for blocks of vectors, one vector per right-hand side (column) in each, and a small C. IN_PLACE: Y ← YC, and with BASE
// Y ← Z + YC.
//
// Bindings: 1 small, of which a combination begins at vec4 params.at, as common/block has it: how many rows C has, which v each of them
//     multiplies, 1 for each column of y that is written, and the rows. 2 y: vec4s per column. 3 v, or with IN_PLACE and BASE z: likewise.
// Grid: a workgroup takes twice LANES/quartets quads of all columns, and brings these of v into workgroup memory; a lane computes two quads
//     of four columns. What no row multiplies is not read.
// Bytes per unknown and column: 3 reals; IN_PLACE 2, BASE 3. Flops: 2 columns.
// Needs: 8 LANES vec4s of workgroup memory: 16 KiB in f64. At most 4 LANES columns. Fallback: none.
#import common/real
#import common/grid

override LANES: u32 = 64u;

struct Params {
    quads: u32,
    stride4: u32,
    columns: u32,
    at: u32,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> small: array<real4>;
@group(0) @binding(2) var<storage, read_write> y: array<real4>;
#if IN_PLACE
#if BASE
@group(0) @binding(3) var<storage, read> z: array<real4>;
#endif
#else
@group(0) @binding(3) var<storage, read> v: array<real4>;
#endif

var<workgroup> part_v: array<real4, 8u * LANES>;

// Leaves a quad of a column of y.
fn leave(column: u32, q: u32, sum: real4) {
    let i = column * params.stride4 + q;
#if IN_PLACE
#if BASE
    y[i] = z[i] + sum;
#else
    y[i] = sum;
#endif
#else
    y[i] += sum;
#endif
}

// Likewise, of those of four columns that are written.
fn leave_four(quartet: u32, q: u32, sum_0: real4, sum_1: real4, sum_2: real4, sum_3: real4) {
    let writes = small[params.at + 2u * ((params.columns + 3u) / 4u) + quartet] != vec4(0.0);
    if q < params.quads {
        if writes.x {
            leave(4u * quartet, q, sum_0);
        }
        if writes.y {
            leave(4u * quartet + 1u, q, sum_1);
        }
        if writes.z {
            leave(4u * quartet + 2u, q, sum_2);
        }
        if writes.w {
            leave(4u * quartet + 3u, q, sum_3);
        }
    }
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let quartets = (params.columns + 3u) / 4u;
    let half = LANES / quartets;
    let tile = 2u * half;
    let first = linear_workgroup(id, count) * tile;
    let rows = u32(small[params.at].x);
    for (var e = lane; e < rows * tile; e += LANES) {
        let k = e / tile;
        let slot = u32(small[params.at + quartets + k / 4u][k % 4u]);
        let q = min(first + e % tile, params.quads - 1u);
#if IN_PLACE
        part_v[e] = y[slot * params.stride4 + q];
#else
        part_v[e] = v[slot * params.stride4 + q];
#endif
    }
    workgroupBarrier();

    let quartet = lane / half;
    if quartet < quartets {
        var low_0 = real4();
        var low_1 = real4();
        var low_2 = real4();
        var low_3 = real4();
        var high_0 = real4();
        var high_1 = real4();
        var high_2 = real4();
        var high_3 = real4();
        var at_c = params.at + 3u * quartets + quartet;
        var at_v = lane % half;
        for (var k = 0u; k < rows; k++) {
            let c = small[at_c];
            let low = part_v[at_v];
            let high = part_v[at_v + half];
            low_0 += c.x * low;
            low_1 += c.y * low;
            low_2 += c.z * low;
            low_3 += c.w * low;
            high_0 += c.x * high;
            high_1 += c.y * high;
            high_2 += c.z * high;
            high_3 += c.w * high;
            at_c += quartets;
            at_v += tile;
        }
        let q = first + lane % half;
        leave_four(quartet, q, low_0, low_1, low_2, low_3);
        leave_four(quartet, q + half, high_0, high_1, high_2, high_3);
    }
}
