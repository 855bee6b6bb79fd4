// Product Gaussians φ_j(x) = Π_i exp(−δ_i²/2σ_ji²), with δ_i = x_i − μ_ji, or where coordinate i is periodic the chord
// δ_i = (2/ω) sin(ω(x_i − μ_ji)/2): then the factor is exp(κ(cos ω(x_i − μ_ji) − 1)) with κ = 1/(ωσ)².
//
// With p = 1/σ², S = sin(ω(x − μ))/ω and C = cos ω(x − μ), which become x − μ and 1 as ω → 0, the derivatives of the
// logarithm of a factor are −pS, −pC, ω²pS, ω²pC, and those of the factor, divided by it,
//
//     −pS;   p²S² − pC;   −p³S³ + 3p²SC + ω²pS;   p⁴S⁴ − 6p³S²C + 3p²C² − 4ω²p²S² + ω²pC
//
// (the complete Bell polynomials of them).
//
// Layout of `features`: DIMENSIONS vec4s (ω, 1/length, 0, 0), with zeros where a coordinate is not periodic; then for each
// group of four features and each coordinate μ and p.
#import common/real
#import common/math
#import common/tile
#import common/turns

@group(0) @binding(3) var<storage, read> features: array<real4>;

override DIMENSIONS: u32 = 1u;
// Bit i: coordinate i is periodic.
override PERIODIC: u32 = 0u;

fn is_periodic(i: u32) -> bool {
    return ((PERIODIC >> i) & 1u) != 0u;
}

// δ
fn distance_along(i: u32, x: real4, mu: real) -> real4 {
    if is_periodic(i) {
        let period = features[i];
        return 2.0 / period.x * sin_turns(0.5 * period.y * (x - mu), real4());
    }
    return x - mu;
}

// log φ
fn exponent(f: u32) -> Tile {
    var sum = Tile();
    for (var i = 0u; i < DIMENSIONS; i++) {
        let x = coordinates[i];
        let at = DIMENSIONS + 2u * (f * DIMENSIONS + i);
        let mu = features[at];
        let p = -0.5 * features[at + 1u];
        let a = distance_along(i, x, mu.x);
        let b = distance_along(i, x, mu.y);
        let c = distance_along(i, x, mu.z);
        let d = distance_along(i, x, mu.w);
        sum = tile_sum(sum, Tile(p.x * (a * a), p.y * (b * b), p.z * (c * c), p.w * (d * d)));
    }
    return sum;
}

// The derivative of this order of a factor, divided by it.
fn factor(order: u32, i: u32, x: real4, mu: real, p: real) -> real4 {
    var s = x - mu;
    var c = real4(1.0);
    var bend = real(0.0); // ω²
    if is_periodic(i) {
        let period = features[i];
        let half_turns = 0.5 * period.y * s;
        let sine = sin_turns(half_turns, real4());
        s = 2.0 / period.x * sine * sin_turns(half_turns + 0.25, real4());
        c = 1.0 - 2.0 * sine * sine;
        bend = period.x * period.x;
    }
    let ps = p * s;
    if order == 1u {
        return -ps;
    }
    let pc = p * c;
    if order == 2u {
        return ps * ps - pc;
    }
    if order == 3u {
        return ps * (3.0 * pc + bend - ps * ps);
    }
    return ps * ps * (ps * ps - 6.0 * pc - 4.0 * bend) + pc * (3.0 * pc + bend);
}

// ∂^α φ / φ, where nibble i of `term` is α_i.
fn polynomial(term: u32, f: u32) -> Tile {
    var product = tile_outer(real4(1.0), real4(1.0));
    for (var i = 0u; i < DIMENSIONS; i++) {
        let order = (term >> (4u * i)) & 15u;
        if order > 0u {
            let x = coordinates[i];
            let at = DIMENSIONS + 2u * (f * DIMENSIONS + i);
            let mu = features[at];
            let p = features[at + 1u];
            product = tile_product(product, Tile(
                factor(order, i, x, mu.x, p.x),
                factor(order, i, x, mu.y, p.y),
                factor(order, i, x, mu.z, p.z),
                factor(order, i, x, mu.w, p.w),
            ));
        }
    }
    return product;
}
