//! Gaussian features.
