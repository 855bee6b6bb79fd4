// y = A x for the 5- or 7-point stencil with one weight per axis, (A x)_i = Σ_j w_ij (x_i − x_j) over the links of cell
// i, and the partial sums of xᵀy. Source: LeVeque, Finite Difference Methods, 2007, section 3.2; marching along one axis:
// Micikevicius, 3D finite difference computation on GPUs, GPGPU-2, 2009.
//
// Bindings: 1 control, words as in common/cg; a column whose first word is not 0 is skipped. 2 weights: along x, the
//     marching axis and the cross axis, then the sum over all links of an inner cell. 3 x, 4 y: vec4s per column, each
//     row of cells padded to a multiple of 4; padding and inactive cells of x are 0 and those of y become so. LINKS:
//     5 links, a byte per cell: bits 0–1, 2–3, 4–5 count the links along x, the marching axis and the cross axis; bit 6
//     marks unknowns.
// Grid: params.groups workgroups per column, each with a share of consecutive tasks. A task is `march` steps along the
//     marching axis with 4 cells, and as many of the next row along the cross axis: what is above in one step is in the
//     middle in the next. FLAT: one row; there is no cross axis.
// Bytes per cell: 2 reals; LINKS: and 1 byte. Flops per cell: 13; FLAT: 9; LINKS: 5 more.
// Needs: nothing. Fallback: without subgroups, a tree in workgroup memory.
#import common/real
#import common/reduce
#import common/grid

override LANES: u32 = 64u;

struct Params {
    columns: u32,
    groups: u32,          // workgroups per column
    control_stride: u32,
    stride4: u32,         // vec4s from one column of x and y to the next
    cells: u32,           // along x
    row4: u32,            // vec4s of a row along x
    march_count: u32,     // cells along the marching axis
    march_step: u32,      // vec4s from one to the next
    cross_count: u32,     // likewise for the cross axis
    cross_step: u32,
    march: u32,           // steps of a task
    closed: u32,          // bit per side (low x, high x, low march, …): no flux; otherwise 0 lies beyond
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read_write> control: array<real>;
@group(0) @binding(2) var<storage, read> weights: array<real, 4>;
@group(0) @binding(3) var<storage, read> x: array<real4>;
@group(0) @binding(4) var<storage, read_write> y: array<real4>;
#if LINKS
@group(0) @binding(5) var<storage, read> links: array<u32>;
#endif

// Whether nothing flows through a side of the box.
fn is_closed(side: u32) -> bool {
    return ((params.closed >> side) & 1u) != 0u;
}

// The weight of a link towards `side`. Beyond the box the cell itself is read in place of a neighbour: with full weight
// the link vanishes, with none it goes to the value 0.
fn side_weight(weight: real, side: u32, inside: bool) -> real {
    return select(0.0, weight, inside || is_closed(side));
}

// The sum of both neighbours along x.
fn along_x(left: real, cells: real4, right: real) -> real4 {
    return vec4(left, cells.xyz) + vec4(cells.yzw, right);
}

#if LINKS
// Σ of the weights of the links of four cells.
fn diagonal(links: u32) -> real4 {
    let bits = vec4(links) >> vec4(0u, 8u, 16u, 24u);
    return weights[0] * real4(bits & vec4(3u)) + weights[1] * real4((bits >> vec4(2u)) & vec4(3u))
        + weights[2] * real4((bits >> vec4(4u)) & vec4(3u));
}

// y where the cells are unknowns.
fn unknowns(y: real4, links: u32) -> real4 {
    return select(real4(), y, (vec4(links) & vec4(0x40u, 0x4000u, 0x400000u, 0x40000000u)) != vec4(0u));
}
#endif

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
    let base = column * params.control_stride;
    let live = present && control[base] == 0.0;

    let marches = (params.march_count + params.march - 1u) / params.march;
#if FLAT
    let tasks = params.row4 * marches;
#else
    let tasks = params.row4 * marches * ((params.cross_count + 1u) / 2u);
#endif
    let share = contiguous_share(group, params.groups, select(0u, tasks, live), LANES);

    var sums = real4();
    for (var task = share.first + lane; task < share.end; task += LANES) {
        let rows = task / params.row4;
        let quad = task - rows * params.row4;
        let pair = rows / marches;
        let m = (rows - pair * marches) * params.march;
        let m_end = min(m + params.march, params.march_count);

        // Along x.
        let cell = vec4(4u * quad) + vec4(0u, 1u, 2u, 3u);
        let has_left = quad > 0u;
        let has_right = quad + 1u < params.row4;
        let to_left = select(0u, 1u, has_left);
        let to_right = select(0u, 1u, has_right);
        let w_x = select(real4(), real4(weights[0]), cell < vec4(params.cells));
#if !LINKS
        var d = real4(weights[3]);
        d -= select(real4(), w_x, (cell == vec4(0u)) & vec4<bool>(is_closed(0u)));
        d -= select(real4(), w_x, (cell + 1u == vec4(params.cells)) & vec4<bool>(is_closed(1u)));
#endif

        // Along the marching axis.
        let w_march = weights[1];
        let step = params.march_step;
        var i = column * params.stride4 + m * step + quad;
#if !FLAT
        // Along the cross axis.
        let cross = 2u * pair;
        i += cross * params.cross_step;
        let has_second = cross + 1u < params.cross_count;
        let has_third = cross + 2u < params.cross_count;
        let to_zeroth = select(0u, params.cross_step, cross > 0u);
        let to_second = select(0u, params.cross_step, has_second);
        let to_third = select(to_second, 2u * params.cross_step, has_third);
        let w_cross = weights[2];
        let w_zeroth = side_weight(w_cross, 4u, cross > 0u);
        let w_second = side_weight(w_cross, 5u, has_second);
        let w_third = side_weight(w_cross, 5u, has_third);
#endif
        let end = i + (m_end - m) * step;
        let highest = select(end, end - step, m_end == params.march_count);
        let to_below = select(0u, step, m > 0u);
        let f_below = side_weight(1.0, 2u, m > 0u);
        let f_highest = side_weight(1.0, 3u, false);

        var below = f_below * x[i - to_below];
        var centre = x[i];
#if !FLAT
        var below2 = f_below * x[i - to_below + to_second];
        var centre2 = x[i + to_second];
#endif
        for (; i < end; i += step) {
            let inside = i != highest;
            let f_above = select(f_highest, 1.0, inside);
            let up = select(i, i + step, inside);

            let above = f_above * x[up];
            var left = select(0.0, x[i - to_left].w, has_left);
            var right = select(0.0, x[i + to_right].x, has_right);
            var sides = w_x * along_x(left, centre, right);
            sides += w_march * (below + above);
#if !FLAT
            sides += w_zeroth * x[i - to_zeroth] + w_second * centre2;
#endif
#if LINKS
            let link = links[i - column * params.stride4];
            let product = unknowns(diagonal(link) * centre - sides, link);
#else
            let product = d * centre - sides;
#endif
            y[i] = product;
            sums += centre * product;

#if !FLAT
            let i2 = i + to_second;
            let above2 = f_above * x[up + to_second];
            left = select(0.0, x[i2 - to_left].w, has_left);
            right = select(0.0, x[i2 + to_right].x, has_right);
            sides = w_x * along_x(left, centre2, right);
            sides += w_march * (below2 + above2) + w_cross * centre + w_third * x[i + to_third];
#if LINKS
            let link2 = links[i2 - column * params.stride4];
            let product2 = unknowns(diagonal(link2) * centre2 - sides, link2);
#else
            let product2 = d * centre2 - sides;
#endif
            if has_second {
                y[i2] = product2;
                sums += centre2 * product2;
            }
            below2 = centre2;
            centre2 = above2;
#endif
            below = centre;
            centre = above;
        }
    }
    let sum = workgroup_sum(sum4(sums), lane);
    if live && lane == 0u {
        control[base + 16u + group] = sum;
    }
}
