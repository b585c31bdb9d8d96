//! A picture of an env: rows of red, green and blue, and the three shapes that our envs are drawn with.
//!
//! Shapes are given in the env's own units, y upwards. A pixel takes as much of a shape's colour as the
//! distance of its centre from the shape's edge says, in eighths: edges look smooth, and a picture has
//! few enough colours for the 256 of a GIF.

/// Red, green and blue.
pub type Colour = [u8; 3];

/// The background.
pub const PAPER: Colour = [255, 255, 255];
/// Lines and bodies.
pub const INK: Colour = [38, 42, 51];
/// Rails, grounds and marks.
pub const GREY: Colour = [160, 166, 176];
/// What is balanced or swung.
pub const AMBER: Colour = [222, 143, 5];
/// Joints.
pub const BLUE: Colour = [1, 115, 178];
/// Goals.
pub const GREEN: Colour = [2, 158, 115];
/// One for each channel of a board.
pub const CHANNELS: [Colour; 10] = [
    BLUE,
    AMBER,
    GREEN,
    [213, 94, 0],
    [204, 120, 188],
    [202, 145, 97],
    [251, 175, 228],
    [148, 148, 148],
    [236, 225, 51],
    [86, 180, 233],
];

/// Steps from no colour to all of it at an edge.
const SHADES: f64 = 8.0;

/// Pixels, and how many of their units make one of the env.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    width: usize,
    height: usize,
    frames_per_second: u32,
    /// Shape `(height, width, 3)`, the topmost row first.
    rgb: Vec<u8>,
    left: f64,
    top: f64,
    scale: f64,
}

impl Picture {
    /// An empty one of the world between two corners, at `scale` pixels a unit.
    pub fn new(
        [left, bottom]: [f64; 2],
        [right, top]: [f64; 2],
        scale: f64,
        frames_per_second: u32,
    ) -> Self {
        let pixels = |length: f64| ((length * scale).round() as usize).max(1);
        let (width, height) = (pixels(right - left), pixels(top - bottom));
        let rgb = PAPER.repeat(width * height);
        Self { width, height, frames_per_second, rgb, left, top, scale }
    }

    /// One that is drawn already: rows of `width` pixels, shape `(height, width, 3)`, without an
    /// incomplete last one. A shape on it is given in pixels, y upwards from the top row's edge.
    pub fn from_rgb(width: usize, mut rgb: Vec<u8>, frames_per_second: u32) -> Self {
        let width = width.max(1);
        let height = rgb.len() / (3 * width);
        rgb.truncate(3 * width * height);
        Self { width, height, frames_per_second, rgb, left: 0.0, top: 0.0, scale: 1.0 }
    }

    /// Pixels of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Steps of the env that are shown in a second, as Gymnasium's `render_fps`.
    pub fn frames_per_second(&self) -> u32 {
        self.frames_per_second
    }

    /// All pixels, shape `(height, width, 3)`.
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// The colour at a point of the world; the background outside of the picture.
    pub fn at(&self, [x, y]: [f64; 2]) -> Colour {
        let (column, row) = ((x - self.left) * self.scale, (self.top - y) * self.scale);
        if !(0.0..self.width as f64).contains(&column) || !(0.0..self.height as f64).contains(&row)
        {
            return PAPER;
        }
        let at = 3 * (row as usize * self.width + column as usize);
        [self.rgb[at], self.rgb[at + 1], self.rgb[at + 2]]
    }

    /// A disc.
    pub fn disc(&mut self, [cx, cy]: [f64; 2], radius: f64, colour: Colour) {
        let (low, high) = ([cx - radius, cy - radius], [cx + radius, cy + radius]);
        self.paint(low, high, colour, |[x, y]| (x - cx).hypot(y - cy) - radius);
    }

    /// A straight line with round ends.
    pub fn line(&mut self, from: [f64; 2], to: [f64; 2], width: f64, colour: Colour) {
        let [along_x, along_y] = [to[0] - from[0], to[1] - from[1]];
        let square = along_x * along_x + along_y * along_y;
        let half = width / 2.0;
        let low = [from[0].min(to[0]) - half, from[1].min(to[1]) - half];
        let high = [from[0].max(to[0]) + half, from[1].max(to[1]) + half];
        self.paint(low, high, colour, |[x, y]| {
            let (x, y) = (x - from[0], y - from[1]);
            let share = if square > 0.0 { (x * along_x + y * along_y) / square } else { 0.0 };
            let share = share.clamp(0.0, 1.0);
            (x - share * along_x).hypot(y - share * along_y) - half
        });
    }

    /// The rectangle between two corners.
    pub fn rectangle(&mut self, low: [f64; 2], high: [f64; 2], colour: Colour) {
        self.paint(low, high, colour, |[x, y]| {
            (low[0] - x).max(x - high[0]).max(low[1] - y).max(y - high[1])
        });
    }

    /// Colours the pixels near the box `low` to `high` by their distance from the edge of a shape,
    /// in units of the world and negative inside.
    fn paint(
        &mut self,
        low: [f64; 2],
        high: [f64; 2],
        colour: Colour,
        distance: impl Fn([f64; 2]) -> f64,
    ) {
        // An edge is one pixel wide; casts of floats to whole numbers saturate.
        let first = |edge: f64| (edge * self.scale - 1.0).max(0.0) as usize;
        let end = |edge: f64, most: usize| ((edge * self.scale + 2.0).max(0.0) as usize).min(most);
        let columns = first(low[0] - self.left)..end(high[0] - self.left, self.width);
        let rows = first(self.top - high[1])..end(self.top - low[1], self.height);
        for row in rows {
            let y = self.top - (row as f64 + 0.5) / self.scale;
            for column in columns.clone() {
                let x = self.left + (column as f64 + 0.5) / self.scale;
                let share = (0.5 - distance([x, y]) * self.scale).clamp(0.0, 1.0);
                let share = (share * SHADES).round() / SHADES;
                let at = 3 * (row * self.width + column);
                for (old, new) in self.rgb[at..at + 3].iter_mut().zip(colour) {
                    let (from, to) = (f64::from(*old), f64::from(new));
                    *old = (from + share * (to - from)).round() as u8;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{AMBER, BLUE, INK, PAPER, Picture};

    #[test]
    fn shapes_cover_what_they_say_and_nothing_else() {
        let mut picture = Picture::new([-1.0, 0.0], [3.0, 2.0], 20.0, 10);
        assert_eq!((picture.width(), picture.height(), picture.rgb().len()), (80, 40, 3 * 3200));
        picture.rectangle([-0.5, 0.5], [0.5, 1.5], INK);
        picture.disc([2.0, 1.0], 0.5, AMBER);
        picture.line([1.0, 0.2], [1.0, 1.8], 0.2, BLUE);
        for (point, colour) in [
            ([-0.45, 0.55], INK),
            ([0.45, 1.45], INK),
            ([-0.55, 1.0], PAPER),
            ([0.0, 1.55], PAPER),
            ([2.0, 1.0], AMBER),
            ([2.3, 1.3], AMBER),
            ([2.45, 1.45], PAPER),
            ([1.0, 1.8], BLUE),
            ([1.05, 0.3], BLUE),
            ([1.2, 1.0], PAPER),
            ([5.0, 1.0], PAPER),
        ] {
            assert_eq!(picture.at(point), colour, "{point:?}");
        }
    }

    #[test]
    fn shapes_may_stand_over_the_edge_or_outside() {
        let mut picture = Picture::new([0.0, 0.0], [1.0, 1.0], 10.0, 10);
        picture.disc([5.0, -9.0], 1.0, INK);
        picture.disc([f64::NAN, 0.0], 1.0, INK);
        assert!(picture.rgb().iter().all(|value| *value == 255));
        picture.line([-9.0, 0.5], [9.0, 0.5], 0.2, INK);
        assert_eq!((picture.at([0.0, 0.5]), picture.at([0.99, 0.45])), (INK, INK));
    }

    #[test]
    fn a_shape_makes_few_colours() {
        let mut picture = Picture::new([-1.0, -1.0], [1.0, 1.0], 200.0, 10);
        picture.disc([0.01, 0.02], 0.9, INK);
        let colours: HashSet<_> = picture.rgb().chunks(3).collect();
        assert!(colours.len() <= 9, "{}", colours.len());
    }

    #[test]
    fn given_pixels_are_kept() {
        let picture = Picture::from_rgb(2, (0..20).collect(), 15);
        assert_eq!((picture.width(), picture.height()), (2, 3));
        assert_eq!(picture.rgb(), (0..18).collect::<Vec<u8>>());
        assert_eq!(picture.at([1.5, -1.5]), [9, 10, 11]);
    }
}
