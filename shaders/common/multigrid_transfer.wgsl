// Between two levels of multigrid: z_i ← z_i + Σ_C p_iC z_C and f_C = Σ_i p_iC r_i with the same p.
//
// p is linear along each halved axis: `near` from a fine cell's own coarse cell and `far` from the next one on its side
// (¾ and ¼; or 1 and 0). What would come from a coarse cell beyond a wall comes from the own one: its weight is stored
// for each fine cell, in 64ths, one byte each; 0 marks a cell without unknown.
#import common/real
#import common/column_work

struct Params {
    columns: u32,
    groups: u32,          // workgroups per column
    control_stride: u32,
    halved: u32,          // bit per axis: two cells become one
    quads: u32,           // vec4s of a column of the fine level
    row4: u32,            // vec4s of one of its rows along x
    rows: u32,            // its cells along y
    layers: u32,          // its cells along z
    coarse_quads: u32,
    coarse_row4: u32,
    coarse_rows: u32,
    coarse_layers: u32,
    near: f32,
    far: f32,
    full: f32,            // the product of `near` over the halved axes
    array4: u32,          // vec4s of one array of coefficients, for krylov/stencils_apply
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> control: array<real>;
@group(0) @binding(2) var<storage, read> own: array<u32>;

fn is_halved(axis: u32) -> bool {
    return ((params.halved >> axis) & 1u) != 0u;
}

// The weights of four fine cells towards their own coarse cells.
fn own_weights(q: u32) -> real4 {
    return real4((vec4(own[q]) >> vec4(0u, 8u, 16u, 24u)) & vec4(255u)) * 0.015625;
}
