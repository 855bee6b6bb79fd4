// What the kernels share that bring vectors of a loop into images and back: parameters, and ‖r‖².
#import common/real
#import common/reduce
#import common/column_work

override LANES: u32 = 64u;

struct Params {
    columns: u32,
    control_stride: u32,  // words per column of control
    sums: u32,            // word of a column's control where the partial sums of r·r begin
    sum_count: u32,
    groups: u32,          // workgroups per column
    cells: u32,           // per column
    nx: u32,              // cells in a row
    padded: u32,          // numbers of a vector for each row
    stride: u32,          // from one column of a vector to the next
    times: u32,           // 1: into images times ‖r‖ in place of divided by it
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> control: array<real>;

// r·r of a column, for all of a workgroup.
fn squared_length(column: u32, lane: u32) -> real {
    var sum: real = 0.0;
    for (var i = lane; i < params.sum_count; i += LANES) {
        sum += control[column * params.control_stride + params.sums + i];
    }
    return workgroup_sum(sum, lane);
}
