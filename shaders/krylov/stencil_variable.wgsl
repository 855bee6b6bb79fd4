// y = A x for the 5- or 7-point stencil with a coefficient for each face, (A x)_i = d_i x_i − Σ_j c_ij x_j, and the
// partial sums of xᵀy. Source: LeVeque, Finite Difference Methods, 2007, section 3.2; marching as in
// krylov/stencil_constant.
//
// Bindings: 1 control, words as in common/cg; a column whose first word is not 0 is skipped. 2 coefficients of this slab:
//     four arrays of params.array4 vec4s, the diagonal and the coefficients of the low faces along x, the marching axis
//     and the cross axis. The coefficient of a high face is the next cell's low one, so the arrays hold one layer of cells
//     more than the slab; faces at the sides of the box, padding and inactive cells have 0. 3 x, 4 y: vec4s per column,
//     each row of cells padded to a multiple of 4; padding and inactive cells of y become 0.
// Grid: params.groups workgroups per column, each with a share of consecutive tasks. A task is `march` steps along the
//     marching axis with 4 cells, and as many of the next row along the cross axis. FLAT: one row; no cross axis.
// Bytes per cell: 6 reals (four coefficients, x, y); FLAT: 5. Flops per cell: 15; FLAT: 11.
// Needs: nothing. Fallback: without subgroups, a tree in workgroup memory.
#import common/real
#import common/reduce
#import common/grid

override LANES: u32 = 64u;

struct Params {
    columns: u32,
    groups: u32,          // workgroups per column
    control_stride: u32,
    partial_offset: u32,  // where the partial sums of this slab begin
    stride4: u32,         // vec4s from one column of x and y to the next
    first4: u32,          // vec4s of a column before this slab
    array4: u32,          // vec4s of one array of coefficients
    row4: u32,            // vec4s of a row along x
    march_count: u32,     // cells along the marching axis
    march_step: u32,      // vec4s from one to the next
    cross_count: u32,     // likewise for the cross axis
    cross_step: u32,
    march: u32,           // steps of a task
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read_write> control: array<real>;
@group(0) @binding(2) var<storage, read> coefficients: array<real4>;
@group(0) @binding(3) var<storage, read> x: array<real4>;
@group(0) @binding(4) var<storage, read_write> y: array<real4>;

// What the low and high faces along x of the cells at `k` of the slab, `i` of x, take from the neighbours.
fn along_x(k: u32, i: u32, begin: u32, end: u32, cells: real4) -> real4 {
    let low = coefficients[params.array4 + k];
    let high = coefficients[params.array4 + k + 1u].x;
    let left = x[max(i, begin + 1u) - 1u].w;
    let right = x[min(i + 1u, end - 1u)].x;
    return low * vec4(left, cells.xyz) + vec4(low.yzw, high) * vec4(cells.yzw, right);
}

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

    // Beyond a side of the box the coefficient is 0; the index stays within the column.
    let begin = column * params.stride4;
    let end = begin + params.stride4;
    let slab = begin + params.first4;
    let step = params.march_step;
    let cross_step = params.cross_step;
    let low_march = 2u * params.array4;
    let low_cross = 3u * params.array4;

    var sums = real4();
    for (var task = share.first + lane; task < share.end; task += LANES) {
        let rows = task / params.row4;
        let quad = task - rows * params.row4;
        let pair = rows / marches;
        let m = (rows - pair * marches) * params.march;
        let m_end = min(m + params.march, params.march_count);

        var k = m * step + quad;
#if !FLAT
        let cross = 2u * pair;
        k += cross * cross_step;
        let has_second = cross + 1u < params.cross_count;
        // Where the second row is missing, its place is the extra layer, and nothing lies behind.
        let to_third = select(cross_step, 2u * cross_step, has_second);
#endif
        let k_end = k + (m_end - m) * step;

        var i = slab + k;
        var below = x[max(i, begin + step) - step];
        var centre = x[i];
        var low = coefficients[low_march + k];
#if !FLAT
        var i2 = min(i + cross_step, end - 1u);
        var below2 = x[max(i2, begin + step) - step];
        var centre2 = x[i2];
        var low2 = coefficients[low_march + k + cross_step];
#endif
        for (; k < k_end; k += step) {
            i = slab + k;
            let above = x[min(i + step, end - 1u)];
            let high = coefficients[low_march + k + step];
            var product = coefficients[k] * centre - low * below - high * above - along_x(k, i, begin, end, centre);
#if !FLAT
            let between = coefficients[low_cross + k + cross_step];
            product -= coefficients[low_cross + k] * x[max(i, begin + cross_step) - cross_step] + between * centre2;
#endif
            y[i] = product;
            sums += centre * product;

#if !FLAT
            let k2 = k + cross_step;
            i2 = min(i + cross_step, end - 1u);
            let above2 = x[min(i2 + step, end - 1u)];
            let high2 = coefficients[low_march + k2 + select(0u, step, has_second)];
            if has_second {
                product = coefficients[k2] * centre2 - low2 * below2 - high2 * above2;
                product -= along_x(k2, i2, begin, end, centre2) + between * centre;
                product -= coefficients[low_cross + k + to_third] * x[min(i + 2u * cross_step, end - 1u)];
                y[i2] = product;
                sums += centre2 * product;
            }
            below2 = centre2;
            centre2 = above2;
            low2 = high2;
#endif
            below = centre;
            centre = above;
            low = high;
        }
    }
    let sum = workgroup_sum(sum4(sums), lane);
    if live && lane == 0u {
        control[base + 16u + params.partial_offset + group] = sum;
    }
}
