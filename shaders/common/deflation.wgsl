// What the kernels of deflation share. The kernel declares `control`, words as in common/cg.
#import common/real
#import common/column_work

struct Params {
    quads: u32,
    stride4: u32,
    columns: u32,
    groups: u32,
    control_stride: u32,
    vectors: u32,       // 1 to 64
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
