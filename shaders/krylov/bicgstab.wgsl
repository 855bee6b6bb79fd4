// The scalars of the stabilised bi-conjugate gradient method, right preconditioned: β (without flags), α (ALPHA), ω (OMEGA).
// Source: van der Vorst, SIAM J. Sci. Stat. Comput. 13 (1992), algorithm Bi-CGSTAB.
//
//              ρ = r̂·r,  β = (ρ/ρ₋)(α/ω),  p ← r + β(p − ωv)                     after the test of ‖r‖
//     ALPHA    α = ρ/(r̂·v),  s = r − αv                                          v = AM⁻¹p
//     OMEGA    ω = t·s/t·t,  x ← x + αM⁻¹p + ωM⁻¹s,  r ← s − ωt                  t = AM⁻¹s
//
// A divisor that is no larger than its own rounding is a breakdown, never divided by.
// Bindings: 1 control, words as in common/scalars. 2 history of r·r, one word per iteration and column.
// Grid: one workgroup per column. Bytes per column: the partial sums. Flops per column: theirs.
// Needs: nothing. Fallback: without subgroups, trees in workgroup memory.
#import common/scalars

override LANES: u32 = 64u;

@group(0) @binding(1) var<storage, read_write> control: array<real>;
@group(0) @binding(2) var<storage, read_write> history: array<real>;

// The method's own words.
const OF_RHO: u32 = 0u;
const OF_ALPHA: u32 = 1u;
const OF_OMEGA: u32 = 2u;
const SHADOW: u32 = 3u; // r̂·r̂, from the host
// Coefficients of the vector steps.
const OF_P: u32 = 4u;
const OF_S: u32 = 7u;
const OF_X: u32 = 9u;
const OF_R: u32 = 12u;

// Whether a·b is lost in the rounding of its terms, from a·b, a·a and b·b.
fn is_lost(ab: real, aa: real, bb: real) -> bool {
    return !(abs(ab) > REAL_EPSILON * sqrt(aa) * sqrt(bb));
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let column = linear_workgroup(id, count);
    let back = select(0u, column, column < params.columns) * params.control_stride;
    let own = own_words(back);
    // r·r, r̂·r and nothing; of v: s·s of before, v·v, r̂·v; of t: s·s, t·t, t·s
    let first = total_of_kind(back, 0u, lane);
    let second = total_of_kind(back, 1u, lane);
    let third = total_of_kind(back, 2u, lane);
    if column >= params.columns || lane != 0u || control[back + STATUS] != RUNNING {
        return;
    }
    let iteration = control[back + ITERATION];
#if ALPHA
    let rho = control[own + OF_RHO];
    if !real_is_finite(second) || !real_is_finite(third) {
        leave_status(back, NOT_FINITE);
    } else if is_lost(third, second, control[own + SHADOW]) {
        leave_status(back, BREAKDOWN);
    } else {
        let alpha = rho / third;
        control[own + OF_ALPHA] = alpha;
        control[own + OF_S] = 1.0;
        control[own + OF_S + 1u] = -alpha;
        control[own + OF_X] = 1.0;
        control[own + OF_X + 1u] = alpha;
    }
#else
#if OMEGA
    if !real_is_finite(second) || !real_is_finite(third) {
        leave_status(back, NOT_FINITE);
    } else {
        // Without an ω the step along p remains, and the test of the next iteration decides.
        var omega: real = 0.0;
        if !is_lost(third, second, first) {
            omega = third / second;
        }
        control[own + OF_OMEGA] = omega;
        control[own + OF_X + 2u] = omega;
        control[own + OF_R] = 1.0;
        control[own + OF_R + 1u] = -omega;
        leave_iteration(back, iteration + 1.0);
    }
#else
    let before = control[own + OF_RHO];
    let omega = control[own + OF_OMEGA];
    var status = tested(back, first);
    leave_residual(back, column, first);
    if status == RUNNING && !real_is_finite(second) {
        status = NOT_FINITE;
    }
    if status == RUNNING && (is_lost(second, first, control[own + SHADOW]) || (iteration > 0.0 && omega == 0.0)) {
        status = BREAKDOWN;
    }
    leave_status(back, status);
    if status == RUNNING {
        var beta: real = 0.0;
        if iteration > 0.0 {
            beta = second / before * (control[own + OF_ALPHA] / omega);
        }
        control[own + OF_RHO] = second;
        control[own + OF_P] = beta;
        control[own + OF_P + 1u] = 1.0;
        control[own + OF_P + 2u] = -beta * omega;
    }
#endif
#endif
}
