//! An OpenShift release as text: the `release.txt` of a mirror, and what `oc adm release info` prints.

use super::OPENSHIFT_IMAGES;
use super::plain::lines;
use super::release_info::{self, Release};
use crate::kernels::reading::Reading;
use crate::vocabulary::{Invalid, SourceId, Span, Spanned, architecture};

/// Repository of OpenShift's releases.
const OPENSHIFT_RELEASES: &str = "quay.io/openshift-release-dev/ocp-release";

/// Checks whether a text has this form.
pub(super) fn is_one(text: &str) -> bool {
    field(text, "Pull From:").is_some() && field(text, "Images:").is_some()
}

/// Finds the first line that starts with a key, with the text after it.
fn field<'t>(text: &'t str, key: &str) -> Option<((usize, &'t str), &'t str)> {
    lines(text).find_map(|line| Some((line, line.1.strip_prefix(key)?.trim())))
}

fn span_of(source: SourceId, (start, line): (usize, &str)) -> Span {
    Span::new(source, start, start + line.len())
}

/// Reads one.
pub(super) fn read(source: SourceId, text: &str, reading: &mut Reading<'_>) {
    let Some((place, version)) = field(text, "Name:") else {
        let help = "print it again, with `oc adm release info`";
        return reading.fault(span_of(source, (0, "")), Invalid::new("this release has no `Name:`").help(help));
    };
    let machine = field(text, "OS/Arch:").and_then(|(_, machine)| architecture(machine.rsplit('/').next()?));
    let os = field(text, "machine-os ").and_then(|(_, os)| os.split_whitespace().next()).map(str::to_owned);
    let is_own = field(text, "Pull From:").is_some_and(|(_, from)| from.split('@').next() == Some(OPENSHIFT_RELEASES));
    let version = Spanned::new(version.to_owned(), span_of(source, place));
    let mut release = Release { version, architecture: machine, os, toolkits: Vec::new(), systems: Vec::new() };
    for (start, line) in lines(text).skip_while(|(_, line)| *line != "Images:") {
        let mut words = line.split_whitespace();
        let (Some(name), Some(image)) = (words.next(), words.next()) else { continue };
        if release_info::is_system(name) {
            release.systems.push((name.to_owned(), None));
        } else if name == release_info::TOOLKIT || name.starts_with("driver-toolkit-") {
            let at = span_of(source, (start, line));
            let image = match image.strip_prefix("sha256:") {
                Some(_) if is_own => format!("{OPENSHIFT_IMAGES}@{image}"),
                Some(_) => {
                    let message = format!("`{name}` has a digest and no repository");
                    let help = "print the pull specs, too, with `oc adm release info --pullspecs`";
                    reading.fault(at, Invalid::new(message).help(help));
                    continue;
                }
                None => image.to_owned(),
            };
            release.toolkits.push((name.to_owned(), Spanned::new(image, at)));
        }
    }
    release.read(reading);
}
