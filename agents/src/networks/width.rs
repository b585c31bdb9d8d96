//! What a multiplier makes of the sizes of layers, in all networks but perceptrons.

/// `⌈n · width⌉` (Graesser et al. 2022, section on the experimental setup).
pub(super) fn scaled(n: usize, width: f64) -> usize {
    (n as f64 * width).ceil() as usize
}
