// Gaussians φ_j(x) = exp(−½ δᵀPδ), δ = x − μ_j, with P_j symmetric and positive definite.
//
// With v = Pδ, ∂_i φ = −v_i φ and ∂_i v_j = P_ij, so that a derivative divided by φ is a sum over pairings (the
// multivariate Hermite polynomials):
//
//     −v_i;   v_i v_j − P_ij;   −v_i v_j v_k + P_ij v_k + P_ik v_j + P_jk v_i;
//     v_i v_j v_k v_l − (P_ij v_k v_l + five more) + (P_ij P_kl + P_ik P_jl + P_il P_jk)
//
// Layout of `features`: for each group of four features the DIMENSIONS vec4s of μ, then the rows of the upper triangle of P.
#import common/real
#import common/math
#import common/tile

@group(0) @binding(3) var<storage, read> features: array<real4>;

override DIMENSIONS: u32 = 1u;

// P_ij of four features.
fn precision_entry(f: u32, i: u32, j: u32) -> real4 {
    let row = min(i, j);
    let first = f * (DIMENSIONS + DIMENSIONS * (DIMENSIONS + 1u) / 2u) + DIMENSIONS;
    return features[first + row * (2u * DIMENSIONS - row + 1u) / 2u + max(i, j) - row];
}

// δ_i
fn difference(f: u32, i: u32) -> Tile {
    let x = coordinates[i];
    let mu = features[f * (DIMENSIONS + DIMENSIONS * (DIMENSIONS + 1u) / 2u) + i];
    return Tile(x - mu.x, x - mu.y, x - mu.z, x - mu.w);
}

// v_i of the features and points whose exponent was taken last.
var<private> slopes: array<Tile, 8>;

// log φ
fn exponent(f: u32) -> Tile {
    var sum = Tile();
    for (var i = 0u; i < DIMENSIONS; i++) {
        var slope = Tile();
        for (var j = 0u; j < DIMENSIONS; j++) {
            let p = tile_outer(real4(1.0), precision_entry(f, i, j));
            slope = tile_sum(slope, tile_product(p, difference(f, j)));
        }
        slopes[i] = slope;
        sum = tile_sum(sum, tile_product(difference(f, i), slope));
    }
    return tile_product(tile_outer(real4(-0.5), real4(1.0)), sum);
}

// P_ij, P_ik, P_il, P_jk, P_jl, P_kl of one feature.
struct Pairs {
    ij: real,
    ik: real,
    il: real,
    jk: real,
    jl: real,
    kl: real,
}

fn hermite(order: u32, i: real4, j: real4, k: real4, l: real4, p: Pairs) -> real4 {
    if order == 0u {
        return real4(1.0);
    }
    if order == 1u {
        return -i;
    }
    let ij = i * j;
    if order == 2u {
        return ij - p.ij;
    }
    if order == 3u {
        return (p.ij - ij) * k + (p.ik * j + p.jk * i);
    }
    let kl = k * l;
    return (ij - p.ij) * (kl - p.kl) - (p.ik * (j * l) + p.il * (j * k) + p.jk * (i * l) + p.jl * (i * k))
        + (p.ik * p.jl + p.il * p.jk);
}

// ∂^α φ / φ at the last exponent, where the nibbles of `term` are |α| and so many coordinates.
fn polynomial(term: u32, f: u32) -> Tile {
    let order = term & 15u;
    let i = (term >> 4u) & 15u;
    let j = (term >> 8u) & 15u;
    let k = (term >> 12u) & 15u;
    let l = (term >> 16u) & 15u;
    var u = Tile();
    var v = Tile();
    var w = Tile();
    var z = Tile();
    if order > 0u {
        u = slopes[i];
    }
    if order > 1u {
        v = slopes[j];
    }
    if order > 2u {
        w = slopes[k];
    }
    if order > 3u {
        z = slopes[l];
    }
    let ij = precision_entry(f, i, j);
    let ik = precision_entry(f, i, k);
    let il = precision_entry(f, i, l);
    let jk = precision_entry(f, j, k);
    let jl = precision_entry(f, j, l);
    let kl = precision_entry(f, k, l);
    return Tile(
        hermite(order, u.a, v.a, w.a, z.a, Pairs(ij.x, ik.x, il.x, jk.x, jl.x, kl.x)),
        hermite(order, u.b, v.b, w.b, z.b, Pairs(ij.y, ik.y, il.y, jk.y, jl.y, kl.y)),
        hermite(order, u.c, v.c, w.c, z.c, Pairs(ij.z, ik.z, il.z, jk.z, jl.z, kl.z)),
        hermite(order, u.d, v.d, w.d, z.d, Pairs(ij.w, ik.w, il.w, jk.w, jl.w, kl.w)),
    );
}
