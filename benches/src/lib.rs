//! Benchmarks of Ansatz.
