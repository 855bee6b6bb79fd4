// z(p) = ‖r‖ q(p) for the first channel of an image q, 0 where there is no unknown, whatever q is there: the direction that a network
// gives. ‖r‖ follows from the partial sums of r·r that the loop left.
//
// Bindings: 1 control, words as in common/cg; a column whose first word is not 0 is skipped. 2 q: a vec4 per cell, column after
//     column. 3 active: 1 for each unknown, else 0, each row of cells padded to a multiple of 4. 4 z, written, as active for each
//     column; its padding stays as it is.
// Grid: params.groups workgroups per column, each with a contiguous share of the cells.
// Bytes per cell: 6 reals. Flops per cell: 1.
// Needs: nothing. Fallback: without subgroups, trees in workgroup memory.
#import common/image

@group(0) @binding(2) var<storage, read> q: array<real4>;
@group(0) @binding(3) var<storage, read> active_cells: array<real>;
@group(0) @binding(4) var<storage, read_write> z: array<real>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let work = work_of(linear_workgroup(id, count), params.cells, LANES);
    let length = sqrt(squared_length(work.column, lane));
    for (var cell = work.share.first + lane; cell < work.share.end; cell += LANES) {
        let row = cell / params.nx;
        let at = row * params.padded + cell - row * params.nx;
        let value = length * q[work.column * params.cells + cell].x;
        z[work.column * params.stride + at] = select(real(0.0), value, active_cells[at] > 0.0);
    }
}
