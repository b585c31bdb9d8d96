//! Max-pooling over images: the largest pixel of each window, the first of those that tie.
//!
//! What lies beyond the edges takes no part, as if it were `−∞`.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::args::Pass;
use super::conv::ConvWalk;
use super::dispatch::dispatch;
use super::lanes::{GRAIN, Tile};
use super::plane::{Plane, View, ViewMut};
use crate::layers::{Conv2d, MaxPool};

/// `y = max x` over each window of `pool`. A NaN is the largest.
pub fn forward(pool: &MaxPool, pass: Pass, x: View<'_>, y: ViewMut<'_>) {
    let (from, to) = (x.plane, y.plane);
    let conv = pool.windows(&from.features());
    for tile in pass.lanes.tiles() {
        let (x, y) = (tile.of(x.data, from.slots()), tile.of_mut(y.data, to.slots()));
        let bound = |channel: usize| channel * to.channel() * tile.width;
        pass.par.rows(to.channels, bound, y, |channels, y| {
            let windows = Windows { conv: &conv, channels, tile, from, to };
            dispatch(Forward { windows, x, y });
        });
    }
}

/// `dx`: each `dy` goes to the first pixel of its window that is `y`; dy and dx stand in planes of the
/// same features as y and x.
pub fn backward(
    pool: &MaxPool,
    pass: Pass,
    x: View<'_>,
    y: View<'_>,
    dy: View<'_>,
    dx: ViewMut<'_>,
) {
    let (from, to, dx_plane) = (x.plane, y.plane, dx.plane);
    let conv = pool.windows(&from.features());
    for tile in pass.lanes.tiles() {
        let (x, y) = (tile.of(x.data, from.slots()), tile.of(y.data, to.slots()));
        let dy = View { data: tile.of(dy.data, dy.plane.slots()), ..dy };
        let bound = |channel: usize| channel * dx_plane.channel() * tile.width;
        pass.par.rows(
            from.channels,
            bound,
            tile.of_mut(dx.data, dx_plane.slots()),
            |channels, dx| {
                dx.fill(0.0);
                let windows = Windows { conv: &conv, channels, tile, from, to };
                dispatch(Backward { windows, x, y, dy, dx: ViewMut { data: dx, plane: dx_plane } });
            },
        );
    }
}

/// The windows of some channels.
struct Windows<'a> {
    conv: &'a Conv2d,
    channels: Range<usize>,
    tile: Tile,
    from: &'a Plane,
    to: &'a Plane,
}

impl Windows<'_> {
    /// Calls `each` with the channel and the output pixel of every window, and the rows and columns
    /// that it covers.
    #[inline(always)]
    fn walk(&self, mut each: impl FnMut([usize; 3], Range<usize>, Range<usize>)) {
        let (border, [height, width]) = (self.conv.input_plane().border, self.conv.out_size());
        let covered = |axis: usize, at: usize, before: usize| {
            let first = at * self.conv.stride;
            let end = (first + self.conv.kernel[axis] - before).min(self.conv.size[axis]);
            first.saturating_sub(before)..end
        };
        for channel in self.channels.clone() {
            for y in 0..height {
                let rows = covered(0, y, border.top);
                for x in 0..width {
                    each([channel, y, x], rows.clone(), covered(1, x, border.left));
                }
            }
        }
    }
}

/// The lanes from `lane` on of a pixel.
#[inline(always)]
fn at(plane: &Plane, [channel, y, x]: [usize; 3], tile: Tile, lane: usize) -> Range<usize> {
    let slot = channel * plane.channel() + plane.origin() + y * plane.row() + x;
    let first = slot * tile.width + lane;
    first..first + GRAIN
}

struct Forward<'a> {
    windows: Windows<'a>,
    x: &'a [f32],
    y: &'a mut [f32],
}

impl WithSimd for Forward<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { windows, x, y } = self;
        let (tile, first) = (windows.tile, windows.channels.start);
        windows.walk(|[channel, oy, ox], rows, cols| {
            for lane in (0..tile.width).step_by(GRAIN) {
                let mut most = [f32::NEG_INFINITY; GRAIN];
                for (iy, ix) in rows.clone().flat_map(|iy| cols.clone().map(move |ix| (iy, ix))) {
                    let x = &x[at(windows.from, [channel, iy, ix], tile, lane)];
                    for (most, x) in most.iter_mut().zip(x) {
                        *most = if *x > *most || x.is_nan() { *x } else { *most };
                    }
                }
                y[at(windows.to, [channel - first, oy, ox], tile, lane)].copy_from_slice(&most);
            }
        });
    }
}

struct Backward<'a> {
    windows: Windows<'a>,
    x: &'a [f32],
    y: &'a [f32],
    dy: View<'a>,
    dx: ViewMut<'a>,
}

impl WithSimd for Backward<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { windows, x, y, dy, dx } = self;
        let (tile, first) = (windows.tile, windows.channels.start);
        windows.walk(|[channel, oy, ox], rows, cols| {
            for lane in (0..tile.width).step_by(GRAIN) {
                let y = &y[at(windows.to, [channel, oy, ox], tile, lane)];
                // What no pixel has taken yet.
                let mut left = [0.0; GRAIN];
                left.copy_from_slice(&dy.data[at(dy.plane, [channel, oy, ox], tile, lane)]);
                for (iy, ix) in rows.clone().flat_map(|iy| cols.clone().map(move |ix| (iy, ix))) {
                    let x = &x[at(windows.from, [channel, iy, ix], tile, lane)];
                    let dx = &mut dx.data[at(dx.plane, [channel - first, iy, ix], tile, lane)];
                    for (((dx, x), y), left) in dx.iter_mut().zip(x).zip(y).zip(&mut left) {
                        *dx += if x == y { *left } else { 0.0 };
                        *left = if x == y { 0.0 } else { *left };
                    }
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::RngExt;

    use super::*;
    use crate::kernels::dispatch::tests::{LEVEL, LEVELS};
    use crate::kernels::reference;
    use crate::kernels::{Border, Lanes, Par};
    use crate::layers::Padding;
    use crate::seed::Seed;

    const THREE_BY_TWO: MaxPool = MaxPool { kernel: [3; 2], stride: 2, padding: Padding::Same };

    fn image(channels: usize, height: usize, width: usize, border: Border) -> Plane {
        Plane { channels, height, width, border }
    }

    /// `y` and `dx` in rows.
    fn pooled(
        pool: &MaxPool,
        plane: &Plane,
        (batch, par): (usize, Par),
        x: &[f32],
        dy: &[f32],
    ) -> [Vec<f32>; 2] {
        let (lanes, to) = (Lanes::new(batch), Plane::of(pool.output(&plane.features())));
        let pass = Pass { lanes, par };
        // Gradients stand apart from what they are gradients of.
        let border = Border { top: 1, bottom: 0, left: 2, right: 1 };
        let (dy_plane, dx_plane) = (Plane { border, ..to }, Plane { border, ..*plane });
        let slots = |plane: &Plane, rows: &[f32]| {
            let mut slots = lanes.zeros(plane.slots());
            plane.from_rows(lanes, rows, &mut slots);
            slots
        };
        let (x, dy) = (slots(plane, x), slots(&dy_plane, dy));
        let (mut y, mut dx) = (lanes.zeros(to.slots()), lanes.zeros(dx_plane.slots()));
        dx.fill(f32::NAN);
        let x = View { data: &x, plane };
        forward(pool, pass, x, ViewMut { data: &mut y, plane: &to });
        let (y_view, dy) = (View { data: &y, plane: &to }, View { data: &dy, plane: &dy_plane });
        backward(pool, pass, x, y_view, dy, ViewMut { data: &mut dx, plane: &dx_plane });
        assert!(dx.iter().all(|dx| !dx.is_nan()), "the border of a gradient is zero");
        let rows = |plane: &Plane, slots: &[f32]| {
            let mut rows = vec![0.0; batch * plane.size()];
            plane.to_rows(lanes, slots, &mut rows);
            rows
        };
        [rows(&to, &y), rows(&dx_plane, &dx)]
    }

    /// A row of 4: windows [0, 3) and [2, 5), the second cut at the edge.
    #[test]
    fn a_tie_goes_to_the_first_and_windows_share() {
        let plane = image(1, 1, 4, Border::default());
        let of = |x: [f32; 4]| pooled(&THREE_BY_TWO, &plane, (1, Par::Serial), &x, &[1.0, 10.0]);
        assert_eq!(of([5.0, 5.0, 5.0, 5.0]), [vec![5.0, 5.0], vec![1.0, 0.0, 10.0, 0.0]]);
        assert_eq!(of([-3.0, -2.0, -1.0, -9.0]), [vec![-1.0, -1.0], vec![0.0, 0.0, 11.0, 0.0]]);
        assert_eq!(of([0.0, -0.0, 0.0, 7.0]), [vec![0.0, 7.0], vec![1.0, 0.0, 0.0, 10.0]]);
        let [y, _] = of([f32::NAN, 1.0, 2.0, 3.0]);
        assert!(y[0].is_nan() && y[1] == 3.0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn agrees_with_the_reference(
            channels in 1usize..4, size in (1usize..9, 1usize..9), kernel in (1usize..5, 1usize..5),
            stride in 1usize..4, same in any::<bool>(), batch in 1usize..70, edge in 0usize..3,
            values in 1i32..20, threads in 0usize..3, level in 0usize..3, seed in any::<u64>(),
        ) {
            LEVEL.set(LEVELS[level]);
            let padding = if same { Padding::Same } else { Padding::Valid };
            let pool = MaxPool { kernel: [kernel.0, kernel.1], stride, padding };
            let [height, width] = match padding {
                Padding::Same => [size.0, size.1],
                Padding::Valid => [size.0.max(kernel.0), size.1.max(kernel.1)],
            };
            let border = Border { top: edge, bottom: 1, left: 0, right: edge };
            let plane = image(channels, height, width, border);
            let mut rng = Seed::new(seed).rng();
            // Few values, so that many tie.
            let mut draw = |n: usize| -> Vec<f32> {
                (0..n).map(|_| rng.random_range(-values..=values) as f32).collect()
            };
            let x = draw(batch * plane.size());
            let from = reference::max_pool(&pool, &plane, batch, &x);
            let dy = draw(from.len());
            let par = if threads == 0 { Par::Serial } else { Par::Threads(threads) };
            let [y, dx] = pooled(&pool, &plane, (batch, par), &x, &dy);
            let expected: Vec<f32> = from.iter().map(|at| x[*at]).collect();
            prop_assert_eq!(y, expected);
            let mut expected = vec![0.0; x.len()];
            from.iter().zip(&dy).for_each(|(at, dy)| expected[*at] += *dy);
            prop_assert_eq!(dx, expected, "small whole numbers sum exactly");
        }
    }
}
