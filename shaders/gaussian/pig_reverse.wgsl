// The derivatives of R = Σ_t a_t ∂^{α_t} u by the parameters of the head of a physics-informed Gaussian network (Kang et
// al., ICLR 2025): for c_1 … c_H, c_0 and, with TANGENT, b_1 … b_H and W_11 … W_HK a column of a matrix, or with SUMS the sum over points; and
// ∂R/∂(∂^{α_t} φ_k), with which those of the Gaussians go on. By the chain rule backwards, for each unit,
//
//     ∂R/∂z = c (a_0 s′ + Σ_i a_i s″ z_i + Σ_ij a_ij (s″ z_ij + s‴ z_i z_j)),   ∂R/∂z_i = c (a_i s′ + Σ_j a_ij s″ z_j …),   ∂R/∂z_ij = c a_ij s′.
//
// Bindings: params; 1 points, a vector of stride4 vec4s for each coordinate, of which the part from first4 on counts; 2 gaussians and 3 head, as in
// common/pig; 4 coefficients a, likewise for each term, of which nibble t of SLOTS is that of term t, if bit t of ASKED is set; 5 adjoint,
// written with TANGENT: the terms of φ, quads vec4s for each, k after k; 6 matrix, written (read and written with ACCUMULATE), columns of
// matrix_stride4 vec4s; with SUMS 6 partials, written, a number per column for each invocation, for features/partial_sum to add.
// Mapping: an invocation per four points; with SUMS, for `steps` times four points.
// Cost per point: of the Gaussians as in gaussian/pig_values, UNITS × (6 INNER + 16) TERMS flops and as many tanh as units; in bytes 4 (8 in f64) for each
// column, coordinate and coefficient and for INNER × TERMS numbers.
// Needs nothing beyond WebGPU. F64 needs SHADER_F64. IMMEDIATES needs 44 bytes; else a storage buffer.
#import common/pig

override ASKED: u32 = 1u;
override SLOTS_0: u32 = 0u;
override SLOTS_1: u32 = 0u;
override TANGENT: u32 = 1u;

struct Params {
    count: u32,
    share: u32,
    stride4: u32,
    first4: u32,
    first_term: u32,
#if SUMS
    steps: u32,
    chunks: u32,
    columns: u32,
#else
    begin: u32,          // the columns of the block that are written
    end: u32,
    shift: u32,          // column j of the block in the bound part of the matrix: j + shift, modulo 2^32
    matrix_stride4: u32, // vec4s per column
    matrix_first4: u32,  // first vec4 of the block in a column
    accumulate: u32,
#endif
}
#if IMMEDIATES
var<immediate> params: Params;
#else
@group(0) @binding(0) var<storage, read> params: Params;
#endif
@group(0) @binding(4) var<storage, read> coefficients: array<real4>;
@group(0) @binding(5) var<storage, read_write> adjoint: array<real4>;

#if SUMS
@group(0) @binding(6) var<storage, read_write> partials: array<real>;

// Where the sums of the invocation begin, and whether these are its first points.
var<private> sums_at: u32;
var<private> is_first: bool;

fn store(j: u32, q: u32, value: real4) {
    let sum = sum4(value);
    // A branch: what is there may be NaN.
    if is_first {
        partials[sums_at + j] = sum;
    } else {
        partials[sums_at + j] += sum;
    }
}
#else
@group(0) @binding(6) var<storage, read_write> matrix: array<real4>;

fn store(j: u32, q: u32, value: real4) {
    if j >= params.begin && j < params.end {
        let at = (j + params.shift) * params.matrix_stride4 + params.matrix_first4 + q;
        var entries = value;
        if params.accumulate == 1u {
            entries += matrix[at];
        }
        matrix[at] = entries;
    }
}
#endif

var<private> phi_bar: array<Jet, INNER>;

fn four_points(q: u32, quads: u32) {
    let present = vec4(4u * q) + vec4(0u, 1u, 2u, 3u) < vec4(params.count);
    embed(params.first4 + q, params.stride4, present, params.share);
    var loaded: array<real4, TERMS>;
    for (var t = 0u; t < TERMS; t++) {
        let slot = params.first_term + nibble(SLOTS_0, SLOTS_1, t);
        let asked = vec4(((ASKED >> t) & 1u) == 1u) & present;
        loaded[t] = select(real4(), coefficients[slot * params.stride4 + params.first4 + q], asked);
    }
    let a = jet_of(loaded);
    for (var k = 0u; k < INNER; k++) {
        phi_bar[k] = Jet();
    }
    for (var h = 0u; h < UNITS; h++) {
        let z = argument(h);
        let s = tanh4(z.t0);
        let slope = 1.0 - s * s;
        let bend = -2.0 * s * slope;
        store(h, q, jet_dot(a, jet_compose(z, s, slope, bend)));
        if TANGENT == 1u {
            let pulled = jet_pull(z, a, slope, bend, slope * (6.0 * s * s - 2.0));
            let bar = jet_added(Jet(), real4(head[h]), pulled);
            store(UNITS + 1u + h, q, bar.t0);
            for (var k = 0u; k < INNER; k++) {
                let at = 2u * UNITS + 1u + h * INNER + k;
                store(at, q, jet_dot(bar, phi[k]));
                phi_bar[k] = jet_added(phi_bar[k], real4(head[at]), bar);
            }
        }
    }
    store(UNITS, q, a.t0);
    if TANGENT == 1u {
        for (var k = 0u; k < INNER; k++) {
            var terms = jet_array(phi_bar[k]);
            for (var t = 0u; t < TERMS; t++) {
                adjoint[(k * TERMS + t) * quads + q] = terms[t];
            }
        }
    }
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let i = linear_workgroup(workgroup, workgroups) * LANES + lane;
    let quads = (params.count + 3u) / 4u;
#if SUMS
    if i < params.chunks {
        sums_at = i * params.columns;
        for (var step = 0u; step < params.steps; step++) {
            // Neighbours take neighbouring points.
            let q = step * params.chunks + i;
            is_first = step == 0u;
            if q < quads {
                four_points(q, quads);
            }
        }
    }
#else
    if i < quads {
        four_points(i, quads);
    }
#endif
}
