// The parts of common/math which depend on the precision, in f32. The polynomials interpolate at Chebyshev's points; the
// error of each, relative to the function's value, is said beside it. An ULP is 2^-24 to 2^-23.

// x = k π/2 + (head - tail), |head - tail| a hair above π/4 at most.
struct Turn {
    k: i32,
    head: f32,
    tail: f32,
}

// Neighbouring f32 are half a unit apart here.
const TURN_LIMIT: f32 = 4194304.0;

fn reduce_turn(x: f32) -> Turn {
    let k = round(x * 0.63661975);
    // π/2 in three parts of 11 bits and a rest of 24. Up to |x| = 1e4, k has 13 bits: three products are exact, the first
    // two differences too, and so is the third where it cancels.
    let head = ((x - k * 1.5703125) - k * 0.0004837512969970703) - k * 7.549533620476723e-8;
    let nan = bitcast<f32>(bitcast<u32>(x) | 0x7fc00000u);
    return Turn(i32(k), select(nan, head, abs(x) <= TURN_LIMIT), k * 2.5633442e-12);
}

// (sin r / r - 1) / z at z = r²   (2^-26)
fn sin_tail(z: f32) -> f32 {
    return -0.16666664 + z * (0.008332745 + z * -0.00019587183);
}

// (cos r - 1 + z/2) / z² at z = r²   (2^-30)
fn cos_tail(z: f32) -> f32 {
    return 0.041666664 + z * (-0.00138883 + z * 2.4547233e-5);
}

// exp x = 2^n (1 + q)
struct Power {
    n: i32,
    q: f32,
}

// Below the first exp x rounds to 0, above the second to infinity; above the third tanh x rounds to 1.
const EXP_ZERO: f32 = -104.0;
const EXP_INFINITE: f32 = 89.0;
const TANH_ONE: f32 = 10.0;

// For x from EXP_ZERO to EXP_INFINITE.   (2^-27)
fn exp_power(x: f32) -> Power {
    let n = round(x * 1.442695);
    // ln 2 in a part of 15 bits, whose product with n is exact, and a rest.
    let r = (x - n * 0.693145751953125) - n * 1.4286068e-6;
    let p = 0.5 + r * (0.16666576 + r * (0.041666552 + r * (0.008363233 + r * 0.001392625)));
    return Power(i32(n), r + r * r * p);
}

// y 2^n for -150 ≤ n ≤ 128, rounded once: half of the power at a time is a normal number.
fn scale_by_power(y: f32, n: i32) -> f32 {
    let half = n >> 1u;
    return y * bitcast<f32>(u32(half + 127) << 23u) * bitcast<f32>(u32(n - half + 127) << 23u);
}

// x = 2^k (1 + f), √½ ≤ 1 + f < √2; log(1 + f) = f - f²/2 + f³ P(f).   (2^-28)
fn real_log(x: f32) -> f32 {
    let bits = bitcast<u32>(x);
    // A subnormal x is an integer times 2^-149: devices that take it for 0 do so in arithmetic alone.
    let subnormal = bits < 0x00800000u;
    let normal = select(bits, bitcast<u32>(f32(bits)), subnormal);
    let from_root = normal - 0x3f3504f3u;
    let k = f32((bitcast<i32>(from_root) >> 23u) - select(0, 149, subnormal));
    let f = bitcast<f32>((from_root & 0x007fffffu) + 0x3f3504f3u) - 1.0;
    let p = 0.3333333 + f * (-0.24999997 + f * (0.20000716 + f * (-0.16667803 + f * (0.14249058
        + f * (-0.12425687 + f * (0.1168542 + f * (-0.11479734 + f * 0.06971612)))))));
    let small = f * f * (f * p - 0.5) + k * 1.4286068e-6;
    let y = k * 0.693145751953125 + (f + small);
    // log(∞) and log(NaN), log(±0), log(x < 0), by the bits.
    let positive = select(y, x, bits >= 0x7f800000u);
    let defined = select(positive, bitcast<f32>(bits | 0xff800000u), (bits & 0x7fffffffu) == 0u);
    return select(defined, bitcast<f32>(bits | 0x7fc00000u), bits > 0x80000000u);
}
