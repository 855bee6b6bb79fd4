// w = T⁻ᵀ Vᵀ A by forward substitution, with T the upper triangle of VᵀV, its diagonal halved: the product of a block's
// reflections is I − V T⁻¹ Vᵀ.   (Puglisi, SIAM J. Sci. Stat. Comput. 13, 1992)
//
// Bindings: params; 1 partials, read, for each split 32 columns of VᵀV and then those of VᵀA, of 32 scalars each (see
// linalg/qr_products); 2 weights, written, 32 scalars for each column of VᵀA.
// Mapping: one invocation per column of A, LANES of them per workgroup.
// Cost per column: 128 bytes read per split and 128 written (twice in f64), about 1100 flops.
// Needs 32 × 32 scalars of workgroup memory. F64 needs SHADER_F64. Fallback: none needed.
#import common/real
#import common/grid

override LANES: u32 = 32u;
const PANEL: u32 = 32u;

struct Params {
    columns: u32,
    width: u32,     // of the block, at most 32; the weights past it are zero
    splits: u32,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> partials: array<real>;
@group(0) @binding(2) var<storage, read_write> weights: array<real>;

var<workgroup> tile_square: array<real, PANEL * PANEL>;

// The sum over all splits of an entry of [VᵀV VᵀA].
fn product(column: u32, i: u32) -> real {
    var sum: real = 0.0;
    for (var split = 0u; split < params.splits; split++) {
        sum += partials[(split * (PANEL + params.columns) + column) * PANEL + i];
    }
    return sum;
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    for (var i = lane; i < PANEL * PANEL; i += LANES) {
        tile_square[i] = product(i / PANEL, i % PANEL);
    }
    workgroupBarrier();
    let column = linear_workgroup(id, count) * LANES + lane;
    if column < params.columns {
        var w: array<real, PANEL>;
        for (var i = 0u; i < params.width; i++) {
            var rest = product(PANEL + column, i);
            for (var k = 0u; k < i; k++) {
                rest -= tile_square[i * PANEL + k] * w[k];
            }
            let halved = 0.5 * tile_square[i * PANEL + i];
            // A column of nothing has no reflection.
            w[i] = select(0.0, rest / select(1.0, halved, halved > 0.0), halved > 0.0);
        }
        for (var i = 0u; i < PANEL; i++) {
            weights[column * PANEL + i] = select(0.0, w[i], i < params.width);
        }
    }
}
