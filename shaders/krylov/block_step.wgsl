// ξ = G⁺(PᵀW) of block conjugate gradients with G = PᵀQ, Q = AP: X ← X + P(ξS) and W ← W − Qξ, for residuals R = WS.
// Source: O'Leary, Linear Algebra Appl. 29, 1980; Dubrulle, ETNA 12, 2001. G⁺ is by Cholesky with pivots of a unit diagonal: directions that
// depend on others within rounding have no part in this step (Ji and Li, BIT 57, 2017), and nothing is divided by what is left of them.
//
// Bindings: 1 control, words as in common/scalars: iterations are counted here. 2 history, not looked at. 3 products: PᵀQ (where j ≤ i) and PᵀW. 4 small, as in common/block: L, scale, order and rank; the first combination gets
//     ξS, the second −ξ.
// Grid: one workgroup. Bytes: the partial sums. Flops: theirs, and 5 columns³.
// Needs: 9 KiB of workgroup memory in f64. Fallback: without subgroups, trees in workgroup memory.
#import common/block

override LANES: u32 = 64u;

@group(0) @binding(1) var<storage, read_write> control: array<real>;
@group(0) @binding(2) var<storage, read_write> history: array<real>;
@group(0) @binding(3) var<storage, read> products: array<real>;
@group(0) @binding(4) var<storage, read_write> small: array<real>;

var<workgroup> part_status: real;

// What the curvatures say.
fn status_of(rounding: real) -> real {
    var largest: real = 0.0;
    var smallest = REAL_MAX;
    var witness = 0u;
    for (var i = 0u; i < params.columns; i++) {
        if is_alive(i) {
            let curvature = small[at_row(sums_row() + i) + i];
            largest = max(largest, curvature);
            if curvature < smallest {
                smallest = curvature;
                witness = i;
            }
        }
    }
    if largest > 0.0 && smallest >= -rounding * largest {
        return RUNNING;
    }
    control[own_words(0u) + WITNESS] = real(witness);
    return NO_CURVATURE;
}

@compute @workgroup_size(LANES)
fn main(@builtin(local_invocation_index) lane: u32) {
    let s = params.columns;
    let runs = block_runs(lane);
    // The sums of s products of unit vectors are told from zero above this.
    let rounding = 10.0 * real(s) * REAL_EPSILON;

    var bad: real = 0.0;
    for (var e = lane; e < s * s && runs; e += LANES) {
        let i = e / s;
        let j = e % s;
        var g: real = 0.0;
        var c: real = 0.0;
        if is_alive(i) && is_alive(j) {
            g = product_of(0u, max(i, j), min(i, j));
            c = product_of(1u, i, j);
        }
        small[at_row(sums_row() + i) + j] = g;
        small[at_row(others_row() + i) + j] = c;
        bad += select(real(1.0), real(0.0), real_is_finite(g) && real_is_finite(c));
    }
    bad = workgroup_sum(bad, lane);
    storageBarrier();
    if lane == 0u && runs {
        if bad > 0.0 {
            part_status = NOT_FINITE;
        } else {
            part_status = status_of(rounding);
        }
    }
    workgroupBarrier();
    let goes = runs && part_status == RUNNING;

    // G = D⁻¹LLᵀD⁻¹
    if lane < s {
        let curvature = small[at_row(sums_row() + lane) + lane];
        part_scale[lane] = 0.0;
        if goes && is_alive(lane) && curvature > 0.0 {
            part_scale[lane] = 1.0 / sqrt(curvature);
        }
    }
    let rank = factorise(rounding, false, lane);
    for (var e = lane; e < rank * s; e += LANES) {
        small[at_row(e / rank) + e % rank] = part_l[l_at(e / rank, e % rank)];
    }
    if lane < s && goes {
        small[at_row(scale_row()) + lane] = part_scale[lane];
    }
    if lane < rank {
        small[at_row(order_row()) + lane] = real(part_order[lane]);
    }
    if lane == 0u && goes {
        small[at_row(rank_row())] = real(rank);
    }

    // −ξ
    let alive = lane < s && goes && is_alive(min(lane, s - 1u));
    if alive {
        solve(others_row(), lane, rank, -1.0, other_combination_row());
    }
    leave_combination(other_combination_row(), rank, alive, lane);
    storageBarrier();
    // ξS
    let xi = at_row(other_combination_row() + 3u);
    for (var e = lane; e < rank * s; e += LANES) {
        let column = e % s;
        var value: real = 0.0;
        for (var j = 0u; j < s; j++) {
            if is_alive(j) {
                value -= small[xi + at_row(e / s) + j] * small[at_row(s_row() + j) + column];
            }
        }
        small[at_row(combination_row() + 3u + e / s) + column] = value;
    }

    let back = min(lane, s - 1u) * params.control_stride;
    let status = control[back + params.front + STATUS];
    let writes = lane < s && goes && status == RUNNING;
    leave_combination(combination_row(), rank, writes, lane);
    if writes {
        leave_iteration(back, control[back + ITERATION] + 1.0);
    }
    if lane < s && runs && !goes {
        leave_status(back, select(status, part_status, status == RUNNING));
    }
}
