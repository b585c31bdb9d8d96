//! The figure of gains: bars by size, and scores by task and scale.

use super::tables::sorted;
use super::task::{Gain, Gains};
use crate::chart::{Axis, Forest, Format, Panel, Plot, Row, Tiles};
use crate::comparison::Comparison;
use crate::report::figure::{Content, Figure, methods};

/// A chart of gains and one of scores for each variant.
pub fn figure(of: &Comparison, key: &str, id: &str, all: &[Gains]) -> Figure {
    let panels = all.iter().map(bars).chain(all.iter().map(tiles)).collect();
    Figure {
        id: id.to_owned(),
        title: format!("What {key} gains"),
        caption: format!(
            "Bars: the normalised score of the largest {key} less that of the smallest, means of {}, with 95 % bootstrap \
             intervals, the largest first. Shades: the mean normalised score of each task at each value. {} {}",
            methods::seeds(of.cells.iter()),
            methods::scales(of),
            methods::config(of)
        ),
        command: methods::command(of, &["--gain", key]),
        content: Content::Panels(panels),
    }
}

fn bars(gains: &Gains) -> Panel {
    let style = methods::style(&gains.method);
    let row = |gain: &Gain| Row {
        label: gain.env.clone(),
        style,
        value: gain.gain.value,
        interval: gain.gain.interval.map(|it| [it.low, it.high]),
        judgement: None,
    };
    let rows = sorted(gains).into_iter().map(row).collect();
    let x = Axis::linear("gain of the normalised score");
    Panel {
        title: gains.label.clone(),
        plot: Plot::Forest(Forest { x, rows, reference: Some(0.0), bars: true }),
    }
}

fn tiles(gains: &Gains) -> Panel {
    let tasks = sorted(gains);
    let mut heads: Vec<(f64, &String)> = Vec::new();
    for step in tasks.iter().flat_map(|gain| &gain.steps) {
        if heads.iter().all(|(_, word)| *word != &step.word) {
            heads.push((step.at, &step.word));
        }
    }
    heads.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let mean = |gain: &Gain, word: &String| {
        let step = gain.steps.iter().find(|step| step.word == *word);
        step.map_or(f64::NAN, |step| step.scores.iter().sum::<f64>() / step.scores.len() as f64)
    };
    let values: Vec<f64> =
        tasks.iter().flat_map(|gain| heads.iter().map(|(_, word)| mean(gain, word))).collect();
    let (low, high) = (
        values.iter().copied().fold(f64::INFINITY, f64::min),
        values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
    );
    let range = if high > low { high - low } else { 1.0 };
    let shade = |value: &f64| if value.is_nan() { f64::NAN } else { (value - low) / range };
    let plot = Plot::Tiles(Tiles {
        rows: tasks.iter().map(|gain| gain.env.clone()).collect(),
        columns: heads.len(),
        heads: heads.iter().map(|(_, word)| (*word).clone()).collect(),
        values: values.iter().map(shade).collect(),
        marks: Vec::new(),
        label: "normalised score at each value".to_owned(),
        ends: [low, high].map(|end| Format::Number.told(end)),
    });
    Panel { title: format!("{}: scores", gains.label), plot }
}
