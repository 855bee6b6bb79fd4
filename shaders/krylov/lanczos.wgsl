// The scalars of the Lanczos process with full re-orthogonalisation, one step of which is
//
//              v₀ = r/‖r‖                        (without flags)
//              w = Av,  h = Vᵀw,  w ← w − Vh, twice; h as in gmres_step
//     CLOSE    α = h of the last vector,  β = ‖w‖,  the next v = w/β
//
// It ends where β is nearly nothing, which closes the space, or after as many steps as are wanted.
// Source: Saad, Numerical Methods for Large Eigenvalue Problems, 2nd ed., algorithm 6.5; Giraud, Langou and others, 2005, for twice.
//
// Bindings: 1 control, words as in common/scalars. 2 history of β², one word per step and column. 3 small, as in common/gmres: α stands
//     where R begins there.
// Grid: one workgroup per column. Bytes per column: the partial sums. Flops per column: theirs.
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
    let column = select(0u, w, w < params.columns);
    let back = column * params.control_stride;
    let own = own_words(back);
    let square = total_of_kind(back, 0u, lane);
    if w >= params.columns || lane != 0u || control[back + STATUS] != RUNNING {
        return;
    }
#if CLOSE
    let at = small_of(column, u32(control[own + RESTART]));
    let step = u32(control[own + STEP]);
    small[at.r + step] = small[at.h + step];
    control[own + STEP] += 1.0;
    leave_iteration(back, control[back + ITERATION] + 1.0);
#endif
    leave_residual(back, column, square);
    leave_status(back, tested(back, square));
    control[own + SCALE] = 1.0 / sqrt(square);
    control[own + FRESH] = 1.0;
}
