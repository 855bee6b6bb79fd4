// s_p = Σ a_rj x_j over the entries of piece p: a row r that is too long for a few invocations is cut into pieces.
//
// Bindings: 1 control, words as in common/cg; a column whose first word is not 0 is skipped. 2 pieces: begin and end of each
//     among the vec4s of 3 columns and 4 values, as in krylov/csr. 5 x: scalars per column. 6 sums s: params.pieces per
//     column.
// Grid: params.groups workgroups per column, each with every so many pieces, all of its invocations to a piece.
// Bytes per entry: 4 and a real. Flops per entry: 2.
// Needs: nothing. Fallback: without subgroups, a tree in workgroup memory.
#import common/real
#import common/reduce
#import common/grid

override LANES: u32 = 64u;

struct Params {
    pieces: u32,
    stride4: u32,         // vec4s from one column of x to the next
    columns: u32,
    groups: u32,          // workgroups per column
    control_stride: u32,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> control: array<real>;
@group(0) @binding(2) var<storage, read> pieces: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read> columns: array<vec4<u32>>;
@group(0) @binding(4) var<storage, read> values: array<real4>;
@group(0) @binding(5) var<storage, read> x: array<real>;
@group(0) @binding(6) var<storage, read_write> sums: array<real>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let w = linear_workgroup(id, count);
    let present = w < params.groups * params.columns;
    let column = select(0u, w / params.groups, present);
    let live = present && control[column * params.control_stride] == 0.0;

    let first = 4u * column * params.stride4;
    let count_of_pieces = select(0u, params.pieces, live);
    for (var p = w % params.groups; p < count_of_pieces; p += params.groups) {
        let piece = pieces[p];
        var sum: real = 0.0;
        for (var k = piece.x + lane; k < piece.y; k += LANES) {
            let at = first + columns[k];
            sum += dot(values[k], real4(x[at.x], x[at.y], x[at.z], x[at.w]));
        }
        sum = workgroup_sum(sum, lane);
        if lane == 0u {
            sums[column * params.pieces + p] = sum;
        }
    }
}
