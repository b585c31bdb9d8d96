//! A small animation for a page that has many: a few frames of an episode, few pixels, few colours.

use gif::{Encoder, Frame, Repeat};
use sparring_envs::Picture;

use super::thin::Thin;
use crate::error::Error;

/// The most frames before the last.
const FRAMES: usize = 48;

/// No side has more pixels, unless the picture is smaller than that by itself.
const SIDE: usize = 150;

/// Small pictures are made as large as this by whole numbers.
const LEAST: usize = 100;

/// Hundredths of a second that a frame is shown at least and at most, whatever the distance of frames.
const DELAYS: [usize; 2] = [4, 10];

/// Neuquant's step through the pixels, of which frames have few.
const SPEED: i32 = 10;

/// One in the making.
pub struct Miniature {
    frames: Thin,
}

impl Miniature {
    /// An empty one.
    pub fn new() -> Self {
        Self { frames: Thin::new(FRAMES) }
    }

    /// Sees the next frame.
    pub fn add(&mut self, picture: &Picture) {
        self.frames.add(small(picture));
    }

    /// The bytes of the file.
    pub fn finish(self) -> Result<Vec<u8>, Error> {
        let every = self.frames.every();
        let encoded = encode(&self.frames.into_frames(), every);
        encoded.map_err(Error::system("encode the picture"))
    }
}

fn encode(frames: &[Picture], every: usize) -> Result<Vec<u8>, gif::EncodingError> {
    let side = |pixels: usize| u16::try_from(pixels).unwrap_or(u16::MAX);
    let Some(first) = frames.first() else { return Ok(Vec::new()) };
    let (width, height) = (side(first.width()), side(first.height()));
    let mut encoder = Encoder::new(Vec::new(), width, height, &[])?;
    encoder.set_repeat(Repeat::Infinite)?;
    let [least, most] = DELAYS;
    let delay = 100 * every / first.frames_per_second().max(1) as usize;
    for (at, picture) in frames.iter().enumerate() {
        let mut frame = Frame::from_rgb_speed(width, height, picture.rgb(), SPEED);
        // A reader sees that it is over.
        let stays = if at + 1 == frames.len() { 100 } else { delay.clamp(least, most) };
        frame.delay = stays as u16;
        encoder.write_frame(&frame)?;
    }
    encoder.into_inner()
}

/// The mean colour of each square of pixels, in 32 steps a channel; or, of a picture that is small already, a square
/// of pixels for each.
fn small(picture: &Picture) -> Picture {
    let (width, height) = (picture.width(), picture.height());
    let longest = width.max(height).max(1);
    let by = longest.div_ceil(SIDE);
    let times = (LEAST / longest).max(1);
    let (wide, high) = ((width / by).max(1), (height / by).max(1));
    let mut rgb = Vec::with_capacity(3 * wide * times * high * times);
    for row in 0..high * times {
        for column in 0..wide * times {
            let (left, top) = (column / times * by, row / times * by);
            rgb.extend((0..3).map(|channel| mean(picture, [left, top], by, channel)));
        }
    }
    Picture::from_rgb(wide * times, rgb, picture.frames_per_second())
}

fn mean(picture: &Picture, [left, top]: [usize; 2], by: usize, channel: usize) -> u8 {
    let pixels = (top..top + by).flat_map(|row| (left..left + by).map(move |column| [column, row]));
    let at = |[column, row]: [usize; 2]| 3 * (row * picture.width() + column) + channel;
    let sum: usize = pixels.map(|pixel| usize::from(picture.rgb()[at(pixel)])).sum();
    let mean = sum / (by * by);
    (mean | 7) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_pictures_shrink_and_small_ones_grow() {
        let plain = |width: usize, height: usize| {
            small(&Picture::from_rgb(width, vec![200; 3 * width * height], 50))
        };
        let size = |picture: Picture| [picture.width(), picture.height()];
        assert_eq!(size(plain(600, 400)), [150, 100]);
        assert_eq!(size(plain(10, 10)), [100, 100]);
        assert_eq!(size(plain(160, 210)), [80, 105]);
        assert!(plain(600, 400).rgb().iter().all(|value| *value == 207));
    }

    #[test]
    fn an_episode_is_few_frames() {
        let mut film = Miniature::new();
        (0..500u16).for_each(|at| film.add(&Picture::from_rgb(8, vec![(at / 2) as u8; 192], 50)));
        let bytes = film.finish().unwrap();
        let mut options = gif::DecodeOptions::new();
        options.set_color_output(gif::ColorOutput::RGBA);
        let mut reader = options.read_info(bytes.as_slice()).unwrap();
        let mut delays = Vec::new();
        while let Some(frame) = reader.read_next_frame().unwrap() {
            delays.push(frame.delay);
        }
        assert!((24..=49).contains(&delays.len()), "{}", delays.len());
        assert_eq!(delays.last(), Some(&100));
    }
}
