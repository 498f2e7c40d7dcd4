//! Kernels by what exports their symbols: a file, or an image with kernel headers.

use std::path::Path;

use kmodgen_image::kernel::Kernel;
use kmodgen_image::read;

use super::{Location, Options, ReadError};

/// Reads a kernel: the one with this release if `source` is an image with several.
///
/// # Errors
/// What cannot be read, and why.
pub fn kernel(source: &str, release: Option<&str>, options: &Options) -> Result<Kernel, ReadError> {
    let path = Path::new(source);
    if path.is_file() {
        return Ok(Kernel { symvers: read::symvers_file(path)?, flags: None, release: None });
    }
    let (image, _) = super::read(&Location::parse(source)?, options)?;
    Kernel::of(&image, release).map_err(|error| ReadError::Kernel { image: source.to_owned(), error })
}
