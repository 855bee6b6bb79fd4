// A sample of what crates/gaussian emits for the derivatives of a network over Gaussians; the host puts the real one here. This is
// the set of the value and the first derivative along one coordinate, and one embedding.
const DIMENSIONS: u32 = 1u;
const TERMS: u32 = 2u;
const INNER: u32 = 1u;
const GROUP: u32 = 3u;
struct Jet { t0: real4, t1: real4 }
fn jet_of(a: array<real4, 2>) -> Jet { return Jet(a[0], a[1]); }
fn jet_array(a: Jet) -> array<real4, 2> { return array<real4, 2>(a.t0, a.t1); }
fn jet_added(a: Jet, w: real4, b: Jet) -> Jet { return Jet(a.t0 + w * b.t0, a.t1 + w * b.t1); }
fn jet_dot(a: Jet, b: Jet) -> real4 { return a.t0 * b.t0 + a.t1 * b.t1; }
fn jet_compose(z: Jet, s: real4, slope: real4, bend: real4) -> Jet {
    return Jet(s, slope * z.t1);
}
fn jet_pull(z: Jet, a: Jet, slope: real4, bend: real4, third: real4) -> Jet {
    return Jet(a.t0 * slope + a.t1 * bend * z.t1, a.t1 * slope);
}
fn add_gaussian(sums: Jet, x: array<real4, 1>, w: real, c0: real, p0: real) -> Jet {
    let s0 = x[0] - c0;
    let u0 = p0 * s0;
    let phi = gaussian_exp(-0.5 * (u0 * s0));
    let g = w * phi;
    let h0_1 = -u0;
    return Jet(sums.t0 + g, sums.t1 + g * h0_1);
}
fn add_gaussians(sums: Jet, x: array<real4, 1>, at: u32) -> Jet {
    let c0 = gaussians[at + 0u];
    let p0 = gaussians[at + 1u];
    let w = gaussians[at + 2u];
    var next = sums;
    next = add_gaussian(next, x, w.x, c0.x, p0.x);
    next = add_gaussian(next, x, w.y, c0.y, p0.y);
    next = add_gaussian(next, x, w.z, c0.z, p0.z);
    next = add_gaussian(next, x, w.w, c0.w, p0.w);
    return next;
}
