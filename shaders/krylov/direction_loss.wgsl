// The scalars of the loss of a network for directions and of its gradient, L = ‖b − αAq‖²/‖b‖² with α = q·b/(q·Aq), in the mean over
// all columns:
//
//               s = q·Aq,  α = q·b/s                                         then e ← b − αAq
//     GRADIENT  L = e·e/b·b;  dL/dq = −2αAe − 2(e·Aq)(b/s − 2(q·b)Aq/s²)     over b·b and the number of columns
//
// Where q has no curvature, or is not finite, α = 0 and no gradient comes of it.
// Source: Kaneda et al., ICML 2023, equation 6, and its derivative.
//
// Bindings: 1 control, words as in common/scalars. 2 history of L, one word per step and column.
// Grid: one workgroup per column. Bytes per column: the partial sums. Flops per column: theirs.
// Needs: nothing. Fallback: without subgroups, trees in workgroup memory.
#import common/scalars

override LANES: u32 = 64u;

@group(0) @binding(1) var<storage, read_write> control: array<real>;
@group(0) @binding(2) var<storage, read_write> history: array<real>;

// The method's own words.
const S: u32 = 0u;
const ALPHA_Q: u32 = 1u;
// Coefficients of the vector steps: of e, b and Aq; of Ae, b and Aq.
const OF_E: u32 = 2u;
const OF_GRADIENT: u32 = 5u;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let column = linear_workgroup(id, count);
    let back = select(0u, column, column < params.columns) * params.control_stride;
    let own = own_words(back);
    let bb = total_of_kind(back, 0u, lane);
    let ee = total_of_kind(back, 1u, lane);
    // q·b, and then e·Aq
    let product = total_of_kind(back, 2u, lane);
    let curvature = total_of_product(back, lane);
    if column >= params.columns || lane != 0u || control[back + STATUS] != RUNNING {
        return;
    }
#if GRADIENT
    let s = control[own + S];
    let alpha = control[own + ALPHA_Q];
    var scale: real = 0.0;
    if bb > 0.0 && s > 0.0 {
        scale = 2.0 / (bb * real(params.columns) * s);
    }
    control[own + OF_GRADIENT] = -alpha * s * scale;
    control[own + OF_GRADIENT + 1u] = -product * scale;
    control[own + OF_GRADIENT + 2u] = 2.0 * product * alpha * scale;
    var loss: real = 0.0;
    if bb > 0.0 {
        loss = ee / bb;
    }
    leave_residual(back, column, loss);
    leave_iteration(back, control[back + ITERATION] + 1.0);
#else
    var s: real = 0.0;
    var alpha: real = 0.0;
    if real_is_finite(product) && real_is_finite(curvature) {
        if curvature > 0.0 {
            s = curvature;
            alpha = product / curvature;
        }
    }
    control[own + S] = s;
    control[own + ALPHA_Q] = alpha;
    control[own + OF_E] = 0.0;
    control[own + OF_E + 1u] = 1.0;
    control[own + OF_E + 2u] = -alpha;
#endif
}
