// The error of an f32 sum, exactly: a + b = s + e with s = fl(a + b)   (Knuth, TAOCP 2, theorem 4.2.2 B).
//
// A compiler that reorders sums finds e = 0 by algebra. `zero` must be 0 loaded at run time: XORed into the bits of each
// intermediate it changes nothing, and the compiler cannot know. Use only on a device where probe/two_sum proved it.

fn opaque(x: f32, zero: u32) -> f32 {
    return bitcast<f32>(bitcast<u32>(x) ^ zero);
}

// (s, e)
fn two_sum(a: f32, b: f32, zero: u32) -> vec2<f32> {
    let s = opaque(a + b, zero);
    let b_part = opaque(s - a, zero);
    let a_part = opaque(s - b_part, zero);
    return vec2(s, opaque(a - a_part, zero) + opaque(b - b_part, zero));
}
