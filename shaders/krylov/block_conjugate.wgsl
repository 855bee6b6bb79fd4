// β = −G⁺(QᵀZ) of block conjugate gradients, with G = PᵀQ as krylov/block_step has factorised it: P ← Z + Pβ is conjugate to the block
// before, whatever gave Z.
// Source: O'Leary, Linear Algebra Appl. 29, 1980; without a rank, as before the first step, P ← Z.
//
// Bindings: 1 control, 2 history, not looked at. 3 products, of which the first is QᵀZ. 4 small, as in common/block: the first combination
//     gets β.
// Grid: one workgroup. Bytes: the partial sums. Flops: theirs, and 2 columns³.
// Needs: 9 KiB of workgroup memory in f64. Fallback: none.
#import common/block

override LANES: u32 = 64u;

@group(0) @binding(1) var<storage, read_write> control: array<real>;
@group(0) @binding(2) var<storage, read_write> history: array<real>;
@group(0) @binding(3) var<storage, read> products: array<real>;
@group(0) @binding(4) var<storage, read_write> small: array<real>;

@compute @workgroup_size(LANES)
fn main(@builtin(local_invocation_index) lane: u32) {
    let s = params.columns;
    let runs = block_runs(lane);
    let rank = select(0u, u32(small[at_row(rank_row())]), runs);
    for (var e = lane; e < rank * s; e += LANES) {
        part_l[l_at(e / rank, e % rank)] = small[at_row(e / rank) + e % rank];
    }
    for (var i = lane; i < s; i += LANES) {
        part_scale[i] = small[at_row(scale_row()) + i];
        part_order[i] = u32(small[at_row(order_row()) + i]);
    }
    workgroupBarrier();
    for (var e = lane; e < rank * s; e += LANES) {
        let i = part_order[e / s];
        small[at_row(sums_row() + i) + e % s] = product_of(0u, i, e % s);
    }
    storageBarrier();
    let writes = lane < s && runs && is_alive(min(lane, s - 1u));
    if writes {
        solve(sums_row(), lane, rank, -1.0, combination_row());
    }
    leave_combination(combination_row(), rank, writes, lane);
}
