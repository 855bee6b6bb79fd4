// What the kernels of C ← α op(A) op(B) + β C share: parameters, buffers, and blocks of four rows and four columns.
//
// A matrix lies column after column; its view begins at vec4 `first4`, and the next column is `stride4` vec4s later.
// op(A) is m by k and op(B) k by n; flag TRANSPOSE_A or TRANSPOSE_B: the matrix holds the transposed of that. k is cut
// into k_quads groups of four and k_rest < 4 single steps. The columns of op(A) and op(B) past the edge are clamped to
// the last one, and what comes of them is not stored.
#import common/real
#import common/blocks
#import common/grid

struct Params {
    m: u32,
    n: u32,
    k_quads: u32,
    k_rest: u32,
    a_first4: u32,
    a_stride4: u32,
    b_first4: u32,
    b_stride4: u32,
    c_first4: u32,
    c_stride4: u32,
    row_groups: u32,
    groups: u32,
    alpha: real,
    beta: real,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> a: array<real4>;
@group(0) @binding(2) var<storage, read> b: array<real4>;
@group(0) @binding(3) var<storage, read_write> c: array<real4>;

// Columns of workgroups that go side by side.
override BAND: u32 = 8u;

// Row and column of a workgroup among those of C. Bands of BAND columns are gone through row by row, so that what the
// band holds of op(B) stays in a cache, and each row of op(A) is read for all of the band.
fn place_of(group: u32) -> vec2<u32> {
    let columns = params.groups / params.row_groups;
    let band = group / (BAND * params.row_groups);
    let width = min(BAND, columns - band * BAND);
    let within = group - band * BAND * params.row_groups;
    return vec2(within / width, band * BAND + within % width);
}

fn four_of(first: u32, count: u32) -> vec4<u32> {
    return min(vec4(first) + vec4(0u, 1u, 2u, 3u), vec4(count - 1u));
}

// Where the rows row … row + 3 of op(A) begin; block q of them are the columns 4q … 4q + 3, one vec4 each.
#if TRANSPOSE_A
alias RowsOfA = vec4<u32>;
fn rows_of_a(row: u32) -> RowsOfA {
    return params.a_first4 + four_of(row, params.m) * params.a_stride4;
}
fn block_of_a(rows: RowsOfA, q: u32) -> real4x4 {
    return transpose(real4x4(a[rows.x + q], a[rows.y + q], a[rows.z + q], a[rows.w + q]));
}
fn column_of_a(rows: RowsOfA, k: u32) -> real4 {
    let q = k / 4u;
    let i = k % 4u;
    return real4(a[rows.x + q][i], a[rows.y + q][i], a[rows.z + q][i], a[rows.w + q][i]);
}
#else
alias RowsOfA = u32;
fn rows_of_a(row: u32) -> RowsOfA {
    return params.a_first4 + min(row, params.m - 1u) / 4u;
}
fn block_of_a(rows: RowsOfA, q: u32) -> real4x4 {
    let step = params.a_stride4;
    let at = rows + 4u * q * step;
    return real4x4(a[at], a[at + step], a[at + 2u * step], a[at + 3u * step]);
}
fn column_of_a(rows: RowsOfA, k: u32) -> real4 {
    return a[rows + k * params.a_stride4];
}
#endif

// Where the columns column … column + 3 of op(B) begin; block q of them are the rows 4q … 4q + 3, one vec4 per column.
#if TRANSPOSE_B
alias ColumnsOfB = u32;
fn columns_of_b(column: u32) -> ColumnsOfB {
    return params.b_first4 + min(column, params.n - 1u) / 4u;
}
fn block_of_b(columns: ColumnsOfB, q: u32) -> real4x4 {
    let step = params.b_stride4;
    let at = columns + 4u * q * step;
    return transpose(real4x4(b[at], b[at + step], b[at + 2u * step], b[at + 3u * step]));
}
fn row_of_b(columns: ColumnsOfB, k: u32) -> real4 {
    return b[columns + k * params.b_stride4];
}
#else
alias ColumnsOfB = vec4<u32>;
fn columns_of_b(column: u32) -> ColumnsOfB {
    return params.b_first4 + four_of(column, params.n) * params.b_stride4;
}
fn block_of_b(columns: ColumnsOfB, q: u32) -> real4x4 {
    return real4x4(b[columns.x + q], b[columns.y + q], b[columns.z + q], b[columns.w + q]);
}
fn row_of_b(columns: ColumnsOfB, k: u32) -> real4 {
    let q = k / 4u;
    let i = k % 4u;
    return real4(b[columns.x + q][i], b[columns.y + q][i], b[columns.z + q][i], b[columns.w + q][i]);
}
#endif

// sum + left · rightᵀ.
fn plus_outer(sum: real4x4, left: real4, right: real4) -> real4x4 {
    return real4x4(
        sum[0] + left * right.x,
        sum[1] + left * right.y,
        sum[2] + left * right.z,
        sum[3] + left * right.w,
    );
}

// Column x of a block.
fn column_of(block: real4x4, x: u32) -> real4 {
    return select(select(block[0], block[1], x == 1u), select(block[2], block[3], x == 3u), x >= 2u);
}

// Four rows of a column of C ← α sum + β of what was there; what lies past the edges keeps its value. Kernels call it in
// a loop over the columns of their blocks: written out for each of them, it takes a driver seconds to compile.
fn store(row: u32, column: u32, sum: real4) {
    if row < params.m && column < params.n {
        let at = params.c_first4 + row / 4u + column * params.c_stride4;
        let below = vec4(row) + vec4(0u, 1u, 2u, 3u) >= vec4(params.m);
        var old = real4();
        if params.beta != 0.0 || below.w {
            old = c[at];
        }
        // Not a product: 0 times NaN would be NaN.
        let kept = select(params.beta * old, real4(), params.beta == 0.0);
        c[at] = select(params.alpha * sum + kept, old, below);
    }
}
