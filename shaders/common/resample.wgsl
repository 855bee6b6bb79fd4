// Images and the coarser ones whose cells are two cells wide along each axis of more than one cell: the coarse cell C has the cells
// 2C and 2C + 1, where these exist. What the kernels between them share.
#import common/real
#import common/images
#import common/grid

override LANES: u32 = 64u;

struct Params {
    nx: u32,      // of the fine images
    ny: u32,
    nz: u32,
    images: u32,
    quads: u32,   // of channels
    padding: u32,
    scale: real,  // a
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif

// Cells of the coarse image along an axis of n cells.
fn halved(n: u32) -> u32 {
    return (n + 1u) / 2u;
}

// The coarse cell beyond that of fine cell i, on its own side; the last ones go on beyond the sides.
fn next_of(i: u32, n: u32) -> u32 {
    let parent = i / 2u;
    return select(select(0u, parent - 1u, parent > 0u), min(parent + 1u, halved(n) - 1u), (i & 1u) == 1u);
}
