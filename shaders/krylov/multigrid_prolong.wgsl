// z_i ← z_i + Σ_C p_iC e_C: the correction from the next coarser level of multigrid. Source: Mohr and Wienands,
// Cell-centred multigrid revisited, Comput. Vis. Sci. 7, 2004, section 3.
//
// Bindings: 1 control, words as in common/cg; a column whose first word is not 0 is skipped. 2 own weights: a byte per
//     fine cell, common/multigrid_transfer. 3 e on the coarse level, 0 where there is no unknown; 4 z on the fine level:
//     vec4s per column, each row of cells padded to a multiple of 4.
// Grid: params.groups workgroups per column, each with a contiguous share of the quads of the fine level.
// Bytes per fine cell: 2 reals (z twice) and 1 byte, and 1 real per coarse cell. Flops per fine cell: 20.
// Needs: nothing. Fallback: none.
#import common/multigrid_interpolate

override LANES: u32 = 64u;

@group(0) @binding(3) var<storage, read> e: array<real4>;
@group(0) @binding(4) var<storage, read_write> z: array<real4>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let work = work_of(linear_workgroup(id, count), params.quads, LANES);
    for (var q = work.begin + lane; q < work.end; q += LANES) {
        z[work.column * params.quads + q] += interpolated(q, work.column);
    }
}
