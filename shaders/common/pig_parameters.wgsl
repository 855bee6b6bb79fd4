// One embedding of a physics-informed Gaussian network (Kang et al., ICLR 2025) as an optimiser moves it. Of `theta`, in runs of n numbers
// from `first` on, one for each Gaussian: w, μ_1 … μ_d of the d = DIMENSIONS coordinates, and then for each coordinate that is not periodic
// log σ.
//
// With FULL, there follows the covariance of all coordinates: P = SSᵀ with S = D(1 + T), D = diag(e^{−τ}), T below the diagonal; the
// parameter of each pair i ≤ k, row after row, which is τ_i where i = k, else T_ki.
#import common/real
#import common/math
#import common/grid

override LANES: u32 = 64u;
override DIMENSIONS: u32 = 1u;

@group(0) @binding(1) var<storage, read> theta: array<real>;

#if FULL
// S_ik at 8i + k, zero above the diagonal.
var<private> s: array<real, 64>;

// Which run is that of the pair i, k.
fn run_of(i: u32, k: u32) -> u32 {
    let row = min(i, k);
    return 1u + DIMENSIONS + row * (2u * DIMENSIONS - row + 1u) / 2u + max(i, k) - row;
}

// S of the Gaussian whose w is at `at`.
fn load_factor(at: u32, n: u32) {
    for (var i = 0u; i < DIMENSIONS; i++) {
        let scale = real_exp(-theta[at + run_of(i, i) * n]);
        for (var k = 0u; k < i; k++) {
            s[8u * i + k] = scale * theta[at + run_of(k, i) * n];
        }
        s[8u * i + i] = scale;
    }
}
#endif
