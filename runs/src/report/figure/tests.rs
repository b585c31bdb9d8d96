//! Made-up results, and figures as data: what is drawn is what was estimated.

use std::collections::BTreeMap;
use std::path::PathBuf;

use resvg::usvg::roxmltree::Document;
use serde_json::json;
use sparring_agents::{NetworkSummary, TrainingFlops};
use sparring_sparse::estimate::LayerSummary;
use sparring_sparse::{Algebra, LayerCost, Shape};

use super::{Content, Figure, Request, all};
use crate::chart::{Drawing, Panel, Plot, Series, Style, png, sheet};
use crate::comparison::{Cell, Choice, Comparison};
use crate::folder::RunRecord;
use crate::machine::Machine;
use crate::results::{Costs, Evaluation, JobResult, Progress, RunResults};
use crate::variant::Coordinates;

/// A cell without results.
pub fn cell(method: &str) -> Cell {
    Cell::new(method.to_owned(), 0, coordinates(method, None, "CartPole-v1"), Vec::new())
}

fn coordinates(method: &str, sparsity: Option<f64>, env: &str) -> Coordinates {
    let axis = sparsity.map(|sparsity| ("sparsity.sparsity".to_owned(), json!(sparsity)));
    let name = sparsity.map_or(method.to_owned(), |at| format!("{method},sparsity={at}"));
    Coordinates {
        name: format!("{name},id={env}"),
        variant: method.to_owned(),
        env: env.to_owned(),
        agent: "dqn".to_owned(),
        method: method.to_owned(),
        axes: axis.into_iter().chain([("env.id".to_owned(), json!(env))]).collect(),
    }
}

/// The job of a variant: the sparser, the lower it ends.
fn job(at: &Coordinates, seed: u64, evaluations: u64) -> JobResult {
    let sparsity = at.axes.get("sparsity.sparsity").and_then(serde_json::Value::as_f64);
    let loss = if at.method == "static" { 1.5 } else { 0.4 };
    let height = 500.0 - 100.0 * loss * sparsity.unwrap_or(0.0) + 7.0 * (seed % 5) as f64;
    let point = |step: u64| Evaluation {
        step: 100 * step,
        mean_return: height * (1.0 - (-(step as f64) / 8.0).exp()),
        wall_s: step as f64,
    };
    let shape = Shape::Linear { inputs: 64, outputs: 64 };
    let active = (4096.0 * (1.0 - sparsity.unwrap_or(0.0))) as usize;
    let cost = LayerCost::new(&shape, Algebra::REAL, active, true);
    let layers = vec![LayerSummary { name: "hidden.0".into(), cost, computed_dense: false }];
    let costs = Costs {
        networks: vec![NetworkSummary { name: "q".into(), layers }],
        training: TrainingFlops { model: active as f64, dense: 4096.0 },
        env_steps: 100 * evaluations,
        wall_s: 10.0 + active as f64 / 500.0,
        ..Costs::default()
    };
    let sparse = json!({"kind": at.method, "sparsity": sparsity, "distribution": "erk"});
    JobResult {
        folder: PathBuf::from("nowhere"),
        variant: at.name.clone(),
        seed,
        settings: json!({"env": {"id": at.env}, "sparsity": sparse}),
        progress: Progress::Finished,
        error: None,
        curve: (0..evaluations).map(point).collect(),
        robustness: Vec::new(),
        costs,
        of_plan: Vec::new(),
        notes: Vec::new(),
    }
}

/// Dense and two methods at these sparsities on these environments.
pub fn comparison(envs: &[&str], sparsities: &[f64], seeds: u64, evaluations: u64) -> Comparison {
    let mut variants = Vec::new();
    for env in envs {
        variants.push(coordinates("dense", None, env));
        for method in ["static", "rigl"] {
            variants.extend(sparsities.iter().map(|at| coordinates(method, Some(*at), env)));
        }
    }
    let of =
        |at: &Coordinates| (1..=seeds).map(|seed| job(at, seed, evaluations)).collect::<Vec<_>>();
    let jobs = variants.iter().flat_map(of).collect();
    let record = RunRecord {
        name: "a <b> & \"c\"".into(),
        command: vec!["sparring".into(), "run".into(), "<script>".into()],
        set: Vec::new(),
        sparring: "0".into(),
        commit: None,
        rustc: "1".into(),
        machine: Machine::this(),
        jobs_at_once: 1,
        started: "2026".into(),
        seeds: (1..=seeds).collect(),
        variants,
        baseline: None,
        normalise: None,
        published: None,
        claims: BTreeMap::new(),
    };
    let run = RunResults { root: "out/a <b>".into(), record, running: None, jobs };
    Comparison::of(vec![run], 1, &Choice::default()).unwrap()
}

fn find<'a>(figures: &'a [Figure], id: &str) -> &'a Figure {
    let ids: Vec<&str> = figures.iter().map(|figure| figure.id.as_str()).collect();
    figures.iter().find(|figure| figure.id == id).unwrap_or_else(|| panic!("{id} of {ids:?}"))
}

fn panels(figure: &Figure) -> &[Panel] {
    let Content::Panels(panels) = &figure.content else { panic!("{} has films", figure.id) };
    panels
}

#[test]
fn other_axes_are_lines_of_their_own_by_name() {
    let mut of = comparison(&["CartPole-v1"], &[0.5, 0.9], 5, 20);
    let key = "sparsity.budget.actor_share";
    // No value of the config: what it leads to is.
    let shared = |cell: &Cell, share: f64| {
        let mut cell = cell.clone();
        cell.at.axes.insert(key.to_owned(), json!(share));
        cell
    };
    let others: Vec<Cell> =
        of.cells.iter().filter(|cell| cell.at.method != "rigl").cloned().collect();
    let rigl: Vec<Cell> = of.cells.into_iter().filter(|cell| cell.at.method == "rigl").collect();
    let both = rigl.iter().flat_map(|cell| [0.2, 0.8].map(|share| shared(cell, share)));
    of.cells = others.into_iter().chain(both).collect();
    let figures = all(&of, &Request::default());
    let labels = |id: &str| -> Vec<(String, usize)> {
        let Plot::Lines(lines) = &panels(find(&figures, id))[0].plot else { panic!("no lines") };
        let rigl = lines.series.iter().filter(|series| series.label.starts_with("rigl"));
        rigl.map(|series| (series.label.clone(), series.points.len())).collect()
    };
    let by = |part: &str, values: [&str; 2]| {
        values.map(|value| (format!("rigl {part}={value}"), 2)).to_vec()
    };
    assert_eq!(labels("return-by-sparsity-sparsity"), by("actor_share", ["0.2", "0.8"]));
    assert_eq!(labels("return-by-parameters"), by("actor_share", ["0.2", "0.8"]));
    assert_eq!(labels("return-by-sparsity-budget-actor-share"), by("sparsity", ["0.5", "0.9"]));
}

#[test]
fn what_is_drawn_is_what_was_estimated() {
    let of = comparison(&["CartPole-v1"], &[0.5, 0.9], 5, 20);
    let figures = all(&of, &Request::default());
    let Plot::Lines(lines) = &panels(find(&figures, "return-by-parameters"))[0].plot else {
        panic!("no lines")
    };
    let mut drawn = 0;
    for series in &lines.series {
        for point in &series.points {
            let fits = |cell: &&Cell| {
                let active = cell.sizes.as_ref().unwrap().active_parameters as f64;
                cell.at.method == series.label && active == point.x
            };
            let cell = of.cells.iter().find(fits).unwrap();
            let score = cell.score.as_ref().unwrap();
            let interval = score.interval.as_ref().unwrap();
            assert_eq!(point.y, score.value);
            assert_eq!(point.interval, Some([interval.low, interval.high]));
            drawn += 1;
        }
    }
    assert_eq!(drawn, of.cells.len());
    let Plot::Lines(curves) = &panels(find(&figures, "learning-curves"))[0].plot else {
        panic!("no curves")
    };
    assert_eq!(curves.series.len(), of.cells.len());
    for (series, cell) in curves.series.iter().zip(&of.cells) {
        let steps: Vec<f64> = series.points.iter().map(|point| point.x).collect();
        let expected: Vec<f64> = cell.jobs[0].curve.iter().map(|at| at.step as f64).collect();
        assert_eq!(steps, expected);
        assert!(series.points.iter().all(|point| point.interval.is_some()));
    }
    let Plot::Forest(forest) = &panels(find(&figures, "improvement"))[0].plot else {
        panic!("no forest")
    };
    assert_eq!(forest.rows.len(), 4);
    assert_eq!(forest.reference, Some(0.5));
}

#[test]
fn many_curves_are_a_chart_for_each_method_with_the_dense_one_behind() {
    let of = comparison(&["CartPole-v1"], &[0.5, 0.6, 0.7, 0.8, 0.9], 2, 20);
    let figures = all(&of, &Request::default());
    let told = |panel: &Panel| {
        let Plot::Lines(lines) = &panel.plot else { panic!("no lines") };
        let quiet = |series: &&Series| series.style == Style::QUIET;
        let behind: Vec<String> =
            lines.series.iter().filter(quiet).map(|series| series.label.clone()).collect();
        (panel.title.clone(), behind.join(" "), lines.series.len())
    };
    let told: Vec<_> = panels(find(&figures, "learning-curves")).iter().map(told).collect();
    let expected = |method: &str| (format!("CartPole-v1: {method}"), of.cells[0].label.clone(), 6);
    assert_eq!(told, [expected("static"), expected("rigl")]);
}

#[test]
fn one_method_has_one_colour_in_every_figure() {
    let of = comparison(&["CartPole-v1", "Acrobot-v1"], &[0.5, 0.9], 3, 20);
    let mut seen = std::collections::BTreeMap::new();
    for figure in all(&of, &Request::default()) {
        for panel in panels(&figure) {
            let rows: Vec<(&String, Style)> = match &panel.plot {
                Plot::Lines(lines) => {
                    lines.series.iter().map(|series| (&series.label, series.style)).collect()
                }
                Plot::Forest(forest) => {
                    forest.rows.iter().map(|row| (&row.label, row.style)).collect()
                }
                Plot::Bars(_) | Plot::Tiles(_) => Vec::new(),
            };
            for (label, style) in rows {
                let method =
                    ["dense", "static", "rigl"].into_iter().find(|name| label.starts_with(name));
                let Some(method) = method else { continue };
                let colour = format!("{:?}", style.colour);
                assert_eq!(seen.entry(method).or_insert(colour.clone()), &colour, "{}", figure.id);
            }
        }
    }
    assert_eq!(seen.len(), 3);
}

#[test]
fn every_figure_is_xml_and_a_picture_and_tells_its_seeds() {
    let of = comparison(&["CartPole-v1", "Acrobot-v1"], &[0.5, 0.9, 0.95, 0.98, 0.99], 3, 20);
    let request =
        Request { x: Some("sparsity.kind".into()), by: "agent".into(), ..Request::default() };
    let figures = all(&of, &request);
    for id in [
        "return-by-sparsity-kind",
        "return-by-sparsity-sparsity",
        "aggregates",
        "profiles",
        "return-by-time",
        "scores",
    ] {
        find(&figures, id);
    }
    for figure in &figures {
        let drawings: Vec<Drawing> = panels(figure).iter().map(Panel::draw).collect();
        let svg = sheet(&figure.title, &drawings);
        let document =
            Document::parse(&svg).unwrap_or_else(|error| panic!("{}: {error}", figure.id));
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{}", figure.id);
        assert!(document.descendants().any(|node| node.has_tag_name("text")), "{}", figure.id);
        assert!(png(&svg).unwrap().starts_with(b"\x89PNG"), "{}", figure.id);
        assert!(figure.caption.contains("3 seeds"), "{}: {}", figure.id, figure.caption);
        assert!(figure.command.starts_with("sparring report 'out/a <b>'"), "{}", figure.command);
    }
}

#[test]
fn nothing_to_show_is_no_figure() {
    assert!(all(&comparison(&["CartPole-v1"], &[0.5], 3, 0), &Request::default()).is_empty());
    let one = all(&comparison(&["CartPole-v1"], &[], 1, 20), &Request::default());
    let ids: Vec<&str> = one.iter().map(|figure| figure.id.as_str()).collect();
    assert_eq!(ids, ["scores", "learning-curves"]);
}
