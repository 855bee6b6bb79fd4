// A sample of what crates/gaussian emits for sums over points of the terms of product Gaussians; the host puts the real one here.
// This is Σ_t a_t ∂^{α_t} G along one coordinate, for the value and the first derivative, and the same of ∂G.
const DIMENSIONS: u32 = 1u;
const TERMS: u32 = 2u;
const SUMS: u32 = 2u;
struct Gaussians { c0: real4, p0: real4 }
struct Sums { s0: real4, s1: real4 }
fn load_gaussians(at: u32) -> Gaussians { return Gaussians(features[at], features[at + 1u]); }
fn add_point(sums: Sums, g: Gaussians, x0: real, a0: real, a1: real) -> Sums {
    let s0 = x0 - g.c0;
    let u0 = g.p0 * s0;
    let phi = gaussian_exp(-0.5 * (u0 * s0));
    let h0_1 = -u0;
    let h0_2 = u0 * u0 - g.p0;
    let v0 = a1 * h0_1;
    return Sums(sums.s0 + phi * (a0 + v0), sums.s1 + phi * (a0 * h0_1 + a1 * h0_2));
}
fn add_points(sums: Sums, g: Gaussians, x: array<real4, 1>, a: array<real4, 2>) -> Sums {
    var next = sums;
    next = add_point(next, g, x[0].x, a[0].x, a[1].x);
    next = add_point(next, g, x[0].y, a[0].y, a[1].y);
    next = add_point(next, g, x[0].z, a[0].z, a[1].z);
    next = add_point(next, g, x[0].w, a[0].w, a[1].w);
    return next;
}
fn store_sums(at: u32, stride: u32, sums: Sums) {
    partials[at] = sums.s0;
    partials[at + 1u * stride] = sums.s1;
}
