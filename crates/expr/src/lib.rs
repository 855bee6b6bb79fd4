//! Scalar expressions over coordinates, unknown fields and their derivatives.
