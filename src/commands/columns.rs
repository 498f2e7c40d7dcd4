//! Aligned columns of plain text.

use std::fmt::Write as _;

/// Value of a cell without one, so that every line has as many fields.
pub(super) const NO_VALUE: &str = "-";

/// Aligns cells below the heads of their columns, without columns that have no value.
pub(super) fn aligned(heads: &[&str], rows: &[Vec<String>]) -> String {
    let columns: Vec<usize> = (0..heads.len()).filter(|at| rows.iter().any(|row| row[*at] != NO_VALUE)).collect();
    let widths = columns.iter().map(|at| {
        let longest = rows.iter().map(|row| row[*at].chars().count()).max();
        longest.unwrap_or(0).max(heads[*at].len())
    });
    let widths: Vec<usize> = widths.collect();
    let mut text = String::new();
    let head: Vec<String> = heads.iter().map(|head| (*head).to_owned()).collect();
    for row in std::iter::once(&head).chain(rows) {
        let mut line = String::new();
        for (at, width) in columns.iter().zip(&widths) {
            let _ = write!(line, "  {:<width$}", row[*at]);
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_without_values_are_left_out() {
        let rows = [["a", "-", "ä…"], ["bbb", "-", "-"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(aligned(&["X", "Y", "Z"], &rows), "  X    Z\n  a    ä…\n  bbb  -\n");
        assert_eq!(aligned(&["X"], &[]), "\n");
    }
}
