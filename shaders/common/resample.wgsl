// Images and the coarser ones whose cells are two cells wide along each axis of more than one cell: the coarse cell C has the cells
// 2C and 2C + 1, where these exist. The kernel declares `params` with the extents of the fine images.
#import common/real
#import common/images

// Cells of the coarse image along an axis of n cells.
fn halved(n: u32) -> u32 {
    return (n + 1u) / 2u;
}

// The coarse cell beyond that of fine cell i, on its own side; the last ones go on beyond the sides.
fn next_of(i: u32, n: u32) -> u32 {
    let parent = i / 2u;
    return select(select(0u, parent - 1u, parent > 0u), min(parent + 1u, halved(n) - 1u), (i & 1u) == 1u);
}
