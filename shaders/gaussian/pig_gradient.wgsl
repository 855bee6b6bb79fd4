// From sums over the tangent functions of an embedding of a physics-informed Gaussian network, which are G_j (its sum S_j) and its
// derivatives, to the gradient by the parameters θ that an optimiser moves:
//
//     ∂L/∂w_j = S_j     ∂L/∂μ_jd = −w_j S_{j, ∂_d}     ∂L/∂log σ_jd = w_j (σ_jd² S_{j, ∂_d²} + S_j)
//
// With FULL, let H be the sums of ∂_ik G, Σ = P⁻¹ = RᵀR and R = S⁻¹. Since ∂²G = (PδδᵀP − P)G,
//
//     ∂L/∂P = −½ w (ΣHΣ + S_j Σ), so that     M = ∂L/∂S = −w Rᵀ(RHRᵀ + S_j 1)
//     ∂L/∂τ_i = −Σ_k M_ik S_ik     ∂L/∂T_ik = S_ii M_ik
//
// Bindings: params; 1 theta, read, from `first` on as in common/pig_parameters; 2 gradient, read and written: in the same places sums, and
// then the gradient.
// Mapping: an invocation per Gaussian.
// Cost per Gaussian: 12 bytes (24 in f64) and 3 flops for each parameter, and 20 flops for each width; with FULL about 4 DIMENSIONS³ more.
// Needs nothing beyond WebGPU. F64 needs SHADER_F64. IMMEDIATES needs 8 bytes; else a storage buffer.
#import common/pig_parameters

#if !FULL
// Coordinates that are not periodic.
override WIDTHS: u32 = 1u;
#endif

struct Params {
    n: u32,
    first: u32,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(2) var<storage, read_write> gradient: array<real>;

#if FULL
// R, RH and RHRᵀ + S_j 1.
var<private> r: array<real, 64>;
var<private> rh: array<real, 64>;
var<private> b: array<real, 64>;

fn invert_factor() {
    for (var c = 0u; c < DIMENSIONS; c++) {
        for (var i = c; i < DIMENSIONS; i++) {
            var rest = select(real(0.0), real(1.0), i == c);
            for (var m = c; m < i; m++) {
                rest -= s[8u * i + m] * r[8u * m + c];
            }
            r[8u * i + c] = rest / s[8u * i + i];
        }
    }
}

// The gradient by what stands for the covariance of the Gaussian whose w is at `at`; `sum` is S_j.
fn turn(at: u32, w: real, sum: real) {
    let n = params.n;
    load_factor(at, n);
    invert_factor();
    for (var i = 0u; i < DIMENSIONS; i++) {
        for (var m = 0u; m < DIMENSIONS; m++) {
            var entry = real(0.0);
            for (var k = 0u; k <= i; k++) {
                entry += r[8u * i + k] * gradient[at + run_of(k, m) * n];
            }
            rh[8u * i + m] = entry;
        }
    }
    for (var i = 0u; i < DIMENSIONS; i++) {
        for (var k = 0u; k < DIMENSIONS; k++) {
            var entry = select(real(0.0), sum, i == k);
            for (var m = 0u; m <= k; m++) {
                entry += rh[8u * i + m] * r[8u * k + m];
            }
            b[8u * i + k] = entry;
        }
    }
    for (var i = 0u; i < DIMENSIONS; i++) {
        var by_scale = real(0.0);
        for (var k = 0u; k <= i; k++) {
            var entry = real(0.0);
            for (var m = i; m < DIMENSIONS; m++) {
                entry += r[8u * m + i] * b[8u * m + k];
            }
            by_scale += w * entry * s[8u * i + k];
            if k < i {
                gradient[at + run_of(k, i) * n] = -w * entry * s[8u * i + i];
            }
        }
        gradient[at + run_of(i, i) * n] = by_scale;
    }
}
#else
fn turn(at: u32, w: real, sum: real) {
    for (var i = DIMENSIONS + 1u; i <= DIMENSIONS + WIDTHS; i++) {
        let width = at + i * params.n;
        gradient[width] = w * (real_exp(2.0 * theta[width]) * gradient[width] + sum);
    }
}
#endif

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let j = linear_workgroup(workgroup, workgroups) * LANES + lane;
    if j < params.n {
        let at = params.first + j;
        let w = theta[at];
        for (var i = 1u; i <= DIMENSIONS; i++) {
            let centre = at + i * params.n;
            gradient[centre] = -w * gradient[centre];
        }
        turn(at, w, gradient[at]);
    }
}
