//! What is to be solved, without how.
