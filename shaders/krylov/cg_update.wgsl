// The step of conjugate gradients: α = ρ/(p·Ap), x ← x + αp, r ← r − αAp, and the sums r·r, r·z of the new r
// (FLEXIBLE: and z·Ap).
// Source: Hestenes and Stiefel 1952. A curvature p·Ap that is not positive is reported, never divided by.
//
// Bindings: 1 control, words as in common/cg. 2 x, 3 r, 4 p, 5 Ap: vec4s per column. 6 inverse of M, as in cg_direction.
// Grid: params.groups workgroups per column, each with a contiguous share of the quads; every workgroup adds up the
//     partial sums of p·Ap for itself and leaves one partial sum of each kind; workgroup 0 writes the front state.
// Bytes per unknown: 6 reals (x twice, r twice, p, Ap); DIAGONAL 7, BLOCKS 10. Flops per unknown: 6; DIAGONAL 9,
//     BLOCKS 15; FLEXIBLE 2 more.
// Needs: nothing. Fallback: without subgroups, trees in workgroup memory.
#import common/cg

override LANES: u32 = 64u;

@group(0) @binding(1) var<storage, read_write> control: array<real>;
@group(0) @binding(2) var<storage, read_write> x: array<real4>;
@group(0) @binding(3) var<storage, read_write> r: array<real4>;
@group(0) @binding(4) var<storage, read> p: array<real4>;
@group(0) @binding(5) var<storage, read> ap: array<real4>;
#if DIAGONAL
@group(0) @binding(6) var<storage, read> inverse: array<real4>;
#else
#if BLOCKS
@group(0) @binding(6) var<storage, read> inverse: array<real4>;
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

    // p·Ap
    var partial: real = 0.0;
    for (var g = lane; g < params.product_groups; g += LANES) {
        partial += control[back + SUMS + g];
    }
    let curvature = workgroup_sum(partial, lane);

    // α = ρ/(p·Ap)
    let before = control[back + STATUS];
    let rho = control[back + RHO];
    var status = before;
    var alpha: real = 0.0;
    if status == RUNNING {
        if !real_is_finite(curvature) {
            status = NOT_FINITE;
        } else if !(curvature > 0.0) {
            status = NO_CURVATURE;
        } else {
            alpha = rho / curvature;
        }
    }

    // x ← x + αp, r ← r − αAp, z = M⁻¹r
    var sums = real3();
    let first = column * params.stride4;
    let live = present && status == RUNNING;
    let share = contiguous_share(group, params.groups, select(0u, params.quads, live), LANES);
    for (var q = share.first + lane; q < share.end; q += LANES) {
        let i = first + q;
        let product = ap[i];
        x[i] += alpha * p[i];
        let residual = r[i] - alpha * product;
        r[i] = residual;
        sums.x += dot(residual, residual);
#if DIAGONAL
        let z = residual * inverse[q];
        sums.y += dot(residual, z);
#else
#if BLOCKS
        let z = inverse[4u * q] * residual.x + inverse[4u * q + 1u] * residual.y
            + inverse[4u * q + 2u] * residual.z + inverse[4u * q + 3u] * residual.w;
        sums.y += dot(residual, z);
#else
        let z = residual;
#endif
#endif
#if FLEXIBLE
        sums.z += dot(z, product);
#endif
    }
    sums = workgroup_sum3(sums, lane);
#if !DIAGONAL
#if !BLOCKS
    sums.y = sums.x;
#endif
#endif

    if live && lane == 0u {
        let at = front + SUMS + group;
        control[at] = sums.x;
        if params.general == 0u {
            control[at + params.groups] = sums.y;
            control[at + 2u * params.groups] = sums.z;
        }
    }
    if present && group == 0u && lane == 0u {
        control[front + STATUS] = status;
        if before == RUNNING {
            control[front + CURVATURE] = curvature;
        }
        if status == RUNNING {
            control[front + ITERATION] = control[back + ITERATION] + 1.0;
            control[front + RHO] = rho;
            control[front + ALPHA] = alpha;
        }
    }
}
