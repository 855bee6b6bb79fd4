//! Counter-based random numbers: element `i` of a stream is a pure function of seed, stream and `i`, so any of them can be
//! recomputed anywhere.
