// values_tp = Σ_j c_j ∂^{α_t} φ_j(x_p) for product Gaussians, periodic ones among them,
// with derivatives to order four as common/gaussian_product says; in full where one chunk holds all features, else the part
// of each chunk, for features/chunk_sum to add.
//
// Bindings: params; 1 points, DIMENSIONS × quads vec4s; 2 weights c, feature j at first_weight + j; 3 features as in
// common/gaussian_product; 5 values, written, quads vec4s per term, and so many for each chunk.
// Mapping: an invocation takes four points and the features of one chunk. Workgroup g: the points of group
// g mod point_groups, LANES quads of them, and chunk ⌊g / point_groups⌋ of `share` groups of four features.
// Cost per point and feature: flops as in gaussian/product_rows, and one more per term. In bytes per point and chunk, 4 (8 in
// f64) for each coordinate read and each term written; what is read of the features comes from a cache.
// Needs nothing beyond WebGPU. F64 needs SHADER_F64. IMMEDIATES needs 32 bytes; else a storage buffer.
#import common/gaussian_values
#import common/gaussian_product
