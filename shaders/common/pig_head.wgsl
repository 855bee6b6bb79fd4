// The head of a physics-informed Gaussian network: hidden units y_h = tanh(b_h + Σ_k W_hk φ_k) and u = c_0 + Σ_h c_h y_h,
// with all derivatives that are asked for, by the chain rule. With z = b_h + Σ_k W_hk φ_k and s = tanh:
//
//     y = s(z);   ∂_i y = s′ ∂_i z;   ∂_ij y = s′ ∂_ij z + s″ ∂_i z ∂_j z;   s′ = 1 − s², s″ = −2 s s′, s‴ = s′(6 s² − 2).
//
// The terms of a launch: the value, then FIRSTS first derivatives, then the second ones, all that their chain rule needs;
// TERMS of them, at most 16. Of the second derivative number n, nibble n of LEFT and of RIGHT say which of the first ones it is
// made of. `head` holds for each unit b_h and W_h1 … W_hK, `weights` c_1 … c_H and c_0.
#import common/real
#import common/math
#import common/grid

override LANES: u32 = 64u;
// K, at most 8.
override INNER: u32 = 1u;
// At most 64.
override UNITS: u32 = 1u;
override TERMS: u32 = 1u;
override FIRSTS: u32 = 0u;
override LEFT_0: u32 = 0u;
override LEFT_1: u32 = 0u;
override RIGHT_0: u32 = 0u;
override RIGHT_1: u32 = 0u;

fn nibble(low: u32, high: u32, n: u32) -> u32 {
    return (select(low, high, n >= 8u) >> (4u * (n & 7u))) & 15u;
}

// Which terms the second derivative t is made of.
fn left(t: u32) -> u32 {
    return 1u + nibble(LEFT_0, LEFT_1, t - FIRSTS - 1u);
}
fn right(t: u32) -> u32 {
    return 1u + nibble(RIGHT_0, RIGHT_1, t - FIRSTS - 1u);
}

// The terms of φ at the present points, k after k; of z and y for the present unit; and s′, s″ there.
var<private> phi: array<real4, 128>;
var<private> z: array<real4, 16>;
var<private> y: array<real4, 16>;
var<private> slope: real4;
var<private> bend: real4;

// z and y of the unit whose parameters begin at `at`, in `head`.
fn unit(at: u32) {
    for (var t = 0u; t < TERMS; t++) {
        z[t] = real4();
    }
    z[0] = real4(head[at]);
    for (var k = 0u; k < INNER; k++) {
        let w = head[at + 1u + k];
        for (var t = 0u; t < TERMS; t++) {
            z[t] += w * phi[k * TERMS + t];
        }
    }
    let s = real4(real_tanh(z[0].x), real_tanh(z[0].y), real_tanh(z[0].z), real_tanh(z[0].w));
    slope = 1.0 - s * s;
    bend = -2.0 * s * slope;
    y[0] = s;
    for (var t = 1u; t <= FIRSTS; t++) {
        y[t] = slope * z[t];
    }
    for (var t = FIRSTS + 1u; t < TERMS; t++) {
        y[t] = slope * z[t] + bend * z[left(t)] * z[right(t)];
    }
}
