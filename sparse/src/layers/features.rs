//! The features between two layers: a vector, or the pixels of images.

/// `channels × height × width` features, counted `(channel, row, column)`; a vector of `n` features is
/// `n × 1 × 1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Features {
    /// Channels.
    pub channels: usize,
    /// Rows of an image.
    pub height: usize,
    /// Columns of an image.
    pub width: usize,
}

impl Features {
    /// `n` features without extent.
    pub fn flat(n: usize) -> Self {
        Self { channels: n, height: 1, width: 1 }
    }

    /// How many they are.
    pub fn size(&self) -> usize {
        self.channels * self.height * self.width
    }
}
