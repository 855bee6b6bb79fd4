//! Aligned tables for the terminal.

use ansatz::KernelReport;

/// Lines of cells under their titles; columns after the first are aligned to the right where all their cells look like
/// numbers.
pub fn table(titles: &[&str], rows: &[Vec<String>]) -> String {
    let cells = |column: usize| rows.iter().filter_map(move |row| row.get(column));
    let width = |column: usize| {
        cells(column).map(|cell| cell.chars().count()).max().unwrap_or(0).max(titles[column].chars().count())
    };
    let widths: Vec<usize> = (0..titles.len()).map(width).collect();
    let is_number = |cell: &String| cell.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    let to_the_right: Vec<bool> = (0..titles.len()).map(|column| cells(column).all(is_number)).collect();
    let line = |row: &mut dyn Iterator<Item = &str>| {
        let mut line = String::new();
        for (column, cell) in row.enumerate() {
            let (gap, width) = (if column > 0 { "  " } else { "" }, widths[column]);
            line += &if to_the_right[column] {
                format!("{gap}{cell:>width$}")
            } else {
                format!("{gap}{cell:<width$}")
            };
        }
        line.trim_end().to_owned() + "\n"
    };
    let mut text = line(&mut titles.iter().copied());
    for row in rows {
        text += &line(&mut row.iter().map(String::as_str));
    }
    text
}

/// The profile of a run, one line per kernel.
pub fn profile(kernels: &[KernelReport]) -> String {
    let row = |kernel: &KernelReport| {
        vec![
            kernel.kernel.clone(),
            kernel.launches.to_string(),
            format!("{:.4}", kernel.seconds),
            format!("{:.2}", kernel.gigabytes_per_second),
            format!("{:.2}", kernel.gigaflops_per_second),
            kernel.share_of_measured_limit.map_or("-".to_owned(), |share| format!("{:.0} %", 100.0 * share)),
        ]
    };
    let rows: Vec<Vec<String>> = kernels.iter().map(row).collect();
    table(&["kernel", "launches", "seconds", "GB/s", "GFLOP/s", "of the limit"], &rows)
}

#[cfg(test)]
mod tests {
    #[test]
    fn columns_are_aligned() {
        let rows = [vec!["sell".to_owned(), "12".to_owned()], vec!["b".to_owned(), "5".to_owned()]];
        assert_eq!(super::table(&["kernel", "n"], &rows), "kernel   n\nsell    12\nb        5\n");
    }
}
