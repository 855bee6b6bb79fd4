//! The numbers of a Matrix Market file.

/// A real number in the notation of C or of Fortran (`1.0D+03`), `nan` and `inf` included; `None` for anything else
/// and for what no f64 can hold.
pub(super) fn real(token: &str) -> Option<f64> {
    let value = match token.parse::<f64>() {
        Ok(value) => value,
        Err(_) => fortran(token)?,
    };
    // `inf` may be spelled out, but digits must not silently become it.
    if value.is_infinite() && token.bytes().any(|byte| byte.is_ascii_digit()) { None } else { Some(value) }
}

fn fortran(token: &str) -> Option<f64> {
    let mut copy = [0; 64];
    let copy = copy.get_mut(..token.len())?;
    copy.copy_from_slice(token.as_bytes());
    let exponent = copy.iter_mut().find(|byte| matches!(byte, b'd' | b'D'))?;
    *exponent = b'e';
    std::str::from_utf8(copy).ok()?.parse().ok()
}

/// A whole number as the nearest f64.
pub(super) fn integer(token: &str) -> Option<f64> {
    token.parse::<i128>().ok().map(|value| value as f64)
}

/// A count or an index.
pub(super) fn size(token: &str) -> Option<u64> {
    token.parse().ok()
}
