//! Integration tests of Ansatz, run per adapter.
