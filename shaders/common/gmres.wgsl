// What the kernels of scalars of the generalised minimal residual method share.
#import common/scalars

// The method's own words; the first two as in common/basis.
const STEP: u32 = 0u;
const SCALE: u32 = 1u;
const RESTART: u32 = 2u; // m
const FINAL: u32 = 3u;   // the status after this cycle
const FRESH: u32 = 4u;   // 1 before the first part of h

// Where the small matrices of a column begin, among m(m + 7) + 3 reals for each: R by columns of m + 1, the cosines, the
// sines (m each), g (m + 1), y (m), h (m + 1), and the last part of h (m + 1).
struct Small {
    r: u32,
    cosines: u32,
    sines: u32,
    g: u32,
    y: u32,
    h: u32,
    part: u32,
}

fn small_of(column: u32, m: u32) -> Small {
    let r = column * (m * (m + 7u) + 3u);
    let cosines = r + m * (m + 1u);
    let g = cosines + 2u * m;
    let h = g + 2u * m + 1u;
    return Small(r, cosines, cosines + m, g, g + m + 1u, h, h + m + 1u);
}
