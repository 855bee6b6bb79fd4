// evidence_0 = max { k : fl(1 + 2^-k) > 1 },  evidence_1 = bits of the f32 of ((1 + 2^-40) − 1) 2^40
//
// With native f64: 52 and the bits of 1. In f32 arithmetic: 23, and the bits of 0, or of 1 where the compiler cancels
// the ones by algebra (lavapipe does); so the proof is evidence_0 = 52, neither less nor more.
//
// Bindings: 1 one, read, one u32 that must be 1 (loaded at run time, so that nothing is computed beforehand);
// 2 evidence, written, two u32. There are no params.
// Mapping: one workgroup of one invocation.
// Cost: 12 bytes moved, about 250 flops.
// Needs SHADER_F64 with the flag F64, nothing beyond WebGPU without.
#import common/real

@group(0) @binding(1) var<storage, read> one: array<u32>;
@group(0) @binding(2) var<storage, read_write> evidence: array<u32>;

@compute @workgroup_size(1)
fn main() {
    let unit = real(one[0]);
    var digits = 0u;
    var tiny = unit;
    var at_40: real = 0.0;
    for (var k = 1u; k <= 80u; k++) {
        tiny *= 0.5;
        let sum = unit + tiny;
        if sum > unit {
            digits = k;
        }
        if k == 40u {
            // 1 / 2^-40, without a literal too large for either type.
            at_40 = (sum - unit) / tiny;
        }
    }
    evidence[0] = digits;
    evidence[1] = bitcast<u32>(f32(at_40));
}
