//! NumPy and VTK files, and whole-file writing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use ansatz::io::{Dense, ErrorKind, NdArray, WriteError, atomic::write_whole, npy, npz, read_dense, vtk};
use proptest::prelude::*;
use std::{fs, io::Write, path::Path};

/// An `.npy` file of version 1 as NumPy writes it.
fn npy_file(descriptor: &str, fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
    let fortran = if fortran { "True" } else { "False" };
    let mut header = format!("{{'descr': '{descriptor}', 'fortran_order': {fortran}, 'shape': {shape}, }}");
    while (header.len() + 11) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.bytes());
    bytes.extend(data);
    bytes
}

fn bytes_of<const N: usize>(values: impl IntoIterator<Item = [u8; N]>) -> Vec<u8> {
    values.into_iter().flatten().collect()
}

fn parse(bytes: &[u8]) -> Dense {
    npy::parse(bytes, "b.npy").unwrap()
}

#[track_caller]
fn assert_flaw(bytes: &[u8], part: &str) {
    let error = npy::parse(bytes, "b.npy").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadData, "{error}");
    let message = error.to_string();
    assert!(message.starts_with("b.npy: ") && message.contains(part), "{message}");
    assert!(message.contains("; expected ") && message.contains(" — ") && message.len() < 400, "{message}");
}

#[test]
fn reads_every_type() {
    let expected = Dense { rows: 3, columns: 1, values: vec![1.0, -2.0, 3.0] };
    let data: [(&str, Vec<u8>); 8] = [
        ("<f8", bytes_of([1.0_f64, -2.0, 3.0].map(f64::to_le_bytes))),
        (">f8", bytes_of([1.0_f64, -2.0, 3.0].map(f64::to_be_bytes))),
        ("<f4", bytes_of([1.0_f32, -2.0, 3.0].map(f32::to_le_bytes))),
        (">f4", bytes_of([1.0_f32, -2.0, 3.0].map(f32::to_be_bytes))),
        ("<i8", bytes_of([1_i64, -2, 3].map(i64::to_le_bytes))),
        (">i8", bytes_of([1_i64, -2, 3].map(i64::to_be_bytes))),
        ("<i4", bytes_of([1_i32, -2, 3].map(i32::to_le_bytes))),
        (">i4", bytes_of([1_i32, -2, 3].map(i32::to_be_bytes))),
    ];
    for (descriptor, data) in data {
        assert_eq!(parse(&npy_file(descriptor, false, "(3,)", &data)), expected, "{descriptor}");
    }
}

#[test]
fn reads_either_order() {
    let data = bytes_of((1..=6_i32).map(i32::to_le_bytes));
    let c = parse(&npy_file("<i4", false, "(2, 3)", &data));
    assert_eq!(c, Dense { rows: 2, columns: 3, values: vec![1., 4., 2., 5., 3., 6.] });
    let fortran = parse(&npy_file("<i4", true, "(2, 3)", &data));
    assert_eq!(fortran, Dense { rows: 2, columns: 3, values: vec![1., 2., 3., 4., 5., 6.] });
    assert_eq!(parse(&npy_file("<f8", false, "(0,)", &[])), Dense { rows: 0, columns: 1, values: vec![] });
}

#[test]
fn refuses_malformed_npy() {
    let data = bytes_of([1.0_f64, 2.0].map(f64::to_le_bytes));
    let good = npy_file("<f8", false, "(2,)", &data);
    assert!(npy::parse(&good[..], "b.npy").is_ok());
    assert_flaw(b"", "empty");
    assert_flaw(b"PK\x03\x04rest", "zip archive");
    assert_flaw(b"1.0\n2.0\n", "does not start");
    assert_flaw(&good[..9], "file ends within its header");
    assert_flaw(&good[..60], "file ends within its header");
    assert_flaw(&good[..good.len() - 9], "the file ends after 0 of 2 elements");
    assert_flaw(&good[..good.len() - 1], "the file ends after 1 of 2 elements");
    assert_flaw(&[&good[..], b"x"].concat(), "goes on after its 2 elements");
    assert_flaw(&npy_file("<f8", false, "()", &data), "0 dimensions");
    assert_flaw(&npy_file("<f8", false, "(1, 1, 2)", &data), "3 dimensions");
    assert_flaw(&npy_file("<c16", false, "(1,)", &data), "<c16");
    assert_flaw(&npy_file("<f2", false, "(1,)", &data), "<f2");
    assert_flaw(&npy_file("|S8", false, "(1,)", &data), "|S8");
    assert_flaw(&npy_file("<f8", false, "(-2,)", &data), "shape");
    assert_flaw(&npy_file("<f8", false, "(1000000000000000,)", &data), "ends after 2 of 1000000000000000");
    assert_flaw(&npy_file("<f8", false, "(9999999999, 9999999999)", &data), "memory can hold");
    assert_flaw(&npy_file("<f8", false, "(99999999999999999999,)", &data), "shape");
    assert_flaw(&npy_file("<f8", false, &"(".repeat(9000), &data), "structured");
    let mut long = b"\x93NUMPY\x02\x00".to_vec();
    long.extend(u32::MAX.to_le_bytes());
    assert_flaw(&long, "the header has 4294967295 bytes");
}

#[test]
fn npy_survives_a_round_trip() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    let values = [1.0, f64::NAN, f64::INFINITY, -0.0, 5e-324, 6.0];
    npy::write_vector(&path, &values).unwrap();
    let back = read_dense(&path).unwrap();
    assert_eq!((back.rows, back.columns), (6, 1));
    assert_eq!(back.values.iter().map(|v| v.to_bits()).collect::<Vec<_>>(), values.map(f64::to_bits));
    npy::write_matrix(&path, 2, 2, &[1.0, 2.0, 3.0, 4.0]).unwrap();
    assert_eq!(npy::read(&path).unwrap(), Dense { rows: 2, columns: 2, values: vec![1.0, 2.0, 3.0, 4.0] });
    assert!(matches!(npy::write_matrix(&path, 2, 2, &[1.0]), Err(WriteError::Unsuitable { .. })));
    assert_eq!(npy::read(&folder.path().join("no.npy")).unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn npz_holds_its_arrays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npz");
    let arrays = [("x", npy::Array::vector(&[1.0, 2.0])), ("history", npy::Array::matrix(1, 2, &[3.0, 4.0]))];
    npz::write(&path, &arrays).unwrap();
    // The members are stored uncompressed, so each stands in the archive as it would in a file of its own.
    let archive = fs::read(&path).unwrap();
    for (member, shape, fortran, values) in
        [("x.npy", "(2,)", "False", [1.0_f64, 2.0]), ("history.npy", "(1, 2)", "True", [3.0, 4.0])]
    {
        let find = |part: &[u8]| archive.windows(part.len()).position(|window| window == part);
        let name = find(member.as_bytes()).expect(member);
        let start = name + find(b"PK").map_or(member.len(), |_| member.len());
        let header = format!("'fortran_order': {fortran}, 'shape': {shape}");
        let at = find(header.as_bytes()).expect(&header);
        assert!(at > start, "{member}");
        assert!(find(&bytes_of(values.map(f64::to_le_bytes))).is_some_and(|data| data > at), "{member}");
    }
    assert!(matches!(npy::read(&path).unwrap_err().kind(), ErrorKind::BadData));
    let short = [("x", npy::Array::matrix(2, 2, &[1.0]))];
    assert!(matches!(npz::write(&path, &short), Err(WriteError::Unsuitable { .. })));
}

#[test]
fn read_dense_refuses_a_sparse_matrix() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("b.mtx");
    fs::write(&path, "%%MatrixMarket matrix coordinate real general\n1 1 1\n1 1 1\n").unwrap();
    assert_eq!(read_dense(&path).unwrap_err().kind(), ErrorKind::BadData);
    fs::write(&path, "%%MatrixMarket matrix array real general\n1 1\n7\n").unwrap();
    assert_eq!(read_dense(&path).unwrap().values, [7.0]);
}

fn names(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_failed_write_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.json");
    write_whole(&path, |out| out.write_all(b"old")).unwrap();
    let error = write_whole(&path, |out| {
        out.write_all(b"new")?;
        Err(std::io::Error::other("no more ink"))
    })
    .unwrap_err();
    assert!(error.to_string().contains("no more ink"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(names(folder.path()), ["report.json"]);
}

#[test]
fn a_missing_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = write_whole(&folder.path().join("no/report.json"), |_| Ok(())).unwrap_err();
    assert!(matches!(&error, WriteError::NoFolder { folder, .. } if folder.ends_with("no")), "{error}");
    let error = write_whole(folder.path(), |_| Ok(())).unwrap_err();
    assert!(matches!(error, WriteError::Unsuitable { .. }), "{error}");
}

#[cfg(unix)]
#[test]
fn files_have_the_usual_permissions() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let mode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777;
    fs::File::create(folder.path().join("plain")).unwrap();
    write_whole(&folder.path().join("whole"), |out| out.write_all(b"1")).unwrap();
    assert_eq!(mode("whole"), mode("plain"));

    // An existing file keeps its own, and a link stays a link.
    fs::set_permissions(folder.path().join("plain"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("plain", folder.path().join("link")).unwrap();
    write_whole(&folder.path().join("link"), |out| out.write_all(b"2")).unwrap();
    assert_eq!(mode("plain"), 0o640);
    assert!(folder.path().join("link").is_symlink());
    assert_eq!(fs::read(folder.path().join("plain")).unwrap(), b"2");

    // A device is written, not replaced.
    write_whole(Path::new("/dev/null"), |out| out.write_all(b"3")).unwrap();
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
}

#[test]
fn vtk_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("u.vti");
    let grid = vtk::Grid { cells: [3, 2, 0], origin: [0.0, -1.0, 0.0], spacing: [0.5, 0.25, 1.0] };
    let pressure = [1.0_f64, -2.0, f64::NAN, 4.0, 5.0, 6.0];
    let speed = [0.5_f32, 1.5, 2.5, 3.5, 4.5, 5.5];
    let solid = [0_u8, 1, 0, 1, b'<', b'>'];
    let fields = [
        ("p < 1 & \"q\"", vtk::Values::F64(&pressure)),
        ("speed", vtk::Values::F32(&speed)),
        ("solid", vtk::Values::U8(&solid)),
    ];
    vtk::write_image(&path, &grid, vtk::On::Cells, &fields).unwrap();

    let file = fs::read(&path).unwrap();
    let mark = b"<AppendedData encoding=\"raw\">\n   _";
    let data = file.windows(mark.len()).position(|window| window == mark).unwrap() + mark.len();
    let xml = std::str::from_utf8(&file[..data]).unwrap();
    assert!(xml.contains(r#"byte_order="LittleEndian" header_type="UInt64""#));
    let image = r#"<ImageData WholeExtent="0 3 0 2 0 0" Origin="0 -1 0" Spacing="0.5 0.25 1">"#;
    assert!(xml.contains(image), "{xml}");

    let attribute = |line: &str, key: &str| {
        let start = line.find(&format!("{key}=\"")).unwrap() + key.len() + 2;
        line[start..].split('"').next().unwrap().to_owned()
    };
    let mut end = 0;
    let arrays: Vec<_> = xml
        .lines()
        .filter(|line| line.contains("<DataArray"))
        .map(|line| {
            let offset = data + attribute(line, "offset").parse::<usize>().unwrap();
            let length = u64::from_le_bytes(file[offset..offset + 8].try_into().unwrap()) as usize;
            end = offset + 8 + length;
            (attribute(line, "Name"), attribute(line, "type"), &file[offset + 8..end])
        })
        .collect();
    assert_eq!(arrays[0].0, "p &lt; 1 &amp; &quot;q&quot;");
    assert_eq!(
        (arrays[0].1.as_str(), arrays[0].2),
        ("Float64", &bytes_of(pressure.map(f64::to_le_bytes))[..])
    );
    assert_eq!((arrays[1].1.as_str(), arrays[1].2), ("Float32", &bytes_of(speed.map(f32::to_le_bytes))[..]));
    assert_eq!((arrays[2].1.as_str(), arrays[2].2), ("UInt8", &solid[..]));
    assert_eq!(&file[end..], b"\n  </AppendedData>\n</VTKFile>\n");

    let short = [("speed", vtk::Values::F32(&speed[1..]))];
    assert!(matches!(
        vtk::write_image(&path, &grid, vtk::On::Cells, &short),
        Err(WriteError::Unsuitable { .. })
    ));
    let flat = vtk::Grid { spacing: [0.0, 1.0, 1.0], ..grid };
    assert!(matches!(
        vtk::write_image(&path, &flat, vtk::On::Cells, &fields),
        Err(WriteError::Unsuitable { .. })
    ));
}

/// An archive as `numpy.savez_compressed` makes it, of x = [0, 1, …, 99] as f4.
fn compressed() -> Vec<u8> {
    let data = bytes_of((0..100).map(|v| (v as f32).to_le_bytes()));
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    zip.start_file("x.npy", options).unwrap();
    zip.write_all(&npy_file("<f4", false, "(4, 5, 5)", &data)).unwrap();
    zip.start_file("label.npy", options).unwrap();
    zip.write_all(&npy_file("<U5", false, "()", b"hello")).unwrap();
    zip.finish().unwrap().into_inner()
}

#[test]
fn npz_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npz");
    let cube: Vec<f64> = (0..24).map(f64::from).collect();
    let arrays = [
        ("x", npy::Array::vector(&[1.0, 2.0])),
        ("m", npy::Array::matrix(2, 2, &[1.0, 2.0, 3.0, 4.0])),
        ("u", npy::Array::row_major(&[2, 3, 4], &cube)),
        ("nu", npy::Array::row_major(&[], &[0.01])),
    ];
    npz::write(&path, &arrays).unwrap();
    let mut archive = npz::Archive::open(&path).unwrap();
    assert_eq!(archive.names(), ["m", "nu", "u", "x"]);
    let array = |shape: &[usize], values: &[f64]| NdArray { shape: shape.to_vec(), values: values.to_vec() };
    assert_eq!(archive.array("u").unwrap(), array(&[2, 3, 4], &cube));
    assert_eq!(archive.array("m").unwrap(), array(&[2, 2], &[1.0, 3.0, 2.0, 4.0]));
    assert_eq!(archive.array("nu").unwrap(), array(&[], &[0.01]));
    let error = archive.array("v").unwrap_err();
    assert!(
        error.to_string().contains("no array `v`; expected one of its arrays: `m`, `nu`, `u`, `x` — "),
        "{error}"
    );

    let mut packed = npz::Archive::new(std::io::Cursor::new(compressed()), "p.npz").unwrap();
    let x = packed.array("x").unwrap();
    assert_eq!((&x.shape[..], x.values[99]), (&[4, 5, 5][..], 99.0));
    let error = packed.array("label").unwrap_err().to_string();
    assert!(error.starts_with("p.npz/label.npy: ") && error.contains("U5"), "{error}");
}

#[test]
fn damaged_npz_are_refused() {
    let good = compressed();
    let flaw = |bytes: &[u8]| {
        let read = npz::Archive::new(std::io::Cursor::new(bytes), "p.npz").and_then(|mut npz| npz.array("x"));
        let error = read.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadData, "{error}");
        let message = error.to_string();
        assert!(
            message.starts_with("p.npz") && message.contains("; expected ") && message.contains(" — "),
            "{message}"
        );
    };
    flaw(b"");
    flaw(b"not a zip at all");
    flaw(&good[..good.len() / 2]);
    flaw(&good[10..]);
    let mut broken = good.clone();
    broken[60..90].fill(0xa5);
    flaw(&broken);
    assert_eq!(npz::Archive::open(Path::new("no.npz")).err().unwrap().kind(), ErrorKind::NotFound);
}

#[test]
fn arrays_of_any_dimension_survive_a_round_trip() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("u.npy");
    let values: Vec<f64> = (0..120).map(f64::from).collect();
    npy::write_array(&path, &[2, 3, 4, 5], &values).unwrap();
    assert_eq!(npy::read_array(&path).unwrap(), NdArray { shape: vec![2, 3, 4, 5], values });
    let fortran = npy_file("<i4", true, "(2, 3, 2)", &bytes_of((0..12_i32).map(i32::to_le_bytes)));
    let array = npy::parse_array(&fortran[..], "f.npy").unwrap();
    assert_eq!(array.values, [0., 6., 2., 8., 4., 10., 1., 7., 3., 9., 5., 11.]);
    assert!(matches!(npy::write_array(&path, &[2, 2], &[1.0]), Err(WriteError::Unsuitable { .. })));
}

#[test]
fn points_and_series_are_whole_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("u.vtu");
    let points = [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]];
    let fields = [("u", vtk::Values::F64(&[6.0, 7.0])), ("inside", vtk::Values::U8(&[1, 0]))];
    vtk::write_points(&path, &points, &fields).unwrap();
    let file = fs::read(&path).unwrap();
    let mark = b"   _";
    let data = file.windows(mark.len()).position(|window| window == mark).unwrap() + mark.len();
    let xml = std::str::from_utf8(&file[..data]).unwrap();
    let offsets: Vec<usize> =
        xml.split("offset=\"").skip(1).map(|rest| rest.split('"').next().unwrap().parse().unwrap()).collect();
    // u, inside, coordinates, connectivity, offsets, types.
    let lengths = [16, 2, 48, 16, 16, 2];
    let mut at = 0;
    for (offset, length) in offsets.iter().zip(lengths) {
        assert_eq!(*offset, at);
        let stored = u64::from_le_bytes(file[data + at..data + at + 8].try_into().unwrap());
        assert_eq!(stored, length as u64);
        at += 8 + length;
    }
    assert_eq!(offsets.len(), 6);
    assert_eq!(&file[data + at..], b"\n  </AppendedData>\n</VTKFile>\n");
    assert_eq!(&file[data + offsets[4] + 8..][..16], &bytes_of([1_i64, 2].map(i64::to_le_bytes))[..]);
    assert!(vtk::write_points(&path, &points[..1], &fields).is_err());
    assert!(vtk::write_points(&path, &[[f64::NAN; 3]; 2], &fields).is_err());

    let path = folder.path().join("u.pvd");
    vtk::write_series(&path, &[(0.0, "u&0.vti".into()), (0.5, "u1.vti".into())]).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(
        text.contains(r#"<DataSet timestep="0.5" file="u1.vti"/>"#) && text.contains("u&amp;0"),
        "{text}"
    );
    assert!(vtk::write_series(&path, &[(f64::NAN, String::new())]).is_err());

    let path = folder.path().join("p.vti");
    let grid = vtk::Grid { cells: [1, 1, 0], origin: [0.0; 3], spacing: [1.0; 3] };
    vtk::write_image(&path, &grid, vtk::On::Points, &[("u", vtk::Values::F64(&[0.0; 4]))]).unwrap();
    assert!(String::from_utf8_lossy(&fs::read(&path).unwrap()).contains("<PointData>"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn c_order_is_transposed(rows in 0..7_usize, columns in 0..7_usize) {
        let data = bytes_of((0..rows * columns).map(|v| (v as f64).to_le_bytes()));
        let matrix = parse(&npy_file("<f8", false, &format!("({rows}, {columns})"), &data));
        for (place, &value) in matrix.values.iter().enumerate() {
            let (row, column) = (place % rows, place / rows);
            prop_assert_eq!(value, (row * columns + column) as f64);
        }
    }
}
