// Where the entries of a matrix in SELL-C-σ lie. The kernel declares `params` with columns_at, and `pattern`, vec4s of u32:
// first slice_ptr, in vec4s of entries, one more than slices; then, from params.columns_at on, the columns of four rows of a
// slice to a vec4.

// Where slice `s` begins among the entries.
fn slice_ptr(s: u32) -> u32 {
    return pattern[s / 4u][s % 4u];
}

// The columns of vec4 `k` of the entries.
fn columns_of(k: u32) -> vec4<u32> {
    return pattern[params.columns_at + k];
}
