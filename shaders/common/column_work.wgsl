// What a workgroup of a loop over columns is to do. The kernel declares `params` with groups, columns and control_stride,
// and `control`, words as in common/cg: a column whose first word is not 0 has no work.
#import common/grid

// Its quads, and their column.
struct Work {
    share: Share,
    column: u32,
}

// The share of workgroup `w` of columns of so many quads.
fn work_of(w: u32, quads: u32, lanes: u32) -> Work {
    let present = w < params.groups * params.columns;
    let column = select(0u, w / params.groups, present);
    let group = w % params.groups;
    let live = present && control[column * params.control_stride] == 0.0;
    let share = contiguous_share(group, params.groups, select(0u, quads, live), lanes);
    return Work(share, column);
}
