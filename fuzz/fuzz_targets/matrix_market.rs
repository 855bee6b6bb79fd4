//! Arbitrary bytes as a Matrix Market file: no panic, and no more values than the bytes can spell.
#![no_main]

use ansatz::io::matrix_market::{MatrixMarket, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match parse(bytes, "A.mtx") {
        Ok(MatrixMarket::Coordinate(matrix)) => {
            assert!(matrix.entries.len() <= bytes.len());
            let inside = |&(row, column, _): &(u32, u32, f64)| {
                (row as usize) < matrix.rows && (column as usize) < matrix.columns
            };
            assert!(matrix.entries.iter().all(inside));
        }
        Ok(MatrixMarket::Array { rows, columns, values }) => {
            assert_eq!(rows * columns, values.len());
            assert!(values.len() <= bytes.len());
        }
        Err(error) => assert!(error.to_string().len() < 1000),
    }
});
