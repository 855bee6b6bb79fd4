// y_r = Σ s_p over the pieces p of each long row r, and the partial sums of xᵀy over these rows: after krylov/csr_long.
//
// Bindings: 1 control, words as in common/cg; a column whose first word is not 0 is skipped. 2 rows: for each long row its
//     place in x and y, and begin and end of its pieces. 3 sums s: params.pieces per column. 4 x, 5 y: scalars per column.
// Grid: params.groups workgroups per column, each with every so many rows, all of its invocations to a row.
// Bytes per piece: a real, and per row 16 and 2 reals. Flops per piece: 1; per row: 2.
// Needs: nothing. Fallback: without subgroups, a tree in workgroup memory.
#import common/real
#import common/reduce
#import common/grid

override LANES: u32 = 64u;

struct Params {
    rows: u32,            // long rows
    pieces: u32,
    stride4: u32,         // vec4s from one column of x and y to the next
    columns: u32,
    groups: u32,          // workgroups per column
    control_stride: u32,
    partial_offset: u32,  // where the partial sums of these rows begin
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read_write> control: array<real>;
@group(0) @binding(2) var<storage, read> rows: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read> sums: array<real>;
@group(0) @binding(4) var<storage, read> x: array<real>;
@group(0) @binding(5) var<storage, read_write> y: array<real>;

var<workgroup> part_rows: u32;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let w = linear_workgroup(id, count);
    let present = w < params.groups * params.columns;
    let column = select(0u, w / params.groups, present);
    let group = w % params.groups;
    let base = column * params.control_stride;
    let live = present && control[base] == 0.0;

    // Uniform, for the sake of the barriers in the loop.
    if lane == 0u {
        part_rows = select(0u, params.rows, live);
    }
    let count_of_rows = workgroupUniformLoad(&part_rows);

    var partial: real = 0.0;
    for (var r = group; r < count_of_rows; r += params.groups) {
        let row = rows[r];
        var sum: real = 0.0;
        for (var p = row.y + lane; p < row.z; p += LANES) {
            sum += sums[column * params.pieces + p];
        }
        sum = workgroup_sum(sum, lane);
        if lane == 0u {
            let at = 4u * column * params.stride4 + row.x;
            y[at] = sum;
            partial += sum * x[at];
        }
    }
    if live && lane == 0u {
        control[base + 16u + params.partial_offset + group] = partial;
    }
}
