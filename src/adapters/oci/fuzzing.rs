//! What the fuzz targets need that nobody else does.

use super::budget::Budget;
use super::layer;
use crate::contract::image::Image;

/// An image of these layers, each a tar stream that may be packed.
///
/// # Errors
/// Why no engine would unpack one of them.
pub fn layers(layers: &[&[u8]]) -> Result<Image, String> {
    let (mut image, budget) = (Image::default(), Budget::default());
    layers.iter().try_for_each(|bytes| layer::apply(*bytes, &mut image, &budget))?;
    Ok(image)
}
