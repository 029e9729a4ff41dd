//! `spinlock graph`

mod draw;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;

use super::common::{Overrides, load};
use super::{Global, print, style};
use crate::error::{Error, Result};
use crate::plan::group::{Group, group};
use crate::plan::{Plan, State, kind_index};
use draw::{Box, Picture};

/// Draw the graph of artifacts
#[derive(Debug, clap::Args)]
pub struct GraphArgs {
    /// Experiment file
    experiment: PathBuf,
    #[command(flatten)]
    overrides: Overrides,
    /// dot, mermaid and svg draw groups with counts unless `--all` is given; json lists every artifact
    #[arg(long, value_enum, default_value_t = Format::Dot)]
    format: Format,
    /// Draw every artifact, not groups; up to 300 of them as svg or mermaid
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Graphviz
    Dot,
    /// Mermaid
    Mermaid,
    /// Nodes, edges and groups
    Json,
    /// A picture
    Svg,
}

/// Most boxes of a picture that is drawn of every artifact.
const MOST: usize = 300;
/// From so many boxes on, Graphviz takes long.
const SLOW: usize = 2000;
/// Most groups of one kind that are drawn apart.
const APART: usize = 12;

pub fn run(args: &GraphArgs, global: &Global) -> Result<ExitCode> {
    let loaded = load(&args.experiment, &args.overrides, global)?;
    let plan = Plan::new(&loaded.experiment, &loaded.profile, &loaded.cache)?;
    let count = plan.graph().len();
    if args.format == Format::Json {
        let mut out = BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
        return Ok(match write_json(&plan, &mut out).and_then(|()| out.flush()) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => ExitCode::from(3),
            _ => ExitCode::SUCCESS,
        });
    }
    if args.all && args.format != Format::Dot && count > MOST {
        return Err(Error::usage(format!("{count} artifacts are too many for one picture"))
            .help("leave `--all` out for groups; `--format json` and `dot` list every artifact"));
    }
    if args.all && count > SLOW {
        let note =
            format!("{count} artifacts: Graphviz will take long; without `--all` groups are drawn");
        eprintln!("{}", style::note(&note));
    }
    let picture = if args.all { every(&plan) } else { groups(&plan) };
    Ok(print(&match args.format {
        Format::Dot => draw::dot(&picture),
        Format::Mermaid => draw::mermaid(&picture),
        Format::Svg | Format::Json => draw::svg(&picture),
    }))
}

/// Every artifact and edge, one to a line, then the groups; nothing is held but the plan.
fn write_json(plan: &Plan, out: &mut impl Write) -> std::io::Result<()> {
    let graph = plan.graph();
    out.write_all(b"{\"schema\":1,\"nodes\":[")?;
    for (at, node) in graph.iter() {
        let comma = if at == 0 { "" } else { "," };
        let node = json!({"key": node.key, "kind": node.kind.name, "label": node.label(),
                          "state": plan.states[at].name()});
        write!(out, "{comma}\n{node}")?;
    }
    out.write_all(b"\n],\"edges\":[")?;
    let mut comma = "";
    for at in 0..graph.len() {
        for input in graph.inputs(at) {
            write!(out, "{comma}\n[\"{}\",\"{}\"]", graph.node(input).key, graph.node(at).key)?;
            comma = ",";
        }
    }
    let (names, counts, arrows) = collapsed(plan, &|group| group);
    let groups: Vec<_> = names
        .iter()
        .zip(&counts)
        .map(|(group, [cached, stale, blocked])| {
            json!({"kind": group.kind, "group": group.to_string(), "count": cached + stale + blocked,
                   "cached": cached, "stale": stale, "blocked": blocked})
        })
        .collect();
    let arrows: Vec<_> =
        arrows.iter().map(|(a, b)| [names[*a].to_string(), names[*b].to_string()]).collect();
    let rest = json!({"groups": groups, "group_edges": arrows}).to_string();
    writeln!(out, "\n],{}", &rest[1..])
}

fn every(plan: &Plan) -> Picture {
    let graph = plan.graph();
    let one =
        |at: usize| Box { name: graph.node(at).label(), lines: vec![], state: plan.states[at] };
    let boxes = (0..graph.len()).map(one).collect();
    let arrows =
        (0..graph.len()).flat_map(|at| graph.inputs(at).map(move |input| (input, at))).collect();
    Picture { boxes, arrows }
}

/// Groups in the order of making; how many of each are cached, stale, blocked; arrows between them.
type Collapsed<'a> = (Vec<Group<'a>>, Vec<[usize; 3]>, BTreeSet<(usize, usize)>);

/// The plan by what `merge` makes of the group of each artifact.
fn collapsed<'a>(plan: &'a Plan, merge: &dyn Fn(Group<'a>) -> Group<'a>) -> Collapsed<'a> {
    let graph = plan.graph();
    let mut known: BTreeMap<(usize, Group<'a>), usize> = BTreeMap::new();
    let mut of = Vec::with_capacity(graph.len());
    for (_, node) in graph.iter() {
        let group = merge(group(node));
        let next = known.len();
        of.push(*known.entry((kind_index(group.kind), group)).or_insert(next));
    }
    // From the order of meeting to the order of making.
    let mut place = vec![0; known.len()];
    for (i, met) in known.values().enumerate() {
        place[*met] = i;
    }
    let mut counts = vec![[0; 3]; known.len()];
    let mut arrows = BTreeSet::new();
    for at in 0..graph.len() {
        let own = place[of[at]];
        counts[own][match plan.states[at] {
            State::Cached => 0,
            State::Stale => 1,
            State::Blocked => 2,
        }] += 1;
        arrows
            .extend(graph.inputs(at).map(|input| (place[of[input]], own)).filter(|(a, b)| a != b));
    }
    (known.into_keys().map(|(_, group)| group).collect(), counts, arrows)
}

/// What is drawn as one box: the steps of a render together, as are the grids of a category, and all of a
/// kind that has too many groups.
fn groups(plan: &Plan) -> Picture {
    let coarse = |group: Group<'_>| match group.kind {
        "render" | "features" => {
            let end = group.detail.find(['/', '.']).unwrap_or(group.detail.len());
            Group { kind: group.kind, detail: group.detail[..end].to_owned().into() }
        }
        _ => Group { kind: group.kind, detail: group.detail.into_owned().into() },
    };
    let (names, ..) = collapsed(plan, &coarse);
    let many: BTreeMap<&str, usize> = names.iter().fold(BTreeMap::new(), |mut many, group| {
        *many.entry(group.kind).or_default() += 1;
        many
    });
    let merge = |group: Group<'_>| match coarse(group) {
        Group { kind, .. } if many.get(kind).is_some_and(|n| *n > APART) => {
            Group { kind, detail: format!("{} groups", many[kind]).into() }
        }
        group => group,
    };
    let (names, counts, arrows) = collapsed(plan, &merge);
    let boxes = names.iter().zip(counts).map(|(group, [cached, stale, blocked])| {
        let mut lines = vec![format!("×{}", cached + stale + blocked)];
        let states = [(cached, "cached"), (stale, "stale"), (blocked, "blocked")];
        let states: Vec<String> =
            states.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
        lines.push(states.join(", "));
        let state = match (stale, blocked) {
            (0, 0) => State::Cached,
            (0, _) => State::Blocked,
            _ => State::Stale,
        };
        Box { name: group.to_string(), lines, state }
    });
    Picture { boxes: boxes.collect(), arrows }
}
