//! Pictures on their way into a file, of the kind that its name asks for.

use std::path::Path;

use gif::{Encoder, Frame, Repeat};
use sparring_envs::Picture;

use super::miniature::Miniature;
use super::sheet::Sheet;
use crate::error::{Error, Refusal};
use crate::files::check_file;

/// Neuquant's step through the pixels of a frame with more than 256 colours: its middle way between
/// quality (1) and speed (30). Frames with fewer are exact.
const SPEED: i32 = 10;

/// A file in the making.
pub struct Film {
    kind: Kind,
    frames: u64,
}

enum Kind {
    /// An animation without end; none before its first frame, which gives it its size.
    Gif(Option<Encoder<Vec<u8>>>),
    /// A contact sheet.
    Png(Sheet),
    /// A small animation of a few frames.
    Miniature(Miniature),
}

impl Film {
    /// One for the file `out`, which must end in `.gif` or `.png` and stand in a folder that exists.
    pub fn new(out: &Path) -> Result<Self, Error> {
        let ending = out.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        let kind = match ending.as_deref() {
            Some("gif") => Kind::Gif(None),
            Some("png") => Kind::Png(Sheet::new()),
            other => {
                let found =
                    other.map_or("no ending".to_owned(), |other| format!("the ending .{other}"));
                let allowed = ".gif for the whole episode, .png for a sheet of it";
                let hint = format!("--out {}", out.with_extension("gif").display());
                let place = format!("--out {}", out.display());
                return Err(Refusal::argument(place, found, allowed, hint));
            }
        };
        check_file(out)?;
        Ok(Self { kind, frames: 0 })
    }

    /// A small one of a few frames.
    pub fn miniature() -> Self {
        Self { kind: Kind::Miniature(Miniature::new()), frames: 0 }
    }

    /// Frames so far.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// The next frame; all have the size of the first.
    pub fn add(&mut self, picture: &Picture) -> Result<(), Error> {
        let at = self.frames;
        self.frames += 1;
        match &mut self.kind {
            Kind::Png(sheet) => sheet.add(picture),
            Kind::Miniature(small) => small.add(picture),
            Kind::Gif(encoder) => {
                add(encoder, picture, at).map_err(Error::system("encode the picture"))?
            }
        }
        Ok(())
    }

    /// The bytes of the file.
    pub fn finish(self) -> Result<Vec<u8>, Error> {
        match self.kind {
            Kind::Gif(None) => Ok(Vec::new()),
            Kind::Gif(Some(encoder)) => {
                encoder.into_inner().map_err(Error::system("encode the picture"))
            }
            Kind::Png(sheet) => sheet.finish(),
            Kind::Miniature(small) => small.finish(),
        }
    }
}

fn add(
    encoder: &mut Option<Encoder<Vec<u8>>>,
    picture: &Picture,
    at: u64,
) -> Result<(), gif::EncodingError> {
    let [width, height] =
        [picture.width(), picture.height()].map(|pixels| u16::try_from(pixels).unwrap_or(u16::MAX));
    let encoder = match encoder {
        Some(encoder) => encoder,
        None => {
            let mut first = Encoder::new(Vec::new(), width, height, &[])?;
            first.set_repeat(Repeat::Infinite)?;
            encoder.insert(first)
        }
    };
    let mut frame = Frame::from_rgb_speed(width, height, picture.rgb(), SPEED);
    frame.delay = delay(at, picture.frames_per_second());
    encoder.write_frame(&frame)
}

/// Hundredths of a second that the frame `at` stays: whole ones, such that none is more than one half
/// of one late.
fn delay(at: u64, frames_per_second: u32) -> u16 {
    let rate = u64::from(frames_per_second.max(1));
    let begin = |frame: u64| (200 * frame + rate) / (2 * rate);
    u16::try_from(begin(at + 1) - begin(at)).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::delay;

    #[test]
    fn delays_keep_the_rate() {
        let delays: Vec<u16> = (0..6).map(|at| delay(at, 30)).collect();
        assert_eq!(delays, [3, 4, 3, 3, 4, 3]);
        for rate in [1, 7, 15, 24, 30, 50, 60] {
            let all: u64 = (0..u64::from(rate)).map(|at| u64::from(delay(at, rate))).sum();
            assert_eq!(all, 100, "{rate}");
        }
    }
}
