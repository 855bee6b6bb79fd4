// Parameters and bindings of the SELL-C-σ kernels, as krylov/sell describes them.
#import common/real
#import common/reduce
#import common/grid
#import common/sell_pattern

struct Params {
    quads: u32,           // four rows each, of this slice of the matrix
    first_quad: u32,      // where they begin in x and y
    stride4: u32,         // vec4s from one column of x and y to the next
    columns: u32,
    groups: u32,          // workgroups per column
    control_stride: u32,
    partial_offset: u32,  // where the partial sums of this part of the matrix begin
    slice_quads: u32,     // C/4
    columns_at: u32,      // vec4s of the pattern before the columns
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read_write> control: array<real>;
@group(0) @binding(2) var<storage, read> pattern: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read> values: array<real4>;
@group(0) @binding(4) var<storage, read> x: array<real>;
@group(0) @binding(5) var<storage, read_write> y: array<real4>;
