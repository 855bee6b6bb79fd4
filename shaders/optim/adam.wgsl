// m ← m + (1−β₁)(sg − m)   v ← v + (1−β₂)((sg)² − v)   θ ← θ − η/(1−β₁ᵗ) m / (√(v/(1−β₂ᵗ)) + ε)
//
// A step of Adam (Kingma and Ba, ICLR 2015, algorithm 1) with the gradient g scaled by s; the scalars of step t are
// those that optim/adam_rate left. Nothing is written unless the status is zero.
//
// Bindings: params; 1 control, read, words as in common/adam; 2 g, read; 3 θ, 4 m, 5 v, read and written: n4 vec4s each.
// Mapping: as blas/copy: contiguous shares of the vec4s for `groups` workgroups of a one- or two-dimensional grid.
// Cost per vec4: 112 bytes moved (224 in f64), 56 flops.
// Needs nothing beyond WebGPU. F64 needs SHADER_F64. IMMEDIATES needs 20 bytes (32 in f64); else a storage buffer.
#import common/real
#import common/grid
#import common/adam

override LANES: u32 = 64u;

struct Params {
    n4: u32,
    groups: u32,
    gain1: real,   // 1 − β₁
    gain2: real,   // 1 − β₂
    epsilon: real,
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> control: array<real>;
@group(0) @binding(2) var<storage, read> g: array<real4>;
@group(0) @binding(3) var<storage, read_write> theta: array<real4>;
@group(0) @binding(4) var<storage, read_write> m: array<real4>;
@group(0) @binding(5) var<storage, read_write> v: array<real4>;

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let group = linear_workgroup(workgroup, workgroups);
    if group < params.groups && control[STATUS] == 0.0 {
        let step = control[RATE] / control[COMPLEMENT1];
        let correction = 1.0 / control[COMPLEMENT2];
        let scale = control[SCALE];
        let share = contiguous_share(group, params.groups, params.n4, LANES);
        for (var i = share.first + lane; i < share.end; i += LANES) {
            let gradient = scale * g[i];
            let first = m[i] + params.gain1 * (gradient - m[i]);
            let second = v[i] + params.gain2 * (gradient * gradient - v[i]);
            m[i] = first;
            v[i] = second;
            theta[i] -= step * first / (sqrt(correction * second) + params.epsilon);
        }
    }
}
