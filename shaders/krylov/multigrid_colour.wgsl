// Half a sweep of red–black Gauss–Seidel on a level of multigrid:  z_i ← (f_i + Σ_j c_ij z_j)/d_i  for the cells with
// (x + y + z) mod 2 = colour. Their neighbours are all of the other colour. Source: Trottenberg, Oosterlee and Schüller,
// Multigrid, 2001, section 2.1.
//
// Bindings: 1 control, 2 f, 3 operator: common/multigrid. 4 z: vec4s per column, changed in place.
// Grid: params.groups workgroups per column, each with a contiguous share of the quads. With params.first = 1, z is 0
//     and not read: the cells of the other colour become 0.
// Bytes per cell: 3 reals (f, z twice) and 1 byte; FACES: 4 reals in place of the byte. Flops per cell: 15; FACES: 13.
// Needs: nothing. Fallback: none.
#import common/multigrid

override LANES: u32 = 64u;

@group(0) @binding(4) var<storage, read_write> z: array<real4>;

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
        let is_even = ((place.y + place.z + params.colour) & 1u) == 0u;
        var sum = f[i];
        if params.first == 0u {
            sum += neighbours(q, place, base, z[i]);
        }
        let relaxed = over_diagonal(sum, diagonal(q));
        if params.first != 0u {
            z[i] = select(real4(), relaxed, vec4(is_even, !is_even, is_even, !is_even));
        } else if is_even {
            // The other components belong to cells that another invocation may read.
            z[i].x = relaxed.x;
            z[i].z = relaxed.z;
        } else {
            z[i].y = relaxed.y;
            z[i].w = relaxed.w;
        }
        place = moved(place, step, params.row4, params.rows);
    }
}
