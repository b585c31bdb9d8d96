//! Where labels stand so that none covers another.

/// Places for labels that would stand at `wanted`: at least `gap` apart and between `low` and `high`, in the order
/// of what they label, and as near to it as can be (least squares).
pub fn apart(wanted: &[f64], gap: f64, [low, high]: [f64; 2]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]));
    // Without the gaps of those above it, a label may only stand at or below the one before: an isotonic
    // regression, by pooling neighbours that are out of order.
    let mut pools: Vec<Pool> = Vec::new();
    for (above, at) in order.iter().enumerate() {
        let mut pool = Pool { sum: wanted[*at] - gap * above as f64, count: 1 };
        while let Some(before) = pools.pop_if(|before| before.mean() > pool.mean()) {
            pool = Pool { sum: pool.sum + before.sum, count: pool.count + before.count };
        }
        pools.push(pool);
    }
    let lowest = (high - gap * wanted.len().saturating_sub(1) as f64).max(low);
    let means = pools.iter().flat_map(|pool| std::iter::repeat_n(pool.mean(), pool.count));
    let mut places = vec![0.0; wanted.len()];
    for ((above, at), mean) in order.iter().enumerate().zip(means) {
        places[*at] = mean.clamp(low, lowest) + gap * above as f64;
    }
    places
}

struct Pool {
    sum: f64,
    count: usize,
}

impl Pool {
    fn mean(&self) -> f64 {
        self.sum / self.count as f64
    }
}

/// A rectangle.
#[derive(Clone, Copy, Debug)]
pub struct Rect {
    /// The left edge.
    pub left: f64,
    /// The upper edge.
    pub top: f64,
    /// To the right.
    pub width: f64,
    /// Downwards.
    pub height: f64,
}

impl Rect {
    fn right(&self) -> f64 {
        self.left + self.width
    }

    fn bottom(&self) -> f64 {
        self.top + self.height
    }

    fn meets(&self, other: &Self) -> bool {
        self.left < other.right()
            && other.left < self.right()
            && self.top < other.bottom()
            && other.top < self.bottom()
    }

    fn holds(&self, other: &Self) -> bool {
        self.left <= other.left
            && other.right() <= self.right()
            && self.top <= other.top
            && other.bottom() <= self.bottom()
    }
}

/// A place for a label of this size beside the point `(x, y)`: above, right, below, left or at a corner, within
/// `room` and free of what is `taken`, which it then is. None where there is no such place.
pub fn beside(
    [x, y]: [f64; 2],
    [width, height]: [f64; 2],
    room: &Rect,
    taken: &mut Vec<Rect>,
) -> Option<Rect> {
    const GAP: f64 = 6.0;
    const NEAR: f64 = 4.0;
    let [middle, right, left] = [x - width / 2.0, x + GAP, x - GAP - width];
    let [above, below] = [y - GAP - height, y + GAP];
    let corners = [
        [middle, above],
        [right, y - height / 2.0],
        [middle, below],
        [left, y - height / 2.0],
        [x + NEAR, y - NEAR - height],
        [x + NEAR, y + NEAR],
        [x - NEAR - width, y - NEAR - height],
        [x - NEAR - width, y + NEAR],
    ];
    let rects = corners.into_iter().map(|[left, top]| Rect { left, top, width, height });
    let free = |rect: &Rect| room.holds(rect) && !taken.iter().any(|other| rect.meets(other));
    let found = rects.into_iter().find(free)?;
    taken.push(found);
    Some(found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn labels_that_are_apart_stay_and_a_heap_spreads_around_its_middle() {
        assert_eq!(apart(&[50.0, 10.0], 12.0, [0.0, 100.0]), [50.0, 10.0]);
        assert_eq!(apart(&[50.0, 50.0, 50.0], 10.0, [0.0, 100.0]), [40.0, 50.0, 60.0]);
        assert_eq!(apart(&[99.0, 100.0], 10.0, [0.0, 100.0]), [90.0, 100.0]);
    }

    proptest! {
        #[test]
        fn labels_never_meet_and_never_leave(wanted in prop::collection::vec(0.0..200.0f64, 0..16)) {
            let places = apart(&wanted, 12.0, [0.0, 200.0]);
            let mut sorted = places.clone();
            sorted.sort_by(f64::total_cmp);
            prop_assert!(sorted.windows(2).all(|two| two[1] - two[0] >= 12.0 - 1e-9), "{places:?}");
            prop_assert!(places.iter().all(|place| (-1e-9..=200.0 + 1e-9).contains(place)), "{places:?}");
            for (a, b) in (0..wanted.len()).flat_map(|a| (0..a).map(move |b| (a, b))) {
                prop_assert!(wanted[a] <= wanted[b] || places[a] >= places[b]);
            }
        }
    }

    #[test]
    fn a_label_evades_what_is_there() {
        let room = Rect { left: 0.0, top: 0.0, width: 100.0, height: 100.0 };
        let mut taken = Vec::new();
        let mut tops = Vec::new();
        while let Some(rect) = beside([50.0, 50.0], [30.0, 12.0], &room, &mut taken) {
            tops.push(rect.top);
        }
        assert_eq!(tops, [32.0, 44.0, 56.0, 44.0]);
    }
}
