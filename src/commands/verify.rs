//! `kmodgen verify IMAGE`: hold a built image to what KMM relies on.

use std::fmt::Write as _;

use anyhow::{Context as _, anyhow};
use kmodgen_image::elf::Architecture;
use kmodgen_image::{Breach, Expected, Finding, Firmware};
use serde::Serialize;

use crate::adapters::{engine, oci, ui};
use crate::cli::{EngineName, Format, VerifyArgs};
use crate::commands::Exit;
use crate::vocabulary::KernelRelease;

/// The object of `--format json`.
#[derive(Serialize)]
struct Verified<'v> {
    image: &'v str,
    /// The kernels that it has modules for; one, where nothing is wrong.
    releases: Vec<String>,
    architecture: Option<String>,
    /// Number of modules in place.
    modules: usize,
    summary: Summary,
    findings: Vec<Finding>,
    notes: Vec<Finding>,
}

#[derive(Serialize)]
struct Summary {
    findings: usize,
    notes: usize,
}

/// Runs the verb.
pub fn run(args: &VerifyArgs) -> anyhow::Result<Exit> {
    let release = args.release.as_deref().map(release).transpose()?;
    let location = oci::Location::parse(&args.image)?;
    engine::sweep();
    let architecture = release.as_ref().and_then(|release| Architecture::of_release(release.as_str()));
    let engine = args.engine.map(engine);
    let options = oci::Options { engine, architecture, skip_tls_verify: !args.tls_verify };
    let (image, unread) = oci::read(&location, &options)?;
    let firmware =
        (!args.firmware_path.is_empty()).then(|| Firmware { paths: args.firmware_path.clone(), installed: false });
    let expected = Expected {
        contract: args.contract.into(),
        release: release.map(|release| release.as_str().to_owned()),
        check_release: Some(check_release),
        signed: args.signed,
        firmware,
    };
    let mut report = kmodgen_image::check(&image, &expected);
    if let Some(source) = &args.symvers {
        let release = match (&expected.release, report.releases.as_slice()) {
            (Some(release), _) => Some(release.as_str()),
            (None, [release]) => Some(release.as_str()),
            (None, _) => None,
        };
        let kernel = oci::kernel(source, release, &options).context("--symvers")?;
        kmodgen_image::loading::check(&image, &kernel, &mut report);
    }
    let verified = Verified {
        image: &args.image,
        releases: report.releases,
        architecture: report.architecture.map(|architecture| architecture.to_string()),
        modules: report.modules,
        summary: Summary { findings: report.findings.len(), notes: report.notes.len() },
        findings: report.findings,
        notes: report.notes,
    };
    match args.format {
        Format::Json => ui::result(&format!("{}\n", serde_json::to_string_pretty(&verified)?)),
        Format::Text => ui::result(&text(&verified)),
    }
    if unread.count > 0 {
        let named = unread.first;
        ui::talk(&format!(
            "warning: cannot check {} for secrets, because they cannot be opened: {}{}; run as root\n",
            ui::count(unread.count, "file"),
            named.join(", "),
            if unread.count > named.len() { ", …" } else { "" }
        ));
    }
    Ok(if verified.findings.is_empty() { Exit::Success } else { Exit::ActionNeeded })
}

/// Checks the release that a folder of modules is named after.
pub fn check_release(release: &str) -> Result<(), Breach> {
    KernelRelease::parse(release).map(drop).map_err(|invalid| Breach {
        message: invalid.message,
        help: invalid.help.unwrap_or_else(|| "rename the folder to the release that `uname -r` prints".into()),
    })
}

fn release(text: &str) -> anyhow::Result<KernelRelease> {
    KernelRelease::parse(text).map_err(|invalid| anyhow!("--release: {}", invalid.on_one_line()))
}

fn engine(name: EngineName) -> oci::Engine {
    match name {
        EngineName::Podman => oci::Engine::Podman,
        EngineName::Buildah => oci::Engine::Buildah,
        EngineName::Docker => oci::Engine::Docker,
        EngineName::Skopeo => oci::Engine::Skopeo,
    }
}

/// The report for people: what is wrong first, the sum last.
fn text(verified: &Verified<'_>) -> String {
    let mut text = String::new();
    let findings = verified.findings.iter().map(|finding| ("\x1b[1;31mfinding", finding));
    let notes = verified.notes.iter().map(|note| ("\x1b[1mnote", note));
    for (label, Finding { code, path, message, help }) in findings.chain(notes) {
        // The path is the image's own text, and must not steer the terminal.
        let path = path.escape_debug();
        let _ = writeln!(text, "{label}[{code}]\x1b[0m: {path} {message}\n  help: {help}");
    }
    let Verified { releases, architecture, modules, summary, .. } = verified;
    let mut of = ui::count(*modules, "module");
    if !releases.is_empty() {
        let releases: Vec<String> = releases.iter().map(|release| release.escape_debug().to_string()).collect();
        let _ = write!(of, " for {}", releases.join(", "));
    }
    if let Some(architecture) = architecture {
        let _ = write!(of, " ({architecture})");
    }
    let (findings, notes) = (ui::count(summary.findings, "finding"), ui::count(summary.notes, "note"));
    let _ = writeln!(text, "{of}: {findings}, {notes}");
    text
}
