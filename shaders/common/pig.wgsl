// A physics-informed Gaussian network at four points: embeddings φ_k = Σ_i w_ki Π_d exp(−p_kid(x_d − μ_kid)²/2), or with full
// covariances Σ_i w_ki exp(−½ (x − μ_ki)ᵀP_ki(x − μ_ki)), hidden units
// y_h = tanh(b_h + Σ_k W_hk φ_k) and u = c_0 + Σ_h c_h y_h, with all derivatives that are asked for, by the chain rule. With
// z = b_h + Σ_k W_hk φ_k and s = tanh:
//
//     y = s(z);   ∂_i y = s′ ∂_i z;   ∂_ij y = s′ ∂_ij z + s″ ∂_i z ∂_j z;   s′ = 1 − s², s″ = −2 s s′, s‴ = s′(6 s² − 2).
//
// The terms of a launch: the value, then first derivatives, then the second ones, all that their chain rule needs; TERMS of them. What
// depends on them is generated. `gaussians` holds for each embedding `share` groups of four Gaussians, of each GROUP numbers: μ and p
// along each coordinate, or all of μ and the upper triangle of P, and w; beyond the last Gaussian w is zero. `head` holds c_1 … c_H, c_0, b_1 … b_H and W_11 … W_HK. A workgroup reads each
// Gaussian once, at the same time, so from a cache; it is not copied to workgroup memory.
#import common/real
#import common/math
#import common/grid
#import common/turns
#import common/gaussian_exp

override LANES: u32 = 64u;
// H, at most 64.
override UNITS: u32 = 1u;

@group(0) @binding(1) var<storage, read> points: array<real4>;
@group(0) @binding(2) var<storage, read> gaussians: array<real4>;
@group(0) @binding(3) var<storage, read> head: array<real>;
#import generated/gaussian

fn nibble(low: u32, high: u32, n: u32) -> u32 {
    return (select(low, high, n >= 8u) >> (4u * (n & 7u))) & 15u;
}

// φ at the present points.
var<private> phi: array<Jet, INNER>;

// At the points `at` of each coordinate.
fn embed(at: u32, stride4: u32, present: vec4<bool>, share: u32) {
    var x: array<real4, DIMENSIONS>;
    for (var d = 0u; d < DIMENSIONS; d++) {
        x[d] = select(real4(), points[d * stride4 + at], present);
    }
    for (var k = 0u; k < INNER; k++) {
        var sums = Jet();
        for (var f = 0u; f < share; f++) {
            sums = add_gaussians(sums, x, (k * share + f) * GROUP);
        }
        phi[k] = sums;
    }
}

// z of unit h.
fn argument(h: u32) -> Jet {
    var z = Jet();
    z.t0 = real4(head[UNITS + 1u + h]);
    for (var k = 0u; k < INNER; k++) {
        z = jet_added(z, real4(head[2u * UNITS + 1u + h * INNER + k]), phi[k]);
    }
    return z;
}

fn tanh4(x: real4) -> real4 {
    return real4(real_tanh(x.x), real_tanh(x.y), real_tanh(x.z), real_tanh(x.w));
}
