//! From values to places, and the ticks beside them.

use super::text;

/// What an axis measures.
#[derive(Clone, Debug)]
pub struct Axis {
    /// With its unit.
    pub label: String,
    /// How values are spaced.
    pub spacing: Spacing,
    /// How they are written.
    pub format: Format,
    /// Values that it must reach beside those that are drawn.
    pub reach: Vec<f64>,
}

/// How values are spaced.
#[derive(Clone, Debug, PartialEq)]
pub enum Spacing {
    /// By difference.
    Linear,
    /// By ratio; values that are not above 0 have no place.
    Log,
    /// One by one: the value `i` is the `i`-th of these words.
    Words(Vec<String>),
}

/// How values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `0.93`, `1,234`, `60k`, `3.2M`.
    Number,
    /// `93 %` for 0.93.
    Percent,
}

impl Axis {
    /// A linear one.
    pub fn linear(label: impl Into<String>) -> Self {
        let spacing = Spacing::Linear;
        Self { label: label.into(), spacing, format: Format::Number, reach: Vec::new() }
    }

    /// A logarithmic one.
    pub fn log(label: impl Into<String>) -> Self {
        Self { spacing: Spacing::Log, ..Self::linear(label) }
    }

    /// Written in percent.
    pub fn percent(self) -> Self {
        Self { format: Format::Percent, ..self }
    }

    /// One that reaches `values` as well.
    pub fn reaching(self, values: impl IntoIterator<Item = f64>) -> Self {
        Self { reach: values.into_iter().collect(), ..self }
    }

    /// Whether `value` has a place on it.
    pub(super) fn has(&self, value: f64) -> bool {
        value.is_finite() && (self.spacing != Spacing::Log || value > 0.0)
    }

    /// `value` as a reader would write it.
    pub(super) fn write(&self, value: f64) -> String {
        match &self.spacing {
            Spacing::Words(words) => words.get(value as usize).cloned().unwrap_or_default(),
            Spacing::Linear | Spacing::Log => self.format.told(value),
        }
    }
}

impl Format {
    /// `value`, to three digits.
    pub fn told(self, value: f64) -> String {
        self.write(value, None)
    }

    /// `value`, to three digits or, beside others, to the digits that tell it from values `step` away.
    fn write(self, value: f64, step: Option<f64>) -> String {
        let digits = |step: f64| (-step.log10()).ceil().clamp(0.0, 9.0) as usize;
        match self {
            Self::Percent => {
                let step = step.map_or(0.001, |step| step);
                let text = format!("{:.*}", digits(100.0 * step * 1.000_001), 100.0 * value);
                format!("{} %", trimmed(&text))
            }
            Self::Number => {
                let size = value.abs().max(step.unwrap_or_default());
                let (by, unit) = [(1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k")]
                    .into_iter()
                    .find(|(by, _)| size >= *by)
                    .map_or((1.0, ""), |(by, unit)| (if unit == "k" { 1e3 } else { by }, unit));
                let value = value / by;
                let step = step.map_or_else(|| three_digits(value), |step| step / by);
                let text = format!("{value:.*}", digits(step * 1.000_001));
                let text = trimmed(&text);
                if text == "0" || text == "-0" { "0".to_owned() } else { minus(text) + unit }
            }
        }
    }
}

/// The step between two numbers of the size of `value` that have three digits.
fn three_digits(value: f64) -> f64 {
    if value == 0.0 { 1.0 } else { 10f64.powf(value.abs().log10().floor() - 2.0) }
}

/// Without zeros at the end of its fraction.
fn trimmed(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// With a minus sign that is as wide as a plus.
fn minus(text: &str) -> String {
    text.replace('-', "−")
}

/// An axis in place.
#[derive(Clone, Debug)]
pub struct Scale<'a> {
    axis: &'a Axis,
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

/// A mark on an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// Where.
    pub value: f64,
    /// Its words.
    pub label: String,
}

impl<'a> Scale<'a> {
    /// `axis` from the place `from` to the place `to`, over all of `values` that have one.
    pub fn new(axis: &'a Axis, values: impl Iterator<Item = f64>, [from, to]: [f64; 2]) -> Self {
        let values = values.chain(axis.reach.iter().copied()).filter(|value| axis.has(*value));
        let ends = values.fold(None, |ends: Option<[f64; 2]>, value| {
            let [low, high] = ends.unwrap_or([value, value]);
            Some([low.min(value), high.max(value)])
        });
        let [low, high] = match (&axis.spacing, ends) {
            (Spacing::Words(words), _) => [-0.5, words.len().max(1) as f64 - 0.5],
            (Spacing::Linear, None) => [0.0, 1.0],
            (Spacing::Log, None) => [1.0, 10.0],
            (Spacing::Linear, Some([low, high])) if high - low <= 1e-12 * high.abs() => {
                let room = if low == 0.0 { 1.0 } else { 0.1 * low.abs() };
                [low - room, high + room]
            }
            (Spacing::Linear, Some([low, high])) => {
                let room = 0.03 * (high - low);
                // 0 is the end of many things, and a line along the edge is seen.
                let open = |end: f64, room: f64| if end == 0.0 { 0.0 } else { end + room };
                [open(low, -room), open(high, room)]
            }
            (Spacing::Log, Some([low, high])) => {
                let room = (high / low).powf(0.04).max(1.05);
                [low / room, high * room]
            }
        };
        Self { axis, low, high, from, to }
    }

    /// The place of `value`.
    pub fn at(&self, value: f64) -> f64 {
        let part = match self.axis.spacing {
            Spacing::Linear | Spacing::Words(_) => (value - self.low) / (self.high - self.low),
            Spacing::Log => (value / self.low).ln() / (self.high / self.low).ln(),
        };
        self.from + part * (self.to - self.from)
    }

    /// Ticks, few enough that their labels do not meet along a horizontal axis.
    pub fn ticks(&self) -> Vec<Tick> {
        let room = (self.to - self.from).abs();
        let most = (room / 56.0).clamp(2.0, 6.0);
        match &self.axis.spacing {
            Spacing::Words(words) => {
                let room = room / words.len().max(1) as f64 - 6.0;
                let tick = |(at, word): (usize, &String)| Tick {
                    value: at as f64,
                    label: text::fitted(word, room, text::BODY),
                };
                words.iter().enumerate().map(tick).collect()
            }
            Spacing::Linear => {
                let step = nice((self.high - self.low) / most);
                let ticks = self.at_steps(step);
                // One tick tells no scale.
                if ticks.len() < 2 { self.at_steps(nice(step / 2.5)) } else { ticks }
            }
            Spacing::Log => {
                let decades = (self.high / self.low).log10();
                match decades {
                    few if few < 0.7 => self.at_steps(nice((self.high - self.low) / most)),
                    some if some < 2.2 => self.of_decades(&[1.0, 2.0, 5.0], 1),
                    many => self.of_decades(&[1.0], (many / most).ceil() as i32),
                }
            }
        }
    }

    fn at_steps(&self, step: f64) -> Vec<Tick> {
        let (first, last) = ((self.low / step).ceil() as i64, (self.high / step).floor() as i64);
        let tick = |at: i64| {
            let value = at as f64 * step;
            Tick { value, label: self.axis.format.write(value, Some(step)) }
        };
        (first..=last).map(tick).collect()
    }

    fn of_decades(&self, multiples: &[f64], every: i32) -> Vec<Tick> {
        let decades = (self.low.log10().floor() as i32)..=(self.high.log10().ceil() as i32);
        let decades = decades.filter(|decade| decade % every == 0);
        let values =
            decades.flat_map(|decade| multiples.iter().map(move |m| m * 10f64.powi(decade)));
        values
            .filter(|value| (self.low..=self.high).contains(value))
            .map(|value| Tick { value, label: self.axis.write(value) })
            .collect()
    }
}

/// The least of 1, 2 and 5 times a power of ten that is not below `step`.
fn nice(step: f64) -> f64 {
    let power = 10f64.powf(step.log10().floor());
    let times = [1.0, 2.0, 5.0].into_iter().find(|times| times * power >= step * 0.999);
    times.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis, values: &[f64]) -> Vec<String> {
        let scale = Scale::new(axis, values.iter().copied(), [0.0, 300.0]);
        scale.ticks().into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn ticks_are_round() {
        let axis = Axis::linear("steps");
        assert_eq!(labels(&axis, &[0.0, 60_000.0]), ["0", "20k", "40k", "60k"]);
        assert_eq!(labels(&axis, &[0.0, 1.0]), ["0", "0.2", "0.4", "0.6", "0.8", "1"]);
        assert_eq!(labels(&axis, &[-120.0, 480.0]), ["0", "200", "400"]);
        let narrow = Scale::new(&axis, [0.9, 9.6].into_iter(), [0.0, 100.0]);
        assert!(narrow.ticks().len() > 1, "{:?}", narrow.ticks());
        assert_eq!(labels(&axis, &[0.0, 5e6]), ["0", "1M", "2M", "3M", "4M", "5M"]);
        assert_eq!(labels(&axis, &[-1500.0, 0.0]), ["−1500", "−1000", "−500", "0"]);
        assert_eq!(
            labels(&axis.percent(), &[0.0, 0.05]),
            ["0 %", "1 %", "2 %", "3 %", "4 %", "5 %"]
        );
        let log = Axis::log("parameters");
        assert_eq!(
            labels(&log, &[1_000.0, 70_000.0]),
            ["1000", "2000", "5000", "10k", "20k", "50k"]
        );
        assert_eq!(labels(&log, &[1e6, 1e12]), ["1M", "100M", "10G", "1T"]);
        assert_eq!(labels(&log, &[10.0, 30.0]), ["10", "15", "20", "25", "30"]);
    }

    #[test]
    fn nothing_to_draw_still_has_an_axis() {
        for axis in [Axis::linear("x"), Axis::log("x")] {
            for values in [&[][..], &[f64::NAN], &[3.0], &[3.0, 3.0]] {
                assert!(!labels(&axis, values).is_empty(), "{axis:?} {values:?}");
            }
        }
        assert!(!labels(&Axis::linear("x"), &[0.0]).is_empty());
    }

    #[test]
    fn values_have_three_digits() {
        let axis = Axis::linear("x");
        let write = |value| axis.write(value);
        assert_eq!([write(0.934_56), write(499.96), write(-3.0)], ["0.935", "500", "−3"]);
        assert_eq!([write(266_754.0), write(6.33e11), write(0.0)], ["267k", "633G", "0"]);
        assert_eq!(axis.percent().write(0.051_2), "5.1 %");
    }
}
