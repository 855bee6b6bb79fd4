// What the kernels share that work with the basis of a Krylov space: `slots` vectors per right-hand side (column), one
// after the other. The kernel declares `control`, words as in common/scalars.
#import common/real
#import common/column_work

struct Params {
    quads: u32,
    stride4: u32,
    columns: u32,
    groups: u32,
    control_stride: u32,
    own: u32,           // word of a column's control where the method's own words begin
    slots: u32,         // vectors per column of the basis
    small_stride: u32,  // reals per column of the small matrices
    coefficients: u32,  // where the coefficients of a combination begin among them
    sums: u32,          // word of a column's control where the partial sums of y·y begin
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif

// Own words.
const STEP: u32 = 0u;  // vectors of the basis but one
const SCALE: u32 = 1u; // what the next vector is multiplied by

fn step_of(column: u32) -> u32 {
    return u32(control[column * params.control_stride + params.own + STEP]);
}

// Where vector k of a column begins.
fn slot(column: u32, k: u32) -> u32 {
    return (column * params.slots + k) * params.stride4;
}
