// The elementary functions that emitted expressions call beyond those of common/math, in f32 and f64.
//
//     tan = sin / cos                    sinh = tanh · cosh                  cosh = (eˣ + e⁻ˣ) / 2
//     atan t = 2 atan(t / (1 + √(1 + t²))), taken twice, then Σ (-1)ᵏ t²ᵏ⁺¹ / (2k + 1)
//     asin x = atan2(x, √(1 - x²))       acos x = atan2(√(1 - x²), x)
//     erf x = 2/√π e^(-x²) Σ 2ⁿ x²ⁿ⁺¹ / (2n + 1)!!   (Abramowitz & Stegun 7.1.6: no term is negative)
//     xʸ = e^(y log |x|), with the sign of an odd y
//
// A few ULP of the device's division and square root; erf 16 ULP; xʸ as much as |y log x| + 4 ULP. Zeros have no sign.
#import common/math

#if F64
const ERF_ONE: real = 6.0lf;
#else
const ERF_ONE: real = 4.0;
#endif
const HALF_PI: real = 1.5707963267948966;

fn real_tan(x: real) -> real {
    let at = real_sin_cos(x);
    return at.x / at.y;
}

fn real_cosh(x: real) -> real {
    let e = real_exp(abs(x));
    return 0.5 * e + 0.5 / e;
}

fn real_sinh(x: real) -> real {
    return real_tanh(x) * real_cosh(x);
}

// atan t of 0 ≤ t ≤ 1.
fn atan_of_fraction(t: real) -> real {
    let half = t / (1.0 + sqrt(1.0 + t * t));
    let quarter = half / (1.0 + sqrt(1.0 + half * half));
    let z = quarter * quarter;
#if F64
    let end = z * (1.0 / 13.0 - z * (1.0 / 15.0 - z * (1.0 / 17.0 - z * (1.0 / 19.0 - z * (1.0 / 21.0 - z / 23.0)))));
#else
    let end = real(0.0);
#endif
    let tail = 1.0 / 3.0 - z * (1.0 / 5.0 - z * (1.0 / 7.0 - z * (1.0 / 9.0 - z * (1.0 / 11.0 - end))));
    return 4.0 * (quarter - quarter * (z * tail));
}

fn real_atan2(y: real, x: real) -> real {
    let steep = abs(y) > abs(x);
    let greater = select(abs(x), abs(y), steep);
    let lesser = select(abs(y), abs(x), steep);
    let flat = atan_of_fraction(select(lesser / greater, lesser, greater == 0.0));
    let first = select(flat, HALF_PI - flat, steep);
    let upper = select(first, 2.0 * HALF_PI - first, x < 0.0);
    return select(upper, -upper, y < 0.0);
}

fn real_atan(x: real) -> real {
    return real_atan2(x, 1.0);
}

fn real_asin(x: real) -> real {
    return real_atan2(x, sqrt((1.0 - x) * (1.0 + x)));
}

fn real_acos(x: real) -> real {
    return real_atan2(sqrt((1.0 - x) * (1.0 + x)), x);
}

fn real_erf(x: real) -> real {
    let a = min(abs(x), ERF_ONE);
    let z = a * a;
    var term = a;
    var sum = a;
    for (var n = 3u; n < 300u && term > REAL_EPSILON * sum; n += 2u) {
        term *= 2.0 * z / real(n);
        sum += term;
    }
    let upper = min(1.1283791670955126 * real_exp(-z) * sum, 1.0);
    return select(select(upper, -upper, x < 0.0), x, real_is_nan(x));
}

fn real_power(x: real, y: real) -> real {
    // A negative x has a power only where y is whole; its logarithm is NaN otherwise.
    let whole = floor(y) == y;
    let size = real_exp(y * real_log(select(x, abs(x), whole)));
    let odd = whole && 2.0 * floor(0.5 * y) != y;
    return select(select(size, -size, odd && x < 0.0), 1.0, y == 0.0);
}

// As the host does it: what is not smaller is `b`, but NaN stays.
fn real_min(a: real, b: real) -> real {
    return select(b, a, a < b || real_is_nan(a));
}

fn real_max(a: real, b: real) -> real {
    return select(b, a, a > b || real_is_nan(a));
}

fn real_sign(x: real) -> real {
    let sign = select(select(real(0.0), 1.0, x > 0.0), -1.0, x < 0.0);
    return select(sign, x, real_is_nan(x));
}

// 1 for true.
fn real_truth(holds: bool) -> real {
    return select(real(0.0), 1.0, holds);
}
