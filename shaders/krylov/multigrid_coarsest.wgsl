// z = A⁻¹f on the coarsest level of multigrid, with the inverse as a dense symmetric matrix. Source: Briggs, Henson and
// McCormick, A Multigrid Tutorial, 2nd ed., 2000, chapter 3 (a direct solve on the coarsest grid).
//
// Bindings: 1 control, words as in common/cg; a column whose first word is not 0 is skipped. 2 inverse, column by column:
//     4·quads columns of `quads` vec4s, 0 in the rows and columns without unknown. 3 f, 4 z: vec4s per column.
// Grid: a workgroup takes QUADS quads of one column of z; its lanes share the columns of the inverse among them.
// Bytes per entry of the inverse: 1 real. Flops per entry: 2.
// Needs: LANES reals4 of workgroup memory. Fallback: none.
#import common/real
#import common/grid

override LANES: u32 = 64u;
override QUADS: u32 = 8u;

struct Params {
    quads: u32,
    columns: u32,
    control_stride: u32,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> control: array<real>;
@group(0) @binding(2) var<storage, read> inverse: array<real4>;
@group(0) @binding(3) var<storage, read> f: array<real4>;
@group(0) @binding(4) var<storage, read_write> z: array<real4>;

var<workgroup> part_sums: array<real4, LANES>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let w = linear_workgroup(id, count);
    let groups = (params.quads + QUADS - 1u) / QUADS;
    let present = w < groups * params.columns;
    let column = select(0u, w / groups, present);
    let q = (w % groups) * QUADS + lane % QUADS;
    let live = present && q < params.quads && control[column * params.control_stride] == 0.0;
    let base = column * params.quads;

    var sum = real4();
    let end = select(0u, params.quads, live);
    for (var j = lane / QUADS; j < end; j += LANES / QUADS) {
        let v = f[base + j];
        let at = 4u * j * params.quads + q;
        sum += inverse[at] * v.x + inverse[at + params.quads] * v.y
            + inverse[at + 2u * params.quads] * v.z + inverse[at + 3u * params.quads] * v.w;
    }
    part_sums[lane] = sum;
    workgroupBarrier();
    if live && lane < QUADS {
        for (var slice = lane + QUADS; slice < LANES; slice += QUADS) {
            sum += part_sums[slice];
        }
        z[base + q] = sum;
    }
}
