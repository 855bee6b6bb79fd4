//! Test systems from a short text, such as `poisson:64x64x64`.
