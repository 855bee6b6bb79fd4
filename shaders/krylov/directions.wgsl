// The scalars of conjugate directions with a window: the test of ‖r‖ (without flags), the part of z along one direction of the
// window (PROJECT), the step along z (STEP).
// Source: Kaneda et al., ICML 2023, algorithm 1, whose window has two directions; modified Gram–Schmidt.
//
//              z = M⁻¹r, or r itself after a direction that was refused
//     PROJECT  z ← z − (z·Ap/p·Ap)p
//     STEP     α = z·r/z·Az,  x ← x + αz,  r ← r − αAz,  z joins the window
// A direction is refused that is not finite, has no curvature, or is at a right angle to r within rounding: x stays, and the next
// one is r. Only where r itself is refused the column ends. With PATIENCE, as many directions that do not halve ‖r‖ put M aside, for
// four times as many.
//
// Bindings: 1 control, words as in common/scalars. 2 history of r·r, one word per iteration and column.
// Grid: one workgroup per column. Bytes per column: the partial sums. Flops per column: theirs.
// Needs: nothing. Fallback: without subgroups, trees in workgroup memory.
#import common/scalars

override LANES: u32 = 64u;

@group(0) @binding(1) var<storage, read_write> control: array<real>;
@group(0) @binding(2) var<storage, read_write> history: array<real>;

// The method's own words.
const SLOT: u32 = 0u;     // of the window, that comes next
const REFUSED: u32 = 1u;  // so many directions
const PLAIN: u32 = 2u;    // 1: the next direction is r
// Coefficients of the vector steps.
const OF_Z: u32 = 3u;
const OF_PROJECT: u32 = 5u;
const OF_X: u32 = 7u;
const OF_R: u32 = 9u;
const OF_KEEP: u32 = 11u;
const WINDOW: u32 = 17u;  // how many directions it has
const MARK: u32 = 18u;    // r·r when it was last a quarter of what it had been
const AGE: u32 = 19u;     // directions since then
const ASIDE: u32 = 20u;   // directions to come that are r
const PATIENCE: u32 = 21u;
// p·Ap of each direction of the window; 0 of one that is not there yet.
const CURVATURES: u32 = 22u;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let column = linear_workgroup(id, count);
    let back = select(0u, column, column < params.columns) * params.control_stride;
    let own = own_words(back);
    // r·r; then z·z, and z·Ap of the next direction or z·r
    let rr = total_of_kind(back, 0u, lane);
    let zz = total_of_kind(back, 1u, lane);
    let zu = total_of_kind(back, 2u, lane);
    let curvature = total_of_product(back, lane);
    if column >= params.columns || lane != 0u || control[back + STATUS] != RUNNING {
        return;
    }
#if PROJECT
    let slot = control[own + SLOT];
    let of_window = control[own + CURVATURES + u32(slot)];
    var part: real = 0.0;
    if of_window > 0.0 {
        part = -zu / of_window;
    }
    control[own + OF_PROJECT] = 1.0;
    control[own + OF_PROJECT + 1u] = part;
    control[own + SLOT] = slot + 1.0;
#else
#if STEP
    let plain = control[own + PLAIN] != 0.0;
    let finite = real_is_finite(zz) && real_is_finite(zu) && real_is_finite(curvature);
    var refused = true;
    if finite {
        refused = !(curvature > 0.0) || !(abs(zu) > 16.0 * REAL_EPSILON * sqrt(zz) * sqrt(rr));
    }
    var alpha: real = 0.0;
    if refused {
        if plain {
            leave_status(back, select(NOT_FINITE, select(NO_CURVATURE, BREAKDOWN, curvature > 0.0), finite));
        }
        control[own + REFUSED] += 1.0;
    } else {
        alpha = zu / curvature;
        let last = own + CURVATURES + u32(control[own + WINDOW]) - 1u;
        for (var at = own + CURVATURES; at < last; at++) {
            control[at] = control[at + 1u];
        }
        control[last] = curvature;
    }
    control[own + PLAIN] = select(real(0.0), real(1.0), refused);
    control[own + OF_X] = 1.0;
    control[own + OF_X + 1u] = alpha;
    control[own + OF_R] = 1.0;
    control[own + OF_R + 1u] = -alpha;
    control[own + OF_KEEP] = select(real(0.0), real(1.0), refused);
    control[own + OF_KEEP + 1u] = select(real(1.0), real(0.0), refused);
    leave_iteration(back, control[back + ITERATION] + 1.0);
#else
    leave_residual(back, column, rr);
    leave_status(back, tested(back, rr));
    if control[own + PATIENCE] > 0.0 {
        let aside = max(control[own + ASIDE] - 1.0, real(0.0));
        let age = control[own + AGE] + 1.0;
        let is_tired = aside == 0.0 && age > control[own + PATIENCE];
        if control[back + ITERATION] == 0.0 || aside > 0.0 || is_tired || rr <= 0.25 * control[own + MARK] {
            control[own + MARK] = rr;
            control[own + AGE] = 0.0;
        } else {
            control[own + AGE] = age;
        }
        control[own + ASIDE] = select(aside, 4.0 * control[own + PATIENCE], is_tired);
        if control[own + ASIDE] > 0.0 && control[own + PLAIN] == 0.0 {
            control[own + PLAIN] = 1.0;
            control[own + REFUSED] += 1.0;
        }
    }
    let plain = control[own + PLAIN] != 0.0;
    control[own + OF_Z] = select(real(1.0), real(0.0), plain);
    control[own + OF_Z + 1u] = select(real(0.0), real(1.0), plain);
    control[own + SLOT] = 0.0;
#endif
#endif
}
