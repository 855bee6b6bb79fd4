// Y ← Y + VC for blocks of vectors, one vector per right-hand side (column) in each, and a small C. IN_PLACE: Y ← YC, and with BASE
// Y ← Z + YC.
//
// Bindings: 1 small, of which a combination begins at vec4 params.at, as common/block has it: how many rows C has, which v each of them
//     multiplies, 1 for each column of y that is written, and the rows. 2 y: vec4s per column. 3 v, or with IN_PLACE and BASE z: likewise.
// Grid: a workgroup takes LANES/quartets quads of all columns, and brings these of v into workgroup memory; a lane computes one quad of
//     four columns. What no row multiplies is not read.
// Bytes per unknown and column: 3 reals; IN_PLACE 2, BASE 3. Flops: 2 columns.
// Needs: 4 LANES vec4s of workgroup memory: 8 KiB in f64. At most 4 LANES columns. Fallback: none.
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

var<workgroup> part_v: array<real4, 4u * LANES>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let quartets = (params.columns + 3u) / 4u;
    let tile = LANES / quartets;
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

    let quartet = lane / tile;
    let q = first + lane % tile;
    if quartet < quartets && q < params.quads {
        let writes = small[params.at + 2u * quartets + quartet];
        var sum_0 = real4();
        var sum_1 = real4();
        var sum_2 = real4();
        var sum_3 = real4();
        for (var k = 0u; k < rows; k++) {
            let c = small[params.at + (3u + k) * quartets + quartet];
            let value = part_v[k * tile + lane % tile];
            sum_0 += c.x * value;
            sum_1 += c.y * value;
            sum_2 += c.z * value;
            sum_3 += c.w * value;
        }
        for (var j = 0u; j < 4u; j++) {
            if writes[j] != 0.0 {
                let i = (4u * quartet + j) * params.stride4 + q;
                let sum = select(select(sum_0, sum_1, j == 1u), select(sum_2, sum_3, j == 3u), j > 1u);
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
        }
    }
}
