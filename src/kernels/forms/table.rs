//! Tables of nodes, as `oc get nodes -o wide` and `-o custom-columns=…` print them.

use super::nodes;
use crate::kernels::reading::Reading;
use crate::vocabulary::{Diagnostic, Invalid, SourceId, Span, Spanned};

/// The columns of `-o wide`, for a table that is printed with `--no-headers`.
const WIDE: [&str; 10] = [
    "NAME",
    "STATUS",
    "ROLES",
    "AGE",
    "VERSION",
    "INTERNAL-IP",
    "EXTERNAL-IP",
    "OS-IMAGE",
    "KERNEL-VERSION",
    "CONTAINER-RUNTIME",
];

const ADVICE: &str = "print whole nodes, with `oc get nodes -o json`";

/// A cell, and where it is.
type Cell<'t> = (usize, &'t str);

/// Checks whether the first line of a text is the head of a table of nodes.
pub(super) fn is_one(first: &str) -> bool {
    is_head(first) || is_headless(first)
}

fn is_head(line: &str) -> bool {
    let words: Vec<String> = line.split_whitespace().map(str::to_uppercase).collect();
    let are_names =
        words.iter().all(|word| word.starts_with(char::is_alphabetic) && !word.contains(['.', '/', ':', '=']));
    let names_kernels =
        words.iter().any(|word| word.starts_with("KERNEL") && !word.contains(|c: char| c.is_ascii_digit()));
    let is_of_nodes = ["NAME", "STATUS", "VERSION"].iter().all(|name| words.iter().any(|word| word == name));
    are_names && (names_kernels || is_of_nodes)
}

/// Checks whether a line is one of `-o wide`, which ends with the container runtime and its version.
fn is_headless(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    words.len() >= WIDE.len() && words.last().is_some_and(|last| last.contains("://"))
}

/// Reads one.
pub(super) fn read(source: SourceId, text: &str, reading: &mut Reading<'_>) {
    let mut rows = lines(text).filter(|(_, line)| !line.trim().is_empty()).peekable();
    let Some(head) = rows.next_if(|(_, line)| is_head(line)) else {
        let columns: Vec<Cell<'_>> = WIDE.iter().map(|name| (usize::MAX, *name)).collect();
        return rows.for_each(|row| read_row(source, row, &columns, reading));
    };
    let columns: Vec<Cell<'_>> = words(head.1);
    if find(&columns, "KERNEL").is_none() {
        let span = Span::new(source, head.0, head.0 + head.1.trim_end().len());
        let fault = Diagnostic::error("unknown-input", "this table of nodes has no column with kernels").at(span, "");
        return reading.tell(fault.help(ADVICE));
    }
    rows.for_each(|row| read_row(source, row, &columns, reading));
}

fn read_row(source: SourceId, (start, line): Cell<'_>, columns: &[Cell<'_>], reading: &mut Reading<'_>) {
    let Some(cells) = cells(line, columns) else {
        let message = format!("this line does not have the {} columns of the table", columns.len());
        let span = Span::new(source, start, start + line.trim_end().len());
        return reading.fault(span, Invalid::new(message).help(ADVICE));
    };
    let kernel = value("KERNEL", columns, &cells).map(|(at, text)| {
        let from = start + at;
        Spanned::new(text.to_owned(), Span::new(source, from, from + text.len()))
    });
    let [name, os, architecture] =
        ["NAME", "OS", "ARCH"].map(|column| value(column, columns, &cells).map(|(_, text)| text.to_owned()));
    let span = Span::new(source, start, start + line.trim_end().len());
    nodes::Node { name: name.clone(), kernel, os, architecture, identity: name, is_windows: false, span }.read(reading);
}

/// The cell below the column whose name begins so, unless it is empty or such as `<none>`.
fn value<'t>(name: &str, columns: &[Cell<'_>], cells: &[Cell<'t>]) -> Option<Cell<'t>> {
    let cell = *cells.get(find(columns, name)?)?;
    Some(cell).filter(|(_, text)| !text.is_empty() && !text.starts_with('<'))
}

/// The number of the first column whose name begins so.
fn find(columns: &[Cell<'_>], name: &str) -> Option<usize> {
    columns.iter().position(|(_, column)| column.to_uppercase().starts_with(name))
}

/// The cells of a row: where the columns start, or else, in a table whose spaces someone squeezed, word
/// by word; only the name of the OS image has several words. `None` if it is neither.
fn cells<'t>(line: &'t str, columns: &[Cell<'_>]) -> Option<Vec<Cell<'t>>> {
    if columns.iter().all(|(at, _)| starts_cell(line.as_bytes(), *at)) {
        let ends = columns.iter().skip(1).map(|(at, _)| *at).chain([line.len()]);
        return columns.iter().zip(ends).map(|((at, _), end)| Some((*at, line.get(*at..end)?.trim_end()))).collect();
    }
    let words = words(line);
    let more = words.len().checked_sub(columns.len())?;
    let wide = find(columns, "OS");
    if more > 0 && wide.is_none() {
        return None;
    }
    let mut words = words.into_iter();
    let cells = (0..columns.len()).map(|column| {
        let (at, first) = words.next()?;
        let further = if wide == Some(column) { more } else { 0 };
        let end = words.by_ref().take(further).last().map_or(at + first.len(), |(last, word)| last + word.len());
        Some((at, line.get(at..end)?))
    });
    cells.collect()
}

fn starts_cell(line: &[u8], at: usize) -> bool {
    at == 0 || at < line.len() && line[at - 1] == b' ' && line[at] != b' '
}

/// The words of a line, and where they start.
fn words(line: &str) -> Vec<Cell<'_>> {
    line.split_whitespace().map(|word| (word.as_ptr().addr() - line.as_ptr().addr(), word)).collect()
}

/// The lines of a text, and where they start.
fn lines(text: &str) -> impl Iterator<Item = Cell<'_>> {
    let begin = text.as_ptr().addr();
    let lines = text.trim_start_matches('\u{feff}').split('\n');
    lines.map(move |line| (line.as_ptr().addr() - begin, line.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_told_from_text() {
        for head in [
            "NAME   STATUS   ROLES    AGE   VERSION   INTERNAL-IP   OS-IMAGE   KERNEL-VERSION   CONTAINER-RUNTIME",
            "NAME   STATUS   ROLES    AGE   VERSION",
            "KERNEL",
            "NAME     KERNELVERSION",
            "w0 Ready worker 1d v1.29 10.0.0.1 <none> Ubuntu 22.04.5 LTS 5.15.0-91-generic containerd://1.7",
        ] {
            assert!(is_one(head), "{head}");
        }
        for text in
            ["5.14.0-1.el9.x86_64", "kernel-5.14.0-1.el9.x86_64", "kernel.x86_64 5.14.0-1.el9 @b", "No resources found"]
        {
            assert!(!is_one(text), "{text}");
        }
    }

    fn texts(head: &str, row: &'static str) -> Option<Vec<&'static str>> {
        Some(cells(row, &words(head))?.into_iter().map(|(_, text)| text).collect())
    }

    #[test]
    fn cells_are_found_by_column_or_by_word() {
        let head = "NAME   OS-IMAGE             KERNEL";
        assert_eq!(texts(head, "w0     Ubuntu 22.04.5 LTS   5.15"), Some(vec!["w0", "Ubuntu 22.04.5 LTS", "5.15"]));
        assert_eq!(texts(head, "w0 Ubuntu 22.04.5 LTS 5.15"), Some(vec!["w0", "Ubuntu 22.04.5 LTS", "5.15"]));
        assert_eq!(texts("NAME KERNEL", "worker-0 5.15"), Some(vec!["worker-0", "5.15"]));
        assert_eq!(texts("NAME KERNEL", "worker-0 5.15 6.1"), None);
        assert_eq!(texts(head, "w0 5.15"), None);
    }
}
