//! Kernel releases in what people copy: names of packages and files, paths, and the output of `uname -a`
//! and package managers.

use std::net::Ipv4Addr;

use super::flavour::{architecture, inner_flavours, of_rpm};
use super::release_form::{ENDINGS, forms, spelling_fault};

/// Flavours that have RPMs of their own, whose release has the flavour behind a `+`.
const RPM_FLAVOURS: [&str; 4] = ["rt", "64k", "16k", "debug"];

/// Confidence that a text is a release: the name before it counts for more than its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Evidence {
    Form,
    Name,
}

/// The kernel release that a text names without being one; `None` if it names none, or several.
pub fn release_in(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    if let Some(listed) = in_package_list(&words) {
        return Some(listed);
    }
    if let ["Linux", ..] = words.as_slice() {
        // `uname -a` and /proc/version, with the release before all else that looks like one.
        return words.iter().skip(1).take(2).find_map(|word| in_word(word)).map(|(_, release)| release);
    }
    let found: Vec<(Evidence, String)> = words.iter().filter_map(|word| in_word(word)).collect();
    let best = found.iter().map(|(evidence, _)| *evidence).max()?;
    let mut named: Vec<String> =
        found.into_iter().filter(|(own, _)| *own == best).map(|(_, release)| release).collect();
    named.dedup();
    if named.len() == 1 { named.pop() } else { None }
}

/// Checks whether a word has the form of a release.
pub fn is_release_like(word: &str) -> bool {
    fn is_number(text: &str) -> bool {
        text.starts_with(|c: char| c.is_ascii_digit())
    }
    fn is_version((major, rest): (&str, &str)) -> bool {
        major.bytes().all(|b| b.is_ascii_digit()) && is_number(rest)
    }
    is_number(word) && word.split_once('.').is_some_and(is_version) && word.parse::<Ipv4Addr>().is_err()
}

/// The line of dnf's and yum's lists: `kernel-core.x86_64  5.14.0-427.28.1.el9_4  @baseos`.
fn in_package_list(words: &[&str]) -> Option<String> {
    let [package, version, ..] = words else { return None };
    let (name, machine) = package.rsplit_once('.')?;
    architecture(machine)?;
    let version = without_epoch(version);
    if !name.starts_with("kernel") || !is_release_like(version) {
        return None;
    }
    proper(&with_flavour(name, &format!("{version}.{machine}")))
}

/// The release that one word names.
fn in_word(word: &str) -> Option<(Evidence, String)> {
    let word = word.trim_matches(['"', '\'', '`', ',', ';', ':', '(', ')', '[', ']', '{', '}']);
    word.split('/').find_map(in_name)
}

/// The release in the name of a file, a folder or a package.
fn in_name(name: &str) -> Option<(Evidence, String)> {
    let mut name = name;
    if let Some(package) = name.strip_suffix(".deb") {
        name = package.split('_').next()?;
    }
    while let Some(stem) = ENDINGS.iter().find_map(|ending| name.strip_suffix(ending)) {
        name = stem;
    }
    if is_release_like(name) {
        return proper(name).map(|release| (Evidence::Form, release));
    }
    let dash = name.match_indices('-').map(|(at, _)| at).find(|at| is_release_like(without_epoch(&name[at + 1..])))?;
    let (before, release) = (&name[..dash], without_epoch(&name[dash + 1..]));
    // SUSE's packages count their builds where the release has the flavour.
    if !before.starts_with(|c: char| c.is_ascii_alphabetic()) || before.split('-').any(|word| word == "default") {
        return None;
    }
    let release = if before.starts_with("kernel") { with_flavour(before, release) } else { release.to_owned() };
    proper(&release).map(|release| (Evidence::Name, release))
}

fn without_epoch(version: &str) -> &str {
    version.split_once(':').filter(|(epoch, _)| epoch.parse::<u32>().is_ok()).map_or(version, |(_, rest)| rest)
}

/// The release of an RPM called `name`: `kernel-rt-core` is that of `…+rt`.
fn with_flavour(name: &str, release: &str) -> String {
    let inner: Vec<&str> = inner_flavours(release).collect();
    let words = name.split('-').filter(|word| RPM_FLAVOURS.contains(word) && !inner.contains(word));
    let flavours: Vec<&str> = words.collect();
    match of_rpm(release) {
        Some((_, "")) if !flavours.is_empty() => format!("{release}+{}", flavours.join("-")),
        _ => release.to_owned(),
    }
}

fn proper(release: &str) -> Option<String> {
    let is_source = release.ends_with(".src");
    if is_source || spelling_fault(release).is_some() {
        return None;
    }
    forms(release).is_ok().then(|| release.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_found_in_what_people_copy() {
        const EL9: &str = "5.14.0-427.28.1.el9_4.x86_64";
        for text in [
            "kernel-5.14.0-427.28.1.el9_4.x86_64",
            "kernel-core-5.14.0-427.28.1.el9_4.x86_64.rpm",
            "kernel-modules-extra-0:5.14.0-427.28.1.el9_4.x86_64",
            "kernel-devel-matched-5.14.0-427.28.1.el9_4.x86_64",
            "kernel.x86_64  5.14.0-427.28.1.el9_4  @baseos",
            "kernel-core.x86_64 0:5.14.0-427.28.1.el9_4 baseos",
            "vmlinuz-5.14.0-427.28.1.el9_4.x86_64",
            "/boot/vmlinuz-5.14.0-427.28.1.el9_4.x86_64",
            "BOOT_IMAGE=(hd0,gpt3)/vmlinuz-5.14.0-427.28.1.el9_4.x86_64 root=UUID=x",
            "initramfs-5.14.0-427.28.1.el9_4.x86_64.img",
            "initramfs-5.14.0-427.28.1.el9_4.x86_64kdump.img",
            "symvers-5.14.0-427.28.1.el9_4.x86_64.gz",
            "System.map-5.14.0-427.28.1.el9_4.x86_64",
            "config-5.14.0-427.28.1.el9_4.x86_64",
            "/lib/modules/5.14.0-427.28.1.el9_4.x86_64",
            "/lib/modules/5.14.0-427.28.1.el9_4.x86_64/",
            "/lib/modules/5.14.0-427.28.1.el9_4.x86_64:",
            "/usr/lib/modules/5.14.0-427.28.1.el9_4.x86_64/kernel/fs/xfs/xfs.ko.xz",
            "/usr/src/kernels/5.14.0-427.28.1.el9_4.x86_64/Makefile",
            "Linux host 5.14.0-427.28.1.el9_4.x86_64 #1 SMP PREEMPT_DYNAMIC Fri Jul 5 2024 x86_64 GNU/Linux",
            "Linux 5.14.0-427.28.1.el9_4.x86_64",
            "Linux version 5.14.0-427.28.1.el9_4.x86_64 (mockbuild@x) (gcc (GCC) 11.4.1 20231218)",
            "\"5.14.0-427.28.1.el9_4.x86_64\",",
            "worker-0\t5.14.0-427.28.1.el9_4.x86_64",
            "10.0.0.7 5.14.0-427.28.1.el9_4.x86_64",
            "      3 5.14.0-427.28.1.el9_4.x86_64",
            "5.14.0-427.28.1.el9_4.x86_64.rpm",
        ] {
            assert_eq!(release_in(text).as_deref(), Some(EL9), "{text}");
        }
        for (text, release) in [
            ("kernel-rt-core-5.14.0-427.81.1.el9_4.x86_64", "5.14.0-427.81.1.el9_4.x86_64+rt"),
            ("kernel-rt.x86_64 5.14.0-427.81.1.el9_4 rt", "5.14.0-427.81.1.el9_4.x86_64+rt"),
            ("kernel-rt-debug-devel-5.14.0-427.81.1.el9_4.x86_64", "5.14.0-427.81.1.el9_4.x86_64+rt-debug"),
            ("kernel-rt-4.18.0-305.25.1.rt7.97.el8_4.x86_64", "4.18.0-305.25.1.rt7.97.el8_4.x86_64"),
            ("kernel-64k-5.14.0-503.11.1.el9_5.aarch64", "5.14.0-503.11.1.el9_5.aarch64+64k"),
            ("kernel-uek-core-5.15.0-209.161.7.2.el9uek.x86_64", "5.15.0-209.161.7.2.el9uek.x86_64"),
            ("kernel6.12-devel-6.12.20-23.97.amzn2023.x86_64", "6.12.20-23.97.amzn2023.x86_64"),
            ("linux-image-unsigned-5.15.0-91-generic", "5.15.0-91-generic"),
            ("linux-image-6.1.0-27-amd64_6.1.115-1_amd64.deb", "6.1.0-27-amd64"),
            ("linux-image-6.1.0-27-amd64/stable,now 6.1.115-1 amd64 [installed]", "6.1.0-27-amd64"),
            ("ii  linux-image-6.1.0-27-amd64  6.1.115-1  amd64  Linux 6.1 for 64-bit PCs", "6.1.0-27-amd64"),
            ("/usr/src/linux-headers-6.8.0-51-generic", "6.8.0-51-generic"),
            ("initrd.img-6.1.0-27-cloud-amd64", "6.1.0-27-cloud-amd64"),
            ("Linux h 6.1.0-27-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.1.115-1 (2024-11-01) x86_64", "6.1.0-27-amd64"),
        ] {
            assert_eq!(release_in(text).as_deref(), Some(release), "{text}");
        }
    }

    #[test]
    fn texts_that_name_no_release_or_several_stay_without_one() {
        for text in [
            "",
            "KERNEL-VERSION",
            "No resources found",
            "Installed Packages",
            "kernel-5.14.0-427.28.1.el9_4.src.rpm",
            "kernel-default-5.14.21-150500.55.65.1.x86_64",
            "kernel.x86_64",
            "linux-headers-amd64",
            "5.14.0-1.el9.x86_64 and 5.14.0-2.el9.x86_64",
            "10.0.0.7",
            "vmlinuz-0-rescue-3c1d5c0f4c0b4d5a9c4c6d7e8f901234",
            "--",
            "é-5",
        ] {
            assert_eq!(release_in(text), None, "{text}");
        }
    }
}
