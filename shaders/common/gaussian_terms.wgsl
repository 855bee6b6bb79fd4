// The terms of a launch over Gaussians, and φ from its logarithm. The kernel also imports the family that gives `exponent` and
// `polynomial`.
#import common/math
#import common/tile

override TERMS: u32 = 1u;
// α_t, packed as `polynomial` takes it.
override TERM_0: u32 = 0u;
override TERM_1: u32 = 0u;
override TERM_2: u32 = 0u;
override TERM_3: u32 = 0u;
override TERM_4: u32 = 0u;
override TERM_5: u32 = 0u;
override TERM_6: u32 = 0u;
override TERM_7: u32 = 0u;

fn term_of(t: u32) -> u32 {
    switch t {
        case 0u: { return TERM_0; }
        case 1u: { return TERM_1; }
        case 2u: { return TERM_2; }
        case 3u: { return TERM_3; }
        case 4u: { return TERM_4; }
        case 5u: { return TERM_5; }
        case 6u: { return TERM_6; }
        default: { return TERM_7; }
    }
}

fn exp4(x: real4) -> real4 {
    return real4(real_exp(x.x), real_exp(x.y), real_exp(x.z), real_exp(x.w));
}

// The features are read where they are used: a full covariance is too much for registers.
fn prepare(f: u32) {
}

fn gaussians(f: u32) -> Tile {
    let log = exponent(f);
    return Tile(exp4(log.a), exp4(log.b), exp4(log.c), exp4(log.d));
}
