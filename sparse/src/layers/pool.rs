//! The shape of a max-pooling.

use super::{Conv2d, Features, Padding};

/// A max-pooling `(channels, height, width) → (channels, out height, out width)`: the largest pixel of
/// each window; what lies beyond the edges takes no part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxPool {
    /// Rows and columns of a window.
    pub kernel: [usize; 2],
    /// Steps from one window to the next, in both directions.
    pub stride: usize,
    /// Whether windows may reach beyond the edges; see [`Padding`] for how far.
    pub padding: Padding,
}

impl MaxPool {
    /// The features that it makes of `from`.
    pub fn output(&self, from: &Features) -> Features {
        self.windows(from).output()
    }

    /// The convolution of `from` whose kernel stands where the windows do.
    pub fn windows(&self, from: &Features) -> Conv2d {
        let Self { kernel, stride, padding } = *self;
        let (channels, size) = (from.channels, [from.height, from.width]);
        Conv2d { in_channels: channels, out_channels: channels, size, kernel, stride, padding }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// IMPALA's images (Espeholt et al. 2018, figure 3) shrink 84 → 42 → 21 → 11; the one more zero
    /// stands behind.
    #[test]
    fn impala_pools_to_eleven() {
        let pool = MaxPool { kernel: [3; 2], stride: 2, padding: Padding::Same };
        let out = |size| pool.output(&Features { channels: 4, height: size, width: size });
        assert_eq!([84, 42, 21].map(|size| out(size).height), [42, 21, 11]);
        assert_eq!([84, 42, 21].map(|size| out(size).width), [42, 21, 11]);
    }
}
