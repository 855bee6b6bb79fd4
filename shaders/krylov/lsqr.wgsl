// The scalars of LSQR, by the bidiagonalisation that begins with Aᵀb (Bidiag 2): the length of v with the test of ‖Aᵀr‖ (without flags),
// and that of p with the steps that follow from it (STEP).
// Source: Paige and Saunders, ACM Trans. Math. Softw. 8 (1982), sections 3 and 4.1, with AV = PR, R upper bidiagonal.
//
//              θ = ‖v‖,  ‖Aᵀr‖ = θ|τ|,  p ← Av/θ − (θ/ρ)p
//     STEP     ρ = ‖p‖,  τ ← −(θ/ρ)τ,  d ← (v/θ − θd)/ρ,  x ← x + τd,  v ← Aᵀp/ρ − (ρ/θ)v
// τ is −1 at first. v and p are θ and ρ times the unit vectors of the papers; ρ within the rounding of the largest entry of R so far says
// that A maps v to what it has had already.
//
// Bindings: 1 control, words as in common/scalars. 2 history of the squares of ‖Aᵀr‖, one word per iteration and column.
// Grid: one workgroup per column. Bytes per column: the partial sums. Flops per column: theirs.
// Needs: nothing. Fallback: without subgroups, trees in workgroup memory.
#import common/scalars

override LANES: u32 = 64u;

@group(0) @binding(1) var<storage, read_write> control: array<real>;
@group(0) @binding(2) var<storage, read_write> history: array<real>;

// The method's own words.
const THETA: u32 = 0u;
const DIAGONAL: u32 = 1u; // ρ, of R
const TAU: u32 = 2u;
const LARGEST: u32 = 3u; // of the entries of R
// Coefficients of the vector steps.
const OF_P: u32 = 4u;
const OF_D: u32 = 6u;
const OF_X: u32 = 8u;
const OF_V: u32 = 10u;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let column = linear_workgroup(id, count);
    let back = select(0u, column, column < params.columns) * params.control_stride;
    let own = own_words(back);
    let of_v = total_of_kind(back, 0u, lane);
    let of_p = total_of_kind(back, 1u, lane);
    if column >= params.columns || lane != 0u || control[back + STATUS] != RUNNING {
        return;
    }
    let tau = control[own + TAU];
#if STEP
    let theta = control[own + THETA];
    let rho = sqrt(of_p);
    let largest = max(control[own + LARGEST], max(theta, rho));
    control[own + LARGEST] = largest;
    if !real_is_finite(rho) {
        leave_status(back, NOT_FINITE);
    } else if !(rho > REAL_EPSILON * largest) {
        leave_status(back, BREAKDOWN);
    } else {
        let iteration = control[back + ITERATION];
        let next = -theta / rho * tau;
        control[own + OF_D] = select(-theta / rho, 0.0, iteration == 0.0);
        control[own + OF_D + 1u] = 1.0 / (theta * rho);
        control[own + OF_X] = 1.0;
        control[own + OF_X + 1u] = next;
        control[own + OF_V] = -rho / theta;
        control[own + OF_V + 1u] = 1.0 / rho;
        control[own + DIAGONAL] = rho;
        control[own + TAU] = next;
        leave_iteration(back, iteration + 1.0);
    }
#else
    let rr = of_v * tau * tau;
    leave_residual(back, column, rr);
    let status = tested(back, rr);
    leave_status(back, status);
    if status == RUNNING {
        let theta = sqrt(of_v);
        let rho = control[own + DIAGONAL];
        control[own + THETA] = theta;
        control[own + OF_P] = 0.0;
        if rho > 0.0 {
            control[own + OF_P] = -theta / rho;
        }
        control[own + OF_P + 1u] = 1.0 / theta;
    }
#endif
}
