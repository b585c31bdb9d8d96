//! Values over an axis: lines with bands, and points with bars.

use maud::{Markup, html};

use super::place::{Rect, apart, beside};
use super::scale::{Axis, Scale};
use super::style::Style;
use super::text;
use super::unit::{HEIGHT, WIDTH, px};

/// Points of a line that a reader can tell from each other; more are thinned.
const MOST_POINTS: usize = 200;

/// Lines with as few points have markers.
const MARKED: usize = 16;

/// Values over an axis.
#[derive(Clone, Debug)]
pub struct Lines {
    /// To the right.
    pub x: Axis,
    /// Upwards.
    pub y: Axis,
    /// What is drawn, the last on top.
    pub series: Vec<Series>,
    /// Lines across, below all.
    pub references: Vec<Reference>,
    /// Where lines have the heights at which their names stand; at their ends where it is left open.
    pub named_at: Option<f64>,
}

/// Points of one kind.
#[derive(Clone, Debug)]
pub struct Series {
    /// Its name, which stands at its end. What has none is a thin line, without markers.
    pub label: String,
    /// How it looks.
    pub style: Style,
    /// By x where they are joined.
    pub points: Vec<Point>,
    /// Whether a line joins them: intervals are a band then, else bars.
    pub joined: bool,
}

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Along the axis.
    pub x: f64,
    /// The value.
    pub y: f64,
    /// The ends of its interval.
    pub interval: Option<[f64; 2]>,
    /// A name of its own, beside it where there is room.
    pub label: Option<String>,
}

/// A value that others are compared with, over all x.
#[derive(Clone, Debug)]
pub struct Reference {
    /// Its name.
    pub label: String,
    /// How it looks.
    pub style: Style,
    /// The value.
    pub y: f64,
    /// The ends of its interval.
    pub interval: Option<[f64; 2]>,
}

/// The edges of what is within the axes.
struct Inside {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

impl Point {
    /// Without an interval and a name.
    pub fn new(x: f64, y: f64) -> Self {
        Self { x, y, interval: None, label: None }
    }

    fn heights(&self) -> impl Iterator<Item = f64> {
        [self.y].into_iter().chain(self.interval.into_iter().flatten())
    }
}

impl Lines {
    /// Without lines across, each line named at its end.
    pub fn new(x: Axis, y: Axis, series: Vec<Series>) -> Self {
        Self { x, y, series, references: Vec::new(), named_at: None }
    }

    /// The chart, below `top`.
    pub(super) fn draw(&self, top: f64) -> Markup {
        let mut drawn: Vec<Series> = self.series.iter().map(|series| self.seen(series)).collect();
        drawn.retain(|series| !series.points.is_empty());
        let points = || drawn.iter().flat_map(|series| &series.points);
        let references = self.references.iter();
        let across = references
            .flat_map(|line| [line.y].into_iter().chain(line.interval.into_iter().flatten()));
        let inside = [top + 24.0, HEIGHT - 40.0];
        let heights = points().flat_map(Point::heights).chain(across);
        let y = Scale::new(&self.y, heights, [inside[1], inside[0]]);
        let tick_width =
            y.ticks().iter().map(|tick| text::width(&tick.label, text::BODY)).fold(0.0, f64::max);
        let ends = drawn.iter().filter(|series| series.joined).map(|series| &series.label);
        let ends = ends.chain(self.references.iter().map(|line| &line.label));
        let end_width = ends.map(|label| text::width(label, text::BODY)).fold(0.0, f64::max);
        let names = end_width.min(0.34 * WIDTH);
        let inside = Inside {
            left: tick_width + 10.0,
            top: inside[0],
            right: WIDTH - if names > 0.0 { names + 18.0 } else { 12.0 },
            bottom: inside[1],
        };
        let x = Scale::new(&self.x, points().map(|point| point.x), [inside.left, inside.right]);
        html! {
            (self.axes(&x, &y, &inside, top))
            @for line in &self.references { (line.draw(&y, &inside)) }
            @for series in &drawn { (self.intervals(series, &x, &y)) }
            @for series in &drawn { (self.values(series, &x, &y)) }
            (self.ends(&drawn, &x, &y, &inside, names))
            (point_labels(&drawn, &x, &y, &inside))
        }
    }

    /// What of `series` can be seen.
    fn seen(&self, series: &Series) -> Series {
        let has = |point: &&Point| self.x.has(point.x) && self.y.has(point.y);
        let mut points: Vec<Point> = series.points.iter().filter(has).cloned().collect();
        for point in &mut points {
            let whole = |ends: &[f64; 2]| ends.iter().all(|end| self.y.has(*end));
            point.interval = point.interval.filter(whole);
        }
        if series.joined {
            points = thinned(points);
        }
        Series { points, ..series.clone() }
    }

    fn axes(&self, x: &Scale, y: &Scale, inside: &Inside, top: f64) -> Markup {
        let Inside { left, right, bottom, .. } = *inside;
        let middle = (left + right) / 2.0;
        let label = text::fitted(&self.x.label, WIDTH - 8.0, text::BODY);
        let half = text::width(&label, text::BODY) / 2.0;
        let middle = middle.clamp(half.min(WIDTH / 2.0), (WIDTH - half).max(WIDTH / 2.0));
        html! {
            text.quiet x="4" y=(px(top + 12.0)) { (text::fitted(&self.y.label, WIDTH - 8.0, text::BODY)) }
            @for tick in y.ticks() {
                @let at = y.at(tick.value);
                line.grid x1=(px(left)) x2=(px(right)) y1=(px(at)) y2=(px(at)) {}
                text.quiet.end x=(px(left - 6.0)) y=(px(at + 4.0)) { (tick.label) }
            }
            line.axis x1=(px(left)) x2=(px(right)) y1=(px(bottom)) y2=(px(bottom)) {}
            @for tick in x.ticks() {
                @let at = x.at(tick.value);
                line.axis x1=(px(at)) x2=(px(at)) y1=(px(bottom)) y2=(px(bottom + 4.0)) {}
                text.quiet.middle x=(px(at)) y=(px(bottom + 17.0)) { (tick.label) }
            }
            text.quiet.middle x=(px(middle)) y=(px(bottom + 34.0)) { (label) }
        }
    }

    fn intervals(&self, series: &Series, x: &Scale, y: &Scale) -> Markup {
        let ends = series.points.iter().filter_map(|point| Some((x.at(point.x), point.interval?)));
        if !series.joined {
            return html! {
                @for (at, [low, high]) in ends {
                    path.thin.(series.style.stroke()) d=(format!("M{} {}V{}", px(at), px(y.at(low)), px(y.at(high)))) {}
                }
            };
        }
        let ends: Vec<_> = ends.collect();
        if ends.len() < 2 {
            return Markup::default();
        }
        let there = ends.iter().map(|(at, [_, high])| format!("{} {}", px(*at), px(y.at(*high))));
        let back =
            ends.iter().rev().map(|(at, [low, _])| format!("{} {}", px(*at), px(y.at(*low))));
        let around: Vec<_> = there.chain(back).collect();
        html! { path.band.(series.style.fill()) d=(format!("M{}z", around.join("L"))) {} }
    }

    fn values(&self, series: &Series, x: &Scale, y: &Scale) -> Markup {
        let Series { label, points, style, joined } = series;
        let corners =
            points.iter().map(|point| format!("{} {}", px(x.at(point.x)), px(y.at(point.y))));
        let line = format!("M{}", corners.collect::<Vec<_>>().join("L"));
        html! {
            @if label.is_empty() {
                path.thin.(style.stroke()) d=(line) {}
            } @else if *joined && points.len() > 1 {
                path.line.(style.stroke()) stroke-dasharray=[style.dashes()] d=(line) {
                    @if let Some(last) = points.last() { title { (self.told(series, last)) } }
                }
            }
            @if !label.is_empty() && (points.len() <= MARKED || !joined) {
                @for point in points {
                    path.edge.(style.fill()) d=(style.marker(x.at(point.x), y.at(point.y))) {
                        title { (self.told(series, point)) }
                    }
                }
            }
        }
    }

    /// What a reader who points at it sees.
    fn told(&self, series: &Series, point: &Point) -> String {
        let name = point.label.as_ref().unwrap_or(&series.label);
        let (x, y) = (self.x.write(point.x), self.y.write(point.y));
        let interval = point
            .interval
            .map(|[low, high]| format!(" [{}, {}]", self.y.write(low), self.y.write(high)));
        format!("{name}: {y}{} at {x}", interval.unwrap_or_default())
    }

    /// Names in the margin, each at the height where its line ends, or has come to where lines are named.
    fn ends(&self, drawn: &[Series], x: &Scale, y: &Scale, inside: &Inside, room: f64) -> Markup {
        struct End<'a> {
            label: &'a str,
            style: Style,
            from: [f64; 2],
        }
        let of_series = drawn.iter().filter(|series| series.joined).filter_map(|series| {
            let before = |point: &&Point| self.named_at.is_none_or(|at| point.x <= at);
            let last = series.points.iter().rfind(before)?;
            let from = [x.at(last.x), y.at(last.y)];
            Some(End { label: &series.label, style: series.style, from })
        });
        let of_references = self.references.iter().map(|line| {
            let from = [inside.right, y.at(line.y)];
            End { label: &line.label, style: line.style, from }
        });
        let ends: Vec<End> =
            of_series.chain(of_references).filter(|end| !end.label.is_empty()).collect();
        let wanted: Vec<f64> = ends.iter().map(|end| end.from[1]).collect();
        let places = apart(&wanted, 14.0, [inside.top, inside.bottom]);
        html! {
            @for (End { label, style, from: [from, height] }, place) in ends.iter().zip(places) {
                @if inside.right - from > 8.0 {
                    path.thin.faint.(style.stroke()) stroke-dasharray="1 3"
                        d=(format!("M{} {}H{}", px(from + 6.0), px(*height), px(inside.right))) {}
                }
                path.thin.(style.stroke())
                    d=(format!("M{} {}L{} {}", px(inside.right + 1.0), px(*height), px(inside.right + 12.0), px(place))) {}
                text x=(px(inside.right + 15.0)) y=(px(place + 4.0)) {
                    (text::fitted(label, room, text::BODY))
                    title { (label) }
                }
            }
        }
    }
}

impl Reference {
    fn draw(&self, y: &Scale, inside: &Inside) -> Markup {
        let Inside { left, right, .. } = *inside;
        let band = self.interval.map(|[low, high]| [y.at(high), y.at(low)]);
        html! {
            @if let Some([above, below]) = band {
                rect.band.(self.style.fill()) x=(px(left)) y=(px(above))
                    width=(px(right - left)) height=(px(below - above)) {}
            }
            path.line.(self.style.stroke()) stroke-dasharray="6 4"
                d=(format!("M{} {}H{}", px(left), px(y.at(self.y)), px(right))) {}
        }
    }
}

/// Names of single points, as far as there is room.
fn point_labels(drawn: &[Series], x: &Scale, y: &Scale, inside: &Inside) -> Markup {
    const SIZE: f64 = 9.0;
    let room = Rect {
        left: inside.left,
        top: inside.top - 8.0,
        width: WIDTH - 2.0 - inside.left,
        height: inside.bottom - inside.top + 14.0,
    };
    let points = || drawn.iter().flat_map(|series| &series.points);
    let marker = |point: &Point| Rect {
        left: x.at(point.x) - SIZE / 2.0,
        top: y.at(point.y) - SIZE / 2.0,
        width: SIZE,
        height: SIZE,
    };
    let lines = drawn.iter().filter(|series| series.label.is_empty());
    let segments = lines.flat_map(|series| series.points.windows(2));
    let segment = |ends: &[Point]| {
        let [from, to] = [0, 1].map(|at| [x.at(ends[at].x), y.at(ends[at].y)]);
        Rect {
            left: from[0].min(to[0]),
            top: from[1].min(to[1]),
            width: (from[0] - to[0]).abs(),
            height: (from[1] - to[1]).abs(),
        }
    };
    let mut taken: Vec<Rect> = points().map(marker).chain(segments.map(segment)).collect();
    let named = points().filter_map(|point| Some((point, point.label.as_ref()?)));
    let placed = named.filter_map(|(point, label)| {
        let label = text::fitted(label, 0.4 * WIDTH, text::BODY);
        let size = [text::width(&label, text::BODY), 13.0];
        Some((beside([x.at(point.x), y.at(point.y)], size, &room, &mut taken)?, label))
    });
    html! {
        @for (Rect { left, top, width, .. }, label) in placed {
            text.halo.middle x=(px(left + width / 2.0)) y=(px(top + 10.5)) { (label) }
        }
    }
}

/// At most [`MOST_POINTS`] of `points`, at equal distances, the first and the last among them.
fn thinned(points: Vec<Point>) -> Vec<Point> {
    let (all, most) = (points.len(), MOST_POINTS);
    if all <= most {
        return points;
    }
    (0..most).map(|at| points[at * (all - 1) / (most - 1)].clone()).collect()
}
