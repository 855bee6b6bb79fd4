// The activations s of hidden units: Taylor coefficients c_k = s^{(k)}(z)/k! to the fifth order, by recurrences.
//
//     sine       sin z, cos z, −sin z/2, …
//     tanh       s′ = 1 − s²:           (k + 1) c_{k+1} = −Σ_i c_i c_{k−i}
//     softplus   s′ = σ = 1/(1 + e⁻ᶻ),  σ′ = σ − σ²
//     GELU       s = zΦ(z), Φ′ = φ = e^(−z²/2)/√2π, φ′ = −zφ; Φ = (1 + erf(z/√2))/2
#import common/real
#import common/math

// The place in `Activation::ALL`.
override ACTIVATION: u32 = 2u;

const SINE: u32 = 1u;
const TANH: u32 = 2u;
const SOFTPLUS: u32 = 3u;
const GELU: u32 = 4u;

struct Series {
    c0: real4,
    c1: real4,
    c2: real4,
    c3: real4,
    c4: real4,
    c5: real4,
}

fn exp4(x: real4) -> real4 {
    return real4(real_exp(x.x), real_exp(x.y), real_exp(x.z), real_exp(x.w));
}

fn sine_series(z: real4) -> Series {
    let a = real_sin_cos(z.x);
    let b = real_sin_cos(z.y);
    let c = real_sin_cos(z.z);
    let d = real_sin_cos(z.w);
    let sine = real4(a.x, b.x, c.x, d.x);
    let cosine = real4(a.y, b.y, c.y, d.y);
    return Series(sine, cosine, -0.5 * sine, -1.0 / 6.0 * cosine, 1.0 / 24.0 * sine, 1.0 / 120.0 * cosine);
}

fn tanh_series(z: real4) -> Series {
    let t = real4(real_tanh(z.x), real_tanh(z.y), real_tanh(z.z), real_tanh(z.w));
    let c1 = 1.0 - t * t;
    let c2 = -t * c1;
    let c3 = -1.0 / 3.0 * (2.0 * t * c2 + c1 * c1);
    let c4 = -0.5 * (t * c3 + c1 * c2);
    let c5 = -1.0 / 5.0 * (2.0 * (t * c4 + c1 * c3) + c2 * c2);
    return Series(t, c1, c2, c3, c4, c5);
}

fn softplus_series(z: real4) -> Series {
    let e = exp4(-abs(z));
    let log = real4(real_log(1.0 + e.x), real_log(1.0 + e.y), real_log(1.0 + e.z), real_log(1.0 + e.w));
    let s0 = select(real4(1.0), e, z < real4()) / (1.0 + e);
    let s1 = s0 - s0 * s0;
    let s2 = 0.5 * (s1 - 2.0 * s0 * s1);
    let s3 = 1.0 / 3.0 * (s2 - (2.0 * s0 * s2 + s1 * s1));
    let s4 = 0.25 * (s3 - 2.0 * (s0 * s3 + s1 * s2));
    let positive = select(real4(), z, z > real4());
    return Series(positive + log, s0, 0.5 * s1, 1.0 / 3.0 * s2, 0.25 * s3, 1.0 / 5.0 * s4);
}

#if F64
const ERF_LIMIT: real = 6.0lf;
#else
const ERF_LIMIT: real = 4.0;
#endif

// 2/√π e^(−x²) Σ 2ⁿ x²ⁿ⁺¹ / (2n + 1)!! (Abramowitz & Stegun 7.1.6): no term is negative.
fn erf4(x: real4) -> real4 {
    let a = min(abs(x), real4(ERF_LIMIT));
    let square = a * a;
    var term = a;
    var sum = a;
    for (var n = 3u; n < 300u && any(term > REAL_EPSILON * sum); n += 2u) {
        term *= (2.0 / real(n)) * square;
        sum += term;
    }
    let inner = 1.1283791670955126 * exp4(-square) * sum;
    let upper = select(inner, real4(1.0), a >= real4(ERF_LIMIT));
    return select(upper, -upper, x < real4());
}

fn gelu_series(z: real4) -> Series {
    let d0 = 0.3989422804014327 * exp4(-0.5 * z * z);
    let d1 = -z * d0;
    let d2 = -0.5 * (z * d1 + d0);
    let d3 = -1.0 / 3.0 * (z * d2 + d1);
    let d4 = -0.25 * (z * d3 + d2);
    let phi = 0.5 + 0.5 * erf4(0.7071067811865476 * z);
    return Series(
        z * phi,
        z * d0 + phi,
        0.5 * z * d1 + d0,
        1.0 / 3.0 * z * d2 + 0.5 * d1,
        0.25 * z * d3 + 1.0 / 3.0 * d2,
        1.0 / 5.0 * z * d4 + 0.25 * d3,
    );
}

fn series(z: real4) -> Series {
    if ACTIVATION == SINE {
        return sine_series(z);
    }
    if ACTIVATION == TANH {
        return tanh_series(z);
    }
    if ACTIVATION == SOFTPLUS {
        return softplus_series(z);
    }
    if ACTIVATION == GELU {
        return gelu_series(z);
    }
    return Series(z, real4(1.0), real4(), real4(), real4(), real4());
}

// The series of s′.
fn slope_series(s: Series) -> Series {
    return Series(s.c1, 2.0 * s.c2, 3.0 * s.c3, 4.0 * s.c4, 5.0 * s.c5, real4());
}
