// exp x of the exponents of Gaussians, which are not positive. In f32 to 2 ULP down to e⁻⁸⁷, where it stays: what is below
// counts for nothing, and no number is subnormal. NaN gives a number.
#import common/math

fn gaussian_exp(x: real4) -> real4 {
#if F64
    return real4(real_exp(x.x), real_exp(x.y), real_exp(x.z), real_exp(x.w));
#else
    let y = max(x, real4(-87.0));
    let n = round(y * 1.442695);
    // As in common/math_f32.
    let r = (y - n * 0.693145751953125) - n * 1.4286068e-6;
    let p = 0.5 + r * (0.16666576 + r * (0.041666552 + r * (0.008363233 + r * 0.001392625)));
    let power = bitcast<vec4<f32>>(vec4<u32>(vec4<i32>(n) + vec4(127)) << vec4(23u));
    return (1.0 + (r + r * r * p)) * power;
#endif
}
