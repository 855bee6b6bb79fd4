// What the kernels of the conjugate-gradient loop share: parameters, the words of `control`, and the preconditioned
// residual z = M⁻¹r where M is diagonal.
//
// `control` holds, for each right-hand side (column) c from word c·control_stride on:
//     back:   16 words of state, written by cg_direction and read by the operator and by cg_update; then the partial
//             sums of p·Ap, one per workgroup of the operator (params.product_groups)
//     front:  from params.front on, 16 words of state, written by cg_update and read by cg_direction; then three times
//             params.groups partial sums: r·r, r·z, z·Ap
// No kernel reads what it writes, so that one dispatch per step needs no other synchronisation.
#import common/real
#import common/reduce
#import common/grid

struct Params {
    quads: u32,           // vec4s of unknowns per column
    stride4: u32,         // vec4s from one column to the next
    columns: u32,
    groups: u32,          // workgroups per column
    product_groups: u32,  // partial sums of p·Ap per column
    control_stride: u32,  // words per column of control
    front: u32,           // word of a column's control where the front block begins
    history_stride: u32,  // words per column of the history
    general: u32,         // 1: a preconditioner's own kernels give z, and cg_inner r·z; 0: cg_update gives r·z
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif

// Words of a state.
const STATUS: u32 = 0u;
const ITERATION: u32 = 1u;
const RHO: u32 = 2u;       // r·z
const RR: u32 = 3u;        // r·r
const GOAL: u32 = 4u;      // stop when r·r is at most this
const LIMIT: u32 = 5u;     // stop at this iteration
const ALPHA: u32 = 6u;
const BETA: u32 = 7u;
const CURVATURE: u32 = 8u; // p·Ap
const SUMS: u32 = 16u;     // where the partial sums begin

// Values of STATUS.
const RUNNING: real = 0.0;
const REACHED: real = 1.0;
const EXHAUSTED: real = 2.0;
const NO_CURVATURE: real = 3.0;       // p·Ap is not positive
const BAD_PRECONDITIONER: real = 4.0; // r·z is not positive
const NOT_FINITE: real = 5.0;
