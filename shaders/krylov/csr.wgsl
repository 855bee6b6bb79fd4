// y = A x for a sparse matrix in compressed rows, and the partial sums of xᵀy.
// Source: "CSR vector" of Bell and Garland, SC 2009: several invocations to a row.
//
// Bindings: 1 control, words as in common/cg; a column whose first word is not 0 is skipped. 2 row_ptr, in vec4s, one more
//     than rows. 3 columns and 4 values, four entries of a row to a vec4; a padding entry has value 0. 5 x, 6 y: scalars
//     per column.
// Grid: params.groups workgroups per column, each with a share of consecutive rows, params.lanes_per_row invocations to a
//     row. A row of more than params.longest vec4s gets y = 0: krylov/csr_long and krylov/csr_long_sum compute it afterwards.
// Bytes per entry: 4 and a real, and per unknown 4 and 2 reals. Flops per entry: 2; per unknown: 2.
// Needs: nothing. Fallback: without subgroups, trees in workgroup memory.
#import common/real
#import common/reduce
#import common/grid

override LANES: u32 = 64u;

struct Params {
    rows: u32,            // of this part of the matrix
    first_row: u32,       // where they begin in x and y
    stride4: u32,         // vec4s from one column of x and y to the next
    columns: u32,
    groups: u32,          // workgroups per column
    control_stride: u32,
    partial_offset: u32,  // where the partial sums of this part of the matrix begin
    longest: u32,         // vec4s of a row that is computed here
    lanes_per_row: u32,   // a power of two, at most LANES
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read_write> control: array<real>;
@group(0) @binding(2) var<storage, read> row_ptr: array<u32>;
@group(0) @binding(3) var<storage, read> columns: array<vec4<u32>>;
@group(0) @binding(4) var<storage, read> values: array<real4>;
@group(0) @binding(5) var<storage, read> x: array<real>;
@group(0) @binding(6) var<storage, read_write> y: array<real>;

var<workgroup> part_rows: u32;
var<workgroup> part_row: array<real, LANES>;

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
    let rows = workgroupUniformLoad(&part_rows);
    let step = LANES / params.lanes_per_row;
    let share = contiguous_share(group, params.groups, rows, step);

    let first = 4u * column * params.stride4;
    let slot = lane % params.lanes_per_row;
    var sum: real = 0.0;
    for (var top = share.first; top < share.end; top += step) {
        let row = top + lane / params.lanes_per_row;
        let begin = row_ptr[min(row, rows)];
        var end = row_ptr[min(row + 1u, rows)];
        if end - begin > params.longest {
            end = begin;
        }
        var product: real = 0.0;
        for (var k = begin + slot; k < end; k += params.lanes_per_row) {
            let at = first + columns[k];
            product += dot(values[k], real4(x[at.x], x[at.y], x[at.z], x[at.w]));
        }
        if params.lanes_per_row > 1u {
            part_row[lane] = product;
            for (var half = params.lanes_per_row / 2u; half > 0u; half >>= 1u) {
                workgroupBarrier();
                if slot < half {
                    part_row[lane] += part_row[lane + half];
                }
            }
            product = part_row[lane];
            workgroupBarrier();
        }
        if slot == 0u && row < rows {
            let at = first + params.first_row + row;
            y[at] = product;
            sum += product * x[at];
        }
    }
    sum = workgroup_sum(sum, lane);
    if live && lane == 0u {
        control[base + 16u + params.partial_offset + group] = sum;
    }
}
