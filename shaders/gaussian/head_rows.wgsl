// Rows of the Jacobian of R = Σ_t a_t ∂^{α_t} u by the parameters of the head of a physics-informed Gaussian network (Kang et
// al., ICLR 2025): columns for c_1 … c_H, c_0 and, with TANGENT, b_1 … b_H and W_11 … W_HK; and ∂R/∂(∂^{α_t} φ_k), with which the rows
// of the Gaussians go on. By the chain rule backwards, for each unit,
//
//     ∂R/∂z = c (a_0 s′ + Σ_i a_i s″ z_i + Σ_ij a_ij (s″ z_ij + s‴ z_i z_j)),   ∂R/∂z_i = c (a_i s′ + Σ_j a_ij s″ z_j …),   ∂R/∂z_ij = c a_ij s′.
//
// Bindings: params; 1 inner, the terms of φ, quads vec4s for each, k after k; 2 coefficients a, quads vec4s for each, of which nibble t
// of SLOTS is that of term t, if bit t of ASKED is set; 3 head and 4 weights, as in common/pig_head; 5 matrix, written (read and written with
// ACCUMULATE), columns of stride4 vec4s; 6 adjoint, written with TANGENT: like inner.
// Mapping: an invocation per four points.
// Cost per point: in bytes 4 (8 in f64) for each of the columns and of 2 INNER × TERMS + TERMS numbers; UNITS × (6 INNER + 16) TERMS
// flops and as many tanh as units.
// Needs nothing beyond WebGPU. F64 needs SHADER_F64. IMMEDIATES needs 28 bytes; else a storage buffer.
#import common/pig_head

override ASKED: u32 = 1u;
override SLOTS_0: u32 = 0u;
override SLOTS_1: u32 = 0u;
override ACCUMULATE: u32 = 0u;
override TANGENT: u32 = 1u;

struct Params {
    count: u32,
    first_term: u32,
    begin: u32,   // the columns of the block that are written
    end: u32,
    shift: u32,   // column j of the block in the bound part of the matrix: j + shift, modulo 2^32
    stride4: u32, // vec4s per column
    first4: u32,  // first vec4 of the block in a column
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(1) var<storage, read> inner: array<real4>;
@group(0) @binding(2) var<storage, read> coefficients: array<real4>;
@group(0) @binding(3) var<storage, read> head: array<real>;
@group(0) @binding(4) var<storage, read> weights: array<real>;
@group(0) @binding(5) var<storage, read_write> matrix: array<real4>;
@group(0) @binding(6) var<storage, read_write> adjoint: array<real4>;

var<private> a: array<real4, 16>;
// ∂R/∂z_t, and the sums of ∂R/∂φ_kt.
var<private> z_bar: array<real4, 16>;
var<private> phi_bar: array<real4, 128>;

fn store(j: u32, q: u32, value: real4) {
    if j >= params.begin && j < params.end {
        let at = (j + params.shift) * params.stride4 + params.first4 + q;
        var entries = value;
        if ACCUMULATE == 1u {
            entries += matrix[at];
        }
        matrix[at] = entries;
    }
}

// ∂R/∂z_t for the present unit, whose output weight is c.
fn pull_back(c: real) {
    let s = y[0];
    let third = slope * (6.0 * s * s - 2.0);
    var of_z = a[0] * slope;
    for (var t = 1u; t <= FIRSTS; t++) {
        of_z += a[t] * bend * z[t];
        z_bar[t] = a[t] * slope;
    }
    for (var t = FIRSTS + 1u; t < TERMS; t++) {
        let i = left(t);
        let j = right(t);
        of_z += a[t] * (bend * z[t] + third * z[i] * z[j]);
        z_bar[t] = a[t] * slope;
        z_bar[i] += a[t] * bend * z[j];
        z_bar[j] += a[t] * bend * z[i];
    }
    z_bar[0] = of_z;
    for (var t = 0u; t < TERMS; t++) {
        z_bar[t] *= c;
    }
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let q = linear_workgroup(workgroup, workgroups) * LANES + lane;
    let quads = (params.count + 3u) / 4u;
    if q < quads {
        let present = vec4(4u * q) + vec4(0u, 1u, 2u, 3u) < vec4(params.count);
        for (var i = 0u; i < INNER * TERMS; i++) {
            phi[i] = inner[i * quads + q];
            phi_bar[i] = real4();
        }
        for (var t = 0u; t < TERMS; t++) {
            let slot = params.first_term + nibble(SLOTS_0, SLOTS_1, t);
            let asked = vec4(((ASKED >> t) & 1u) == 1u) & present;
            a[t] = select(real4(), coefficients[slot * quads + q], asked);
        }
        for (var h = 0u; h < UNITS; h++) {
            let at = h * (INNER + 1u);
            unit(at);
            var by_c = real4();
            for (var t = 0u; t < TERMS; t++) {
                by_c += a[t] * y[t];
            }
            store(h, q, by_c);
            if TANGENT == 1u {
                pull_back(weights[h]);
                store(UNITS + 1u + h, q, z_bar[0]);
                for (var k = 0u; k < INNER; k++) {
                    let w = head[at + 1u + k];
                    var by_w = real4();
                    for (var t = 0u; t < TERMS; t++) {
                        by_w += z_bar[t] * phi[k * TERMS + t];
                        phi_bar[k * TERMS + t] += w * z_bar[t];
                    }
                    store(2u * UNITS + 1u + h * INNER + k, q, by_w);
                }
            }
        }
        store(UNITS, q, a[0]);
        if TANGENT == 1u {
            for (var i = 0u; i < INNER * TERMS; i++) {
                adjoint[i * quads + q] = phi_bar[i];
            }
        }
    }
}
