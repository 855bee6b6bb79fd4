// W ← Wρ⁻¹ and S ← ρS with H = WᵀW = ρᵀρ, which keeps the residuals R = WS of block conjugate gradients and makes W orthonormal; r·r and
// the test of convergence. START: before the first step, with S = I.
// Source: Dubrulle, ETNA 12, 2001 (BCGrQ), by Cholesky with pivots of a unit diagonal. Pivots that rounding leaves nothing of are lifted as in
// shifted Cholesky (Fukaya et al., SIAM J. Sci. Comput. 42, 2020): nothing of R is lost, and the next steps finish what this one began.
//
// Bindings: 1 control, words as in common/scalars: columns end all at once, when all have reached their goals, or one its limit. 2 history
//     of r·r, one word per iteration and column. 3 products: WᵀW (where j ≤ i). 4 small, as in common/block: S and alive; the first
//     combination gets ρ⁻¹.
// Grid: one workgroup. Bytes: the partial sums. Flops: theirs, and 2 columns³.
// Needs: 9 KiB of workgroup memory in f64. Fallback: without subgroups, trees in workgroup memory.
#import common/block

override LANES: u32 = 64u;

@group(0) @binding(1) var<storage, read_write> control: array<real>;
@group(0) @binding(2) var<storage, read_write> history: array<real>;
@group(0) @binding(3) var<storage, read> products: array<real>;
@group(0) @binding(4) var<storage, read_write> small: array<real>;

// S ← ρS in a column, and its r·r: rows of ρ come in the order of the pivots, and each takes rows not yet overwritten.
fn multiply(column: u32, rank: u32) -> real {
    var rr: real = 0.0;
    let at = at_row(s_row()) + column;
    for (var k = 0u; k < rank; k++) {
        var value: real = 0.0;
        for (var m = k; m < rank; m++) {
            let slot = part_order[m];
            value += part_l[l_at(slot, k)] / part_scale[slot] * small[at + at_row(slot)];
        }
        small[at + at_row(part_order[k])] = value;
        rr += value * value;
    }
    for (var i = 0u; i < params.columns; i++) {
        if part_scale[i] == 0.0 {
            small[at + at_row(i)] = 0.0;
        }
    }
    return rr;
}

// The column of ρ⁻¹ = DL⁻ᵀ that belongs to pivot k.
fn invert(k: u32, rank: u32) {
    let t = at_row(combination_row() + 3u) + part_order[k];
    for (var m = k + 1u; m < rank; m++) {
        small[t + at_row(m)] = 0.0;
    }
    small[t + at_row(k)] = 1.0 / part_l[l_at(part_order[k], k)];
    for (var m = k; m > 0u; m--) {
        var value: real = 0.0;
        for (var l = m; l <= k; l++) {
            value -= part_l[l_at(part_order[l], m - 1u)] * small[t + at_row(l)];
        }
        small[t + at_row(m - 1u)] = value / part_l[l_at(part_order[m - 1u], m - 1u)];
    }
    for (var m = 0u; m <= k; m++) {
        small[t + at_row(m)] *= part_scale[part_order[m]];
    }
}

@compute @workgroup_size(LANES)
fn main(@builtin(local_invocation_index) lane: u32) {
    let s = params.columns;
    let runs = block_runs(lane);
    let slot = min(lane, s - 1u);
    let back = slot * params.control_stride;
#if START
    if lane < s {
        let open = control[back + STATUS] == RUNNING;
        small[at_row(alive_row()) + lane] = select(real(0.0), real(1.0), open);
        for (var i = 0u; i < s; i++) {
            small[at_row(s_row() + i) + lane] = select(real(0.0), real(1.0), i == lane && open);
        }
    }
    if lane == 0u {
        small[at_row(rank_row())] = 0.0;
    }
    storageBarrier();
#endif

    var bad: real = 0.0;
    for (var e = lane; e < s * s && runs; e += LANES) {
        let i = e / s;
        let j = e % s;
        var h: real = 0.0;
        if is_alive(i) && is_alive(j) {
            h = product_of(0u, max(i, j), min(i, j));
        }
        small[at_row(sums_row() + i) + j] = h;
        bad += select(real(1.0), real(0.0), real_is_finite(h));
    }
    bad = workgroup_sum(bad, lane);
    storageBarrier();

    // H = D⁻¹LLᵀD⁻¹, ρ = LᵀD⁻¹
    if lane < s {
        let square = small[at_row(sums_row() + lane) + lane];
        part_scale[lane] = 0.0;
        if runs && bad == 0.0 && square > 0.0 {
            part_scale[lane] = 1.0 / sqrt(square);
        }
    }
    let rank = factorise(10.0 * real(s) * REAL_EPSILON, true, lane);
    var rr: real = 0.0;
    if lane < s && runs && bad == 0.0 {
        rr = multiply(lane, rank);
        small[at_row(alive_row()) + lane] = select(real(0.0), real(1.0), part_scale[lane] > 0.0);
    }
    if lane < rank {
        invert(lane, rank);
    }
    leave_combination(combination_row(), rank, lane < s && part_scale[slot] > 0.0, lane);

    // All columns end at once.
    let before = control[back + params.front + STATUS];
    let running = lane < s && before == RUNNING;
    var status = before;
    if running {
        leave_residual(back, lane, rr);
        status = tested(back, rr);
    }
    let ends = workgroup_sum3(
        real3(
            select(real(0.0), real(1.0), running && status == RUNNING),
            select(real(0.0), real(1.0), running && status == EXHAUSTED),
            bad + select(real(0.0), real(1.0), running && status == NOT_FINITE),
        ),
        lane,
    );
    if lane < s && runs {
        if ends.z > 0.0 {
            leave_status(back, select(before, NOT_FINITE, running));
        } else if ends.x == 0.0 || ends.y > 0.0 {
            leave_status(back, select(before, select(EXHAUSTED, REACHED, status == REACHED), running));
        } else {
            control[back + STATUS] = select(IDLE, RUNNING, part_scale[slot] > 0.0);
        }
    }
}
