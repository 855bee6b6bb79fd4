// z = W f + P e on a level of an additive cycle over grids (Bramble, Pasciak and Xu, Math. Comput. 55, 1990, equation 1.7, with W in place
// of a multiple of the identity), W symmetric with 9 or 27 points:
//     (W f)(p) = d(p) f(p) + Σ_t c_t(p) f(p + t) + c_t(p − t) f(p − t),   t over the later half of the neighbours.
//
// Bindings: 1 control, words as in common/cg; a column whose first word is not 0 is skipped. 2 own weights: a byte per
//     fine cell, common/multigrid_transfer. 3 e on the coarse level, 0 where there is no unknown. 4 f, 5 coefficients: arrays of
//     params.array4 vec4s, d and with EDGES two halves for each c_t, as krylov/stencils_assemble lays them out; SPACE: 13 in place of 4.
//     6 z, written. Vectors have vec4s per column, each row of cells padded to a multiple of 4.
// Grid: params.groups workgroups per column, each with a contiguous share of the quads.
// Bytes per cell: 3 reals and 5 bytes, with EDGES 21, with SPACE 57 bytes, and 1 real per coarse cell. Flops per cell: 22, EDGES 38, SPACE 74.
// Needs: nothing. Fallback: none.
#import common/multigrid_interpolate

override LANES: u32 = 64u;

@group(0) @binding(3) var<storage, read> e: array<real4>;
@group(0) @binding(4) var<storage, read> f: array<real4>;
@group(0) @binding(5) var<storage, read> coefficients: array<vec4<u32>>;
@group(0) @binding(6) var<storage, read_write> z: array<real4>;

#if EDGES
// The products are in f32 whatever f is in, half as much work as in f64: what the rounding changes of a preconditioner is nothing that
// matters.

// f of a row, `at` quads on: one cell to the left, here, one cell to the right.
struct Row {
    left: vec4<f32>,
    here: vec4<f32>,
    right: vec4<f32>,
}

fn row_at(at: u32, has_left: bool, has_right: bool) -> Row {
    let here = vec4<f32>(f[at]);
    let left = select(0.0, f32(f[at - select(0u, 1u, has_left)].w), has_left);
    let right = select(0.0, f32(f[at + select(0u, 1u, has_right)].x), has_right);
    return Row(vec4(left, here.xyz), here, vec4(here.yzw, right));
}

// Four coefficients from the upper halves of f32.
fn unpacked(words: vec2<u32>) -> vec4<f32> {
    return bitcast<vec4<f32>>(vec4(words.x << 16u, words.x & 0xffff0000u, words.y << 16u, words.y & 0xffff0000u));
}

// c_t(p) ahead + c_t(p − t) behind for edge t.
fn along(edge: u32, q: u32, ahead: vec4<f32>, behind: vec4<f32>) -> vec4<f32> {
    let c = coefficients[(1u + edge) * params.array4 + q];
    return unpacked(c.xy) * ahead + unpacked(c.zw) * behind;
}

// The three edges from `first` on, to the row `step` quads on. Coefficients of edges that leave the grid are 0.
fn across(q: u32, base: u32, first: u32, step: u32, has_next: bool, has_last: bool, has_left: bool, has_right: bool) -> vec4<f32> {
    let next = row_at(base + q + select(0u, step, has_next), has_left, has_right);
    let last = row_at(base + q - select(0u, step, has_last), has_left, has_right);
    return along(first, q, next.left, last.right) + along(first + 1u, q, next.here, last.here)
        + along(first + 2u, q, next.right, last.left);
}

// Σ_t c_t(p) f(p + t) + c_t(p − t) f(p − t) for the quad q.
fn neighbours(q: u32, place: Place, base: u32) -> vec4<f32> {
    let has_left = place.x4 > 0u;
    let has_right = place.x4 + 1u < params.row4;
    let has_north = place.y + 1u < params.rows;
    let has_south = place.y > 0u;
    let own = row_at(base + q, has_left, has_right);
    var sum = along(0u, q, own.right, own.left)
        + across(q, base, 1u, params.row4, has_north, has_south, has_left, has_right);
#if SPACE
    let has_top = place.z + 1u < params.layers;
    let has_bottom = place.z > 0u;
    let step = params.row4 * params.rows;
    sum += across(q, base, 4u, step - params.row4, has_top && has_south, has_bottom && has_north, has_left, has_right)
        + across(q, base, 7u, step, has_top, has_bottom, has_left, has_right)
        + across(q, base, 10u, step + params.row4, has_top && has_north, has_bottom && has_south, has_left, has_right);
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
    let step = place_of(LANES, params.row4, params.rows);
    var place = place_of(work.share.first + lane, params.row4, params.rows);
    for (var q = work.share.first + lane; q < work.share.end; q += LANES) {
        var sum = real4(bitcast<vec4<f32>>(coefficients[q])) * f[base + q] + interpolated(q, place, work.column);
#if EDGES
        sum += real4(neighbours(q, place, base));
#endif
        z[base + q] = sum;
        place = moved(place, step, params.row4, params.rows);
    }
}
