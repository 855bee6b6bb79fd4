// Blocks of four by four numbers, a vec4 for each column.

alias real4x4 = mat4x4<real>;

// sum + left · right.
fn plus_product(sum: real4x4, left: real4x4, right: real4x4) -> real4x4 {
    return real4x4(
        sum[0] + times(left, right[0]),
        sum[1] + times(left, right[1]),
        sum[2] + times(left, right[2]),
        sum[3] + times(left, right[3]),
    );
}

fn times(left: real4x4, right: real4) -> real4 {
    return left[0] * right.x + left[1] * right.y + (left[2] * right.z + left[3] * right.w);
}
