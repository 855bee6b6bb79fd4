// The values of Gaussians: Σ_j c_j φ_j (∂^{α_t} φ_j / φ_j).
#import common/feature_values
#import common/gaussian_terms

fn add_jets(sums: ptr<function, array<real4, 8>>, c: real4, f: u32) {
    let phi = gaussians(f);
    for (var t = 0u; t < TERMS; t++) {
        (*sums)[t] += weighted(c, tile_product(phi, polynomial(term_of(t), f)));
    }
}
