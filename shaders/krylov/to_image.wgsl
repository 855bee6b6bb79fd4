// x(p) = r(p)/‖r‖ as the first of four channels of an image, the others 0: what a network for directions sees (Kaneda et al.,
// ICML 2023, section 3). ‖r‖ follows from the partial sums of r·r that the loop left. With `times`, x(p) = ‖r‖ g(p) of another vector
// g: the way back through ‖r‖ f(r/‖r‖).
//
// Bindings: 1 control, words as in common/cg; a column whose first word is not 0 is skipped. 2 r or g, each row of cells padded to a
//     multiple of 4. 3 x, written: a vec4 per cell, column after column.
// Grid: params.groups workgroups per column, each with a contiguous share of the cells.
// Bytes per cell: 5 reals. Flops per cell: 1.
// Needs: nothing. Fallback: without subgroups, trees in workgroup memory.
#import common/image

@group(0) @binding(2) var<storage, read> r: array<real>;
@group(0) @binding(3) var<storage, read_write> x: array<real4>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let work = work_of(linear_workgroup(id, count), params.cells, LANES);
    let length = sqrt(squared_length(work.column, lane));
    let scale = select(select(real(0.0), 1.0 / length, length > 0.0), length, params.times == 1u);
    for (var cell = work.share.first + lane; cell < work.share.end; cell += LANES) {
        let row = cell / params.nx;
        let at = work.column * params.stride + row * params.padded + cell - row * params.nx;
        x[work.column * params.cells + cell] = real4(scale * r[at], 0.0, 0.0, 0.0);
    }
}
