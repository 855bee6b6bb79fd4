// The rows of Gaussians: φ_j Σ_t a_t(x_p) (∂^{α_t} φ_j / φ_j).
#import common/feature_rows
#import common/gaussian_terms

fn operator_tile(f: u32) -> Tile {
    let phi = gaussians(f);
    var sum = Tile();
    for (var t = 0u; t < TERMS; t++) {
        let a = tile_outer(coefficient[t], real4(1.0));
        sum = tile_sum(sum, tile_product(a, polynomial(term_of(t), f)));
    }
    return tile_product(phi, sum);
}
