//! SVG as PNG, by the one font that is part of the program.

use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::fontdb::{Database, Source};
use resvg::usvg::{Options, Tree};

/// Pixels of a unit.
const DENSITY: f32 = 2.0;

/// Why an SVG is no picture.
#[derive(Debug, thiserror::Error)]
pub enum Unpainted {
    /// It is none.
    #[error("the SVG cannot be read: {0}")]
    Svg(#[from] resvg::usvg::Error),
    /// It has no or too many pixels.
    #[error("the picture has no size")]
    Size,
    /// It cannot be encoded.
    #[error("the PNG cannot be written: {0}")]
    Png(String),
}

/// Reading fonts takes longer than a chart does.
static FONTS: LazyLock<Arc<Database>> = LazyLock::new(|| {
    let mut fonts = Database::new();
    for font in [dejavu::sans::regular(), dejavu::sans::bold()] {
        fonts.load_font_source(Source::Binary(Arc::new(font)));
    }
    fonts.set_sans_serif_family("DejaVu Sans");
    Arc::new(fonts)
});

/// The PNG file of `svg`, at two pixels a unit.
///
/// # Errors
/// What is no SVG, and a picture without a pixel.
pub fn png(svg: &str) -> Result<Vec<u8>, Unpainted> {
    let options = Options { fontdb: FONTS.clone(), ..Options::default() };
    let tree = Tree::from_str(svg, &options)?;
    let size = tree.size().to_int_size().scale_by(DENSITY).ok_or(Unpainted::Size)?;
    let mut pixels = Pixmap::new(size.width(), size.height()).ok_or(Unpainted::Size)?;
    resvg::render(&tree, Transform::from_scale(DENSITY, DENSITY), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| Unpainted::Png(error.to_string()))
}
