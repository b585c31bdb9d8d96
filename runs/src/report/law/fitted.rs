//! A law fitted to the rows of some sites, with intervals over their seeds.

use std::path::Path;

use super::ask::Ask;
use super::row::{Line, Recipe, at_an_edge, best};
use super::site::{Drawn, Site};
use crate::comparison::listed;
use crate::error::Error;
use crate::laws::resamples::{Resamples, Strata};
use crate::laws::shown::number;
use crate::laws::{Constant, Data, Fit, Request};
use crate::shell::word;
use crate::statistics::Interval;

/// A law fitted.
#[derive(Clone, Debug)]
pub struct Fitted<'a> {
    /// How it became rows.
    pub recipe: &'static Recipe,
    /// Whose rows it is of.
    pub label: String,
    /// Those.
    pub sites: Vec<&'a Site<'a>>,
    /// All rows, those that are censored among them.
    pub rows: Vec<Line>,
    /// The interval of each row's y over seeds.
    pub spread: Vec<Option<Interval>>,
    /// The rows that were fitted, as the law takes them.
    pub data: Data,
    /// What it came to.
    pub fit: Fit,
    /// How many rows lost to a better one of the same place.
    lost: usize,
    /// The rows whose best is the first or last value of a grid.
    edges: Vec<usize>,
    /// What was asked.
    pub ask: Ask,
}

impl<'a> Fitted<'a> {
    /// The fit to the rows of `sites`.
    ///
    /// # Errors
    /// Too few rows for the law.
    pub fn of(
        recipe: &'static Recipe,
        ask: &Ask,
        label: String,
        sites: Vec<&'a Site<'a>>,
    ) -> Result<Self, Error> {
        let ones = vec![1.0; sites.iter().map(|site| site.runs.len()).sum()];
        let all = made(recipe, ask, &sites, &ones);
        let count = all.len();
        let rows = best(all.clone());
        let lost = count - rows.len();
        let edges: Vec<usize> = (0..rows.len())
            .filter(|at| !rows[*at].is_censored() && at_an_edge(&rows[*at], &all))
            .collect();
        let data = data(recipe, &label, &sites, &rows);
        let mut spread = vec![None; rows.len()];
        let fit = match recipe.draws {
            true => (recipe.law.fit)(&data, &ask.request)?,
            false => {
                let quiet = alone(&ask.request);
                let whole = (recipe.law.fit)(&data, &quiet)?;
                let drawn = resamples(recipe, ask, &sites, &rows, &whole);
                let places = whole.constants.len();
                spread = (0..rows.len()).map(|row| drawn.interval(places + row)).collect();
                over_seeds(whole, &drawn)
            }
        };
        Ok(Self { recipe, label, sites, rows, spread, data, fit, lost, edges, ask: ask.clone() })
    }

    /// The rows that were fitted.
    pub fn used(&self) -> impl Iterator<Item = (&Line, Option<[f64; 2]>)> {
        let ends = |it: &Option<Interval>| {
            it.map(|it| [it.low, it.high]).filter(|ends| ends.iter().all(|x| x.is_finite()))
        };
        self.rows
            .iter()
            .zip(self.spread.iter().map(ends))
            .filter(|(row, _)| self.recipe.is_used(row))
    }

    /// How many rows are censored.
    pub fn censored(&self) -> usize {
        self.rows.iter().filter(|row| row.is_censored()).count()
    }

    /// What it was fitted to, and how well.
    pub fn sentence(&self) -> String {
        let Self { label, sites, fit, .. } = self;
        let mut text = format!("{label}: {} rows of {} cells", fit.rows, sites.len());
        if self.censored() > 0 {
            text += &format!(", {} censored", self.censored());
        }
        for measure in std::iter::once(&fit.loss).chain(&fit.measures) {
            text += &format!("; {} {}", measure.name, number(measure.value));
        }
        if fit.drawn > 0 {
            text += &format!("; {} of {} resamples of the seeds", fit.usable, fit.drawn);
        }
        text
    }

    /// What a reader should know of it.
    pub fn notes(&self) -> Vec<String> {
        let mut notes: Vec<String> =
            self.fit.notes.iter().map(|note| format!("{}: {note}", self.label)).collect();
        let censored: Vec<String> =
            self.rows.iter().filter(|row| row.is_censored()).map(|row| self.place(row)).collect();
        if !censored.is_empty() {
            notes.push(format!(
                "{}: censored, no part of the fit, as never reached within its training: {}",
                self.label,
                listed(&censored)
            ));
        }
        let void: Vec<String> = self
            .rows
            .iter()
            .filter(|row| self.recipe.is_void(row))
            .map(|row| self.place(row))
            .collect();
        if !void.is_empty() {
            notes.push(format!(
                "{}: no part of the fit, as reached before any training, at no updates a step, or with nothing left to gain: {}",
                self.label,
                listed(&void)
            ));
        }
        if self.lost > 0 {
            notes.push(format!(
                "{}: {} rows lose to a better one of the same place, as where a learning rate is tuned at every size",
                self.label, self.lost
            ));
        }
        if !self.edges.is_empty() {
            let places: Vec<String> =
                self.edges.iter().filter_map(|at| Some(self.place(self.rows.get(*at)?))).collect();
            notes.push(format!(
                "{}: the best is the smallest or the largest that was tried, so that a better one may lie beyond, at {}",
                self.label,
                listed(&places)
            ));
        }
        if self.sites.iter().all(|site| site.runs.len() == 1) {
            notes.push(format!(
                "{}: one seed a cell shows no spread, so there are no intervals",
                self.label
            ));
        }
        notes
    }

    /// The cell of a row, with its threshold where it has one.
    fn place(&self, row: &Line) -> String {
        let several = self.ask.thresholds.len() > 1;
        let threshold = row.threshold.filter(|_| several);
        let threshold = threshold.map_or_else(String::new, |threshold| format!(" to {threshold}"));
        self.sites
            .get(row.site)
            .map_or_else(String::new, |site| format!("{}{threshold}", site.cell.label))
    }

    /// The command that fits the same rows, whose table stands in `file`.
    pub fn command(&self, file: &Path) -> String {
        let Self { recipe, ask, .. } = self;
        let mut words = vec![
            "sparring".to_owned(),
            "fit".to_owned(),
            recipe.law.name.to_owned(),
            file.display().to_string(),
        ];
        words.push("--x".to_owned());
        words.extend(roles(recipe, &self.rows).map(|(_, role)| format!("{role}={role}")));
        words.extend(["--y".to_owned(), recipe.law.y.role.to_owned()]);
        if !recipe.by.is_empty() {
            words.push("--by".to_owned());
            words.extend(recipe.by.iter().map(|column| column.name.to_owned()));
        }
        words.extend(["--where".to_owned(), format!("fit={}", self.label)]);
        words.extend(["--where".to_owned(), "used=1".to_owned()]);
        if recipe.law.threshold.is_some() {
            words.push("--threshold".to_owned());
            words.extend(ask.thresholds.iter().map(f64::to_string));
        }
        for option in recipe.law.options {
            let value = ask.request.option(option.key);
            if value != option.default {
                words.extend(["--set".to_owned(), format!("{}={value}", option.key)]);
            }
        }
        let words: Vec<String> = words.iter().map(|one| word(one)).collect();
        format!("the same rows, with intervals over them: {}", words.join(" "))
    }
}

/// A request without resamples: a fit's constants and no more.
fn alone(request: &Request) -> Request {
    let mut quiet = request.clone();
    quiet.bootstrap.resamples = 0;
    quiet
}

/// The rows where seeds count so often, site by site.
fn made(recipe: &Recipe, ask: &Ask, sites: &[&Site<'_>], weights: &[f64]) -> Vec<Line> {
    let mut rest = weights;
    let mut drawn = Vec::new();
    for (place, site) in sites.iter().enumerate() {
        let (own, others) = rest.split_at(site.runs.len());
        drawn.push(Drawn { site, place, weights: own });
        rest = others;
    }
    (recipe.rows)(ask, &drawn)
}

/// The roles of a view that its rows are fitted by, each with its place.
pub fn roles<'v>(
    recipe: &'v Recipe,
    rows: &[Line],
) -> impl Iterator<Item = (usize, &'static str)> + use<'v> {
    let varies: Vec<bool> = (0..recipe.x.len())
        .map(|at| {
            rows.iter().any(|row| row.x.get(at) != rows.first().and_then(|first| first.x.get(at)))
        })
        .collect();
    let all = recipe.x.iter().copied().enumerate().zip(varies);
    all.filter(|((_, role), varies)| *varies || !recipe.varying.contains(role))
        .map(|(role, _)| role)
}

/// The rows that are not censored, as the law takes them.
fn data(recipe: &Recipe, label: &str, sites: &[&Site<'_>], rows: &[Line]) -> Data {
    let used: Vec<&Line> = rows.iter().filter(|row| recipe.is_used(row)).collect();
    let censored = rows.iter().filter(|row| row.is_censored()).count();
    let source = match censored {
        0 => format!("--law {} of {label}", recipe.law.name),
        _ => format!(
            "--law {} of {label}, of which {censored} of {} rows are censored",
            recipe.law.name,
            rows.len()
        ),
    };
    let mut data = Data::new(&source, used.iter().map(|row| row.y).collect());
    for (at, role) in roles(recipe, rows) {
        data = data.with(role, used.iter().map(|row| row.x[at]).collect());
    }
    for column in recipe.by {
        let of =
            |row: &&Line| sites.get(row.site).map_or_else(String::new, |site| (column.of)(site));
        data = data.grouped(column.name, used.iter().map(of).collect());
    }
    data
}

/// The constants of fits to rows of seeds that are drawn again, and behind them the y of each of `rows`.
fn resamples(
    recipe: &Recipe,
    ask: &Ask,
    sites: &[&Site<'_>],
    rows: &[Line],
    whole: &Fit,
) -> Resamples {
    let mut bootstrap = ask.request.bootstrap.clone();
    if sites.iter().all(|site| site.runs.len() < 2) {
        bootstrap.resamples = 0;
    }
    let mut begun = 0;
    let groups = sites.iter().map(|site| {
        begun += site.runs.len();
        (begun - site.runs.len()..begun).collect()
    });
    let strata = Strata::of(groups.collect());
    let quiet = alone(&ask.request);
    let same = |fit: &Fit| {
        let names = |of: &Fit| {
            of.constants
                .iter()
                .map(|it| (it.number.name.clone(), it.number.at.clone()))
                .collect::<Vec<_>>()
        };
        names(fit) == names(whole)
    };
    // Each cell takes a mean away, so that they count as the constants of the fit do of rows.
    Resamples::draw(
        &bootstrap,
        &strata,
        sites.len(),
        whole.constants.len() + rows.len(),
        |weights| {
            let drawn = best(made(recipe, ask, sites, weights));
            let data = data(recipe, "", sites, &drawn);
            let fit =
                (recipe.law.fit)(&data, &quiet).ok().filter(|fit| fit.converged && same(fit))?;
            let y = |row: &Line| {
                drawn.iter().find(|other| other.key == row.key).map_or(f64::INFINITY, |it| it.y)
            };
            Some(
                fit.constants
                    .iter()
                    .map(|constant| constant.value)
                    .chain(rows.iter().map(y))
                    .collect(),
            )
        },
    )
}

/// `whole` with the intervals of resamples of its seeds.
fn over_seeds(mut whole: Fit, drawn: &Resamples) -> Fit {
    let constants = std::mem::take(&mut whole.constants).into_iter().enumerate();
    whole.constants = constants
        .map(|(place, old)| {
            let mut constant = Constant::new(old.number, old.value, drawn, place);
            constant.notes.splice(0..0, old.notes);
            constant
        })
        .collect();
    (whole.drawn, whole.usable) = (drawn.drawn, drawn.usable());
    whole.tell_failures();
    whole
}
