// The scalars of Richardson's iteration x ← x + M⁻¹r: the test of ‖r‖, and the count. What grows a thousandfold diverges, and ends in a
// breakdown.
// Source: Saad, Iterative Methods for Sparse Linear Systems, 2nd ed., equation 4.34.
//
// Bindings: 1 control, words as in common/scalars. 2 history of r·r, one word per iteration and column.
// Grid: one workgroup per column. Bytes per column: the partial sums. Flops per column: theirs.
// Needs: nothing. Fallback: without subgroups, trees in workgroup memory.
#import common/scalars

override LANES: u32 = 64u;

@group(0) @binding(1) var<storage, read_write> control: array<real>;
@group(0) @binding(2) var<storage, read_write> history: array<real>;

// The method's own word: the least r·r so far.
const LEAST: u32 = 0u;

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
    if column >= params.columns || lane != 0u || control[back + STATUS] != RUNNING {
        return;
    }
    let iteration = control[back + ITERATION];
    let least = select(min(control[own + LEAST], rr), rr, iteration == 0.0);
    control[own + LEAST] = least;
    leave_residual(back, column, rr);
    var status = tested(back, rr);
    if status == RUNNING && rr > 1e6 * least {
        status = BREAKDOWN;
    }
    leave_status(back, status);
    if status == RUNNING {
        leave_iteration(back, iteration + 1.0);
    }
}
