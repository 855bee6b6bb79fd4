// z = W f + P e on a level of an additive cycle over grids (Bramble, Pasciak and Xu, Math. Comput. 55, 1990, equation 1.7, with W in place
// of a multiple of the identity), W symmetric with 9 or 27 points:
//     (W f)(p) = d(p) f(p) + Σ_t c_t(p) f(p + t) + c_t(p − t) f(p − t),   t over the later half of the neighbours.
//
// Bindings: 1 control, words as in common/cg; a column whose first word is not 0 is skipped. 2 own weights: a byte per
//     fine cell, common/multigrid_transfer. 3 e on the coarse level, 0 where there is no unknown. 4 f, 5 coefficients: d, and with EDGES
//     each c_t in the order of common/stencils, arrays of params.array4 vec4s in f32, which suffices for a preconditioner; SPACE: 13 in
//     place of 4. 6 z, written. Vectors have vec4s per column, each row of cells padded to a multiple of 4.
// Grid: params.groups workgroups per column, each with a contiguous share of the quads.
// Bytes per cell: 3 reals and 5 bytes, with EDGES 21, with SPACE 57 bytes, and 1 real per coarse cell. Flops per cell: 22, EDGES 38, SPACE 74.
// Needs: nothing. Fallback: none.
#import common/multigrid_interpolate

override LANES: u32 = 64u;

@group(0) @binding(3) var<storage, read> e: array<real4>;
@group(0) @binding(4) var<storage, read> f: array<real4>;
@group(0) @binding(5) var<storage, read> coefficients: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> z: array<real4>;

#if EDGES
// Four coefficients.
fn weights(i: u32) -> real4 {
    return real4(coefficients[i]);
}

// What the quad `q` of f, in its column from `base` on, gets along its own row through the edge (1, 0, 0).
fn along_row(q: u32, base: u32, has_left: bool, has_right: bool) -> real4 {
    let before = q - select(0u, 1u, has_left);
    let behind = q + select(0u, 1u, has_right);
    let c = weights(params.array4 + q);
    let here = f[base + q];
    let right = select(0.0, f[base + behind].x, has_right);
    let left = select(0.0, weights(params.array4 + before).w * f[base + before].w, has_left);
    return c * vec4(here.yzw, right) + vec4(left, (c * here).xyz);
}

// What it gets from the rows `step` quads behind and before it, through the three edges from array `first` on.
fn across_rows(
    q: u32, base: u32, first: u32, step: u32, has_behind: bool, has_before: bool, has_left: bool, has_right: bool,
) -> real4 {
    let minus = first * params.array4;
    let middle = minus + params.array4;
    let plus = middle + params.array4;
    // Coefficients of edges that leave the grid are 0.
    let behind = base + q + select(0u, step, has_behind);
    let there = f[behind];
    let there_left = select(0.0, f[behind - select(0u, 1u, has_left)].w, has_left);
    let there_right = select(0.0, f[behind + select(0u, 1u, has_right)].x, has_right);
    let from_behind = weights(minus + q) * vec4(there_left, there.xyz) + weights(middle + q) * there
        + weights(plus + q) * vec4(there.yzw, there_right);
    let before = q - select(0u, step, has_before);
    let before_left = before - select(0u, 1u, has_left);
    let before_right = before + select(0u, 1u, has_right);
    let here = f[base + before];
    let left = select(0.0, weights(plus + before_left).w * f[base + before_left].w, has_left);
    let right = select(0.0, weights(minus + before_right).x * f[base + before_right].x, has_right);
    let from_before = vec4(left, (weights(plus + before) * here).xyz) + weights(middle + before) * here
        + vec4((weights(minus + before) * here).yzw, right);
    return from_behind + select(real4(), from_before, has_before);
}

// Σ_t c_t(p) f(p + t) + c_t(p − t) f(p − t) for the quad q.
fn neighbours(q: u32, base: u32) -> real4 {
    let row = q / params.row4;
    let x4 = q - row * params.row4;
    let layer = row / params.rows;
    let y = row - layer * params.rows;
    let has_left = x4 > 0u;
    let has_right = x4 + 1u < params.row4;
    let has_north = y + 1u < params.rows;
    let has_south = y > 0u;
    var sum = along_row(q, base, has_left, has_right)
        + across_rows(q, base, 2u, params.row4, has_north, has_south, has_left, has_right);
#if SPACE
    let has_top = layer + 1u < params.layers;
    let has_bottom = layer > 0u;
    let step = params.row4 * params.rows;
    sum += across_rows(q, base, 5u, step - params.row4, has_top && has_south, has_bottom && has_north, has_left, has_right)
        + across_rows(q, base, 8u, step, has_top, has_bottom, has_left, has_right)
        + across_rows(q, base, 11u, step + params.row4, has_top && has_north, has_bottom && has_south, has_left, has_right);
#endif
    return sum;
}
#endif

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let work = work_of(linear_workgroup(id, count), params.quads, LANES);
    let base = work.column * params.quads;
    for (var q = work.begin + lane; q < work.end; q += LANES) {
        var sum = real4(coefficients[q]) * f[base + q] + interpolated(q, work.column);
#if EDGES
        sum += neighbours(q, base);
#endif
        z[base + q] = sum;
    }
}
