// The scalars of a cycle of the generalised minimal residual method, restarted and flexible, right preconditioned:
//
//     (none)    β = ‖r‖ after its test, g = βe₁, step = 0
//     SOLVE     y of R y = g
//     CLOSE     the end, after r was computed anew
//
// Source: Saad and Schultz, SIAM J. Sci. Stat. Comput. 7 (1986); flexible: Saad, SIAM J. Sci. Comput. 14 (1993).
//
// Bindings: 1 control, words as in common/scalars. 2 history of r·r, one word per iteration and column. 3 small, as in
//     common/gmres.
// Grid: one workgroup per column, of which lane 0 computes. At most m² iterations.
// Bytes per column: the partial sums; SOLVE m²/2 reals. Flops per column: theirs; SOLVE m².
// Needs: nothing. Fallback: without subgroups, trees in workgroup memory.
#import common/gmres

override LANES: u32 = 64u;

@group(0) @binding(1) var<storage, read_write> control: array<real>;
@group(0) @binding(2) var<storage, read_write> history: array<real>;
@group(0) @binding(3) var<storage, read_write> small: array<real>;

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
#if SOLVE
    if present && lane == 0u && step > 0u {
        for (var k = step; k > 0u; k--) {
            let i = k - 1u;
            var sum = small[at.g + i];
            for (var j = k; j < step; j++) {
                sum -= small[at.r + j * (m + 1u) + i] * small[at.y + j];
            }
            small[at.y + i] = sum / small[at.r + i * (m + 1u) + i];
        }
        control[back + STATUS] = RUNNING;
    }
#else
#if CLOSE
    if present && lane == 0u && step > 0u {
        control[back + RR] = square;
        control[own + STEP] = 0.0;
        leave_status(back, control[own + FINAL]);
    }
#else
    let running = present && control[back + STATUS] == RUNNING;
    if running && lane == 0u {
        let status = tested(back, square);
        let beta = sqrt(square);
        leave_residual(back, column, square);
        leave_status(back, status);
        control[own + STEP] = 0.0;
        control[own + FINAL] = status;
        control[own + FRESH] = 1.0;
        if status == RUNNING {
            control[own + SCALE] = 1.0 / beta;
            small[at.g] = beta;
        }
    }
#endif
#endif
}
