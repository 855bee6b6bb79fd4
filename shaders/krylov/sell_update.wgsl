// What algebraic multigrid does with a sparse matrix M, square or not, in SELL-C-σ:
//     y ← [y] + M x                                       restriction and [prolongation]
//     y ← [x] + c₁([x] − [y]) + c₂(f − [M x])             FIT: residual and smoothing
// where what stands in brackets counts as zero unless params.terms has its bit. The second is a step of Chebyshev's iteration
// in three terms: y holds the approximation before x, and gets the one after it. Source: Lottes, Optimal polynomial
// smoothers for multigrid V-cycles, Numer. Linear Algebra Appl. 30, 2023, section 3; SELL: Kreutzer et al., SIAM J. Sci.
// Comput. 36 (2014).
//
// Bindings: 1 control, words as in common/cg; a column whose first word is not 0 is skipped. 2 pattern, as in
//     common/sell_pattern. 3 values, four rows of a slice to a vec4; a padding entry has value 0. 4 x: scalars per column. 5
//     y, and with FIT 6 f: vec4s per column.
// Grid: params.groups workgroups per column, each with a contiguous share of the quads (four rows), params.lanes_per_quad
//     invocations to a quad, which share its entries.
// Bytes per entry: 4 and a real, and per row 2 reals (x, y); 3 with FIT. Flops per entry: 2; per row: 1, with FIT 5.
// Needs: LANES reals4 of workgroup memory. Fallback: none.
#import common/real
#import common/grid
#import common/sell_pattern

override LANES: u32 = 64u;

struct Params {
    quads: u32,           // four rows each, of this part of the matrix
    first_quad: u32,      // where they begin in y
    x4: u32,              // vec4s from one column of x to the next
    y4: u32,              // vec4s from one column of y and f to the next
    columns: u32,
    groups: u32,          // workgroups per column
    control_stride: u32,
    slice_quads: u32,     // C/4
    columns_at: u32,      // vec4s of the pattern before the columns
    lanes_per_quad: u32,  // a power of two, at most LANES
    terms: u32,
    c1: f32,
    c2: f32,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> control: array<real>;
@group(0) @binding(2) var<storage, read> pattern: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read> values: array<real4>;
@group(0) @binding(4) var<storage, read> x: array<real>;
@group(0) @binding(5) var<storage, read_write> y: array<real4>;
#if FIT
@group(0) @binding(6) var<storage, read> f: array<real4>;
#endif

// Bits of params.terms.
const PRODUCT: u32 = 1u;
const OWN_X: u32 = 2u;
const OWN_Y: u32 = 4u;

var<workgroup> part_quads: u32;
var<workgroup> part_product: array<real4, LANES>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let w = linear_workgroup(id, count);
    let present = w < params.groups * params.columns;
    let column = select(0u, w / params.groups, present);
    let group = w % params.groups;
    let live = present && control[column * params.control_stride] == 0.0;

    // Uniform, for the sake of the barriers in the loop.
    if lane == 0u {
        part_quads = select(0u, params.quads, live);
    }
    let quads = workgroupUniformLoad(&part_quads);
    // Neighbouring lanes take neighbouring quads.
    let step = LANES / params.lanes_per_quad;
    let slot = lane / step;
    let share = contiguous_share(group, params.groups, quads, step);
    let first = 4u * column * params.x4;
    for (var top = share.first; top < share.end; top += step) {
        let q = top + lane % step;
        var product = real4();
        if q < share.end && (params.terms & PRODUCT) != 0u {
            let slice = q / params.slice_quads;
            let end = slice_ptr(slice + 1u);
            let stride = params.slice_quads * params.lanes_per_quad;
            for (var k = slice_ptr(slice) + q % params.slice_quads + slot * params.slice_quads; k < end; k += stride) {
                let at = first + columns_of(k);
                product += values[k] * real4(x[at.x], x[at.y], x[at.z], x[at.w]);
            }
        }
        if params.lanes_per_quad > 1u {
            part_product[lane] = product;
            for (var half = params.lanes_per_quad / 2u; half > 0u; half >>= 1u) {
                workgroupBarrier();
                if slot < half {
                    part_product[lane] += part_product[lane + half * step];
                }
            }
            product = part_product[lane];
            workgroupBarrier();
        }
        if slot == 0u && q < share.end {
            let row = column * params.y4 + params.first_quad + q;
            var before = real4();
            if (params.terms & OWN_Y) != 0u {
                before = y[row];
            }
#if FIT
            var own = real4();
            if (params.terms & OWN_X) != 0u {
                let at = first + 4u * (params.first_quad + q);
                own = real4(x[at], x[at + 1u], x[at + 2u], x[at + 3u]);
            }
            y[row] = own + real(params.c1) * (own - before) + real(params.c2) * (f[row] - product);
#else
            y[row] = before + product;
#endif
        }
    }
}
