// Ridge features φ_j(x) = s(z), z = w_j·x + b_j: z for four features at four points, and s with its derivatives.
//
// z keeps what a plain sum loses where the w_ji x_i are large. w and x are cut into a high and a low part, so short that
// w_high x_high is exact (12 bits each in f32; 29 and 24 in f64). Of each such product the whole part is split off exactly;
// whole parts, fractions, and the small rest w_high x_low + w_low x are summed apart. For a sine, w and b are in turns and
// the whole parts drop out: the error of the angle is about REAL_EPSILON, whatever |w·x| < 1/REAL_EPSILON is.
//
// The parameters of the features lie in `features`, for each group of four 2 + 2 DIMENSIONS vec4s: the whole and the
// fractional parts of b, then w_high and w_low for each coordinate. Points: `coordinates[i]`, four per vec4.
#import common/real
#import common/math
#import common/tile
#import common/turns

@group(0) @binding(3) var<storage, read> features: array<real4>;
@group(0) @binding(4) var<storage, read> factors: array<real4>;

override DIMENSIONS: u32 = 1u;
// SINE, TANH, SIGMOID, RELU or EXPONENTIAL.
override ACTIVATION: u32 = 0u;
// Terms of the launch, sorted by the derivative of s: those of kind 0 end before END_0, and so on.
override TERMS: u32 = 1u;
override END_0: u32 = 1u;
override END_1: u32 = 1u;
override END_2: u32 = 1u;
override END_3: u32 = 1u;

const SINE: u32 = 0u;
const TANH: u32 = 1u;
const SIGMOID: u32 = 2u;
const EXPONENTIAL: u32 = 4u;

// z = whole + (part + small) at four points.
struct Argument {
    whole: real4,
    part: real4,
    small: real4,
}

// The arguments of four features.
struct Arguments {
    a: Argument,
    b: Argument,
    c: Argument,
    d: Argument,
}

// The leading bits of x.
fn high_part(x: real4) -> real4 {
#if F64
    return real4(vec4<f32>(x));
#else
    return bitcast<vec4<f32>>(bitcast<vec4<u32>>(x) & vec4(0xfffff000u));
#endif
}

fn add_coordinate(sum: Argument, w_high: real, w_low: real, x: real4, x_high: real4, x_low: real4) -> Argument {
    let product = w_high * x_high;
    let whole = nearest4(product);
    let small = w_high * x_low + w_low * x;
    return Argument(sum.whole + whole, sum.part + (product - whole), sum.small + small);
}

// The parameters and factors of the present four features.
var<private> parameters: array<real4, 18>;
var<private> factor: array<real4, 8>;

fn prepare(f: u32) {
    for (var i = 0u; i < 2u + 2u * DIMENSIONS; i++) {
        parameters[i] = features[f * (2u + 2u * DIMENSIONS) + i];
    }
    for (var t = 0u; t < TERMS; t++) {
        factor[t] = factors[f * TERMS + t];
    }
}

// The arguments of the present features at the present points.
fn arguments() -> Arguments {
    let whole = parameters[0];
    let part = parameters[1];
    var z = Arguments(
        Argument(real4(whole.x), real4(part.x), real4()),
        Argument(real4(whole.y), real4(part.y), real4()),
        Argument(real4(whole.z), real4(part.z), real4()),
        Argument(real4(whole.w), real4(part.w), real4()),
    );
    for (var i = 0u; i < DIMENSIONS; i++) {
        let x = coordinates[i];
        let x_high = high_part(x);
        let x_low = x - x_high;
        let w_high = parameters[2u + 2u * i];
        let w_low = parameters[3u + 2u * i];
        z.a = add_coordinate(z.a, w_high.x, w_low.x, x, x_high, x_low);
        z.b = add_coordinate(z.b, w_high.y, w_low.y, x, x_high, x_low);
        z.c = add_coordinate(z.c, w_high.z, w_low.z, x, x_high, x_low);
        z.d = add_coordinate(z.d, w_high.w, w_low.w, x, x_high, x_low);
    }
    return z;
}

fn derivatives(kind: u32, z: Arguments) -> Tile {
    return Tile(derivative(kind, z.a), derivative(kind, z.b), derivative(kind, z.c), derivative(kind, z.d));
}

// The derivative of s of this kind: for a sine, 0 is sin and 1 is cos; otherwise the order. For tanh, z is twice the
// argument, and the derivatives are those of σ. All of e^z are kind 0.
fn derivative(kind: u32, argument: Argument) -> real4 {
    if ACTIVATION == SINE {
        return sin_turns(argument.part + 0.25 * real(kind), argument.small);
    }
    let z = argument.whole + (argument.part + argument.small);
    if ACTIVATION == TANH || ACTIVATION == SIGMOID {
        return logistic(kind, z);
    }
    if ACTIVATION == EXPONENTIAL {
        return real4(real_exp(z.x), real_exp(z.y), real_exp(z.z), real_exp(z.w));
    }
    // ReLU
    let nan = vec4(real_is_nan(z.x), real_is_nan(z.y), real_is_nan(z.z), real_is_nan(z.w));
    let on = select(real4(1.0), z, vec4(kind == 0u));
    return select(select(real4(), on, z > real4()), z, nan);
}

// With e = exp(-|z|), from which nothing overflows: σ' = e/(1 + e)², h = tanh(z/2) = 2σ - 1, σ'' = -hσ',
// σ''' = σ'(1 - 6σ'), σ'''' = -hσ'(1 - 12σ').
fn logistic(kind: u32, z: real4) -> real4 {
    let size = -abs(z);
    let e = real4(real_exp(size.x), real_exp(size.y), real_exp(size.z), real_exp(size.w));
    let q = 1.0 / (1.0 + e);
    let negative = z < real4();
    let h = select(1.0 - e, e - 1.0, negative) * q;
    let slope = e * q * q;
    if kind == 0u {
        return select(select(q, e * q, negative), h, vec4(ACTIVATION == TANH));
    }
    if kind == 1u {
        return slope;
    }
    if kind == 2u {
        return -h * slope;
    }
    if kind == 3u {
        return slope * (1.0 - 6.0 * slope);
    }
    return -h * slope * (1.0 - 12.0 * slope);
}
