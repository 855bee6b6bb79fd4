//! Arbitrary bytes as an `.npy` file: no panic, and no more values than the bytes can hold.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(array) = ansatz::io::npy::parse(bytes, "b.npy") {
        assert_eq!(array.rows * array.columns, array.values.len());
        assert!(array.values.len() <= bytes.len());
    }
});
