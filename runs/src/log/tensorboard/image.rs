//! Pictures of which weights of a layer are active, for the tab Images: outputs from top to bottom, inputs from
//! left to right.

use png::{BitDepth, ColorType, Encoder};
use sparring_sparse::Topology;
use tensorboard_proto::summary::Summary_Value;

use super::value::{of_plugin, strings};
use crate::error::Error;

/// No side is longer: a pixel stands for several weights then.
const LONGEST: usize = 256;

/// No side is shorter than this or one pixel less than twice this: a weight has several pixels then.
const SHORTEST: usize = 64;

/// The picture of `topology`. The lighter a pixel, the more of its weights are active; the lightest has the most.
pub fn mask(tag: &str, topology: &Topology) -> Result<Summary_Value, Error> {
    let Pixels { width, height, grey } = Pixels::of(topology);
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, width as u32, height as u32);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::Eight);
    let encoded = encoder.write_header().and_then(|mut writer| {
        writer.write_image_data(&grey)?;
        writer.finish()
    });
    encoded.map_err(Error::system("encode the picture"))?;
    let sides = [width, height].map(|side| side.to_string().into_bytes());
    let [width, height] = sides;
    Ok(of_plugin(tag, "images", Vec::new(), strings(vec![width, height, bytes])))
}

/// A picture in shades of grey.
struct Pixels {
    width: usize,
    height: usize,
    grey: Vec<u8>,
}

/// How the weights along one side stand in pixels.
struct Side {
    weights: usize,
    /// Weights that share a cell.
    shared: usize,
    /// Pixels of a cell.
    pixels: usize,
}

impl Side {
    fn of(weights: usize) -> Self {
        let pixels = (SHORTEST / weights.max(1)).max(1);
        Self { weights, shared: weights.div_ceil(LONGEST).max(1), pixels }
    }

    fn cells(&self) -> usize {
        self.weights.div_ceil(self.shared)
    }

    /// Weights of the cell `at`; the last has what is left.
    fn weights_of(&self, at: usize) -> usize {
        self.shared.min(self.weights - at * self.shared)
    }
}

impl Pixels {
    fn of(topology: &Topology) -> Self {
        let (down, across) = (Side::of(topology.rows()), Side::of(topology.cols()));
        let (cells, cols) = (across.cells(), topology.cols());
        let mut active = vec![0u32; down.cells() * cells];
        for position in topology.positions() {
            let (row, col) = (position as usize / cols, position as usize % cols);
            active[row / down.shared * cells + col / across.shared] += 1;
        }
        let shares: Vec<f64> = active
            .iter()
            .enumerate()
            .map(|(at, active)| {
                let weights = down.weights_of(at / cells) * across.weights_of(at % cells);
                f64::from(*active) / weights as f64
            })
            .collect();
        let most = shares.iter().copied().fold(0.0, f64::max);
        let shade = |share: f64| if most > 0.0 { (255.0 * share / most).round() as u8 } else { 0 };
        let (width, height) = (cells * across.pixels, down.cells() * down.pixels);
        let pixel = |at: usize| {
            let (row, col) = (at / width / down.pixels, at % width / across.pixels);
            shade(shares[row * cells + col])
        };
        Self { width, height, grey: (0..width * height).map(pixel).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_layer_is_enlarged() {
        let topology = Topology::new(2, 3, &[0, 5]).unwrap();
        let Pixels { width, height, grey } = Pixels::of(&topology);
        assert_eq!((width, height), (63, 64));
        let at = |x: usize, y: usize| grey[y * width + x];
        assert_eq!([at(0, 0), at(20, 31), at(21, 0), at(62, 63), at(0, 63)], [255, 255, 0, 255, 0]);
    }

    #[test]
    fn a_large_layer_is_averaged_down() {
        // Two weights a pixel across, and one of them in the last: 0 of 2, 1 of 2, …, 1 of 1.
        let topology = Topology::new(64, 511, &[2, 510]).unwrap();
        let Pixels { width, height, grey } = Pixels::of(&topology);
        assert_eq!((width, height), (256, 64));
        assert_eq!([grey[0], grey[1], grey[2], grey[255]], [0, 128, 0, 255]);
    }

    #[test]
    fn nothing_active_is_dark() {
        let topology = Topology::new(64, 64, &[]).unwrap();
        assert_eq!(Pixels::of(&topology).grey, [0; 64 * 64]);
        assert!(mask("masks/q/head", &topology).is_ok());
    }
}
