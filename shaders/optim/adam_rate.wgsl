// t ← t + 1   η = rate · min(1, t/W) · decay(max(t − 1 − W, 0))   s = min(1, clip/‖g‖)   1 − βᵗ = (1 − βᵗ⁻¹)β + (1 − β)
//
// The scalars of a step of optim/adam, from g·g; a g·g that is infinite or NaN sets the status, and nothing else is
// written. decay(k) of EXPONENTIAL is e^(−k·speed); of COSINE last + (1 − last)(1 + cos(π min(k·speed, 1)))/2 (Loshchilov
// and Hutter, ICLR 2017, equation 5, without restarts); else 1. Clipping by the global norm: Pascanu, Mikolov and
// Bengio, ICML 2013. 1 − βᵗ is kept rather than βᵗ, because the difference would lose digits in the first steps.
//
// Bindings: params; 1 control, read and written, words as in common/adam, of which SQUARE is g·g.
// Mapping: one workgroup of one invocation.
// Cost: 56 bytes moved (112 in f64), about 100 flops.
// Needs nothing beyond WebGPU. F64 needs SHADER_F64. IMMEDIATES needs 36 bytes (64 in f64); else a storage buffer.
#import common/real
#import common/math
#import common/adam

// Values of `decay`.
const EXPONENTIAL: u32 = 1u;
const COSINE: u32 = 2u;

const NOT_FINITE: real = 1.0;
const PI: real = 3.141592653589793;

struct Params {
    decay: u32,
    warm_up: u32,  // W
    rate: real,
    speed: real,
    last: real,
    gain1: real,   // 1 − β₁
    gain2: real,   // 1 − β₂
    clip: real,    // 0: no clipping
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read_write> control: array<real>;

fn decayed(steps: real) -> real {
    let along = steps * params.speed;
    if params.decay == EXPONENTIAL {
        return real_exp(-along);
    }
    if params.decay == COSINE {
        return params.last + (1.0 - params.last) * 0.5 * (1.0 + real_cos(PI * min(along, 1.0)));
    }
    return 1.0;
}

@compute @workgroup_size(1)
fn main() {
    let square = control[SQUARE];
    if control[STATUS] == 0.0 {
        if real_is_finite(square) {
            let before = control[STEP];
            let warm_up = real(params.warm_up);
            var rate = params.rate * decayed(max(before - warm_up, 0.0));
            if before + 1.0 < warm_up {
                rate *= (before + 1.0) / warm_up;
            }
            var scale: real = 1.0;
            if params.clip > 0.0 && square > params.clip * params.clip {
                scale = params.clip / sqrt(square);
            }
            control[STEP] = before + 1.0;
            control[RATE] = rate;
            control[COMPLEMENT1] += params.gain1 * (1.0 - control[COMPLEMENT1]);
            control[COMPLEMENT2] += params.gain2 * (1.0 - control[COMPLEMENT2]);
            control[SCALE] = scale;
        } else {
            control[STATUS] = NOT_FINITE;
        }
    }
}
