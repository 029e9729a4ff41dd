//! One initial condition: from its name to its family, from its block to its settings.

use std::sync::Arc;

use super::Reader;
use super::space::Parameters;
use crate::config::experiment::InputEntry;
use crate::config::tree::NOWHERE;
use crate::ic::{self, Family};
use crate::key::RecipeText;
use crate::node::{Content, Entry, Faults, Fields, Node, nearest};

/// An entry before its settings are read.
pub struct Draft<'a> {
    /// Its name in the experiment.
    pub name: String,
    /// Its family.
    pub family: &'static Family,
    /// Its share, not normalised; 0 for what is only checked.
    pub weight: f64,
    /// Where it is named.
    pub place: Option<&'a Node>,
    /// Its block.
    pub block: Option<&'a Entry>,
    /// Settings that hold where its block has none.
    pub shared: Vec<Entry>,
    /// Settings given directly.
    pub params: Vec<Entry>,
    /// The dotted path of its settings.
    pub path: String,
}

impl<'a> Draft<'a> {
    /// An entry without settings.
    pub fn new(name: &str, family: &'static Family, weight: f64, place: Option<&'a Node>) -> Self {
        Draft {
            name: name.to_owned(),
            family,
            weight,
            place,
            block: None,
            shared: Vec::new(),
            params: Vec::new(),
            path: String::new(),
        }
    }

    /// Its settings as one mapping; the block wins over what is shared.
    fn settings(&self, faults: &Faults) -> Node {
        let mut entries = self.params.clone();
        let mut span = self.place.map_or(NOWHERE, |node| node.span);
        if let Some(block) = self.block {
            span = block.node.span;
            match &block.node.value {
                Content::Map(own) => {
                    entries.extend(own.iter().filter(|e| e.name != "type").cloned());
                }
                Content::Null => {}
                _ => faults.report(
                    &block.node,
                    &self.path,
                    format!("expected a mapping, found {}", block.node.describe()),
                    Some("the settings of an initial condition".to_owned()),
                ),
            }
        }
        for entry in &self.shared {
            if !entries.iter().any(|own| own.name == entry.name) {
                entries.push(entry.clone());
            }
        }
        Node { value: Content::Map(entries), span }
    }
}

/// A name without the suffix of a variant: `_v` and digits, `_low`, `_mid`, `_high`.
pub fn stem(name: &str) -> &str {
    for suffix in ["_low", "_mid", "_high"] {
        if let Some(stem) = name.strip_suffix(suffix) {
            return stem;
        }
    }
    let digits = name.trim_end_matches(|c: char| c.is_ascii_digit());
    match digits.strip_suffix("_v") {
        Some(stem) if digits.len() < name.len() => stem,
        _ => name,
    }
}

/// The type that an entry names: the `type` in its own block, else its own name.
pub fn type_of<'a>(name: &'a str, blocks: &[&'a Entry]) -> &'a str {
    let block = blocks.iter().find(|block| block.name == name);
    match block.and_then(|block| block.node.get("type")).map(|node| &node.value) {
        Some(Content::Text(ty)) => ty,
        _ => name,
    }
}

/// The family that a type stands for: its own, that of an alias, or of a variant.
pub fn base(ty: &str) -> Option<&'static Family> {
    [ty, stem(ty)].into_iter().find_map(ic::family)
}

/// Reports a name that stands for nothing.
pub fn unknown(name: &str, at: &Node, path: &str, also: &[&'static str], faults: &Faults) {
    let known = also.iter().copied().chain(ic::FAMILIES.iter().map(|family| family.name));
    let help = match nearest(name, known) {
        Some(near) => format!("did you mean `{near}`? `spinlock list ics` names every type"),
        None => "`spinlock list ics` names every type; or give it a block of its own with a `type`"
            .to_owned(),
    };
    let message = format!("there is no initial condition `{}`", name.escape_debug());
    faults.report(at, path, message, Some(help));
}

/// Reads the settings of all entries; those without weight are read and left out.
pub fn resolve(
    drafts: Vec<Draft<'_>>,
    reader: &Reader<'_>,
    parameters: &Parameters,
) -> Vec<InputEntry> {
    let mut entries: Vec<(String, InputEntry)> = Vec::new();
    for draft in drafts {
        let node = draft.settings(reader.faults);
        let fields = Fields::new(Some(&node), draft.path.clone(), reader.faults);
        let settings: Arc<dyn ic::InitialCondition> = Arc::from(draft.family.read(&fields));
        fields.finish();
        if draft.weight <= 0.0 {
            continue;
        }
        for grid in parameters.grids() {
            let channels = parameters.channels() as usize;
            if let Err(why) = draft.family.check(&*settings, grid as usize, channels) {
                let at = draft.block.map(|block| &block.node).or(draft.place).unwrap_or(&node);
                let message = format!("`{}` cannot be drawn: {why}", draft.name);
                reader.faults.report(at, &draft.path, message, None);
            }
        }
        let mut text = RecipeText::default();
        settings.describe(&mut text);
        let Draft { name, family, weight, .. } = draft;
        let entry = InputEntry { name, family, weight, settings };
        entries.push((text.0, entry));
    }
    entries.sort_by(|(a_text, a), (b_text, b)| {
        (a.family.name, a_text, a.name.as_str())
            .cmp(&(b.family.name, b_text, b.name.as_str()))
            .then(a.weight.total_cmp(&b.weight))
    });
    // Summed in this order, so that the order in the file does not reach the last bit.
    let total: f64 = entries.iter().map(|(_, entry)| entry.weight).sum();
    for (_, entry) in &mut entries {
        entry.weight /= total;
    }
    entries.into_iter().map(|(_, entry)| entry).collect()
}
