//! Dense vectors on the device: reductions, copy and triad.
