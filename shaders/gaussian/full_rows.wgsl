// A_pj ← Σ_t a_t(x_p) ∂^{α_t} φ_j(x_p), or A_pj ← A_pj + …, for Gaussians with a full covariance:
// rows of a collocation matrix. Derivatives to order four, as common/gaussian_full says.
//
// Bindings: params; 1 points, DIMENSIONS × quads vec4s; 2 coefficients a, quads vec4s per term; 3 features as in
// common/gaussian_full; 5 matrix, written (read and written with ACCUMULATE), columns of stride4 vec4s.
// Mapping: an invocation takes four features and `steps` groups of four points, LANES apart. Workgroup g: the points of group
// g mod point_groups, LANES × steps quads of them, and the features 4(first_quad + ⌊g / point_groups⌋).
// Cost per entry: one real written (and read, where it accumulates); per four of them also DIMENSIONS + terms reals read,
// mostly from a cache. In bytes, 4 (8 in f64) per real. Flops: 20 for exp
// (30 in f64), 2 DIMENSIONS² + 3 DIMENSIONS; per term 2, and up to 25 for the pairings.
// Needs nothing beyond WebGPU. F64 needs SHADER_F64. IMMEDIATES needs 44 bytes; else a storage buffer.
#import common/gaussian_rows
#import common/gaussian_full
