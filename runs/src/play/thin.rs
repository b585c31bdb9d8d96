//! Frames at equal distances of an episode whose length is known at its end only.
//!
//! Every k-th frame is kept, and when they are too many, every second of them is let go and k doubles.

use sparring_envs::Picture;

/// Between `most` and half as many frames of a long episode, and the last of all.
pub struct Thin {
    most: usize,
    kept: Vec<Picture>,
    /// The distance of two frames that are kept.
    every: usize,
    seen: usize,
    last: Option<Picture>,
}

impl Thin {
    /// None yet, and never more than `most`, an even number, and the last.
    pub fn new(most: usize) -> Self {
        Self { most, kept: Vec::new(), every: 1, seen: 0, last: None }
    }

    /// Sees the next frame.
    pub fn add(&mut self, picture: Picture) {
        self.last = None;
        match self.seen.is_multiple_of(self.every) {
            true if self.kept.len() < self.most => self.kept.push(picture),
            true => {
                self.kept = self.kept.drain(..).step_by(2).collect();
                self.every *= 2;
                // It is the frame `most · every`, and so at the new distance as well.
                self.kept.push(picture);
            }
            false => self.last = Some(picture),
        }
        self.seen += 1;
    }

    /// The distance of two frames that are kept.
    pub fn every(&self) -> usize {
        self.every
    }

    /// Those that are kept, and the last.
    pub fn into_frames(mut self) -> Vec<Picture> {
        self.kept.extend(self.last);
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_stand_at_equal_distances_with_the_first_and_the_last() {
        let frame = |at: usize| {
            Picture::from_rgb(2, vec![(at / 100) as u8, (at % 100) as u8, 0, 1, 2, 3], 10)
        };
        let number =
            |picture: &Picture| 100 * usize::from(picture.rgb()[0]) + usize::from(picture.rgb()[1]);
        for seen in [1, 2, 23, 24, 25, 26, 48, 49, 500, 501, 777] {
            let mut thin = Thin::new(24);
            (0..seen).for_each(|at| thin.add(frame(at)));
            let kept: Vec<usize> = thin.kept.iter().map(number).collect();
            let expected: Vec<usize> = (0..seen).step_by(thin.every()).collect();
            assert_eq!(kept, expected, "{seen}");
            assert!(kept.len() <= 24 && kept.len() >= 12.min(seen), "{seen}");
            assert_eq!(thin.into_frames().last().map(number), Some(seen - 1));
        }
    }
}
