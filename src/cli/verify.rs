//! Command line of `kmodgen verify`.

use clap::{ArgAction, Args, ValueEnum};
use kmodgen_image::Contract;

use super::Format;
use crate::vocabulary::kubernetes;

/// Examples and exit codes at the end of the long help.
pub(super) const EXAMPLES: &str = "\
Examples:
  # Verify an image in an engine's storage or a registry
  kmodgen verify registry.example.com/kmods/kmm-ci:5.14.0-1.el9.x86_64-0123456789ab

  # Verify an archive: its modules must be signed, and built for this kernel
  kmodgen verify --release 5.14.0-1.el9.x86_64 --signed oci-archive:image.tar

  # Verify a mounted image
  kmodgen verify \"$(buildah mount kmm-ci)\"

  # Check symbols against a kernel on this machine
  kmodgen verify --symvers /usr/src/kernels/5.14.0-1.el9.x86_64/Module.symvers oci-archive:image.tar

  # Check symbols against the kernel of a Driver Toolkit
  kmodgen verify --symvers quay.io/example/driver-toolkit:4.21 registry.example.com/kmods/kmm-ci:5.14.0-1.el9.x86_64

Exit codes:
  0  no findings
  1  findings
  2  the image cannot be read, or another error";

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Image, folder with an unpacked image, oci-archive:FILE, docker-archive:FILE or oci:DIR
    #[arg(value_name = "IMAGE")]
    pub image: String,
    /// Expected kernel release [default: the release that the image contains modules for]
    #[arg(long, value_name = "RELEASE")]
    pub release: Option<String>,
    /// Require a signature on every module
    #[arg(long)]
    pub signed: bool,
    /// Folder that KMM copies firmware from: the Module's `firmwarePath` (repeatable)
    #[arg(long, value_name = "PATH", value_parser = firmware_path)]
    pub firmware_path: Vec<String>,
    /// Check imported symbols against a kernel's Module.symvers, or an image or folder with the kernel's headers
    #[arg(long, value_name = "FILE|IMAGE")]
    pub symvers: Option<String>,
    /// KMM version that will load modules from the image
    #[arg(long, value_enum, value_name = "KMM", default_value_t = ContractName::Any)]
    pub contract: ContractName,
    /// Program to read the image with [default: the first one that is installed and has the image]
    #[arg(long, value_enum, value_name = "ENGINE")]
    pub engine: Option<EngineName>,
    /// Check the registry's certificate when reading with skopeo
    #[arg(long, value_name = "BOOL", action = ArgAction::Set, default_value_t = true, default_missing_value = "true",
          num_args = 0..=1, require_equals = true)]
    pub tls_verify: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

fn firmware_path(text: &str) -> Result<String, String> {
    kubernetes::firmware_path(text).map_err(|invalid| invalid.on_one_line())?;
    Ok(text.to_owned())
}

/// KMM version that will load modules from an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ContractName {
    /// Any version
    Any,
    /// KMM 1, which runs the image: requires modprobe, sleep and sh
    Kmm1,
    /// KMM 2, which copies from the image: requires sh, mkdir and cp
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

/// Program that stores or downloads images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EngineName {
    /// Local storage of podman
    Podman,
    /// Local storage of buildah
    Buildah,
    /// Local storage of docker
    Docker,
    /// Registries
    Skopeo,
}
