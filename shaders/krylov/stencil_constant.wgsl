// y = A x for a stencil of 5 or 7 points with constant coefficients, and the partial sums of xᵀy:
//     yᵢ = dᵢ xᵢ − Σ w_axis x_neighbour,   dᵢ = Σ w_axis over the links of cell i
// Source: second-order finite differences; cells as in a pressure solve (Bridson, Fluid Simulation, 2nd ed., ch. 5).
//
// Bindings: 1 control, words as in common/cg; a column whose first word is not 0 is skipped. 2 x, 3 y: vec4s per column,
//     four cells along x to a vec4, rows of params.row vec4s. 4 links (FLAGS): one byte per cell, four to a u32: twice
//     two bits of links along x, y, z (0 to 2 each), then one bit that is set where the cell is an unknown. Without FLAGS
//     every cell has all its links, and rows are whole vec4s. x is zero wherever it is no unknown.
// Grid: params.groups workgroups per column of the system, each with a grid-stride share of the pieces; a piece is one
//     vec4 wide and up to params.depth planes long, and is walked along z with three planes in registers.
// Bytes per cell: 2 reals, and 1 with FLAGS. Flops per cell: 10.
// Needs: nothing. Fallback: without subgroups, a tree in workgroup memory.
#import common/real
#import common/reduce
#import common/grid

override LANES: u32 = 64u;

struct Params {
    wx: real,
    wy: real,
    wz: real,
    diagonal: real,
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
#if FLAGS
@group(0) @binding(4) var<storage, read> links: array<u32>;
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

    let plane = params.row * params.rows;
    let first = column * plane * params.planes;
    var sum: real = 0.0;
    let pieces = select(0u, params.pieces, live);
    for (var piece = group * LANES + lane; piece < pieces; piece += params.groups * LANES) {
        let at_x = piece % params.row;
        let at_y = piece / params.row % params.rows;
        let begin = piece / plane * params.depth;
        let end = min(begin + params.depth, params.planes);

        // A neighbour beyond a side has the weight zero, and the cell itself stands in for it.
        let west = min(at_x, 1u);
        let east = select(0u, 1u, at_x + 1u < params.row);
        let south = select(0u, params.row, at_y > 0u);
        let north = select(0u, params.row, at_y + 1u < params.rows);
        let weight_west = select(0.0, params.wx, west > 0u);
        let weight_east = select(0.0, params.wx, east > 0u);
        let weight_south = select(0.0, params.wy, south > 0u);
        let weight_north = select(0.0, params.wy, north > 0u);

        var cell = begin * plane + at_y * params.row + at_x;
        var below = real4();
        if begin > 0u {
            below = x[first + cell - plane];
        }
        var here = x[first + cell];
        for (var z = begin; z < end; z += 1u) {
            let i = first + cell;
            var above = real4();
            if z + 1u < params.planes {
                above = x[i + plane];
            }
            let left = real4(weight_west * x[i - west].w, params.wx * here.xyz);
            let right = real4(params.wx * here.yzw, weight_east * x[i + east].x);
            let neighbours = (left + right)
                + (weight_south * x[i - south] + weight_north * x[i + north])
                + params.wz * (below + above);
#if FLAGS
            let packed = (vec4(links[cell]) >> vec4(0u, 8u, 16u, 24u)) & vec4(0xffu);
            let diagonal = params.wx * real4(packed & vec4(3u))
                + params.wy * real4((packed >> vec4(2u)) & vec4(3u))
                + params.wz * real4((packed >> vec4(4u)) & vec4(3u));
            let product = (diagonal * here - neighbours) * real4(packed >> vec4(6u));
#else
            let product = params.diagonal * here - neighbours;
#endif
            y[i] = product;
            sum += dot(here, product);
            below = here;
            here = above;
            cell += plane;
        }
    }
    sum = workgroup_sum(sum, lane);
    if live && lane == 0u {
        control[base + 16u + group] = sum;
    }
}
