// The words of Adam's control buffer.

const STATUS: u32 = 0u;      // 0: running; NOT_FINITE; anything else that is not zero stops it too
const STEP: u32 = 1u;        // steps done
const RATE: u32 = 2u;        // η of the last step
const COMPLEMENT1: u32 = 3u; // 1 − β₁ᵗ
const COMPLEMENT2: u32 = 4u; // 1 − β₂ᵗ
const SQUARE: u32 = 5u;      // g·g, before it is scaled
const SCALE: u32 = 6u;       // by what g is scaled
