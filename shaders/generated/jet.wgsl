// A sample of what crates/layers emits for a set of derivatives; the host puts the real one here. This is the set of the
// value and the first derivative along the first coordinate.
const SLOTS: u32 = 2u;
struct Jet { s0: real4, s1: real4 }
fn jet_load(unit: u32) -> Jet { let at = unit * SLOTS; return Jet(tile_get(at + 0u), tile_get(at + 1u)); }
fn jet_store(unit: u32, jet: Jet) {
    let at = unit * SLOTS;
    tile_set(at + 0u, jet.s0);
    tile_set(at + 1u, jet.s1);
}
fn jet_linear(value: real4, slopes: array<real, 8>) -> Jet { return Jet(value, real4(slopes[0])); }
fn jet_compose(z: Jet, s: Series) -> Jet {
    return Jet(s.c0, s.c1 * z.s1);
}
fn jet_add(u: Jet, v: Jet) -> Jet { return Jet(u.s0 + v.s0, u.s1 + v.s1); }
fn jet_subtract(u: Jet, v: Jet) -> Jet { return Jet(u.s0 - v.s0, u.s1 - v.s1); }
fn jet_multiply(u: Jet, v: Jet) -> Jet { return Jet(u.s0 * v.s0, u.s0 * v.s1 + u.s1 * v.s0); }
fn jet_pull(g: Jet, bar: Jet) -> Jet { return Jet(g.s0 * bar.s0 + g.s1 * bar.s1, g.s0 * bar.s1); }
