//! An episode on one page: frames at equal distances, the first and the last among them, in rows from
//! left to right.
//!
//! 12 to 24 frames are shown of a long episode, and the last of all.

use png::{BitDepth, ColorType, Encoder};
use sparring_envs::Picture;

use super::thin::Thin;
use crate::error::Error;

/// The most before the last.
const FRAMES: usize = 24;
const COLUMNS: usize = 5;
/// Pixels between frames.
const GAP: usize = 6;
/// Their colour.
const GREY: u8 = 205;

/// A page in the making.
pub struct Sheet {
    frames: Thin,
}

impl Sheet {
    /// An empty one.
    pub fn new() -> Self {
        Self { frames: Thin::new(FRAMES) }
    }

    /// Sees the next frame.
    pub fn add(&mut self, picture: &Picture) {
        self.frames.add(picture.clone());
    }

    /// The bytes of the file.
    pub fn finish(self) -> Result<Vec<u8>, Error> {
        let (width, height, rgb) = page(&self.frames.into_frames());
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, width as u32, height as u32);
        encoder.set_color(ColorType::Rgb);
        encoder.set_depth(BitDepth::Eight);
        let mut writer = encoder.write_header().map_err(Error::system("encode the picture"))?;
        writer.write_image_data(&rgb).map_err(Error::system("encode the picture"))?;
        writer.finish().map_err(Error::system("encode the picture"))?;
        Ok(bytes)
    }
}

/// Width, height and pixels of the page.
fn page(frames: &[Picture]) -> (usize, usize, Vec<u8>) {
    let (wide, high) = frames.first().map_or((1, 1), |one| (one.width(), one.height()));
    let columns = frames.len().clamp(1, COLUMNS);
    let rows = frames.len().div_ceil(COLUMNS).max(1);
    let (width, height) = (columns * (wide + GAP) - GAP, rows * (high + GAP) - GAP);
    let mut rgb = vec![GREY; 3 * width * height];
    for (at, frame) in frames.iter().enumerate() {
        let (left, top) = (at % COLUMNS * (wide + GAP), at / COLUMNS * (high + GAP));
        for (row, pixels) in frame.rgb().chunks_exact(3 * wide).take(high).enumerate() {
            rgb[3 * ((top + row) * width + left)..][..3 * wide].copy_from_slice(pixels);
        }
    }
    (width, height, rgb)
}

#[cfg(test)]
mod tests {
    use super::{GAP, GREY, page};
    use sparring_envs::Picture;

    /// Two pixels that say which frame it is.
    fn frame(at: usize) -> Picture {
        Picture::from_rgb(2, vec![(at / 100) as u8, (at % 100) as u8, 0, 1, 2, 3], 10)
    }

    #[test]
    fn a_page_is_filled_row_by_row() {
        let frames: Vec<Picture> = (0..7).map(frame).collect();
        let (width, height, rgb) = page(&frames);
        assert_eq!((width, height), (5 * 2 + 4 * GAP, 2 + GAP));
        let pixel = |column: usize, row: usize| &rgb[3 * (row * width + column)..][..3];
        assert_eq!(pixel(0, 0), [0, 0, 0]);
        assert_eq!(pixel(4 * (2 + GAP), 0), [0, 4, 0]);
        assert_eq!(pixel(2 + GAP, 1 + GAP), [0, 6, 0]);
        assert_eq!(pixel(3 + GAP, 1 + GAP), [1, 2, 3]);
        assert_eq!(pixel(2 * (2 + GAP), 1 + GAP), [GREY; 3]);
        let (width, height, rgb) = page(&frames[..1]);
        assert_eq!((width, height, rgb.as_slice()), (2, 1, frames[0].rgb()));
    }
}
