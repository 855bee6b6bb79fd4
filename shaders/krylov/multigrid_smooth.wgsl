// One smoothing step on a level of multigrid:  d ← c₁d + c₂D⁻¹(f − Az),  z_new = z + d.  Damped Jacobi has c₁ = 0 and
// c₂ = ω; Chebyshev polynomials of the fourth kind have c₁ = (2k−3)/(2k+1), c₂ = (8k−4)/(2k+1)/ρ in step k (Lottes,
// Optimal polynomial smoothers for multigrid V-cycles, Numer. Linear Algebra Appl. 30, 2023, section 3).
//
// Bindings: 1 control, 2 f, 3 operator: common/multigrid. 4 z, 5 z_new: vec4s per column, two buffers. CHEBYSHEV: 6 d.
// Grid: params.groups workgroups per column, each with a contiguous share of the quads. With params.first = 1, z is 0
//     and not read; where c₁ = 0, d is not read.
// Bytes per cell: 3 reals (f, z, z_new) and 1 byte; CHEBYSHEV: 2 reals more; FACES: 4 reals in place of the byte. Flops
//     per cell: 19; CHEBYSHEV: 2 more; FACES: 21.
// Needs: nothing. Fallback: none.
#import common/multigrid

override LANES: u32 = 64u;

@group(0) @binding(4) var<storage, read> z: array<real4>;
@group(0) @binding(5) var<storage, read_write> z_new: array<real4>;
#if CHEBYSHEV
@group(0) @binding(6) var<storage, read_write> d: array<real4>;
#endif

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let work = work_of(linear_workgroup(id, count), params.quads, LANES);
    let base = work.column * params.quads;
    let step = place_of(LANES, params.row4, params.rows);
    var place = place_of(work.share.first + lane, params.row4, params.rows);
    for (var q = work.share.first + lane; q < work.share.end; q += LANES) {
        let i = base + q;
        let d_q = diagonal(q);
        var residual = f[i];
        var before = real4();
        if params.first == 0u {
            before = z[i];
            residual -= d_q * before - neighbours(q, place, base, before);
        }
        var change = real(params.c2) * over_diagonal(residual, d_q);
#if CHEBYSHEV
        if params.c1 != 0.0 {
            change += real(params.c1) * d[i];
        }
        d[i] = change;
#endif
        z_new[i] = before + change;
        place = moved(place, step, params.row4, params.rows);
    }
}
