// Grids of more than 65,535 workgroups are launched in two dimensions. The last row may be partly surplus: compare the
// linear id with the number of workgroups wanted.

// Number of the workgroup `id` in a grid of `count` (builtins workgroup_id and num_workgroups).
fn linear_workgroup(id: vec3<u32>, count: vec3<u32>) -> u32 {
    return id.x + id.y * count.x;
}

// The items first ≤ i < end.
struct Share {
    first: u32,
    end: u32,
}

// What workgroup `group` of `groups` takes of `count` items: as many as the others, a multiple of `lanes`, but for the last.
// Neighbouring items stay in one workgroup, which a stride over all workgroups would scatter over the caches.
fn contiguous_share(group: u32, groups: u32, count: u32, lanes: u32) -> Share {
    let length = (count + groups * lanes - 1u) / (groups * lanes) * lanes;
    return Share(min(group * length, count), min((group + 1u) * length, count));
}
