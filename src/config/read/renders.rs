//! `renders`: pictures of the rollouts, each under a name of its own.

use super::Reader;
use crate::config::experiment::{Render, Simulation};
use crate::ic;
use crate::node::{Content, Fields, Node, known_names};
use crate::picture::{COLORMAPS, Colormap, colormap};
use crate::render::Method;
use crate::render::channels::Channels;
use crate::render::color::{ColorRule, Limits, Scope, Time};
use crate::render::layout::Zoom;
use crate::render::select::{Choice, Selection};
use crate::render::spec::{Column, Export, Kind, RenderSpec, Shape, Steps, Times};
use crate::render::theme::Theme;
use crate::space::{Domain, ParameterId, Setting, Space, VOCABULARY};

const SECTION: &str = "renders";

/// How many operators a render shows if it says nothing.
const OPERATORS: usize = 8;

/// What renders of an experiment show: the grid is the only one there is, or one that any picture fits.
pub fn shape(simulation: &Simulation, space: &Space) -> Shape {
    let id = ParameterId::named("grid_size").expect("it is in the vocabulary");
    let side = match space.constant(id) {
        Some(Setting::Int(side)) => side as usize,
        _ => 64,
    };
    Shape {
        realizations: simulation.num_realizations as usize,
        states: simulation.num_timesteps as usize,
        channels: simulation.channels as usize,
        height: side,
        width: side,
    }
}

/// Reads `renders` of states of this shape.
pub fn read(reader: &Reader<'_>, shape: &Shape) -> Vec<Render> {
    let section = reader.map(SECTION);
    let mut out = Vec::new();
    for entry in section.rest() {
        let name = &entry.name;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if name.is_empty() || !name.chars().all(is_plain) {
            let help = "it becomes the name of a file: letters, digits, `-` and `_`".to_owned();
            section.fault(name, "a render needs a plain name", Some(help));
            continue;
        }
        out.push(one(name, section.map(name), shape));
    }
    out
}

fn one(name: &str, fields: Fields<'_>, shape: &Shape) -> Render {
    let before = fields.faults().len();
    let usual = RenderSpec::usual(shape, vec![0]);
    let is_strip = fields.choice("kind", &["grid", "strip"], "grid") == "strip";
    let kind = if is_strip { Kind::Strip(times(&fields)) } else { Kind::Grid };
    let still = is_strip || shape.states == 1;
    let cell = fields.map("cell");
    let spec = RenderSpec {
        columns: columns(&fields).unwrap_or(usual.columns),
        color: color(fields.map("color")),
        steps: steps(fields.map("steps"), shape),
        zoom: zoom(&cell),
        gap: cell.int("gap", 0..=64, usual.gap as i64) as usize,
        captions: captions(&fields),
        theme: Theme::of_name(fields.choice("theme", &Theme::NAMES, "light")).unwrap_or_default(),
        exports: exports(&fields)
            .unwrap_or_else(|| if still { vec![Export::Png] } else { usual.exports }),
        fps: fields.int("fps", 1..=240, i64::from(usual.fps)) as u32,
        crf: fields.int("crf", 0..=51, i64::from(usual.crf)) as u32,
        operators: usual.operators,
        kind,
    };
    cell.finish();
    let selection = selection(&fields);
    // What is wrong already needs no second word.
    if fields.faults().len() == before
        && let Err(error) = spec.check(shape)
    {
        for fault in std::iter::once(&error).chain(&error.also) {
            let path = fault.path.as_deref().unwrap_or_default();
            let key = path.split(['.', '[']).next().unwrap_or(path);
            fields.fault(key, &*fault.message, fault.help.clone());
        }
    }
    fields.finish();
    Render { name: name.to_owned(), selection, spec }
}

fn steps(fields: Fields<'_>, shape: &Shape) -> Steps {
    let last = shape.states.saturating_sub(1) as i64;
    let steps = Steps {
        from: fields.int("from", 0..=last, 0) as usize,
        to: fields.int("to", 0..=last, last) as usize,
        stride: fields.int("stride", 1..=i64::MAX, 1) as usize,
    };
    fields.finish();
    steps
}

fn times(fields: &Fields<'_>) -> Times {
    const ALLOWED: &str = "a whole number of times, or a list of steps";
    let Some(node) = fields.get("times") else { return Times::Even(8) };
    let numbers = match &node.value {
        Content::List(items) => items.iter().map(Node::integer).collect::<Option<Vec<i64>>>(),
        _ => None,
    };
    match (node.integer(), numbers) {
        (Some(count @ 1..=1000), _) => Times::Even(count as usize),
        (_, Some(steps)) if steps.iter().all(|step| *step >= 0) => {
            Times::At(steps.into_iter().map(|step| step as usize).collect())
        }
        _ => {
            let message = format!("{} are no times", node.describe());
            fields.fault("times", message, Some(format!("allowed: {ALLOWED}")));
            Times::Even(8)
        }
    }
}

fn columns(fields: &Fields<'_>) -> Option<Vec<Column>> {
    let node = fields.get("columns")?;
    let Content::List(items) = &node.value else {
        let help = "as `[realization:0, mean, {entropy: {map: inferno}}]`".to_owned();
        fields.fault(
            "columns",
            format!("{} is not a list of columns", node.describe()),
            Some(help),
        );
        return None;
    };
    let mut out = Vec::new();
    for (i, item) in items.iter().enumerate() {
        let path = format!("{}[{i}]", fields.path_of("columns"));
        let (name, own) = match &item.value {
            Content::Text(name) => (name.as_str(), None),
            Content::Map(entries) if entries.len() == 1 => {
                (entries[0].name.as_str(), Some(&entries[0].node))
            }
            _ => {
                let help = Some("write a name, or `{name: {map: …}}`".to_owned());
                fields.faults().report(item, &path, "this is no column", help);
                continue;
            }
        };
        match Column::of_name(name) {
            Err(error) => fields.faults().report(item, &path, error.message, error.help),
            Ok(mut column) => {
                let own = Fields::new(own, format!("{path}.{name}"), fields.faults());
                column.map = map(&own);
                column.limits = limits(&own);
                if own.choice("method", &["standard", "compat"], "standard") == "compat" {
                    column.method = Method::Compat;
                }
                own.finish();
                out.push(column);
            }
        }
    }
    Some(out)
}

fn color(fields: Fields<'_>) -> ColorRule {
    let usual = ColorRule::default();
    let rule = ColorRule {
        scope: Scope::of_name(fields.choice("scope", &Scope::NAMES, "operator"))
            .unwrap_or(usual.scope),
        time: Time::of_name(fields.choice("time", &Time::NAMES, "clip")).unwrap_or(usual.time),
        limits: limits(&fields).unwrap_or(usual.limits),
        map: map(&fields),
        channels: channels(&fields),
    };
    fields.finish();
    rule
}

fn channels(fields: &Fields<'_>) -> Option<Channels> {
    let name = fields.text("channels")?;
    let found = Channels::of_name(name);
    if found.is_none() {
        let known = ["rgb-per-channel", "rgb-joint", "pca", "norm", "channel:0"];
        let message = format!("there is no way `{}` to show channels", name.escape_debug());
        fields.fault("channels", message, Some(known_names(name, known)));
    }
    found
}

fn map(fields: &Fields<'_>) -> Option<&'static Colormap> {
    let name = fields.text("map")?;
    let found = colormap(name);
    if found.is_none() {
        let message = format!("there is no colour table `{}`", name.escape_debug());
        let known = COLORMAPS.iter().map(|map| map.name);
        fields.fault("map", message, Some(known_names(name, known)));
    }
    found
}

fn limits(fields: &Fields<'_>) -> Option<Limits> {
    const ALLOWED: &str = "minmax, {quantile: [low, high]}, {fixed: [low, high]} or {symmetric: q}";
    let node = fields.get("bounds")?;
    if node.value == Content::Text("minmax".into()) {
        return Some(Limits::MinMax);
    }
    let entries = match &node.value {
        Content::Map(entries) if entries.len() == 1 => entries,
        _ => {
            let message = format!("{} are no bounds", node.describe());
            fields.fault("bounds", message, Some(format!("allowed: {ALLOWED}")));
            return None;
        }
    };
    let inner = fields.map("bounds");
    let any = f64::NEG_INFINITY..=f64::INFINITY;
    let found = match entries[0].name.as_str() {
        "quantile" => inner.pair("quantile", 0.0..=1.0).map(|(a, b)| Limits::Quantile(a, b)),
        "fixed" => inner.pair("fixed", any).map(|(a, b)| Limits::Fixed(a, b)),
        "symmetric" => inner.optional_float("symmetric", 0.0..=0.5).map(Limits::Symmetric),
        _ => None,
    };
    for name in ["quantile", "fixed", "symmetric"] {
        inner.get(name);
    }
    inner.finish();
    found
}

fn zoom(fields: &Fields<'_>) -> Option<Zoom> {
    let node = fields.get("scale")?;
    if let Some(by @ 1..=64) = node.integer() {
        return Some(Zoom::Enlarge(by as usize));
    }
    let reduce = match &node.value {
        Content::Text(text) => text.strip_prefix("1/").and_then(|by| by.parse().ok()),
        _ => None,
    };
    if reduce.is_none() {
        let help = "allowed: pixels for a datum, 1 to 64, or `1/2`, `1/4`, … to reduce".to_owned();
        fields.fault("scale", format!("{} is no scale", node.describe()), Some(help));
    }
    reduce.map(Zoom::Reduce)
}

/// Names of parameters that stand beside each row; `None` in the file for the usual ones.
fn captions(fields: &Fields<'_>) -> Vec<String> {
    let mut out = Vec::new();
    for (node, name) in texts(fields, "captions").unwrap_or_default() {
        if ParameterId::named(name).is_some() {
            out.push(name.to_owned());
        } else {
            let message = format!("there is no parameter `{}`", name.escape_debug());
            let known = VOCABULARY.iter().map(|p| p.name);
            let help = Some(known_names(name, known));
            fields.faults().report(node, &fields.path_of("captions"), message, help);
        }
    }
    out
}

fn exports(fields: &Fields<'_>) -> Option<Vec<Export>> {
    let mut out = Vec::new();
    for (node, name) in texts(fields, "export")? {
        match Export::of_name(name) {
            Ok(export) if out.contains(&export) => {}
            Ok(export) => out.push(export),
            Err(error) => {
                let path = fields.path_of("export");
                fields.faults().report(node, &path, error.message, error.help);
            }
        }
    }
    Some(out)
}

/// A text or a list of texts.
fn texts<'a>(fields: &Fields<'a>, name: &str) -> Option<Vec<(&'a Node, &'a str)>> {
    let node = fields.get(name)?;
    let items = match &node.value {
        Content::List(items) => items.iter().collect(),
        _ => vec![node],
    };
    let mut out = Vec::new();
    for item in items {
        if let Content::Text(text) = &item.value {
            out.push((item, text.as_str()));
        } else {
            let message = format!("{} is no name", item.describe());
            fields.faults().report(item, &fields.path_of(name), message, None);
        }
    }
    Some(out)
}

fn selection(fields: &Fields<'_>) -> Selection {
    let usual = Choice::Diverse(OPERATORS);
    let plain = |choice| Selection { choice, policy: None, input: None, grid: None };
    let Some(node) = fields.get("operators") else { return plain(usual) };
    if let Some(count @ 1..=1000) = node.integer() {
        return plain(Choice::Diverse(count as usize));
    }
    match &node.value {
        Content::List(_) => plain(indices(fields, "operators").map_or(usual, Choice::Indices)),
        Content::Map(_) => chosen(fields.map("operators"), usual),
        _ => {
            let message = format!("{} chooses no operators", node.describe());
            let help = "a number for so many different ones, a list of indices, or as `{random: 8, \
                        seed: 1}`, `{first: 8}`, `{diverse: 8, policy: convex}`";
            fields.fault("operators", message, Some(help.to_owned()));
            plain(usual)
        }
    }
}

fn chosen(fields: Fields<'_>, usual: Choice) -> Selection {
    const WAYS: [&str; 4] = ["diverse", "random", "first", "indices"];
    let count = |name: &str| fields.optional_int(name, 1..=1000).map(|n| n as usize);
    let given: Vec<&str> = WAYS.into_iter().filter(|way| fields.get(way).is_some()).collect();
    if let [_, second, ..] = given[..] {
        let message = format!("`{second}` is one way too many");
        fields.fault(second, message, Some(format!("choose one of {}", WAYS.join(", "))));
    }
    let way = given.first().copied().unwrap_or("diverse");
    let seed = fields.optional_int("seed", 0..=i64::MAX);
    if seed.is_some() && way != "random" {
        let help = Some("take it out, or choose `random`".to_owned());
        fields.fault("seed", format!("it has no effect under `{way}`"), help);
    }
    let choice = match way {
        "random" => count(way).map(|n| Choice::Random(n, seed.unwrap_or(0) as u64)),
        "first" => count(way).map(Choice::First),
        "indices" => indices(&fields, way).map(Choice::Indices),
        _ => count(way).map(Choice::Diverse),
    };
    let update = ParameterId::named("update_policy").expect("it is in the vocabulary");
    let Domain::Names(policies) = update.get().domain else { unreachable!("policies are names") };
    let policy = fields.get("policy").map(|_| fields.choice("policy", policies, policies[0]));
    let types: Vec<&'static str> = ic::FAMILIES.iter().map(|family| family.name).collect();
    let input = fields.get("ic").map(|_| fields.choice("ic", &types, types[0]));
    let grid = fields.optional_int("grid", 1..=65_536).map(|side| side as u32);
    fields.finish();
    Selection {
        choice: choice.unwrap_or(usual),
        policy: policy.map(str::to_owned),
        input: input.map(str::to_owned),
        grid,
    }
}

fn indices(fields: &Fields<'_>, name: &str) -> Option<Vec<u64>> {
    let numbers = fields.numbers(name, 0.0..=9e15)?;
    if let Some(odd) = numbers.iter().find(|n| n.fract() != 0.0) {
        fields.fault(name, format!("{odd} is no index of an operator"), None);
        return None;
    }
    Some(numbers.into_iter().map(|n| n as u64).collect())
}
