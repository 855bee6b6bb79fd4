// Grids of more than 65,535 workgroups are launched in two dimensions. The last row may be partly surplus: compare the
// linear id with the number of workgroups wanted.

// Number of the workgroup `id` in a grid of `count` (builtins workgroup_id and num_workgroups).
fn linear_workgroup(id: vec3<u32>, count: vec3<u32>) -> u32 {
    return id.x + id.y * count.x;
}

// How many of `count` items each of `groups` workgroups takes, a multiple of LANES: workgroup g the items from g·share on.
// Neighbouring items stay in one workgroup, which a stride over all workgroups would scatter over the caches.
fn contiguous_share(count: u32, groups: u32, lanes: u32) -> u32 {
    return (count + groups * lanes - 1u) / (groups * lanes) * lanes;
}
