// The block of reflections that the QR kernels apply: 32 columns of `params.stride4` vec4s each, read by fours.
#import common/real
#import common/grid

const PANEL: u32 = 32u;

@group(0) @binding(1) var<storage, read> v: array<real4>;

// Four rows of four columns, a to d.
struct Four {
    a: real4,
    b: real4,
    c: real4,
    d: real4,
}

// Rows 4q to 4q + 3 of column `first` and the three after it.
fn four_columns(first: u32, q: u32) -> Four {
    let at = first * params.stride4 + q;
    let stride4 = params.stride4;
    return Four(v[at], v[at + stride4], v[at + 2u * stride4], v[at + 3u * stride4]);
}
