// One step of a panel's Householder reflections: the reflector k−1 goes over the columns c ≥ k, and the sums for the next
// one are begun.   (Golub and Van Loan, Matrix Computations, algorithm 5.1.1; one reduction per column)
//     s = ±‖x‖ with the sign of α = x_p,  v = x + s e_p,  κ = ‖x‖ (‖x‖ + |α|),  I − v vᵀ/κ maps x to −s e_p
//     a_c ← a_c − v w_c,  w_c = (x·a_c + s a_cp)/κ;  x' = the new column k below its pivot;  sums_c = x'·a_c
// All dots of a step are with the raw column x, so that its norm and all its w come from one reduction.
//
// Bindings: params; 1 work, the slab of the panel; 2 x, two columns in turn; 3 v, the reflectors, PANEL columns; 4 sums, two
// halves in turn, each PANEL words per workgroup and PANEL more for the pivot row; 5 triangle, PANEL rows of R by columns;
// 6 diagonal, of R. No launch reads what another workgroup of it writes.
// Mapping: params.groups workgroups, each with a contiguous share of the panel's vec4s; LANES/8 lanes over rows, 8 over
// columns, four columns each. Steps 0 to params.width, a launch each; the last writes R to its place.
// Cost per vec4 of row and step: 16 (3 + 2 (width − step)) bytes (twice in f64), 16 (width − step) flops.
// Needs LANES a power of two, at least 32; workgroup memory for LANES vec4s and more. F64 needs SHADER_F64.
#import common/real
#import common/grid

override LANES: u32 = 64u;
const PANEL: u32 = 32u;
const COLUMN_LANES: u32 = 8u;
// Squared length of a column that counts as zero, where columns began with length one.
#if F64
const NOTHING: real = 1e-200lf;
#else
const NOTHING: real = 1e-30;
#endif

struct Params {
    stride4: u32,
    column: u32,      // first column of the panel in its slab
    first: u32,       // the same in the matrix, and its first row
    width: u32,
    step: u32,
    groups: u32,
    first_quad: u32,
    end_quad: u32,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read_write> work: array<real4>;
@group(0) @binding(2) var<storage, read_write> x: array<real4>;
@group(0) @binding(3) var<storage, read_write> v: array<real4>;
@group(0) @binding(4) var<storage, read_write> sums: array<real>;
@group(0) @binding(5) var<storage, read_write> triangle: array<real>;
@group(0) @binding(6) var<storage, read_write> diagonal: array<real>;

var<workgroup> part_sum: array<real, LANES>;
var<workgroup> part_dots: array<real4, LANES>;
var<workgroup> tile_dots: array<real, PANEL>;
var<workgroup> tile_w: array<real, PANEL>;

// Which of the rows of vec4 q are `row`, and which are not above it.
fn is_row(row: u32, q: u32) -> vec4<bool> {
    return vec4<u32>(4u * q) + vec4<u32>(0u, 1u, 2u, 3u) == vec4<u32>(row);
}
fn from_row(row: u32, q: u32) -> vec4<bool> {
    return vec4<u32>(4u * q) + vec4<u32>(0u, 1u, 2u, 3u) >= vec4<u32>(row);
}

// The reflector on vec4 q of column c, and its part of x'·a_c.
fn advance(c: u32, q: u32, reflector: real4, next: real4) -> real {
    if c < params.step || c >= params.width {
        return 0.0;
    }
    let at = (params.column + c) * params.stride4 + q;
    let a = work[at] - reflector * tile_w[c];
    if c > params.step {
        work[at] = a;
    } else {
        x[(params.step & 1u) * params.stride4 + q] = next;
    }
    let row = params.first + params.step;
    if params.step > 0u && (row - 1u) / 4u == q {
        triangle[c * PANEL + params.step - 1u] = a[(row - 1u) & 3u];
    }
    if row / 4u == q {
        sums[((params.step & 1u) * (params.groups + 1u) + params.groups) * PANEL + c] = a[row & 3u];
    }
    return dot(next, a);
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let group = linear_workgroup(id, count);
    let step = params.step;
    let before = (step + 1u) & 1u;
    let row_lanes = LANES / COLUMN_LANES;
    let row_lane = lane % row_lanes;
    let column_lane = lane / row_lanes;

    // The sums over all workgroups, by each of them in the same order.
    let sums_before = before * (params.groups + 1u) * PANEL;
    var sum: real = 0.0;
    let groups = select(0u, params.groups, step > 0u);
    for (var g = lane / PANEL; g < groups; g += LANES / PANEL) {
        sum += sums[sums_before + g * PANEL + lane % PANEL];
    }
    part_sum[lane] = sum;
    workgroupBarrier();
    if lane < PANEL {
        var total: real = 0.0;
        for (var i = lane; i < LANES; i += PANEL) {
            total += part_sum[i];
        }
        tile_dots[lane] = total;
    }
    workgroupBarrier();
    let pivots = sums_before + params.groups * PANEL;
    var s: real = 0.0;
    var inverse: real = 0.0;
    if step > 0u && tile_dots[step - 1u] > NOTHING {
        let alpha = sums[pivots + step - 1u];
        let norm = sqrt(tile_dots[step - 1u]);
        s = select(norm, -norm, alpha < 0.0);
        inverse = 1.0 / (norm * (norm + abs(alpha)));
    }
    if lane < PANEL && lane >= step && step > 0u {
        tile_w[lane] = inverse * (tile_dots[lane] + s * sums[pivots + lane]);
    }
    if step == 0u && lane < PANEL {
        tile_w[lane] = 0.0;
    }
    workgroupBarrier();

    let quads = params.end_quad - params.first_quad;
    let share = contiguous_share(group, params.groups, quads, row_lanes);
    let end = params.first_quad + share.end;
    let row = params.first + step;
    var dots = real4();
    for (var q = params.first_quad + share.first + row_lane; q < end; q += row_lanes) {
        var reflector = real4();
        if inverse > 0.0 {
            reflector = x[before * params.stride4 + q];
            reflector = select(reflector, reflector + s, is_row(row - 1u, q));
        }
        if step > 0u && column_lane == 0u {
            v[(step - 1u) * params.stride4 + q] = reflector;
        }
        if step < params.width {
            let column = work[(params.column + step) * params.stride4 + q] - reflector * tile_w[step];
            let next = select(real4(), column, from_row(row, q));
            dots += real4(
                advance(column_lane, q, reflector, next),
                advance(column_lane + COLUMN_LANES, q, reflector, next),
                advance(column_lane + 2u * COLUMN_LANES, q, reflector, next),
                advance(column_lane + 3u * COLUMN_LANES, q, reflector, next),
            );
        }
    }
    part_dots[lane] = dots;
    for (var half = row_lanes / 2u; half > 0u; half >>= 1u) {
        workgroupBarrier();
        if row_lane < half {
            part_dots[lane] += part_dots[lane + half];
        }
    }
    if row_lane == 0u && group < params.groups {
        let at = ((step & 1u) * (params.groups + 1u) + group) * PANEL + column_lane;
        let total = part_dots[lane];
        sums[at] = total.x;
        sums[at + COLUMN_LANES] = total.y;
        sums[at + 2u * COLUMN_LANES] = total.z;
        sums[at + 3u * COLUMN_LANES] = total.w;
    }
    if group == 0u && lane == 0u && step > 0u {
        diagonal[row - 1u] = -s;
    }
    if group == 0u && step == params.width {
        let height = (params.width + 3u) / 4u;
        for (var i = lane; i < params.width * height; i += LANES) {
            let c = i / height;
            let at = 4u * (i % height);
            var r: real4;
            for (var k = 0u; k < 4u; k++) {
                // The last diagonal entry was written by this very launch, the others before.
                let entry = select(diagonal[params.first + c], -s, c + 1u == step);
                r[k] = select(0.0, select(triangle[c * PANEL + at + k], entry, at + k == c), at + k <= c);
            }
            work[(params.column + c) * params.stride4 + params.first_quad + at / 4u] = r;
        }
    }
}
