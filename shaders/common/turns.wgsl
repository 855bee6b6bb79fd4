// sin(2πt), from t = part + small turns where |small| is far below |part|: the angle of a wave whose whole turns were
// dropped exactly.
//
// Reduction: r = t − n with n the integer nearest to t, exact up to the rounding of its last sum, and folded at a quarter
// turn, s = min(|r|, ½ − |r|); then sin(2πt) = ± s (2π + s²P(s²)) with the minimax P: relative error 6e-9 in f32, 3e-19 in
// f64, before rounding. In all within 1.5 REAL_EPSILON. NaN and infinity give NaN; in f64, so do more than 2^30 turns.
#import common/real

// The integers nearest to x. f64 has no `round` on some drivers; its integers go to 2^31.
fn nearest4(x: real4) -> real4 {
#if F64
    return real4(vec4<i32>(x + select(real4(-0.5), real4(0.5), x >= real4())));
#else
    return round(x);
#endif
}

#if F64
const TURN: real = 6.283185307179586lf;
const TURN_REST: real = 2.4492935982947064e-16lf; // 2π − TURN
#else
const TURN: real = 6.2831855;
const TURN_REST: real = -1.7484556e-7;
#endif

fn sin_turns(part: real4, small: real4) -> real4 {
    let whole = nearest4(part + small);
    // Exact but for the last sum.
    let r = (part - whole) + small;
    let size = abs(r);
    let folded = min(size, 0.5 - size);
    let y = folded * folded;
#if F64
    var p = -0.71773059742618143lf + y * 0.10088254467049308lf;
    p = 3.8199278246759521lf + y * p;
    p = -15.094641665873611lf + y * p;
    p = 42.058693925300192lf + y * p;
    p = -76.705859752827201lf + y * p;
    p = 81.605249276073694lf + y * p;
    p = -41.341702240399757lf + y * p;
#else
    var p = -76.583467 + y * 39.770384;
    p = 81.602635 + y * p;
    p = -41.341685 + y * p;
#endif
    let sine = folded * TURN + folded * (TURN_REST + y * p);
    let signed = select(sine, -sine, r < real4());
#if F64
    // Beyond the integers, no answer rather than a wrong one.
    let nan = real4(bitcast<vec4<f32>>(bitcast<vec4<u32>>(vec4<f32>(r)) | vec4(0x7fc00000u)));
    return select(nan, signed, size <= real4(0.75));
#else
    return signed;
#endif
}
