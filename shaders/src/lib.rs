//! Every WGSL kernel of Ansatz, resolved and validated at build time.
