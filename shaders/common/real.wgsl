// The scalar `real` of a kernel which exists in f32 and f64, and what depends on it.
//
// Flag F64: `real` is f64 (needs SHADER_F64); otherwise f32. Write literals without a suffix: they take either type.
// f64 has no sin, exp, log or pow on any driver, and no atomics.
#import common/bits

#if F64
alias real = f64;
const REAL_MAX: real = 1.7976931348623157e308lf;
const REAL_EPSILON: real = 2.220446049250313e-16lf;
#else
alias real = f32;
const REAL_MAX: real = 3.4028234663852886e38;
const REAL_EPSILON: real = 1.1920929e-7;
#endif
alias real2 = vec2<real>;
alias real3 = vec3<real>;
alias real4 = vec4<real>;

// (x0 + x1) + (x2 + x3): the order is fixed, which `dot(v, vec4(1))` leaves to the compiler.
fn sum4(v: real4) -> real {
    return (v.x + v.y) + (v.z + v.w);
}

// Whether x is NaN.
fn real_is_nan(x: real) -> bool {
    // A NaN stays one in f32, and no other number becomes one.
    return is_nan(f32(x));
}

// Whether x is neither NaN nor infinite.
fn real_is_finite(x: real) -> bool {
#if F64
    // Scaled by 2^-900, every finite f64 fits f32. The bits of an f64 itself cannot be had without 64-bit integers.
    return is_finite(f32(x * 1.1830521861667747e-271lf));
#else
    return is_finite(x);
#endif
}
