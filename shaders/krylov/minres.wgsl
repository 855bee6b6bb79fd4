// The scalars of the minimum residual method: Lanczos coefficients (without flags), and the Givens rotation with the lengths of
// the steps that follow from it (ROTATE).
// Source: Paige and Saunders, SIAM J. Numer. Anal. 12 (1975); preconditioned as by Elman, Silvester and Wathen, Finite
// Elements and Fast Iterative Solvers, 2nd ed., algorithm 4.1.
//
//              δ = z·Az/γ²,  v₊ = Az/γ − (δ/γ)v − (γ/γ₋)v₋                       after the test of ‖r‖
//     ROTATE   γ₊² = z₊·v₊,  α₀ = cδ − c₋sγ,  α₁ = (α₀² + γ₊²)^½,  α₂ = sδ + c₋cγ,  α₃ = s₋γ,  c₊ = α₀/α₁,  s₊ = γ₊/α₁
//              w₊ = (z/γ − α₃w₋ − α₂w)/α₁,  x ← x + c₊ηw₊,  r ← s₊²r − (c₊η/α₁)v₊,  η ← −s₊η
// With |η|α₁ = ‖Ar‖ for M = I, α₁ within the rounding of the largest coefficient so far says that no x does better, and so
// does ‖A‖‖x‖ that drowns ‖b‖ in its own rounding: A is singular, and b not in its range.
//
// Bindings: 1 control, words as in common/scalars. 2 history of r·r, one word per iteration and column.
// Grid: one workgroup per column. Bytes per column: the partial sums. Flops per column: theirs.
// Needs: nothing. Fallback: without subgroups, trees in workgroup memory.
#import common/scalars

override LANES: u32 = 64u;

@group(0) @binding(1) var<storage, read_write> control: array<real>;
@group(0) @binding(2) var<storage, read_write> history: array<real>;

// The method's own words.
const GAMMA: u32 = 0u;
const GAMMA_BEFORE: u32 = 1u;
const C: u32 = 2u;
const C_BEFORE: u32 = 3u;
const S: u32 = 4u;
const S_BEFORE: u32 = 5u;
const ETA: u32 = 6u;
const DELTA: u32 = 7u;
const LARGEST: u32 = 22u; // of the coefficients of the tridiagonal matrix
const NORM_B: u32 = 23u;
// Coefficients of the vector steps.
const OF_V: u32 = 8u;
const OF_W: u32 = 11u;
const OF_X: u32 = 14u;
const OF_R: u32 = 16u;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let column = linear_workgroup(id, count);
    let back = select(0u, column, column < params.columns) * params.control_stride;
    let own = own_words(back);
    let rr = total_of_kind(back, 0u, lane);
    // The vector step sums up v·v alone; with a preconditioner z·v follows it.
    let zv = total_of_kind(back, 1u + params.general, lane);
    let curvature = total_of_product(back, lane);
    if column >= params.columns || lane != 0u || control[back + STATUS] != RUNNING {
        return;
    }
    let iteration = control[back + ITERATION];
#if ROTATE
    let gamma = control[own + GAMMA];
    let delta = control[own + DELTA];
    let c = control[own + C];
    let s = control[own + S];
    let eta = control[own + ETA];
    // Before the first vector there is none: its γ is no entry of the tridiagonal matrix.
    let gamma_t = select(0.0, gamma, iteration > 0.0);
    let next = sqrt(max(zv, 0.0));
    let alpha_0 = c * delta - control[own + C_BEFORE] * s * gamma_t;
    let alpha_1 = sqrt(alpha_0 * alpha_0 + next * next);
    let alpha_2 = s * delta + control[own + C_BEFORE] * c * gamma_t;
    let largest = max(control[own + LARGEST], next);
    control[own + LARGEST] = largest;
    let alpha_3 = control[own + S_BEFORE] * gamma_t;
    if !real_is_finite(zv) || !real_is_finite(alpha_1) {
        leave_status(back, NOT_FINITE);
    } else if zv < 0.0 {
        leave_status(back, BAD_PRECONDITIONER);
    } else if !(alpha_1 > 4.0 * REAL_EPSILON * largest) {
        leave_status(back, BREAKDOWN);
    } else {
        let c_next = alpha_0 / alpha_1;
        let s_next = next / alpha_1;
        control[own + OF_W] = -alpha_3 / alpha_1;
        control[own + OF_W + 1u] = 1.0 / (gamma * alpha_1);
        control[own + OF_W + 2u] = -alpha_2 / alpha_1;
        control[own + OF_X] = 1.0;
        control[own + OF_X + 1u] = c_next * eta;
        control[own + OF_R] = s_next * s_next;
        control[own + OF_R + 1u] = -c_next * eta / alpha_1;
        control[own + GAMMA_BEFORE] = gamma;
        control[own + GAMMA] = next;
        control[own + C_BEFORE] = c;
        control[own + C] = c_next;
        control[own + S_BEFORE] = s;
        control[own + S] = s_next;
        control[own + ETA] = -s_next * eta;
        leave_iteration(back, iteration + 1.0);
    }
#else
    var status = tested(back, rr);
    leave_residual(back, column, rr);
    if status == RUNNING && !real_is_finite(curvature) {
        status = NOT_FINITE;
    }
    if iteration == 0.0 {
        control[own + GAMMA] = sqrt(max(zv, 0.0));
        control[own + ETA] = control[own + GAMMA];
        control[own + NORM_B] = sqrt(rr);
    } else if params.general == 0u && status == RUNNING {
        // From the first iteration on, the sums of this kind are those of x·x.
        if !(control[own + LARGEST] * sqrt(zv) * REAL_EPSILON < control[own + NORM_B]) {
            status = BREAKDOWN;
        }
    }
    let gamma = control[own + GAMMA];
    if status == RUNNING && !(gamma > 0.0) {
        status = select(BREAKDOWN, BAD_PRECONDITIONER, iteration == 0.0);
    }
    leave_status(back, status);
    if status == RUNNING {
        let delta = curvature / (gamma * gamma);
        let before = control[own + GAMMA_BEFORE];
        control[own + DELTA] = delta;
        control[own + LARGEST] = max(control[own + LARGEST], abs(delta));
        control[own + OF_V] = 0.0;
        if before > 0.0 {
            control[own + OF_V] = -gamma / before;
        }
        control[own + OF_V + 1u] = 1.0 / gamma;
        control[own + OF_V + 2u] = -delta / gamma;
    }
#endif
}
