//! The tab Custom Scalars: charts of all variants together.

use protobuf::Message as _;
use tensorboard_proto::layout::{
    Category, Chart, Layout, MarginChartContent, MarginChartContent_Series, MultilineChartContent,
};
use tensorboard_proto::summary::Summary_Value;

use super::value::{of_plugin, string};
use super::variant::{HIGH, LOW, MEAN};

/// The layout of a run; bands only where there are runs of variants.
pub fn layout(bands: bool) -> Summary_Value {
    let mut categories = Vec::new();
    if bands {
        let band = band("mean return over seeds, with its 95 % interval");
        categories.push(category("variants", vec![band]));
    }
    let of_return = [
        lines("returns", &["eval/return"]),
        lines("returns in training", &["train/episode_return"]),
    ];
    let sparsity = [
        lines("active parameters", &["sparsity/[^/]+/active_parameters"]),
        lines("density of layers", &["sparsity/.+/density"]),
        lines("weights grown", &["sparsity/.+/grown"]),
    ];
    let training = [
        lines("losses", &["losses/(td|actor|critic)"]),
        lines("TD error", &["network/[^/]+/td_error_(training|held_out)"]),
        lines("gradient norm", &["losses/grad_norm.*"]),
        lines("gradient signal to noise", &["network/[^/]+/snr_(active|dense)"]),
        lines("gradient noise scale", &["network/[^/]+/noise_scale_(active|dense)"]),
    ];
    categories.push(category("return", of_return.to_vec()));
    categories.push(category("sparsity", sparsity.to_vec()));
    categories.push(category("training", training.to_vec()));
    let mut layout = Layout::new();
    layout.set_category(categories.into());
    // No message of ours is too large or lacks a field.
    let bytes = layout.write_to_bytes().unwrap_or_default();
    of_plugin("custom_scalars__config__", "custom_scalars", Vec::new(), string(bytes))
}

fn category(title: &str, charts: Vec<Chart>) -> Category {
    let mut category = Category::new();
    category.set_title(title.to_owned());
    category.set_chart(charts.into());
    category
}

/// The curves of the tags that one of `tags` matches.
fn lines(title: &str, tags: &[&str]) -> Chart {
    let mut content = MultilineChartContent::new();
    // Charts match from the begin of a tag alone.
    content.set_tag(tags.iter().map(|tag| format!("^{tag}$")).collect());
    let mut chart = Chart::new();
    chart.set_title(title.to_owned());
    chart.set_multiline(content);
    chart
}

/// The mean return of each variant in its band.
fn band(title: &str) -> Chart {
    let mut series = MarginChartContent_Series::new();
    series.set_value(MEAN.to_owned());
    series.set_lower(LOW.to_owned());
    series.set_upper(HIGH.to_owned());
    let mut content = MarginChartContent::new();
    content.set_series(vec![series].into());
    let mut chart = Chart::new();
    chart.set_title(title.to_owned());
    chart.set_margin(content);
    chart
}
