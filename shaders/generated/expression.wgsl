// A sample of what `Program::wgsl` of `ansatz-expr` emits for the name `expression`; the host puts the real one here.
// It may call what common/functions and common/math define.
const EXPRESSION_INPUTS: u32 = 2u;
const EXPRESSION_OUTPUTS: u32 = 1u;
fn expression(at: array<real, 2>) -> array<real, 1> {
    let r0 = at[0] * at[1];
    let r1 = real_sin(r0);
    return array<real, 1>(r1);
}
