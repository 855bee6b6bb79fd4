//! Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3, SC 2011).

/// Four random `u32` for every counter and key: ten rounds of products of 32 by 32 bits.
pub fn philox4x32(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let (mut c, mut k) = (counter, key);
    for _ in 0..10 {
        let first = u64::from(c[0]) * 0xd251_1f53;
        let second = u64::from(c[2]) * 0xcd9e_8d57;
        let high = |product: u64| (product >> 32) as u32;
        c = [high(second) ^ c[1] ^ k[0], second as u32, high(first) ^ c[3] ^ k[1], first as u32];
        k = [k[0].wrapping_add(0x9e37_79b9), k[1].wrapping_add(0xbb67_ae85)];
    }
    c
}

/// One stream of random numbers; every element is addressed by its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Philox {
    seed: u64,
    stream: u32,
}

impl Philox {
    /// The stream `stream` of the seed `seed`.
    pub const fn new(seed: u64, stream: u32) -> Self {
        Self { seed, stream }
    }

    /// Another stream of the same seed.
    pub const fn stream(self, stream: u32) -> Self {
        Self { stream, ..self }
    }

    /// The seed, which is the key.
    pub const fn seed(self) -> u64 {
        self.seed
    }

    /// The stream's number, which is the third word of the counter.
    pub const fn stream_number(self) -> u32 {
        self.stream
    }

    /// Block `index`: 128 random bits.
    pub fn block(self, index: u64) -> [u32; 4] {
        let words = |x: u64| [x as u32, (x >> 32) as u32];
        let [low, high] = words(index);
        philox4x32([low, high, self.stream, 0], words(self.seed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers that the authors publish with Random123 (`kat_vectors`).
    #[test]
    fn known_answers() {
        let pi = [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344];
        let answers = [
            ([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
            ([u32::MAX; 4], [u32::MAX; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
            (pi, [0xa409_3822, 0x299f_31d0], [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]),
        ];
        for (counter, key, expected) in answers {
            assert_eq!(philox4x32(counter, key), expected);
        }
    }

    #[test]
    fn seed_stream_and_index_are_key_and_counter() {
        let block = Philox::new(0xa409_3822, 0x1319_8a2e).block(0x85a3_08d3_243f_6a88);
        assert_eq!(block, philox4x32([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0], [0xa409_3822, 0]));
        let seeded = Philox::new(u64::MAX << 32, 7).block(0);
        assert_eq!(seeded, philox4x32([0, 0, 7, 0], [0, u32::MAX]));
        assert_eq!(Philox::new(3, 0).stream(5), Philox::new(3, 5));
    }
}
