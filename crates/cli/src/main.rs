//! The program ansatz.
fn main() {}
