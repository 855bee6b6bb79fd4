// y = A x for a symmetric stencil of 5 or 7 points with a coefficient per face, and the partial sums of xᵀy:
//     yᵢ = dᵢ xᵢ − Σ c_face x_neighbour
// Source: finite volumes for −∇·(k∇u); each face's coefficient is stored once, with the cell on its upper side.
//
// Bindings: 1 control, words as in common/cg; a column whose first word is not 0 is skipped. 2 x, 3 y: vec4s per column,
//     four cells along x to a vec4, rows of params.row vec4s. 4 coefficients: four arrays of vec4s, one after another:
//     the diagonal, and the coefficients of the west, south and bottom faces, zero where there is no coupling.
// Grid: params.groups workgroups per column of the system, each with a grid-stride share of the pieces; a piece is one
//     vec4 wide and up to params.depth planes long, and is walked along z with three planes in registers.
// Bytes per cell: 6 reals. Flops per cell: 15.
// Needs: nothing. Fallback: without subgroups, a tree in workgroup memory.
#import common/real
#import common/reduce
#import common/grid

override LANES: u32 = 64u;

struct Params {
    row: u32,             // vec4s along x
    rows: u32,            // cells along y
    planes: u32,          // cells along z
    depth: u32,           // planes per piece
    pieces: u32,
    columns: u32,
    groups: u32,          // workgroups per column
    control_stride: u32,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read_write> control: array<real>;
@group(0) @binding(2) var<storage, read> x: array<real4>;
@group(0) @binding(3) var<storage, read_write> y: array<real4>;
@group(0) @binding(4) var<storage, read> coefficients: array<real4>;

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

    let plane = params.row * params.rows;
    let cells = plane * params.planes;
    let first = column * cells;
    var sum: real = 0.0;
    let pieces = select(0u, params.pieces, live);
    for (var piece = group * LANES + lane; piece < pieces; piece += params.groups * LANES) {
        let at_x = piece % params.row;
        let at_y = piece / params.row % params.rows;
        let begin = piece / plane * params.depth;
        let end = min(begin + params.depth, params.planes);

        // A neighbour beyond a side has the coefficient zero, and the cell itself stands in for it.
        let west = min(at_x, 1u);
        let east = select(0u, 1u, at_x + 1u < params.row);
        let south = select(0u, params.row, at_y > 0u);
        let north = select(0u, params.row, at_y + 1u < params.rows);

        var cell = begin * plane + at_y * params.row + at_x;
        var below = real4();
        if begin > 0u {
            below = x[first + cell - plane];
        }
        var here = x[first + cell];
        var face_below = coefficients[3u * cells + cell];
        for (var z = begin; z < end; z += 1u) {
            let i = first + cell;
            var above = real4();
            var face_above = real4();
            if z + 1u < params.planes {
                above = x[i + plane];
                face_above = coefficients[3u * cells + cell + plane];
            }
            let face_west = coefficients[cells + cell];
            let face_east = real4(face_west.yzw, select(0.0, coefficients[cells + cell + east].x, east > 0u));
            let face_south = coefficients[2u * cells + cell];
            let face_north = select(real4(), coefficients[2u * cells + cell + north], north > 0u);
            let neighbours = (face_west * real4(x[i - west].w, here.xyz) + face_east * real4(here.yzw, x[i + east].x))
                + (face_south * x[i - south] + face_north * x[i + north])
                + (face_below * below + face_above * above);
            let product = coefficients[cell] * here - neighbours;
            y[i] = product;
            sum += dot(here, product);
            below = here;
            here = above;
            face_below = face_above;
            cell += plane;
        }
    }
    sum = workgroup_sum(sum, lane);
    if live && lane == 0u {
        control[base + 16u + group] = sum;
    }
}
