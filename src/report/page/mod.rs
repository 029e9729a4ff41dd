//! The page of a report.
//!
//! Invariant: nothing is loaded. Pictures are `data:` URIs, style and script stand in the page, and a
//! policy in it forbids everything else. All texts of files are escaped. Without the script the page
//! shows the same, but for the time of rollouts; controls that need it are hidden until it runs.

mod build;
mod pictures;
mod summary;
mod table;

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::model::{Figure, Picture, Report, Topic};
use crate::chart::page_style;

const POLICY: &str = "default-src 'none'; img-src data:; media-src data: 'self'; \
                      style-src 'unsafe-inline'; script-src 'unsafe-inline'";
const STYLE: &str = include_str!("../style.css");
const SCRIPT: &str = include_str!("../script.js");

/// A part of the page.
struct Section {
    id: &'static str,
    title: &'static str,
    content: Markup,
}

/// The page.
pub fn page(report: &Report) -> String {
    let sections = sections(report);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="generator" content={ "spinlock " (env!("CARGO_PKG_VERSION")) };
                title { (report.title) " · spinlock report" }
                style { (PreEscaped(STYLE)) @if !report.figures.is_empty() { (PreEscaped(page_style())) } }
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                header {
                    div.top {
                        p.kicker { "Report" }
                        button #theme type="button" hidden { "Dark" }
                    }
                    h1 { (report.title) }
                    @if !report.description.is_empty() { p.lead { (report.description) } }
                    p.weak { (origin(report)) }
                }
                nav aria-label="Sections" {
                    ul {
                        @for section in &sections {
                            li { a href={ "#" (section.id) } { (section.title) } }
                        }
                    }
                }
                main #main tabindex="-1" {
                    @for section in &sections {
                        section id=(section.id) aria-labelledby={ (section.id) "-title" } {
                            h2 id={ (section.id) "-title" } { (section.title) }
                            (section.content)
                        }
                    }
                }
                footer {
                    p { "Written by spinlock " (env!("CARGO_PKG_VERSION")) ". This file is complete in itself and loads nothing." }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

/// The parts that there is something to say in.
fn sections(report: &Report) -> Vec<Section> {
    let mut sections = Vec::new();
    let mut add = |id, title, content: Option<Markup>| {
        sections.extend(content.map(|content| Section { id, title, content }));
    };
    add("summary", "Summary", Some(summary::summary(report)));
    add("build", "Build", build::build(report));
    add("figures", "Figures", figures(&report.figures));
    add("pictures", "Renders", rendered(&report.pictures));
    add("sample", "Sample", summary::sample(report));
    add("inputs", "Initial conditions", pictures::inputs(report));
    add("rollouts", "Rollouts", pictures::rollouts(report));
    add("operators", "Operators", report.operators.as_ref().map(table::table));
    add("features", "Features", report.features.as_ref().map(table::table));
    add("artifacts", "Artifacts", report.artifacts.as_ref().map(table::table));
    add("provenance", "Provenance", Some(summary::provenance(report)));
    sections
}

/// What the report is about, and when and where it was made.
fn origin(report: &Report) -> Markup {
    let info = report.data.as_ref();
    let text = |path: &str| info.and_then(|info| info.provenance.pointer(path)?.as_str());
    let when = report.build.as_ref().map(|build| build.when.as_str()).or(text("/created"));
    html! {
        code { (report.subject) }
        @if let Some(when) = when { " · " (when) }
        @if let Some(host) = text("/host") { " · " (host) }
    }
}

/// The charts by topic.
fn figures(figures: &[Figure]) -> Option<Markup> {
    let topics: BTreeSet<Topic> = figures.iter().map(|figure| figure.topic).collect();
    (!figures.is_empty()).then(|| {
        html! {
            @for topic in topics {
                h3 { (topic.title()) }
                div.charts {
                    @for one in figures.iter().filter(|figure| figure.topic == topic) {
                        figure id={ "figure-" (one.name) } {
                            h4 { (one.chart.title) }
                            (PreEscaped(one.chart.inline()))
                            figcaption.weak { (one.note) }
                        }
                    }
                }
            }
        }
    })
}

fn rendered(pictures: &[Picture]) -> Option<Markup> {
    (!pictures.is_empty()).then(|| {
        html! {
            @for one in pictures {
                figure.render {
                    h3 { (one.title) }
                    @if !one.png.is_empty() {
                        img src=(data(&one.png)) width=(one.size.0) height=(one.size.1) alt=(one.title) loading="lazy";
                    }
                    figcaption.weak { a href=(one.link) { (one.note) } }
                }
            }
        }
    })
}

/// A PNG file as a URI.
fn data(png: &[u8]) -> String {
    format!("data:image/png;base64,{}", STANDARD.encode(png))
}
