// The parts of common/math which depend on the precision, in f64: no round, no bits and no built-in function of f64 is
// portable. The polynomials are Taylor's, up to the term below 2^-56 of the function's value.

// The integer nearest to x.
fn nearest_integer(x: f64) -> i32 {
    return i32(x + select(f64(-0.5), f64(0.5), x >= 0.0));
}

// f64 NaN; x is the function's argument, so that no compiler can evaluate it beforehand.
fn nan_of(x: f64) -> f64 {
    return f64(bitcast<f32>(bitcast<u32>(f32(x)) | 0x7fc00000u));
}

// x = k π/2 + (head - tail), |head - tail| a hair above π/4 at most.
struct Turn {
    k: i32,
    head: f64,
    tail: f64,
}

// k has no more bits than an i32.
const TURN_LIMIT: f64 = 1073741824.0;

fn reduce_turn(x: f64) -> Turn {
    let k = nearest_integer(x * 0.6366197723675814);
    let turns = f64(k);
    // π/2 in three parts of 33 bits and a rest of 53. Up to |x| = 1e6, k has 20 bits: three products and the first
    // difference are exact, and the second too where it cancels. Elsewhere the second product fits the tail.
    let part_2 = turns * 6.077100506303966e-11;
    let part_3 = turns * 2.022266248711166e-21;
    let first = x - turns * 1.5707963267341256;
    let second = first - part_2;
    let cancels = abs(second) < 0.0001;
    let nan = nan_of(x);
    return Turn(
        k,
        select(nan, select(first, second - part_3, cancels), abs(x) <= TURN_LIMIT),
        select(part_2 + part_3, turns * 8.478427660368900e-32, cancels),
    );
}

// (sin r / r - 1) / z at z = r²
fn sin_tail(z: f64) -> f64 {
    return -1.0 / 6.0 + z * (1.0 / 120.0 + z * (-1.0 / 5040.0 + z * (1.0 / 362880.0 + z * (-1.0 / 39916800.0
        + z * (1.0 / 6227020800.0 + z * (-1.0 / 1307674368000.0 + z * (1.0 / 355687428096000.0)))))));
}

// (cos r - 1 + z/2) / z² at z = r²
fn cos_tail(z: f64) -> f64 {
    return 1.0 / 24.0 + z * (-1.0 / 720.0 + z * (1.0 / 40320.0 + z * (-1.0 / 3628800.0 + z * (1.0 / 479001600.0
        + z * (-1.0 / 87178291200.0 + z * (1.0 / 20922789888000.0))))));
}

// exp x = 2^n (1 + q)
struct Power {
    n: i32,
    q: f64,
}

// Below the first exp x rounds to 0, above the second to infinity; above the third tanh x rounds to 1.
const EXP_ZERO: f64 = -746.0;
const EXP_INFINITE: f64 = 710.0;
const TANH_ONE: f64 = 20.0;

// For x from EXP_ZERO to EXP_INFINITE.
fn exp_power(x: f64) -> Power {
    let n = nearest_integer(x * 1.4426950408889634);
    // ln 2 in a part of 42 bits, whose product with n is exact, and a rest.
    let r = (x - f64(n) * 0.6931471805598903) - f64(n) * 5.497923018708371e-14;
    let p = 1.0 / 2.0 + r * (1.0 / 6.0 + r * (1.0 / 24.0 + r * (1.0 / 120.0 + r * (1.0 / 720.0 + r * (1.0 / 5040.0
        + r * (1.0 / 40320.0 + r * (1.0 / 362880.0 + r * (1.0 / 3628800.0 + r * (1.0 / 39916800.0
        + r * (1.0 / 479001600.0 + r * (1.0 / 6227020800.0)))))))))));
    return Power(n, r + r * r * p);
}

// 2^n for -126 ≤ n ≤ 127.
fn small_power(n: i32) -> f64 {
    return f64(bitcast<f32>(u32(n + 127) << 23u));
}

// y 2^n for -1088 ≤ n ≤ 1039, y of about 1, rounded once: 2^n = 2^rest (2^sixteenth)^16.
fn scale_by_power(y: f64, n: i32) -> f64 {
    let sixteenth = n >> 4u;
    let power_1 = small_power(sixteenth);
    let power_2 = power_1 * power_1;
    let power_4 = power_2 * power_2;
    let power_8 = power_4 * power_4;
    return y * small_power(n - 16 * sixteenth) * power_8 * power_8;
}

// x = 2^k m
struct Scaled {
    m: f64,
    k: i32,
}

// The same number, its m nearer to 1 by `power` = 2^`exponent` where it is further away.
fn toward_one(x: Scaled, power: f64, exponent: i32) -> Scaled {
    if x.m >= power {
        return Scaled(x.m / power, x.k + exponent);
    }
    if x.m < 1.0 / power {
        return Scaled(x.m * power, x.k - exponent);
    }
    return x;
}

// x = 2^k (1 + f), √½ ≤ 1 + f ≤ √2. With s = f / (2 + f), log(1 + f) = 2 artanh s = f - f²/2 + s (f²/2 + R),
// R = 2 (s²/3 + s⁴/5 + …).
fn real_log(x: f64) -> f64 {
    // Into the range of f32, whose exponent can be had.
    var scaled = toward_one(Scaled(x, 0), 1.3407807929942597e154, 512);
    scaled = toward_one(scaled, 1.157920892373162e77, 256);
    scaled = toward_one(scaled, 3.402823669209385e38, 128);
    scaled = toward_one(scaled, 1.8446744073709552e19, 64);
    let exponent = i32(bitcast<u32>(f32(scaled.m)) >> 23u) - 127;
    let unit = scaled.m * small_power(-exponent);
    let above = unit > 1.4142135623730951;
    let f = select(unit, 0.5 * unit, above) - 1.0;
    let k = f64(scaled.k + exponent + select(0, 1, above));
    let s = f / (2.0 + f);
    let z = s * s;
    let r = 2.0 * z * (1.0 / 3.0 + z * (1.0 / 5.0 + z * (1.0 / 7.0 + z * (1.0 / 9.0 + z * (1.0 / 11.0 + z * (1.0 / 13.0
        + z * (1.0 / 15.0 + z * (1.0 / 17.0 + z * (1.0 / 19.0 + z * (1.0 / 21.0))))))))));
    let square = 0.5 * f * f;
    let y = k * 0.6931471805598903 + (f - (square - (s * (square + r) + k * 5.497923018708371e-14)));
    let positive = select(y, x, !real_is_finite(x));
    let infinity = f64(bitcast<f32>(bitcast<u32>(f32(x)) | 0xff800000u));
    return select(select(positive, infinity, x == 0.0), nan_of(x), x < 0.0);
}
