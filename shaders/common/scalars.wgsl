// What the kernels share that compute the scalars of a method: one workgroup per right-hand side (column), whose lane 0
// computes after all lanes have added up the partial sums of the vector kernels.
//
// The words of a column are those of common/cg; the method's own words follow the three kinds of partial sums. The state
// stands in the back block, where the operator looks, and its status and iteration in the front block too, for the host.
// The kernel declares `control` and `history`.
#import common/cg

const BREAKDOWN: real = 7.0; // a divisor of the recurrence is zero, or lost in rounding

// Where a column's words of the method itself begin.
fn own_words(back: u32) -> u32 {
    return back + params.front + SUMS + 3u * params.groups;
}

// The sum of `count` partial sums from word `first` on.
fn total(first: u32, count: u32, lane: u32) -> real {
    var sum: real = 0.0;
    for (var g = lane; g < count; g += LANES) {
        sum += control[first + g];
    }
    return workgroup_sum(sum, lane);
}

// The sum of the vector kernels' partial sums of one kind: 0, 1 or 2.
fn total_of_kind(back: u32, kind: u32, lane: u32) -> real {
    return total(back + params.front + SUMS + kind * params.groups, params.groups, lane);
}

// The sum of xᵀy that the operator's kernel left.
fn total_of_product(back: u32, lane: u32) -> real {
    return total(back + SUMS, params.product_groups, lane);
}

// The test of convergence of a column that runs.
fn tested(back: u32, rr: real) -> real {
    let front = back + params.front;
    if !real_is_finite(rr) {
        return NOT_FINITE;
    }
    if rr <= control[front + GOAL] {
        return REACHED;
    }
    return select(RUNNING, EXHAUSTED, control[back + ITERATION] >= control[front + LIMIT]);
}

// Leaves r·r for the host, and in the history.
fn leave_residual(back: u32, column: u32, rr: real) {
    let iteration = u32(control[back + ITERATION]);
    control[back + RR] = rr;
    if iteration < params.history_stride {
        history[column * params.history_stride + iteration] = rr;
    }
}

// Leaves the status for the operator and the host.
fn leave_status(back: u32, status: real) {
    control[back + STATUS] = status;
    control[back + params.front + STATUS] = status;
}

// Leaves the count of iterations likewise.
fn leave_iteration(back: u32, iteration: real) {
    control[back + ITERATION] = iteration;
    control[back + params.front + ITERATION] = iteration;
}
