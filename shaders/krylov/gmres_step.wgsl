// The scalars of a step of the generalised minimal residual method:
//
//     (none)    h ← h + Vᵀw, of which Gram–Schmidt takes the last part off w next
//     ROTATE    h₊ = ‖w‖; the rotations so far on (h, h₊), a new one that makes h₊ zero, likewise on g, whose last entry
//               is ‖r‖ up to its sign; step ← step + 1
//
// Source: Saad and Schultz, SIAM J. Sci. Stat. Comput. 7 (1986).
//
// Bindings: 1 control, words as in common/scalars. 2 history of r·r, one word per iteration and column. 3 small, as in
//     common/gmres. 4 products, partial sums as of basis_products (not with ROTATE).
// Grid: one workgroup per column; a lane for each entry of h, with ROTATE lane 0 alone.
// Bytes per column: the partial sums. Flops per column: theirs; ROTATE 8 m.
// Needs: nothing. Fallback: without subgroups, trees in workgroup memory.
#import common/gmres

override LANES: u32 = 64u;

@group(0) @binding(1) var<storage, read_write> control: array<real>;
@group(0) @binding(2) var<storage, read_write> history: array<real>;
@group(0) @binding(3) var<storage, read_write> small: array<real>;
#if !ROTATE
@group(0) @binding(4) var<storage, read> products: array<real>;
#endif

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let w = linear_workgroup(id, count);
    let present = w < params.columns;
    let column = select(0u, w, present);
    let back = column * params.control_stride;
    let own = own_words(back);
    let square = total_of_kind(back, 0u, lane);
    let m = u32(control[own + RESTART]);
    let step = u32(control[own + STEP]);
    let at = small_of(column, m);
    let running = present && control[back + STATUS] == RUNNING;
#if ROTATE
    if running && lane == 0u {
        let iteration = control[back + ITERATION] + 1.0;
        let next = sqrt(square);
        var length = square;
        let column_of_r = at.r + step * (m + 1u);
        for (var i = 0u; i <= step; i++) {
            let value = small[at.h + i];
            length += value * value;
            small[column_of_r + i] = value;
        }
        for (var i = 0u; i < step; i++) {
            let above = small[column_of_r + i];
            let below = small[column_of_r + i + 1u];
            small[column_of_r + i] = small[at.cosines + i] * above + small[at.sines + i] * below;
            small[column_of_r + i + 1u] = small[at.cosines + i] * below - small[at.sines + i] * above;
        }
        let pivot = small[column_of_r + step];
        let diagonal = sqrt(pivot * pivot + square);
        var status = RUNNING;
        var done = control[own + STEP];
        if !real_is_finite(length) || !real_is_finite(diagonal) {
            status = NOT_FINITE;
        } else if !(diagonal > REAL_EPSILON * sqrt(length)) {
            // A times the new direction lies in the space already, and brings nothing to it.
            status = BREAKDOWN;
        } else {
            let c = pivot / diagonal;
            let s = next / diagonal;
            let last = small[at.g + step];
            small[column_of_r + step] = diagonal;
            small[at.cosines + step] = c;
            small[at.sines + step] = s;
            small[at.g + step] = c * last;
            small[at.g + step + 1u] = -s * last;
            done += 1.0;
            let rr = (s * last) * (s * last);
            leave_iteration(back, iteration);
            leave_residual(back, column, rr);
            status = tested(back, rr);
        }
        control[own + STEP] = done;
        control[own + FINAL] = status;
        control[own + FRESH] = 1.0;
        leave_status(back, status);
        // The space is exhausted, or full: the cycle ends, and the next one begins from the residual.
        if status == RUNNING && (!(next > REAL_EPSILON * sqrt(length)) || u32(done) >= m) {
            status = EXHAUSTED;
        }
        if status == RUNNING {
            control[own + SCALE] = 1.0 / next;
        }
        control[back + STATUS] = status;
    }
#else
    if running {
        let fresh = control[own + FRESH] != 0.0;
        for (var i = lane; i <= min(step, m); i += LANES) {
            var sum: real = 0.0;
            for (var group = 0u; group < params.groups; group++) {
                sum += products[(column * (m + 1u) + i) * params.groups + group];
            }
            small[at.part + i] = sum;
            if fresh {
                small[at.h + i] = sum;
            } else {
                small[at.h + i] += sum;
            }
        }
    }
    storageBarrier();
    if running && lane == 0u {
        control[own + FRESH] = 0.0;
    }
#endif
}
