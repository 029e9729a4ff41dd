//! `spinlock graph`

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::common::{Overrides, load};
use super::{Global, print, print_json};
use crate::artifact::KINDS;
use crate::error::Result;
use crate::plan::{Plan, State};
use crate::report::graph;

/// Draw the graph of artifacts
#[derive(Debug, clap::Args)]
pub struct GraphArgs {
    /// Experiment file
    experiment: PathBuf,
    #[command(flatten)]
    overrides: Overrides,
    /// dot and mermaid draw kinds with counts unless `--all` is given; json lists every artifact
    #[arg(long, value_enum, default_value_t = Format::Dot)]
    format: Format,
    /// Draw every artifact, not kinds
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Graphviz
    Dot,
    /// Mermaid
    Mermaid,
    /// Nodes and edges
    Json,
    /// A picture of the kinds
    Svg,
}

/// A picture: boxes with a name, lines of text and a state, and arrows between them.
struct Picture {
    boxes: Vec<(String, Vec<String>, State)>,
    arrows: BTreeSet<(usize, usize)>,
}

pub fn run(args: &GraphArgs, global: &Global) -> Result<ExitCode> {
    let loaded = load(&args.experiment, &args.overrides, global)?;
    let plan = Plan::new(&loaded.experiment, &loaded.profile, &loaded.cache)?;
    if args.format == Format::Json {
        return Ok(print_json(&json(&plan)));
    }
    let picture = if args.all && args.format != Format::Svg { every(&plan) } else { kinds(&plan) };
    Ok(print(&match args.format {
        Format::Dot => dot(&picture),
        Format::Mermaid => mermaid(&picture),
        Format::Svg | Format::Json => svg(&picture),
    }))
}

fn json(plan: &Plan) -> Value {
    let graph = plan.graph();
    let nodes: Vec<Value> = graph
        .iter()
        .map(|(at, node)| {
            json!({"key": node.key, "kind": node.kind.name, "label": node.label(),
                   "state": plan.states[at].name()})
        })
        .collect();
    let edges: Vec<Value> = (0..graph.len())
        .flat_map(|at| graph.inputs(at).map(move |input| (input, at)))
        .map(|(from, to)| json!([graph.node(from).key, graph.node(to).key]))
        .collect();
    json!({"schema": 1, "nodes": nodes, "edges": edges})
}

fn every(plan: &Plan) -> Picture {
    let graph = plan.graph();
    let boxes = graph.iter().map(|(at, node)| (node.label(), vec![], plan.states[at])).collect();
    let arrows =
        (0..graph.len()).flat_map(|at| graph.inputs(at).map(move |input| (input, at))).collect();
    Picture { boxes, arrows }
}

fn kinds(plan: &Plan) -> Picture {
    let graph = plan.graph();
    let place: BTreeMap<&str, usize> = KINDS
        .iter()
        .map(|k| k.name)
        .filter(|name| graph.iter().any(|(_, node)| node.kind.name == *name))
        .enumerate()
        .map(|(i, name)| (name, i))
        .collect();
    let mut arrows = BTreeSet::new();
    for (at, node) in graph.iter() {
        for input in graph.inputs(at) {
            let edge = (place[graph.node(input).kind.name], place[node.kind.name]);
            if edge.0 != edge.1 {
                arrows.insert(edge);
            }
        }
    }
    let boxes = KINDS
        .iter()
        .zip(plan.tallies())
        .filter(|(kind, _)| place.contains_key(kind.name))
        .map(|(kind, (tally, _))| {
            let mut lines = vec![format!("{} cached", tally.cached)];
            if tally.stale + tally.blocked > 0 {
                lines.push(format!("{} to make", tally.stale + tally.blocked));
            }
            let state = match tally.stale + tally.blocked {
                0 => State::Cached,
                _ if tally.stale > 0 => State::Stale,
                _ => State::Blocked,
            };
            (kind.name.to_owned(), lines, state)
        })
        .collect();
    Picture { boxes, arrows }
}

/// Fill by state: cached green, stale orange, blocked grey; legible in black.
fn fill(state: State) -> &'static str {
    match state {
        State::Cached => "#d5f0d9",
        State::Stale => "#ffe0b3",
        State::Blocked => "#e6e6e6",
    }
}

fn dot(picture: &Picture) -> String {
    let mut out = String::from(
        "digraph spinlock {\n  rankdir=LR;\n  node [shape=box, style=\"rounded,filled\", fontname=\"sans-serif\"];\n",
    );
    for (i, (name, lines, state)) in picture.boxes.iter().enumerate() {
        let text = std::iter::once(name).chain(lines).cloned().collect::<Vec<_>>().join("\\n");
        let _ = writeln!(out, "  n{i} [label=\"{text}\", fillcolor=\"{}\"];", fill(*state));
    }
    for (from, to) in &picture.arrows {
        let _ = writeln!(out, "  n{from} -> n{to};");
    }
    out.push_str("}\n");
    out
}

fn mermaid(picture: &Picture) -> String {
    let mut out = String::from("flowchart LR\n");
    for (i, (name, lines, state)) in picture.boxes.iter().enumerate() {
        let text = std::iter::once(name).chain(lines).cloned().collect::<Vec<_>>().join("<br/>");
        let _ = writeln!(out, "  n{i}[\"{text}\"]:::{}", state.name());
    }
    for (from, to) in &picture.arrows {
        let _ = writeln!(out, "  n{from} --> n{to}");
    }
    for state in [State::Cached, State::Stale, State::Blocked] {
        let _ = writeln!(out, "  classDef {} fill:{},color:#000", state.name(), fill(state));
    }
    out
}

const BOX: (usize, usize) = (160, 64);
const GAP: (usize, usize) = (70, 26);
const MARGIN: usize = 20;

/// Boxes in columns, each as late as what it is used for allows; columns centred; straight arrows.
fn svg(picture: &Picture) -> String {
    let places = graph::place(picture.boxes.len(), &picture.arrows);
    let tallest = places.columns.iter().copied().max().unwrap_or(0);
    let corner = |(column, row): &(usize, usize)| {
        let inset = (tallest - places.columns[*column]) * (BOX.1 + GAP.1) / 2;
        (MARGIN + column * (BOX.0 + GAP.0), MARGIN + inset + row * (BOX.1 + GAP.1))
    };
    let place: Vec<(usize, usize)> = places.boxes.iter().map(corner).collect();
    let width = place.iter().map(|p| p.0).max().unwrap_or(0) + BOX.0 + MARGIN;
    let height = place.iter().map(|p| p.1).max().unwrap_or(0) + BOX.1 + MARGIN;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <defs><marker id=\"a\" markerWidth=\"8\" markerHeight=\"8\" refX=\"7\" refY=\"4\" \
         orient=\"auto\"><path d=\"M0,0 L8,4 L0,8 z\" fill=\"#555\"/></marker></defs>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    for (from, to) in &places.arrows {
        let (a, b) = (place[*from], place[*to]);
        let _ = writeln!(
            out,
            "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" stroke=\"#555\" marker-end=\"url(#a)\"/>",
            a.0 + BOX.0,
            a.1 + BOX.1 / 2,
            b.0,
            b.1 + BOX.1 / 2
        );
    }
    for ((name, lines, state), (x, y)) in picture.boxes.iter().zip(&place) {
        let _ = writeln!(
            out,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" rx=\"8\" fill=\"{}\" stroke=\"#777\"/>",
            BOX.0,
            BOX.1,
            fill(*state)
        );
        let middle = x + BOX.0 / 2;
        let _ = writeln!(
            out,
            "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\" font-weight=\"600\">{name}</text>",
            y + 22
        );
        for (i, line) in lines.iter().enumerate() {
            let _ = writeln!(
                out,
                "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{line}</text>",
                y + 40 + 16 * i
            );
        }
    }
    out.push_str("</svg>\n");
    out
}
