// Symmetric stencils on a grid whose coefficients are made from an image of numbers n: in each cell n_0 and, for each edge t to one of the
// later half of the 8 or 26 neighbours, n_t. With s = a_pp^(-½), 0 where there is no unknown,
//
//     W = S (G + Σ |n_t(p)| (e_p + sign n_t e_q)(e_p + sign n_t e_q)ᵀ) S,   q = p + t,   G = κ + (1 − κ)(1 + n_0)²
//
// where edges count between unknowns alone. So W is positive definite whatever n is, and S² where n = 0.
#import common/real
#import common/grid

override LANES: u32 = 64u;

struct Params {
    nx: u32,
    ny: u32,
    nz: u32,
    padded: u32,   // numbers of a vector for each row of cells
    edges: u32,    // 4 in the plane, 13 in space
    columns: u32,
    stride: u32,   // numbers of a vector
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif

// What is left of G where 1 + n_0 = 0.
const KAPPA: real = 0.0625;
const OUTSIDE: u32 = 0xffffffffu;

// The number of a plane of four channels, and the place in it, for each channel: n of a cell.
fn channel_of(channel: u32, cell: u32) -> u32 {
    return 4u * (channel / 4u * params.nx * params.ny * params.nz + cell) + channel % 4u;
}

// The cell at p + t, or at p − t where `back`, for edge t from 0 on: (1, 0, 0), then (−1 … 1, 1, 0), then, for each of the three rows of
// the next layer, (−1 … 1, …, 1). OUTSIDE where there is none.
fn neighbour_of(cell: u32, edge: u32, back: bool) -> u32 {
    let row = cell / params.nx;
    let at = vec3(cell - row * params.nx, row % params.ny, row / params.ny);
    let rows = (edge + 2u) / 3u; // 0 along the row, 1 along y, 2 to 4 along z
    var step = vec3(1, 0, 0);
    if edge > 0u {
        step = vec3(i32((edge - 1u) % 3u) - 1, select(i32(rows) - 3, 1, rows == 1u), select(1, 0, rows == 1u));
    }
    // Numbers below 0 wrap around and are out of range, too.
    let to = at + bitcast<vec3<u32>>(select(step, -step, back));
    let inside = to.x < params.nx && to.y < params.ny && to.z < params.nz;
    return select(OUTSIDE, (to.z * params.ny + to.y) * params.nx + to.x, inside);
}

// Where a cell lies in a vector.
fn in_vector(cell: u32) -> u32 {
    let row = cell / params.nx;
    return row * params.padded + cell - row * params.nx;
}
