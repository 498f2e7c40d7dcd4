//! The words of `kmodgen verify`.

use clap::{ArgAction, Args, ValueEnum};
use kmodgen_image::Contract;

use super::Format;
use crate::vocabulary::kubernetes;

/// Examples at the end of the help.
pub(super) const EXAMPLES: &str = "\
Examples:
  kmodgen verify registry.example.com/kmods/kmm-ci:5.14.0-1.el9.x86_64-0123456789ab
  kmodgen verify --release 5.14.0-1.el9.x86_64 --signed oci-archive:image.tar
  kmodgen verify \"$(buildah mount kmm-ci)\"
  kmodgen verify --symvers /usr/src/kernels/5.14.0-1.el9.x86_64/Module.symvers oci-archive:image.tar
  kmodgen verify --symvers quay.io/example/driver-toolkit:4.21 registry.example.com/kmods/kmm-ci:5.14.0-1.el9.x86_64

Exit code: 0 nothing found; 1 findings; 2 the image cannot be read.";

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// An image, an unpacked folder, oci-archive:FILE, docker-archive:FILE or oci:DIR
    #[arg(value_name = "IMAGE")]
    pub image: String,
    /// The kernel release that it must be for [default: the one that it has modules for]
    #[arg(long, value_name = "RELEASE")]
    pub release: Option<String>,
    /// Every module must carry a signature
    #[arg(long)]
    pub signed: bool,
    /// The folder that KMM copies firmware from, the Module's `firmwarePath` (repeatable)
    #[arg(long, value_name = "PATH", value_parser = firmware_path)]
    pub firmware_path: Vec<String>,
    /// Check the symbols that modules import against a kernel's Module.symvers, or an image or folder with its headers
    #[arg(long, value_name = "FILE|IMAGE")]
    pub symvers: Option<String>,
    /// Which KMM is to load from it
    #[arg(long, value_enum, value_name = "KMM", default_value_t = ContractName::Any)]
    pub contract: ContractName,
    /// The engine that has the image [default: the first of these that is there and has it]
    #[arg(long, value_enum, value_name = "ENGINE")]
    pub engine: Option<EngineName>,
    /// Check the certificates of the registry that skopeo reads from
    #[arg(long, value_name = "BOOL", action = ArgAction::Set, default_value_t = true, default_missing_value = "true",
          num_args = 0..=1, require_equals = true)]
    pub tls_verify: bool,
    /// How to report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

fn firmware_path(text: &str) -> Result<String, String> {
    kubernetes::firmware_path(text).map_err(|invalid| invalid.on_one_line())?;
    Ok(text.to_owned())
}

/// Which KMM is to load from an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ContractName {
    /// Either
    Any,
    /// KMM 1, which runs the image: modprobe, sleep and sh
    Kmm1,
    /// KMM 2, which copies from the image: sh, mkdir and cp
    Kmm2,
}

impl From<ContractName> for Contract {
    fn from(name: ContractName) -> Self {
        match name {
            ContractName::Any => Self::Any,
            ContractName::Kmm1 => Self::Kmm1,
            ContractName::Kmm2 => Self::Kmm2,
        }
    }
}

/// A program that holds images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EngineName {
    /// Its storage on this machine
    Podman,
    /// Its storage on this machine
    Buildah,
    /// Its storage on this machine
    Docker,
    /// Registries
    Skopeo,
}
