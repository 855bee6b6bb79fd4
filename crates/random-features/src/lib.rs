//! Random features.
