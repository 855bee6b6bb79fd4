// The search direction of conjugate gradients: β = ρ/ρ₀, p ← z + βp, with ρ = r·z, and the test of convergence.
// Source: Hestenes and Stiefel 1952; FLEXIBLE: β = z·(r − r₀)/ρ₀ = −α z·Ap/ρ₀ (Notay, SIAM J. Sci. Comput. 22, 2000).
//
// Bindings: 1 control, words as in common/cg. 2 z, vec4s per column (r itself where M = I, or where M is diagonal and
//     z = M⁻¹r is formed here). 3 p, likewise. 4 history of r·r, one word per iteration and column. 5 inverse of M:
//     DIAGONAL a vec4 per quad; BLOCKS four vec4s per quad, the columns of a symmetric 4×4 matrix.
// Grid: params.groups workgroups per column, each with a contiguous share of the quads; every workgroup adds up the
//     partial sums for itself; workgroup 0 writes the back state and the history.
// Bytes per unknown: 3 reals (z, p twice); DIAGONAL 4, BLOCKS 7. Flops per unknown: 2; DIAGONAL 3, BLOCKS 9.
// Needs: nothing. Fallback: without subgroups, trees in workgroup memory.
#import common/cg

override LANES: u32 = 64u;

@group(0) @binding(1) var<storage, read_write> control: array<real>;
@group(0) @binding(2) var<storage, read> z: array<real4>;
@group(0) @binding(3) var<storage, read_write> p: array<real4>;
@group(0) @binding(4) var<storage, read_write> history: array<real>;
#if DIAGONAL
@group(0) @binding(5) var<storage, read> inverse: array<real4>;
#else
#if BLOCKS
@group(0) @binding(5) var<storage, read> inverse: array<real4>;
#endif
#endif

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let w = linear_workgroup(id, count);
    let present = w < params.groups * params.columns;
    let column = select(0u, w / params.groups, present);
    let group = w % params.groups;
    let back = column * params.control_stride;
    let front = back + params.front;

    // r·r, r·z, z·Ap
    var sums = real3();
    for (var g = lane; g < params.groups; g += LANES) {
        let at = front + SUMS + g;
        sums += real3(control[at], control[at + params.groups], control[at + 2u * params.groups]);
    }
    sums = workgroup_sum3(sums, lane);
    let rr = sums.x;
    let rho = sums.y;

    let before = control[front + STATUS];
    let iteration = control[front + ITERATION];
    var status = before;
    if status == RUNNING {
        if !real_is_finite(rr) || !real_is_finite(rho) {
            status = NOT_FINITE;
        } else if rr <= control[front + GOAL] {
            status = REACHED;
        } else if iteration >= control[front + LIMIT] {
            status = EXHAUSTED;
        } else if !(rho > 0.0) {
            status = BAD_PRECONDITIONER;
        }
    }

    // β = ρ/ρ₀, or 0 on the first iteration
    let rho_before = control[front + RHO];
    var beta: real = 0.0;
    if rho_before > 0.0 {
#if FLEXIBLE
        beta = -control[front + ALPHA] * sums.z / rho_before;
#else
        beta = rho / rho_before;
#endif
    }

    if present && group == 0u && lane == 0u {
        control[back + STATUS] = status;
        control[back + ITERATION] = iteration;
        control[back + RHO] = rho;
        control[back + RR] = rr;
        control[back + BETA] = beta;
        if before == RUNNING && u32(iteration) < params.history_stride {
            history[column * params.history_stride + u32(iteration)] = rr;
        }
    }

    // p ← z + βp
    let first = column * params.stride4;
    let share = contiguous_share(group, params.groups, select(0u, params.quads, present && status == RUNNING), LANES);
    for (var q = share.first + lane; q < share.end; q += LANES) {
        var direction = z[first + q];
#if DIAGONAL
        direction *= inverse[q];
#else
#if BLOCKS
        direction = inverse[4u * q] * direction.x + inverse[4u * q + 1u] * direction.y
            + inverse[4u * q + 2u] * direction.z + inverse[4u * q + 3u] * direction.w;
#endif
#endif
        // What p held before the first iteration may be anything, NaN included.
        p[first + q] = direction + select(real4(), beta * p[first + q], beta != 0.0);
    }
}
