// Sums over a workgroup in a fixed order: the same input gives the same bits, every time, on one device.
//
//     fn workgroup_sum(value: real, lane: u32) -> real         likewise _sum2, _sum3, _sum4 of vectors
//
// The kernel declares `override LANES: u32 = 64u;`, a power of two from 1 to 1024, and `@workgroup_size(LANES)`; `lane`
// is its `local_invocation_index`. Every invocation of the workgroup must call, in uniform control flow; each gets the
// total, which is uniform too. May be called many times in a row. Each of the four functions takes LANES elements of
// workgroup memory (one more with SUBGROUPS) in those kernels that call it, and nothing in the others.
//
// Flag SUBGROUPS (needs the feature SUBGROUP; f64 sums do without): three barriers in place of 2 + log2 LANES.
#if SUBGROUPS
#if F64
#import common/reduce_tree
#else
#import common/reduce_subgroups
#endif
#else
#import common/reduce_tree
#endif
