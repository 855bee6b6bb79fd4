// Philox4x32-10: four random u32 for every counter and key   (Salmon et al., Parallel random numbers: as easy as 1, 2, 3,
// SC 2011)
//
// The same bits as `ansatz_random::philox4x32` on the host.

// The 64 bits of a b as (high, low), from halves of 16 bits.
fn multiply_wide(a: u32, b: u32) -> vec2<u32> {
    let a_low = a & 0xffffu;
    let a_high = a >> 16u;
    let b_low = b & 0xffffu;
    let b_high = b >> 16u;
    // Neither sum exceeds 2^32 - 1.
    let middle = a_high * b_low + ((a_low * b_low) >> 16u);
    let other = a_low * b_high + (middle & 0xffffu);
    return vec2(a_high * b_high + (middle >> 16u) + (other >> 16u), a * b);
}

fn philox_round(counter: vec4<u32>, key: vec2<u32>) -> vec4<u32> {
    let first = multiply_wide(0xd2511f53u, counter.x);
    let second = multiply_wide(0xcd9e8d57u, counter.z);
    return vec4(second.x ^ counter.y ^ key.x, second.y, first.x ^ counter.w ^ key.y, first.y);
}

fn philox4x32(counter: vec4<u32>, key: vec2<u32>) -> vec4<u32> {
    let step = vec2(0x9e3779b9u, 0xbb67ae85u);
    var c = counter;
    var k = key;
    for (var round = 0u; round < 10u; round++) {
        c = philox_round(c, k);
        k += step;
    }
    return c;
}

// Multiples of 2^-24 in [0, 1): exact.
fn unit_floats(bits: vec4<u32>) -> vec4<f32> {
    return vec4<f32>(bits >> vec4(8u)) * 5.9604644775390625e-8;
}
