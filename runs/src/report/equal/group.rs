//! Variants of an environment that need about as much of something.

use super::SLACK;
use crate::comparison::{Against, Cell, Comparison, between, listed};
use crate::report::args::Equal;
use crate::table::thousands;

/// One group.
#[derive(Clone, Debug)]
pub struct Group<'a> {
    /// Its environment.
    pub env: &'a str,
    /// The best first, then by falling score.
    pub members: Vec<Member<'a>>,
    /// What the smallest and the largest need.
    pub range: [f64; 2],
}

/// A variant in a group.
#[derive(Clone, Debug)]
pub struct Member<'a> {
    /// The variant.
    pub cell: &'a Cell,
    /// What it needs.
    pub size: f64,
    /// How it stands beside the best; none for that.
    pub behind: Option<Against>,
}

/// What `cell` needs; none where that is not known, or no seed is at its end.
fn size(cell: &Cell, what: Equal) -> Option<f64> {
    cell.reached()?;
    match what {
        Equal::Parameters => Some(cell.sizes.as_ref()?.active_parameters as f64),
        Equal::Flops => Some(cell.sizes.as_ref()?.forward_flops as f64),
        Equal::Time => Some(cell.wall_s / cell.jobs.len().max(1) as f64),
    }
    .filter(|size| *size > 0.0)
}

/// The groups of two and more, environment by environment, the smallest first, and what is in none.
pub fn groups(of: &Comparison, what: Equal) -> (Vec<Group<'_>>, Vec<&Cell>) {
    let (mut groups, mut alone) = (Vec::new(), Vec::new());
    for task in &of.tasks {
        let cells = of.cells.iter().filter(|cell| cell.at.env == task.env);
        let mut sized: Vec<(&Cell, f64)> =
            cells.filter_map(|cell| Some((cell, size(cell, what)?))).collect();
        sized.sort_by(|(_, a), (_, b)| a.total_cmp(b));
        let mut rest = sized.as_slice();
        while let [(_, smallest), ..] = rest {
            let count = rest.iter().take_while(|(_, size)| *size <= SLACK * smallest).count();
            let (here, after) = rest.split_at(count);
            rest = after;
            match here {
                [(cell, _)] => alone.push(*cell),
                several => groups.push(Group::of(&task.env, several)),
            }
        }
    }
    (groups, alone)
}

impl<'a> Group<'a> {
    fn of(env: &'a str, sized: &[(&'a Cell, f64)]) -> Self {
        let score = |cell: &Cell| cell.reached().unwrap_or(f64::NEG_INFINITY);
        let mut sorted = sized.to_vec();
        sorted.sort_by(|(a, _), (b, _)| score(b).total_cmp(&score(a)));
        let best = sorted[0].0;
        let member = |(at, (cell, size)): (usize, &(&'a Cell, f64))| {
            let behind = if at == 0 { None } else { between(cell, best, 0) };
            Member { cell, size: *size, behind }
        };
        let members = sorted.iter().enumerate().map(member).collect();
        let ends = [sized.first(), sized.last()];
        Self { env, members, range: ends.map(|end| end.map_or(f64::NAN, |(_, size)| *size)) }
    }

    /// `18,434 to 19,203 active parameters`.
    pub fn size(&self, what: Equal) -> String {
        let [least, most] = self.range.map(|size| told(size, what));
        match least == most {
            true => format!("{least} {}", what.unit()),
            false => format!("{least} to {most} {}", what.unit()),
        }
    }

    /// Which is best, and which are behind it by more than seeds are apart.
    pub fn sentence(&self, what: Equal) -> String {
        let (best, others) = (&self.members[0], &self.members[1..]);
        let is_behind = |member: &&Member| {
            let interval = member.behind.as_ref().and_then(|behind| behind.difference.interval);
            interval.is_some_and(|it| it.high < 0.0)
        };
        let labels = |of: Vec<&Member>| -> Vec<String> {
            of.into_iter().map(|member| member.cell.label.clone()).collect()
        };
        let (behind, beside): (Vec<&Member>, Vec<&Member>) = others.iter().partition(is_behind);
        let mut text = format!("{}, {}: {} is best", self.env, self.size(what), best.cell.label);
        if !behind.is_empty() {
            text += &format!("; behind it: {}", listed(&labels(behind)));
        }
        if !beside.is_empty() {
            text += &format!("; not told apart: {}", listed(&labels(beside)));
        }
        text + "."
    }
}

/// A size as it is read.
pub fn told(size: f64, what: Equal) -> String {
    match what {
        Equal::Parameters | Equal::Flops => thousands(size as u64),
        Equal::Time => format!("{size:.1}"),
    }
}
