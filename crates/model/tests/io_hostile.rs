//! Damaged files: readers must neither panic nor take memory that the file does not account for.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use ansatz::io::{matrix_market, npy, npz};
use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

/// Counts the bytes that each thread holds, and the most it ever held.
struct Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

fn count(change: isize) {
    let held = HELD.get() + change;
    HELD.set(held);
    MOST.set(MOST.get().max(held));
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// The most bytes that `work` held at once.
fn memory_of(work: impl FnOnce()) -> isize {
    let before = HELD.get();
    MOST.set(before);
    work();
    MOST.get() - before
}

/// Counter-based random numbers (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

/// One to four changes of a file: bytes replaced, inserted, removed, repeated, cut, or words swapped for awkward ones.
fn mutate(bytes: &mut Vec<u8>, words: &[&[u8]], random: &mut Random) {
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        match random.below(7) {
            0 if !bytes.is_empty() => bytes[at] = random.next() as u8,
            1 => bytes.insert(at, random.next() as u8),
            2 => {
                let end = (at + 1 + random.below(8)).min(bytes.len());
                bytes.drain(at..end);
            }
            3 => bytes.truncate(at),
            4 => {
                let piece = bytes[at..(at + random.below(32)).min(bytes.len())].to_vec();
                let to = random.below(bytes.len());
                bytes.splice(to..to, piece);
            }
            _ => {
                // Put a word in the place of another, so that the rest keeps its meaning.
                let is_word = |b: u8| b.is_ascii_alphanumeric() || b"+-.".contains(&b);
                let start = bytes[..at].iter().rposition(|&b| !is_word(b)).map_or(0, |p| p + 1);
                let end = bytes[at..].iter().position(|&b| !is_word(b)).map_or(bytes.len(), |p| at + p);
                let word = words[random.below(words.len())];
                bytes.splice(start..end.max(start), word.iter().copied());
            }
        }
    }
}

#[test]
fn mutated_matrices_do_no_harm() {
    let seeds: [&[u8]; 4] = [
        b"%%MatrixMarket matrix coordinate real general\n% words\n4 3 4\n1 1 1.5\n2 3 -2e0\n4 2 7\n3 3 1.0D+3\n",
        b"%%MatrixMarket matrix coordinate integer symmetric\n3 3 3\n1 1 4\n2 1 3\n3 3 -5\n",
        b"%%MatrixMarket matrix array real skew-symmetric\n3 3\n1\n2\n3\n",
        b"%%MatrixMarket matrix coordinate pattern symmetric\r\n3 3 2\r\n2 1\r\n3 3\r\n",
    ];
    let words: [&[u8]; 16] = [
        b"0",
        b"-1",
        b"4294967294",
        b"4294967295",
        b"18446744073709551615",
        b"99999999999999999999999",
        b"1e400",
        b"1e-400",
        b"inf",
        b"array",
        b"coordinate",
        b"symmetric",
        b"skew-symmetric",
        b"pattern",
        b"real",
        b"\n%\n",
    ];
    let mut random = Random(1);
    let (mut good, mut bad) = (0, 0);
    for round in 0..20_000 {
        let mut bytes = seeds[round % seeds.len()].to_vec();
        mutate(&mut bytes, &words, &mut random);
        let most = memory_of(|| match matrix_market::parse(&bytes[..], "A.mtx") {
            Ok(_) => good += 1,
            Err(error) => {
                bad += 1;
                assert!(error.to_string().len() < 600, "{error}");
            }
        });
        // 2^16 entries of 16 bytes may be taken on trust.
        assert!(most < 2 << 20, "{most} bytes for {:?}", String::from_utf8_lossy(&bytes));
    }
    assert!(good > 100 && bad > 1000, "{good} good, {bad} bad");
}

#[test]
fn mutated_npy_do_no_harm() {
    let mut seed = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    seed.extend(b"{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), }");
    seed.resize(127, b' ');
    seed.push(b'\n');
    seed.extend([0x3f; 48]);
    assert!(npy::parse(&seed[..], "b.npy").is_ok());
    let words: [&[u8]; 12] = [
        b"0",
        b"-1",
        b"18446744073709551615",
        b"99999999999999999999999",
        b"4294967296, 4294967296",
        b"True",
        b"f4",
        b"i8",
        b"((((((((((((((((",
        b"[[[[[[[[[[[[[[[[",
        b"{{{{{{{{{{{{{{{{",
        b"1e9",
    ];
    let mut random = Random(2);
    for _ in 0..20_000 {
        let mut bytes = seed.clone();
        mutate(&mut bytes, &words, &mut random);
        let most = memory_of(|| drop(npy::parse(&bytes[..], "b.npy")));
        assert!(most < 1 << 20, "{most} bytes for {:?}", String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn a_nested_header_does_not_exhaust_the_stack() {
    for bracket in ["(", "[", "{"] {
        let mut bytes = b"\x93NUMPY\x02\x00\xff\x3f\x00\x00".to_vec();
        bytes.extend(bracket.repeat(0x3fff).bytes());
        assert!(npy::parse(&bytes[..], "b.npy").is_err());
    }
}

#[test]
fn mutated_npz_do_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("u.npz");
    npz::write(&path, &[("u", npy::Array::row_major(&[2, 3], &[0.5; 6]))]).unwrap();
    let seed = std::fs::read(&path).unwrap();
    let words: [&[u8]; 4] = [b"u.npy", b"PK", b"99999999", b"\xff\xff\xff\xff"];
    let mut random = Random(3);
    let mut bad = 0;
    for _ in 0..20_000 {
        let mut bytes = seed.clone();
        mutate(&mut bytes, &words, &mut random);
        let most = memory_of(|| {
            let read =
                npz::Archive::new(std::io::Cursor::new(&bytes), "u.npz").and_then(|mut npz| npz.array("u"));
            bad += u32::from(read.is_err());
        });
        // The directory may announce a member for every byte of the file.
        assert!(most < 8 << 20, "{most} bytes for {:?}", String::from_utf8_lossy(&bytes));
    }
    assert!(bad > 1000, "{bad}");
}
