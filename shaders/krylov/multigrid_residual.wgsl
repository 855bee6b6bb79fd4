// r = f − Az on a level of multigrid, 0 where there is no unknown. Source: Briggs, Henson and McCormick, A Multigrid
// Tutorial, 2nd ed., 2000, chapter 3.
//
// Bindings: 1 control, 2 f, 3 operator: common/multigrid. 4 z, 5 r: vec4s per column.
// Grid: params.groups workgroups per column, each with a contiguous share of the quads.
// Bytes per cell: 3 reals (f, z, r) and 1 byte; FACES: 4 reals in place of the byte. Flops per cell: 16; FACES: 14.
// Needs: nothing. Fallback: none.
#import common/multigrid

override LANES: u32 = 64u;

@group(0) @binding(4) var<storage, read> z: array<real4>;
@group(0) @binding(5) var<storage, read_write> r: array<real4>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let work = work_of(linear_workgroup(id, count), params.quads, LANES);
    let base = work.column * params.quads;
    let step = place_of(LANES, params.row4, params.rows);
    var place = place_of(work.share.first + lane, params.row4, params.rows);
    for (var q = work.share.first + lane; q < work.share.end; q += LANES) {
        let i = base + q;
        let d = diagonal(q);
        let cells = z[i];
        r[i] = select(real4(), f[i] - (d * cells - neighbours(q, place, base, cells)), d > real4());
        place = moved(place, step, params.row4, params.rows);
    }
}
