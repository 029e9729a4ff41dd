//! The graph of artifacts, and what a build did of it.

use maud::{Markup, PreEscaped, html};

use crate::report::graph;
use crate::report::model::Report;
use crate::report::numbers::{count, seconds};
use crate::units;

/// The graph by kind, and the same in numbers.
pub fn build(report: &Report) -> Option<Markup> {
    let kinds = &report.kinds;
    let dash = |n: u64| if n == 0 { "–".to_owned() } else { count(n) };
    (!kinds.is_empty()).then(|| {
        html! {
            div.scroll.wide tabindex="0" role="region" aria-label="The graph of artifacts" {
                (PreEscaped(graph::svg(kinds, &report.arrows)))
            }
            div.scroll.fit tabindex="0" role="region" aria-label="Artifacts by kind" {
                table {
                    thead {
                        tr {
                            th scope="col" { "kind" }
                            @for name in ["built", "cached", "failed", "to make", "time of workers", "size"] {
                                th.num scope="col" { (name) }
                            }
                        }
                    }
                    tbody {
                        @for kind in kinds {
                            tr {
                                th scope="row" { (kind.name.replace('_', " ")) }
                                @for n in [kind.built, kind.cached, kind.failed, kind.left] {
                                    td.num { (dash(n)) }
                                }
                                td.num { (if kind.seconds > 0.0 { seconds(kind.seconds) } else { "–".into() }) }
                                td.num { (if kind.bytes > 0 { units::bytes(kind.bytes) } else { "–".into() }) }
                            }
                        }
                    }
                }
            }
        }
    })
}
