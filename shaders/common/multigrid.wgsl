// A level of multigrid: the rows of its operator, (A z)_i = d_i z_i − Σ_j c_ij z_j over the faces of cell i. The kernel
// declares `z`, an array of real4.
//
// Bindings: 1 control, words as in common/cg; a column whose first word is not 0 is skipped. 2 f, the right-hand side:
//     vec4s per column, each row of cells padded to a multiple of 4. 3 what is stored of the operator. FACES: four arrays
//     of params.array4 vec4s, the diagonal and the coefficients of the low faces along x, y and z, with a layer of zeros
//     behind the last; the coefficient of a high face is the next cell's low one. Otherwise a byte per cell: bits 0–1,
//     2–3, 4–5 count the links along x, y and z, each of one weight. Padding and inactive cells have a diagonal of 0, and
//     f and z of any value there; those of z stay 0.
#import common/real
#import common/column_work
#import common/place

struct Params {
    quads: u32,           // vec4s of a column
    columns: u32,
    groups: u32,          // workgroups per column
    control_stride: u32,
    row4: u32,            // vec4s of a row along x
    rows: u32,            // rows of a layer
    array4: u32,          // vec4s of one array of coefficients
    first: u32,           // 1: z = 0, and nothing of it is read
    colour: u32,          // of the cells that are relaxed
    c1: f32,
    c2: f32,
    weight_x: f32,
    weight_y: f32,
    weight_z: f32,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> control: array<real>;
@group(0) @binding(2) var<storage, read> f: array<real4>;
#if FACES
@group(0) @binding(3) var<storage, read> faces: array<real4>;
#else
@group(0) @binding(3) var<storage, read> links: array<u32>;
#endif

// d of four cells.
fn diagonal(q: u32) -> real4 {
#if FACES
    return faces[q];
#else
    let bits = vec4(links[q]) >> vec4(0u, 8u, 16u, 24u);
    return real(params.weight_x) * real4(bits & vec4(3u)) + real(params.weight_y) * real4((bits >> vec4(2u)) & vec4(3u))
        + real(params.weight_z) * real4((bits >> vec4(4u)) & vec4(3u));
#endif
}

// D⁻¹v, and 0 where there is no unknown.
fn over_diagonal(v: real4, d: real4) -> real4 {
    return select(real4(), v / d, d > real4());
}

// Σ_j c_ij z_j for the quad `q` of the column that begins at `base`, whose own z are `cells`.
fn neighbours(q: u32, place: Place, base: u32, cells: real4) -> real4 {
    let i = base + q;
    let has_left = place.x4 > 0u;
    let has_right = place.x4 + 1u < params.row4;
    let has_south = place.y > 0u;
    let has_north = place.y + 1u < params.rows;
    let left = select(0.0, z[i - select(0u, 1u, has_left)].w, has_left);
    let right = select(0.0, z[i + select(0u, 1u, has_right)].x, has_right);
    let south = select(real4(), z[i - select(0u, params.row4, has_south)], has_south);
    let north = select(real4(), z[i + select(0u, params.row4, has_north)], has_north);
    let before = vec4(left, cells.xyz);
    let behind = vec4(cells.yzw, right);
#if FACES
    let low_x = faces[params.array4 + q];
    let high_x = vec4(low_x.yzw, faces[params.array4 + q + 1u].x);
    let along_y = 2u * params.array4 + q;
    var sum = low_x * before + high_x * behind + faces[along_y] * south + faces[along_y + params.row4] * north;
#else
    var sum = real(params.weight_x) * (before + behind) + real(params.weight_y) * (south + north);
#endif
    // In two dimensions there are no other layers to look at.
    let layer4 = params.row4 * params.rows;
    if params.quads > layer4 {
        let has_bottom = place.z > 0u;
        let has_top = q + layer4 < params.quads;
        let bottom = select(real4(), z[i - select(0u, layer4, has_bottom)], has_bottom);
        let top = select(real4(), z[i + select(0u, layer4, has_top)], has_top);
#if FACES
        let along_z = 3u * params.array4 + q;
        sum += faces[along_z] * bottom + faces[along_z + layer4] * top;
#else
        sum += real(params.weight_z) * (bottom + top);
#endif
    }
    return sum;
}
