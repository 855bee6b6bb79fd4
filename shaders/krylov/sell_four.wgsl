// y = A x for a sparse matrix in SELL-C-σ and four columns at a time, so that the matrix is read once for all of them, and
// the partial sums of each xᵀy.
// Source: Kreutzer et al., SIAM J. Sci. Comput. 36 (2014). Entry k of row i of slice s lies at 4·slice_ptr[s] + kC + i.
//
// Bindings: as krylov/sell. The last four may have fewer columns; one that is skipped is computed and not written.
// Grid: params.groups workgroups for every four columns, each with a contiguous share of the quads (four rows to an
//     invocation).
// Bytes per entry and four columns: 4 and a real; per unknown and column 2 reals (x, y). Flops per entry and column: 2;
//     per unknown and column: 2.
// Needs: nothing. Fallback: without subgroups, a tree in workgroup memory.
#import common/sell

override LANES: u32 = 64u;

fn gather(first: u32, at: vec4<u32>) -> real4 {
    return real4(x[first + at.x], x[first + at.y], x[first + at.z], x[first + at.w]);
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) count: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let w = linear_workgroup(id, count);
    let column = w / params.groups * 4u + vec4(0u, 1u, 2u, 3u);
    let group = w % params.groups;
    let known = min(column, vec4(params.columns - 1u));
    let base = known * params.control_stride;
    let running = vec4(control[base.x], control[base.y], control[base.z], control[base.w]) == real4();
    let live = running & (column == known);

    let first = 4u * known * params.stride4;
    var sums = real4();
    let share = contiguous_share(group, params.groups, select(0u, params.quads, any(live)), LANES);
    for (var q = share.first + lane; q < share.end; q += LANES) {
        let slice = q / params.slice_quads;
        let end = slice_ptr(slice + 1u);
        var product_0 = real4();
        var product_1 = real4();
        var product_2 = real4();
        var product_3 = real4();
        for (var k = slice_ptr(slice) + q % params.slice_quads; k < end; k += params.slice_quads) {
            let at = columns_of(k);
            let value = values[k];
            product_0 += value * gather(first.x, at);
            product_1 += value * gather(first.y, at);
            product_2 += value * gather(first.z, at);
            product_3 += value * gather(first.w, at);
        }
        let row = params.first_quad + q;
        let own = vec4(4u * row) + vec4(0u, 1u, 2u, 3u);
        if live.x {
            y[first.x / 4u + row] = product_0;
            sums.x += dot(product_0, gather(first.x, own));
        }
        if live.y {
            y[first.y / 4u + row] = product_1;
            sums.y += dot(product_1, gather(first.y, own));
        }
        if live.z {
            y[first.z / 4u + row] = product_2;
            sums.z += dot(product_2, gather(first.z, own));
        }
        if live.w {
            y[first.w / 4u + row] = product_3;
            sums.w += dot(product_3, gather(first.w, own));
        }
    }
    sums = workgroup_sum4(sums, lane);
    if lane == 0u {
        let at = base + 16u + params.partial_offset + group;
        if live.x { control[at.x] = sums.x; }
        if live.y { control[at.y] = sums.y; }
        if live.z { control[at.z] = sums.z; }
        if live.w { control[at.w] = sums.w; }
    }
}
