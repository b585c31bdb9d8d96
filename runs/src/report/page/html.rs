//! The markup of the page.

use base64::prelude::{BASE64_STANDARD, Engine};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::content::Content;
use crate::chart::{Panel, page_css};
use crate::comparison::{Comparison, Source};
use crate::report::figure::{self, Figure, Film};
use crate::table::{Align, Table, counted};

/// What every page says of who wrote it.
pub const GENERATOR: &str = "Sparring report";

const STYLE: &str = include_str!("style.css");

/// The whole page. Everything that comes from outside is escaped where it is put in.
pub fn page(comparison: &Comparison, content: &Content<'_>) -> Markup {
    let Content { headline, tables, notes, figures } = *content;
    let envs: Vec<&str> = comparison.tasks.iter().map(|task| task.env.as_str()).collect();
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                // Nothing is fetched, whatever a name holds.
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:";
                title { (comparison.name) " – Sparring" }
                link rel="icon" href="data:,";
                style { (PreEscaped(page_css())) (PreEscaped(STYLE)) }
            }
            body {
                header {
                    p.eyebrow { (GENERATOR) }
                    h1 { (comparison.name) }
                    @if let Some((first, others)) = headline.split_first() {
                        p.headline { (first) }
                        @for other in others { p.verdict { (other) } }
                    }
                    p.meta {
                        (comparison.finished()) " of " (counted(comparison.planned(), ["job", "jobs"])) " finished · "
                        (counted(comparison.cells.len(), ["variant", "variants"])) " · " (envs.join(", "))
                        @if comparison.running { " · still running" }
                    }
                    nav aria-label="Contents" {
                        a href="#results" { "Results" }
                        @for figure in figures { a href=(format!("#{}", figure.id)) { (figure.title) } }
                        @if !notes.is_empty() { a href="#notes" { "Notes" } }
                        a href="#origin" { "Configs and versions" }
                    }
                }
                main {
                    section #results {
                        h2 { "Results" }
                        @for one in tables { (table(one)) }
                        @if !notes.is_empty() {
                            aside #notes aria-label="Notes" {
                                h3 { "Notes" }
                                ul { @for note in notes { li { (note) } } }
                            }
                        }
                    }
                    section aria-label="Figures" {
                        h2 { "Figures" }
                        .figures { @for one in figures { (figure(one)) } }
                    }
                    section #origin {
                        h2 { "Configs and versions" }
                        @for one in &comparison.sources { (source(one)) }
                    }
                }
                footer { p { "Drawn by sparring " (env!("CARGO_PKG_VERSION")) ". Every figure stands beside this page as SVG and PNG." } }
            }
        }
    }
}

fn table(table: &Table) -> Markup {
    let class = |align: Align| match align {
        Align::Left => None,
        Align::Right => Some("number"),
    };
    let title = table.columns().first().map_or("", |column| &column.name);
    html! {
        .scroll tabindex="0" role="region" aria-label=(title) {
            table {
                thead { tr { @for column in table.columns() { th scope="col" class=[class(column.align)] { (column.name) } } } }
                tbody {
                    @for row in table.rows() {
                        tr {
                            @for (at, (cell, column)) in row.iter().zip(table.columns()).enumerate() {
                                @if at == 0 { th scope="row" { (cell) } } @else { td class=[class(column.align)] { (cell) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn figure(figure: &Figure) -> Markup {
    let files = |ending: &str| format!("figures/{}.{ending}", figure.id);
    let wide = match &figure.content {
        figure::Content::Panels(panels) => panels.len() > 1,
        figure::Content::Films(_) => true,
    };
    html! {
        figure #(figure.id) .wide[wide] {
            h3 { (figure.title) }
            @match &figure.content {
                figure::Content::Panels(panels) => .panels { @for one in panels { (panel(one, &figure.title)) } },
                figure::Content::Films(films) => .films { @for one in films { (film(one)) } },
            }
            figcaption {
                p { (figure.caption) }
                p.again { code { (figure.command) } }
                @if let figure::Content::Panels(_) = &figure.content {
                    p.files { a href=(files("svg")) { "SVG" } " · " a href=(files("png")) { "PNG" } }
                }
            }
        }
    }
}

fn panel(panel: &Panel, title: &str) -> Markup {
    let alt = match panel.title.as_str() {
        "" => title.to_owned(),
        own => format!("{title}: {own}"),
    };
    panel.draw().inline(&alt)
}

fn film(film: &Film) -> Markup {
    let Film { label, env, seed, gif } = film;
    let alt = format!("{label} plays {env}");
    html! {
        .film {
            img alt=(alt) src=(format!("data:image/gif;base64,{}", BASE64_STANDARD.encode(gif)));
            p { (label) br; span { (env) ", seed " (seed) } }
        }
    }
}

fn source(source: &Source) -> Markup {
    let record = &source.record;
    let config = std::fs::read_to_string(source.root.join("config.yaml"));
    html! {
        h3 { (source.root.display()) }
        dl {
            dt { "Command" } dd { code { (record.command.join(" ")) } }
            dt { "Sparring" } dd { (record.sparring) @if let Some(commit) = &record.commit { ", " (commit) } ", " (record.rustc) }
            dt { "Machine" } dd {
                (record.machine.cpu) ", " (counted(record.machine.cores, ["core", "cores"])) ", "
                (format!("{:.1} GiB", record.machine.memory_gib)) ", " (record.machine.os) ", " (record.machine.arch)
                @for device in &record.machine.devices { br; (device) }
            }
            dt { "Began" } dd { (record.started) ", " (counted(record.jobs_at_once, ["job", "jobs"])) " at once" }
        }
        // A folder may have lost it.
        @if let Ok(config) = config {
            details { summary { "config.yaml" } pre tabindex="0" { (config) } }
        }
    }
}
