//! JUnit's XML, which continuous integration shows as a list of tests.
//!
//! There is no standard; this is the part that Jenkins, GitLab and GitHub's actions agree on: at most
//! one `failure` or `error` in a `testcase`. Times are left out, so that the same result has the same
//! bytes.

use std::fmt::Write as _;

/// One test.
#[derive(Debug, Clone)]
pub struct TestResult {
    /// Its name.
    pub name: String,
    pub result: TestStatus,
}

/// Result of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TestStatus {
    Passed,
    Failed(Complaint),
    /// The test could not run.
    Error(Complaint),
}

/// Message of a failure or an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// In one line.
    pub message: String,
    /// The full text.
    pub text: String,
}

/// The document of a suite.
pub fn document(suite: &str, entries: &[TestResult]) -> String {
    let failures = entries.iter().filter(|entry| matches!(entry.result, TestStatus::Failed(_))).count();
    let errors = entries.iter().filter(|entry| matches!(entry.result, TestStatus::Error(_))).count();
    let sums = format!("tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\"", entries.len());
    let suite = escaped(suite);
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"kmodgen\" {sums}>\n  \
         <testsuite name=\"{suite}\" {sums} skipped=\"0\">\n"
    );
    for TestResult { name, result } in entries {
        let _ = write!(xml, "    <testcase classname=\"{suite}\" name=\"{}\"", escaped(name));
        let (tag, Complaint { message, text }) = match result {
            TestStatus::Passed => {
                xml.push_str("/>\n");
                continue;
            }
            TestStatus::Failed(complaint) => ("failure", complaint),
            TestStatus::Error(complaint) => ("error", complaint),
        };
        let _ = writeln!(
            xml,
            ">\n      <{tag} message=\"{}\" type=\"{tag}\">{}</{tag}>\n    </testcase>",
            escaped(message),
            escaped(text)
        );
    }
    xml.push_str("  </testsuite>\n</testsuites>\n");
    xml
}

/// A text inside of XML, in an attribute too. Characters that XML 1.0 (section 2.2) has no way to
/// write are spelled out.
fn escaped(text: &str) -> String {
    let mut xml = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            '\'' => xml.push_str("&apos;"),
            // Readers make a line feed of a carriage return, and a space of either in an attribute.
            '\t' | '\r' => {
                let _ = write!(xml, "&#{};", u32::from(c));
            }
            '\n' => xml.push('\n'),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => xml.extend(c.escape_unicode()),
            c => xml.push(c),
        }
    }
    xml
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_reads_well() {
        let complaint = Complaint { message: "2 < 3 & \"so\"".into(), text: "a\n\u{1b}[31mb\r\n".into() };
        let entries = [
            TestResult { name: "fine".into(), result: TestStatus::Passed },
            TestResult { name: "<bad>".into(), result: TestStatus::Failed(complaint.clone()) },
            TestResult { name: "worse".into(), result: TestStatus::Error(complaint) },
        ];
        assert_snapshot!("junit", document("kmodgen.yaml", &entries));
    }

    proptest! {
        #[test]
        fn no_character_is_left_that_xml_cannot_hold(text in any::<String>()) {
            let xml = escaped(&text);
            fn legal(c: char) -> bool {
                matches!(c, '\n' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
            }
            prop_assert!(xml.chars().all(legal), "{:?}", xml);
            prop_assert!(!xml.contains(['<', '>', '"', '\'']));
        }
    }
}
