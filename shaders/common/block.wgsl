// What the kernels of scalars of block conjugate gradients share: one workgroup for all right-hand sides (columns), whose residuals are
// R = W S with a block W of unit vectors (Dubrulle, ETNA 12, 2001).
//
// Slot i of W, P and Q = AP serves every column. The front block of a column's words tells what column i is doing, its back block whether
// slot i is worked on, which the operator and the preconditioner look at.
//
// `small` holds rows of params.columns reals, rounded up to a multiple of four:
//     L of PᵀQ, then its scale, order and rank (0 before the first step); alive: 1 where a slot of W is not zero; S; the sums of a
//     product, and those of another; two combinations for krylov/block_combine: how many rows, which slots they multiply, 1 for each slot
//     that is written, and the coefficients, row after row.
// `products` holds two products of blocks, for each pair (i, j) params.groups partial sums.
// The kernel declares `control`, `history`, `products` and `small`. No more than MOST columns.
#import common/scalars

const MOST: u32 = 32u;
const IDLE: real = 6.0;   // the host has nothing to do for a column, or nobody for a slot
const WITNESS: u32 = 0u; // own word of the first column: the slot whose direction has no curvature

// Columns rounded up.
fn row_length() -> u32 {
    return (params.columns + 3u) / 4u * 4u;
}

// Where row `row` of `small` begins.
fn at_row(row: u32) -> u32 {
    return row * row_length();
}

fn scale_row() -> u32 { return params.columns; }
fn order_row() -> u32 { return params.columns + 1u; }
fn rank_row() -> u32 { return params.columns + 2u; }
fn alive_row() -> u32 { return params.columns + 3u; }
fn s_row() -> u32 { return params.columns + 4u; }
fn sums_row() -> u32 { return 2u * params.columns + 4u; }
fn others_row() -> u32 { return 3u * params.columns + 4u; }
fn combination_row() -> u32 { return 4u * params.columns + 4u; }
fn other_combination_row() -> u32 { return 5u * params.columns + 7u; }

var<workgroup> part_running: u32;
var<workgroup> part_scale: array<real, MOST>;
var<workgroup> part_order: array<u32, MOST>;
// L[i][k] of slot i and pivot k.
var<workgroup> part_l: array<real, MOST * (MOST + 1u)>;
var<workgroup> part_left: array<real, MOST>;
var<workgroup> part_open: array<u32, MOST>;
var<workgroup> part_pivot: u32;
var<workgroup> part_root: real;

fn l_at(slot: u32, k: u32) -> u32 {
    return slot * (MOST + 1u) + k;
}

// Whether a column runs; the same for all lanes.
fn block_runs(lane: u32) -> bool {
    if lane == 0u {
        part_running = 0u;
        for (var column = 0u; column < params.columns; column++) {
            if control[column * params.control_stride + params.front + STATUS] == RUNNING {
                part_running = 1u;
            }
        }
    }
    return workgroupUniformLoad(&part_running) == 1u;
}

// Whether slot i of W is not zero.
fn is_alive(slot: u32) -> bool {
    return small[at_row(alive_row()) + slot] != 0.0;
}

// Entry (i, j) of a product, 0 or 1.
fn product_of(product: u32, i: u32, j: u32) -> real {
    let first = ((product * params.columns + i) * params.columns + j) * params.groups;
    var sum: real = 0.0;
    for (var group = 0u; group < params.groups; group++) {
        sum += products[first + group];
    }
    return sum;
}

// Pivoted Cholesky of the symmetric matrix in the rows of sums, scaled by part_scale to a unit diagonal; slots without scale have no part.
// Pivots that are at most `least` end it, or with `lift` are taken for `least`. Leaves L and the order, and returns the rank. Every
// invocation must call, in uniform control flow.
fn factorise(least: real, lift: bool, lane: u32) -> u32 {
    if lane < params.columns {
        part_open[lane] = select(0u, 1u, part_scale[lane] > 0.0);
        part_left[lane] = 1.0;
    }
    var rank = 0u;
    while rank < params.columns {
        workgroupBarrier();
        if lane == 0u {
            var pivot = MOST;
            var largest: real = -REAL_MAX;
            for (var i = 0u; i < params.columns; i++) {
                if part_open[i] == 1u && part_left[i] > largest {
                    largest = part_left[i];
                    pivot = i;
                }
            }
            if !lift && !(largest > least) {
                pivot = MOST;
            }
            part_pivot = pivot;
            part_root = sqrt(max(largest, least));
        }
        let pivot = workgroupUniformLoad(&part_pivot);
        if pivot == MOST {
            break;
        }
        if lane < params.columns && part_open[lane] == 1u {
            let root = part_root;
            var value = part_scale[lane] * part_scale[pivot] * small[at_row(sums_row() + lane) + pivot];
            for (var m = 0u; m < rank; m++) {
                value -= part_l[l_at(lane, m)] * part_l[l_at(pivot, m)];
            }
            value = select(value / root, root, lane == pivot);
            part_l[l_at(lane, rank)] = value;
            part_left[lane] -= value * value;
            if lane == pivot {
                part_open[lane] = 0u;
                part_order[rank] = pivot;
            }
        }
        rank++;
    }
    workgroupBarrier();
    return rank;
}

// Row k of column `column` of a combination, times `factor`, from G⁺c with c in the rows from `of` on: L y = Dc, Lᵀz = y, G⁺c = Dz.
fn solve(of_row: u32, column: u32, rank: u32, factor: real, combination: u32) {
    let z = at_row(combination + 3u) + column;
    for (var k = 0u; k < rank; k++) {
        let slot = part_order[k];
        var value = part_scale[slot] * small[at_row(of_row + slot) + column];
        for (var m = 0u; m < k; m++) {
            value -= part_l[l_at(slot, m)] * small[z + at_row(m)];
        }
        small[z + at_row(k)] = value / part_l[l_at(slot, k)];
    }
    for (var k = rank; k > 0u; k--) {
        var value = small[z + at_row(k - 1u)];
        for (var m = k; m < rank; m++) {
            value -= part_l[l_at(part_order[m], k - 1u)] * small[z + at_row(m)];
        }
        small[z + at_row(k - 1u)] = value / part_l[l_at(part_order[k - 1u], k - 1u)];
    }
    for (var k = 0u; k < rank; k++) {
        small[z + at_row(k)] *= factor * part_scale[part_order[k]];
    }
}

// What a combination of `rank` slots does to slot `lane`.
fn leave_combination(combination: u32, rank: u32, writes: bool, lane: u32) {
    if lane == 0u {
        small[at_row(combination)] = real(rank);
    }
    if lane < rank {
        small[at_row(combination + 1u) + lane] = real(part_order[lane]);
    }
    if lane < params.columns {
        small[at_row(combination + 2u) + lane] = select(real(0.0), real(1.0), writes);
    }
}
