//! Initial conditions side by side; rollouts under a slider of time.

use maud::{Markup, html};

use super::data;
use crate::report::model::{Colors, Report, Rollouts, Strip, Tile};
use crate::report::numbers::{count, short};

/// About how wide a picture is on the page, in pixels: a whole multiple of the field's own.
const WIDTH: usize = 128;

/// The initial conditions, a row for each type.
pub fn inputs(report: &Report) -> Option<Markup> {
    (!report.inputs.is_empty()).then(|| {
        html! {
            p.weak {
                "The first channel. The pictures of a type share their colours, whose ends are the quantiles \
                 0.2 % and 99.8 %, about zero where both signs occur."
            }
            @for strip in &report.inputs { (row(strip)) }
        }
    })
}

fn row(strip: &Strip) -> Markup {
    let shown = strip.tiles.len();
    html! {
        div.strip {
            div.head {
                h3 { (strip.title) }
                span.weak {
                    (count(shown as u64))
                    @if shown < strip.of { " of " (count(strip.of as u64)) }
                }
                (bar(&strip.colors, &short(strip.bounds.0), &short(strip.bounds.1)))
            }
            ul.tiles {
                @for tile in &strip.tiles {
                    li {
                        (screen(tile, 1, &format!("{} of operator {}", strip.title, tile.operator)))
                        (link(tile))
                    }
                }
            }
        }
    }
}

/// The rollouts.
pub fn rollouts(report: &Report) -> Option<Markup> {
    match (&report.rollouts, &report.data) {
        (Some(rollouts), _) => Some(films(rollouts)),
        (None, Some(info)) if info.operators > 0 => Some(html! {
            p { "States are not stored in this data set." }
        }),
        _ => None,
    }
}

fn films(rollouts: &Rollouts) -> Markup {
    let steps = &rollouts.steps;
    let list: Vec<String> = steps.iter().map(usize::to_string).collect();
    let (low, high) = if rollouts.colors.is_signed { ("−max", "max") } else { ("min", "max") };
    html! {
        p.weak {
            @for sentence in &rollouts.about { (sentence) " " }
            "Each operator has colours of its own, whose ends stand under it: the quantiles 0.2 % and 99.8 % of \
             what is shown of it" @if rollouts.colors.is_signed { ", about zero" } "."
            @if rollouts.has_not_finite { " Magenta is not finite." }
        }
        div.player data-steps=(list.join(" ")) {
            div.controls {
                @if steps.len() > 1 {
                    button.play type="button" hidden { "Play" }
                    label.time hidden {
                        span { "Time" }
                        input type="range" min="0" max=(steps.len() - 1) value="0" step="1" aria-label="Time";
                        output { "t = " (steps[0]) }
                    }
                }
                (bar(&rollouts.colors, low, high))
            }
            ul.tiles.films {
                @for tile in &rollouts.tiles {
                    li {
                        (screen(tile, steps.len(), &format!("Operator {}: {}", tile.operator, tile.labels.join(", "))))
                        div.caption {
                            (link(tile))
                            span.weak.number { (range(tile, rollouts.colors.is_signed)) }
                            @for label in &tile.labels { span { (label) } }
                            @if !tile.flag.is_empty() { span.flag { (tile.flag) } }
                        }
                    }
                }
            }
        }
    }
}

fn range(tile: &Tile, is_signed: bool) -> String {
    let (low, high) = (short(tile.bounds.0), short(tile.bounds.1));
    if is_signed { format!("± {high}") } else { format!("{low} … {high}") }
}

/// A picture through which one of its frames is seen.
fn screen(tile: &Tile, frames: usize, alt: &str) -> Markup {
    let (w, h) = tile.size;
    let factor = ((WIDTH + w.max(h) / 2) / w.max(h).max(1)).max(1);
    let style = format!("--w:{}px;--h:{};--n:{frames}", w * factor, h as f64 / w.max(1) as f64);
    html! {
        div.screen style=(style) { img src=(data(&tile.png)) width=(w * frames) height=(h) alt=(alt); }
    }
}

/// To the operator's row in the table.
fn link(tile: &Tile) -> Markup {
    html! { a.number href={ "#operator-" (tile.operator) } aria-label={ "Operator " (tile.operator) } { (tile.operator) } }
}

/// A colour bar with what its ends stand for.
fn bar(colors: &Colors, low: &str, high: &str) -> Markup {
    html! {
        span.colors {
            span.number { (low) }
            img src=(data(&colors.bar)) width="128" height="1" alt={ "colours: " (colors.map) };
            span.number { (high) }
            span.weak { (colors.map) }
        }
    }
}
