// Grids of more than 65,535 workgroups are launched in two dimensions. The last row may be partly surplus: compare the
// linear id with the number of workgroups wanted.

// Number of the workgroup `id` in a grid of `count` (builtins workgroup_id and num_workgroups).
fn linear_workgroup(id: vec3<u32>, count: vec3<u32>) -> u32 {
    return id.x + id.y * count.x;
}
