//! The initial conditions: `simulation.input_generation` in the reference's spelling, or the list
//! `simulation.inputs`.
//!
//! Invariant: what is resolved does not depend on the order in which entries were written.

use super::Reader;
use super::entry::{self, Draft, base, type_of, unknown};
use super::space::Parameters;
use crate::config::experiment::InputEntry;
use crate::ic;
use crate::node::{Content, Entry, Fields, Node};

const SECTION: &str = "simulation.input_generation";
const METHOD: &str = "simulation.input_generation.method";
const WEIGHTS: &str = "simulation.input_generation.ic_type_weights";
const LIST: &str = "simulation.inputs";
/// The settings of the section itself that every Gaussian random field takes.
const SHARED: [&str; 2] =
    ["simulation.input_generation.length_scale", "simulation.input_generation.variance"];

/// Reads the initial conditions; their weights sum to 1.
pub fn read(
    reader: &Reader<'_>,
    parameters: &Parameters,
    notes: &mut Vec<String>,
) -> Vec<InputEntry> {
    let drafts = match reader.node(LIST) {
        Some(list) => {
            if let Some(section) = reader.node(SECTION) {
                reader.faults.report(
                    section,
                    SECTION,
                    "given beside `simulation.inputs`",
                    Some("keep one of the two".to_owned()),
                );
            }
            explicit(reader, list)
        }
        None => generation(reader, notes),
    };
    entry::resolve(drafts, reader, parameters)
}

/// `input_generation`.
fn generation<'a>(reader: &Reader<'a>, notes: &mut Vec<String>) -> Vec<Draft<'a>> {
    let blocks = blocks(reader);
    let shared = shared(reader);
    let weights = weights(reader, &blocks);
    let method = reader.text(METHOD);
    let mut drafts = match (method, reader.node(WEIGHTS)) {
        (Some("sampled"), _) | (None, Some(_)) => weights,
        (method, given) => {
            if given.is_some() {
                notes.push(format!("`{WEIGHTS}` is idle: it acts under `method: sampled`"));
            }
            let name = method.unwrap_or("gaussian_random_field");
            let ty = type_of(name, &blocks);
            if let Some(family) = base(ty) {
                vec![Draft::new(name, family, 1.0, reader.node(METHOD))]
            } else {
                if let Some(node) = reader.node(METHOD) {
                    match type_node(name, &blocks) {
                        Some((node, path)) => unknown(ty, node, &path, &[], reader.faults),
                        None => unknown(ty, node, METHOD, &["sampled"], reader.faults),
                    }
                }
                Vec::new()
            }
        }
    };
    if drafts.is_empty() {
        drafts.push(Draft::new(
            "gaussian_random_field",
            ic::family("gaussian_random_field").expect("the catalogue has it"),
            1.0,
            None,
        ));
    }
    for draft in &mut drafts {
        draft.block = own_block(&draft.name, draft.family.name, &blocks);
    }
    let is_field = |draft: &Draft<'_>| draft.family.name == "gaussian_random_field";
    if !shared.is_empty() && !drafts.iter().any(is_field) {
        notes.push(format!(
            "`{SECTION}.{}` is idle: no input is a `gaussian_random_field`",
            shared[0].name
        ));
    }
    // Blocks of entries that are not drawn are read too, so that a slip in them is found.
    for block in &blocks {
        let drawn = |draft: &Draft<'_>| draft.block.is_some_and(|b| std::ptr::eq(b, *block));
        if drafts.iter().any(drawn) {
            continue;
        }
        let ty = type_of(&block.name, &blocks);
        if let Some(family) = base(ty) {
            notes.push(format!("`{SECTION}.{}` is idle: it is not drawn", block.name));
            let mut draft = Draft::new(&block.name, family, 0.0, None);
            draft.block = Some(block);
            drafts.push(draft);
        } else if let Some((node, path)) = type_node(&block.name, &blocks) {
            unknown(ty, node, &path, &[], reader.faults);
        } else {
            let known = ["ic_type_weights", "length_scale", "variance", "method"];
            let path = format!("{SECTION}.{}", block.name);
            let at = Node { value: Content::Null, span: block.span };
            unknown(ty, &at, &path, &known, reader.faults);
        }
    }
    for draft in &mut drafts {
        if is_field(draft) {
            draft.shared.clone_from(&shared);
        }
        if let Some(block) = draft.block {
            draft.path = format!("{SECTION}.{}", block.name);
        } else {
            SECTION.clone_into(&mut draft.path);
        }
    }
    drafts
}

/// The `type` in a block, with its path: where a wrong one is shown, whoever names the block.
fn type_node<'a>(name: &str, blocks: &[&'a Entry]) -> Option<(&'a Node, String)> {
    let block = blocks.iter().find(|block| block.name == name)?;
    Some((block.node.get("type")?, format!("{SECTION}.{name}.type")))
}

/// The entries of the section that are blocks of settings.
fn blocks<'a>(reader: &Reader<'a>) -> Vec<&'a Entry> {
    let fields = reader.map(SECTION);
    for key in crate::config::schema::children(SECTION) {
        fields.get(key.name());
    }
    fields.rest()
}

/// `length_scale` and `variance` of the section.
fn shared(reader: &Reader<'_>) -> Vec<Entry> {
    let entry = |path: &'static str| {
        let node = reader.node(path)?.clone();
        let (key, _) = reader.fields(path);
        Some(Entry { name: key.name().to_owned(), span: node.span, node })
    };
    SHARED.into_iter().filter_map(entry).collect()
}

/// `ic_type_weights`.
fn weights<'a>(reader: &Reader<'a>, blocks: &[&'a Entry]) -> Vec<Draft<'a>> {
    let Some(node) = reader.node(WEIGHTS) else { return Vec::new() };
    let fields = Fields::new(Some(node), WEIGHTS, reader.faults);
    let mut drafts = Vec::new();
    for entry in fields.rest() {
        let weight = fields.float(&entry.name, 0.0..=1e12, 0.0);
        let ty = type_of(&entry.name, blocks);
        if let Some(family) = base(ty) {
            drafts.push(Draft::new(&entry.name, family, weight, Some(&entry.node)));
            continue;
        }
        let at = Node { value: Content::Null, span: entry.span };
        match type_node(&entry.name, blocks) {
            Some((node, path)) => unknown(ty, node, &path, &[], reader.faults),
            None => unknown(ty, &at, WEIGHTS, &[], reader.faults),
        }
    }
    let sum: f64 = drafts.iter().map(|d| d.weight).sum();
    if sum <= 0.0 && !drafts.is_empty() {
        reader.faults.report(node, WEIGHTS, "the weights sum to 0", None);
    }
    drafts
}

/// The block of an entry: its own, else that of its family, under any name of it.
fn own_block<'a>(name: &str, family: &str, blocks: &[&'a Entry]) -> Option<&'a Entry> {
    let named = |wanted: &str| blocks.iter().find(|b| b.name == wanted).copied();
    named(name).or_else(|| named(entry::stem(name))).or_else(|| named(family))
}

/// `simulation.inputs`.
fn explicit<'a>(reader: &Reader<'a>, list: &'a Node) -> Vec<Draft<'a>> {
    let items = match &list.value {
        Content::List(items) if !items.is_empty() => items,
        _ => {
            reader.wrong(LIST, list, "is not a list of inputs");
            return Vec::new();
        }
    };
    let mut drafts: Vec<Draft<'a>> = Vec::new();
    for (i, item) in items.iter().enumerate() {
        let path = format!("{LIST}.{i}");
        let fields = Fields::new(Some(item), path.clone(), reader.faults);
        let ty = fields.text("type");
        let name = fields.text("name").or(ty);
        let weight = fields.float("weight", 0.0..=1e12, 1.0);
        let params = fields.map("params");
        let place = fields.get("type").or_else(|| fields.get("name")).unwrap_or(item);
        match (name, ty.or(name)) {
            (Some(name), Some(ty)) => match base(ty) {
                Some(family) => {
                    if drafts.iter().any(|draft| draft.name == name) {
                        let message = format!("two inputs are called `{name}`");
                        let help = "give each its own `name`".to_owned();
                        reader.faults.report(place, &fields.path_of("name"), message, Some(help));
                    }
                    let mut draft = Draft::new(name, family, weight, Some(place));
                    draft.params = params.rest().into_iter().cloned().collect();
                    draft.path = format!("{path}.params");
                    drafts.push(draft);
                }
                None => unknown(ty, place, &format!("{path}.type"), &[], reader.faults),
            },
            _ => reader.faults.report(
                item,
                &path,
                "an input needs a `type`",
                Some("`spinlock list ics` names every type".to_owned()),
            ),
        }
        fields.finish();
    }
    if drafts.iter().map(|d| d.weight).sum::<f64>() <= 0.0 && !drafts.is_empty() {
        reader.faults.report(list, LIST, "the weights sum to 0", None);
    }
    drafts
}
