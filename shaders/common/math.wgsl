// sin, cos, exp, tanh, log and the sigmoid of a `real`, to a few units in the last place (ULP) on every device.
//
// WGSL promises 2^-11 of sin and cos, on [-π, π] alone, and SPIR-V has none of these functions in f64. Here they are sums
// and products, and so as accurate as the device's arithmetic is. Bounds in ULP of the correct value, f32 and f64 alike:
//
//     real_sin, real_cos, real_sin_cos   2   |x| ≤ 1e4 (f64: 1e6)
//     real_exp, real_log                 2   every x
//     real_tanh, real_sigmoid            4   every x; half of it is the division, which WGSL grants 2.5 in f32
//
// sin and cos of larger x are those of an x that is 2 ULP away, at most; beyond TURN_LIMIT (2^22; f64: 2^30) NaN: no
// answer rather than a wrong one. real_sin_cos costs one of the two: about 40 flops in f32, without a branch.
//
// NaN gives NaN; exp(∞) = ∞, exp(-∞) = 0, tanh(±∞) = ±1, sigmoid(∞) = 1, sigmoid(-∞) = 0, log(∞) = ∞, log(±0) = -∞;
// log(x < 0) and sin, cos of ±∞ are NaN. exp overflows to ∞. A device may take subnormal numbers for 0, arguments and
// results alike; log in f32 has them all the same. The sign of a zero is not kept.
//
// sin and cos subtract k π/2 in parts whose product with k is exact, so that no rounding needs repair (Cody & Waite,
// Software Manual for the Elementary Functions, 1980): a compiler may fuse the products, and changes nothing. One that
// reassociates sums gives the sine of an x that is off by an ULP or two; tests/tests/math.rs finds that out.
#import common/real
#if F64
#import common/math_f64
#else
#import common/math_f32
#endif

// (sin x, cos x)
fn real_sin_cos(x: real) -> real2 {
    let turn = reduce_turn(x);
    let r = turn.head - turn.tail;
    let z = r * r;
    // The last sum adds to the exact head: what was rounded before is small.
    let s = turn.head + (r * (z * sin_tail(z)) - turn.tail);
    let c = 1.0 - (0.5 * z - z * z * cos_tail(z));
    let odd = (turn.k & 1) != 0;
    let at_sin = select(s, c, odd);
    let at_cos = select(c, s, odd);
    return real2(
        select(at_sin, -at_sin, (turn.k & 2) != 0),
        select(at_cos, -at_cos, ((turn.k + 1) & 2) != 0),
    );
}

fn real_sin(x: real) -> real {
    return real_sin_cos(x).x;
}

fn real_cos(x: real) -> real {
    return real_sin_cos(x).y;
}

fn real_exp(x: real) -> real {
    // NaN may not outlive the clamp.
    let power = exp_power(clamp(x, EXP_ZERO, EXP_INFINITE));
    return select(scale_by_power(1.0 + power.q, power.n), x, real_is_nan(x));
}

// E / (E + 2) with E = exp(2 |x|) - 1, in which small x lose nothing.
fn real_tanh(x: real) -> real {
    let power = exp_power(2.0 * min(abs(x), TANH_ONE));
    let unit = scale_by_power(1.0, power.n);
    let e = (unit - 1.0) + unit * power.q;
    let t = e / (e + 2.0);
    return select(select(t, -t, x < 0.0), x, real_is_nan(x));
}

// 1 / (1 + exp(-x))
fn real_sigmoid(x: real) -> real {
    let e = real_exp(-abs(x));
    return select(1.0, e, x < 0.0) / (1.0 + e);
}
