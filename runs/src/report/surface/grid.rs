//! The cells of a surface, by the values of its two keys.

use crate::comparison::{Cell, Comparison};
use crate::report::swept::{Along, finished, number};

/// The keys of a surface.
#[derive(Clone, Copy, Debug)]
pub struct Keys<'a> {
    /// To the right, such as the batch size.
    pub x: &'a str,
    /// Upwards, such as the learning rate.
    pub y: &'a str,
}

/// One surface.
#[derive(Clone, Debug)]
pub struct Grid<'a> {
    /// Its environment, variant and further axes, in words.
    pub label: String,
    /// Its method.
    pub method: String,
    /// Its cells.
    pub cells: Vec<&'a Cell>,
    /// Values of x, rising.
    pub xs: Vec<f64>,
    /// Values of y, rising.
    pub ys: Vec<f64>,
    /// Those cells that have finished seeds.
    pub spots: Vec<Spot>,
}

/// A cell with finished seeds.
#[derive(Clone, Debug)]
pub struct Spot {
    /// Its value of x.
    pub x: f64,
    /// Its value of y.
    pub y: f64,
    /// Returns of its seeds.
    pub returns: Vec<f64>,
    /// The same, normalised.
    pub scores: Vec<f64>,
}

impl Keys<'_> {
    /// The last words of both: `batch_size` and `learning_rate`.
    pub fn short(&self) -> [&str; 2] {
        [self.x, self.y].map(|key| key.rsplit('.').next().unwrap_or(key))
    }
}

impl<'a> Grid<'a> {
    /// The cells of `group` whose values of both keys are numbers above 0; none where there are none.
    pub fn of(of: &Comparison, group: &Along<'a>, keys: Keys<'_>) -> Option<Self> {
        let positive = |cell: &Cell, key: &str| number(cell, key).filter(|x| *x > 0.0);
        let mut grid = Self {
            label: group.label.clone(),
            method: group.method.to_owned(),
            cells: Vec::new(),
            xs: Vec::new(),
            ys: Vec::new(),
            spots: Vec::new(),
        };
        for cell in &group.cells {
            let (Some(x), Some(y)) = (positive(cell, keys.x), positive(cell, keys.y)) else {
                continue;
            };
            grid.cells.push(cell);
            grid.xs.push(x);
            grid.ys.push(y);
            let returns: Vec<f64> = finished(cell).iter().map(|scored| scored.score).collect();
            let scale = &of.tasks.iter().find(|task| task.env == cell.at.env)?.scale;
            if !returns.is_empty() {
                let scores = returns.iter().map(|score| scale.normalise(*score)).collect();
                grid.spots.push(Spot { x, y, returns, scores });
            }
        }
        for values in [&mut grid.xs, &mut grid.ys] {
            values.sort_by(f64::total_cmp);
            values.dedup();
        }
        (!grid.cells.is_empty()).then_some(grid)
    }

    /// The places of the spots at `x`, the lowest y first.
    pub fn at(&self, x: f64) -> Vec<usize> {
        let mut places: Vec<usize> =
            (0..self.spots.len()).filter(|at| self.spots[*at].x == x).collect();
        places.sort_by(|a, b| self.spots[*a].y.total_cmp(&self.spots[*b].y));
        places
    }

    /// At how many x there are two y at least, of which one is best.
    pub fn ridged(&self) -> usize {
        self.xs.iter().filter(|x| self.at(**x).len() > 1).count()
    }

    /// The pairs of values that have no finished seed.
    pub fn missing(&self) -> Vec<[f64; 2]> {
        let all = self.xs.iter().flat_map(|x| self.ys.iter().map(move |y| [*x, *y]));
        all.filter(|[x, y]| !self.spots.iter().any(|spot| spot.x == *x && spot.y == *y)).collect()
    }
}
