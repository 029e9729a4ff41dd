//! What was made, of what the sample consists, and where everything comes from.

use maud::{Markup, html};

use crate::dataset::quality;
use crate::report::model::{Build, End, OutputFile, Report};
use crate::report::numbers::{capital, count, seconds, several, short};
use crate::units;

/// The first part: what there is, in a few lines.
pub fn summary(report: &Report) -> Markup {
    html! {
        @if let Some(build) = &report.build { (verdict(report, build)) }
        @else { p.note.plain { (without(report)) } }
        @if !report.facts.is_empty() {
            dl.facts {
                @for (name, value) in &report.facts { div { dt { (name) } dd { (value) } } }
            }
        }
        @if let Some(build) = &report.build { (stages(build)) }
        @if !report.outputs.is_empty() { (outputs(&report.outputs)) }
        @if !report.notes.is_empty() {
            h3 { "Notes" }
            ul.notes { @for note in &report.notes { li { (note) } } }
        }
    }
}

fn without(report: &Report) -> &'static str {
    match (report.kinds.is_empty(), report.data.is_some()) {
        (true, _) => {
            "This report shows a data set by itself. Name its experiment to see how it was built."
        }
        (false, true) => {
            "No log of a build of this experiment was found. The data set is shown as it is."
        }
        (false, false) => "This experiment has not been built yet.",
    }
}

/// How the build went, in a sentence, and what failed.
fn verdict(report: &Report, build: &Build) -> Markup {
    let sum = |of: fn(&crate::report::model::Kind) -> u64| report.kinds.iter().map(of).sum::<u64>();
    let (built, cached) = (sum(|k| k.built), sum(|k| k.cached));
    let (class, what) = match build.end {
        End::Complete => ("good", "Complete."),
        End::Failed => ("bad", "Some artifacts could not be made."),
        End::Interrupted => ("bad", "Interrupted."),
        End::Open => {
            ("bad", "The log of this build has no end: it is still running, or it was stopped.")
        }
    };
    html! {
        p class={ "note " (class) } {
            strong { (what) }
            " " (several(built, "artifact")) " built in " (seconds(build.wall))
            ", " (count(cached)) " cached"
            @if !build.failed.is_empty() { ", " (count(build.failed.len() as u64)) " failed" }
            "."
            @if let Some([(time, bytes), (_, written)]) = build.score {
                " Predicted were " (seconds(time)) " and " (units::bytes(bytes)) "; "
                (units::bytes(written)) " were written."
            }
            @if build.retries > 0 { " " (several(build.retries, "job")) " tried again." }
        }
        @if !build.failed.is_empty() {
            h3 { "Failures" }
            dl.failures {
                @for (label, error) in build.failed.iter().take(FAILURES) {
                    dt { code { (label) } } dd { pre { (error) } }
                }
            }
            @if build.failed.len() > FAILURES {
                p.weak { "The first " (FAILURES) " of " (count(build.failed.len() as u64)) "." }
            }
        }
    }
}

/// The most failures that are told in full.
const FAILURES: usize = 50;

/// The wall time as a bar.
fn stages(build: &Build) -> Markup {
    let total: f64 = build.stages.iter().map(|(_, seconds)| seconds).sum();
    html! {
        @if total > 0.0 {
            h3 { "Wall time" }
            div.stages aria-hidden="true" {
                @for (i, (_, seconds)) in build.stages.iter().enumerate() {
                    span class={ "stage s" (i) } style=(format!("flex-grow:{:.4}", seconds / total)) {}
                }
            }
            ul.legend {
                @for (i, (name, spent)) in build.stages.iter().enumerate() {
                    li {
                        span class={ "key s" (i) } aria-hidden="true" {}
                        (name) " " span.number { (seconds(*spent)) }
                    }
                }
                @if build.workers > 0 { li.weak { (several(build.workers, "worker")) } }
            }
        }
    }
}

fn outputs(outputs: &[OutputFile]) -> Markup {
    html! {
        h3 { "Outputs" }
        dl.outputs {
            @for output in outputs {
                dt { code { (output.path) } }
                dd {
                    span { (output.kind) ", " }
                    span.number { (output.bytes.map_or("not there now".into(), units::bytes)) }
                    @if !output.digest.is_empty() { (hash(&output.digest)) }
                }
            }
        }
    }
}

/// A key or digest to copy.
fn hash(text: &str) -> Markup {
    html! {
        span.hash {
            code { (text) }
            button.copy type="button" data-copy=(text) aria-label={ "Copy " (&text[..text.len().min(12)]) } hidden { "Copy" }
        }
    }
}

/// What the data set consists of, and how good a sample it is.
pub fn sample(report: &Report) -> Option<Markup> {
    let metrics = report.data.as_ref().and_then(|info| quality(&info.sampling_metrics));
    (!report.composition.is_empty() || metrics.is_some()).then(|| {
        html! {
            div.counts {
                @for (name, values) in &report.composition { (counts(name, values)) }
            }
            @if let Some((verdict, rows)) = metrics {
                h3 { "Quality of the sample" }
                p { (capital(&verdict)) "." }
                div.scroll.fit tabindex="0" role="region" aria-label="Quality of the sample" {
                    table {
                        thead { tr { th scope="col" { "measure" } th.num scope="col" { "value" } th.num scope="col" { "ratio to random points" } th scope="col" { "between" } } }
                        tbody {
                            @for row in &rows {
                                tr {
                                    th scope="row" { (row.name) }
                                    td.num { (short(row.value)) }
                                    td.num { (row.ratio.map(|ratio| format!("{ratio:.3}")).unwrap_or_default()) }
                                    td { (row.between) }
                                }
                            }
                        }
                    }
                }
            }
        }
    })
}

/// How many operators have each value, as bars.
fn counts(name: &str, values: &[(String, usize)]) -> Markup {
    let most = values.iter().map(|(_, n)| *n).max().unwrap_or(1).max(1);
    html! {
        div {
            h3 { (capital(name)) }
            table.bars aria-label=(name) {
                @for (value, n) in values {
                    tr {
                        th scope="row" { (value) }
                        td.num { (count(*n as u64)) }
                        td.bar aria-hidden="true" { span style=(format!("width:{:.1}%", 100.0 * *n as f64 / most as f64)) {} }
                    }
                }
            }
        }
    }
}

/// Versions, places, keys; the experiment folded.
pub fn provenance(report: &Report) -> Markup {
    let is_hash = |text: &str| text.len() == 64 && text.bytes().all(|c| c.is_ascii_hexdigit());
    html! {
        dl.provenance {
            @for (name, text) in &report.provenance {
                dt { (capital(name)) }
                dd { @if is_hash(text) { (hash(text)) } @else { (text) } }
            }
        }
        @if !report.configuration.is_empty() {
            details {
                summary { "Configuration" }
                pre tabindex="0" { code { (report.configuration) } }
            }
        }
        @if let Some(info) = &report.data {
            @if !info.arrays.is_empty() {
                details {
                    summary { "Arrays of the data set" }
                    div.scroll tabindex="0" role="region" aria-label="Arrays of the data set" {
                        table {
                            thead { tr { th scope="col" { "array" } th scope="col" { "type" } th scope="col" { "shape" } th.num scope="col" { "stored" } } }
                            tbody {
                                @for array in &info.arrays {
                                    tr {
                                        th scope="row" { code { (array.path) } }
                                        td { (array.dtype) }
                                        td { (array.shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" × ")) }
                                        td.num { (units::bytes(array.stored)) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
