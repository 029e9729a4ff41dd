//! From a merged document to a resolved experiment.
//!
//! [`Reader`] takes ranges and defaults from the table of keys, and records which keys it has taken,
//! so that a key of the table that nobody reads is found by a test. Invariant: reading never stops at
//! a fault; a default stands in.

mod dataset;
mod entry;
mod features;
mod inputs;
mod renders;
mod sampling;
mod simulation;
mod space;
mod spec;

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::experiment::{Dataset, Execution, Features, Render, Sampling, Simulation};
use super::locate::Bounds;
use super::schema::{self, Default, Key, Type};
use super::tree::find;
use crate::node::{Content, Fault, Faults, Fields, Node};
use crate::render::spec::Shape;
use crate::space::Space;

/// What a document says, and what the person should know about it.
pub struct Resolved {
    /// `metadata.name`, or what stands in for it.
    pub name: String,
    /// The parameters it names.
    pub space: Space,
    /// How points are drawn.
    pub sampling: Sampling,
    /// What is run.
    pub simulation: Simulation,
    /// How work is cut.
    pub execution: Execution,
    /// What is measured of the rollouts, if anything.
    pub features: Option<Features>,
    /// Pictures of the rollouts.
    pub renders: Vec<Render>,
    /// What is assembled.
    pub dataset: Dataset,
    /// Settings without effect.
    pub notes: Vec<String>,
    /// Paths of the keys that were read.
    #[cfg(test)]
    pub taken: BTreeSet<&'static str>,
}

/// Reads a document. `stem` is the name if it gives none; `insist`: the device was asked for on the
/// command line.
pub fn resolve(
    tree: &Node,
    stem: &str,
    insist: bool,
    bounds: Bounds<'_>,
    faults: &Faults,
) -> Resolved {
    let mut notes = schema::check(tree, faults);
    let reader = Reader { tree, faults, taken: RefCell::default() };
    reader.choice("kind");
    let name = name(&reader, stem);
    let parameters = space::read(&reader);
    let simulation = simulation::read(&reader, &parameters, insist, &mut notes);
    let sampling = sampling::read(&reader, &parameters.space, simulation.inputs.len(), &mut notes);
    let execution = simulation::execution(&reader);
    let mut dataset = dataset::read(&reader, &name, bounds, &mut notes);
    let features = features::read(&reader);
    dataset.operator_features |= features.as_ref().is_some_and(|features| features.sensitivity);
    let renders = renders::read(&reader, &renders::shape(&simulation, &parameters.space));
    notes.extend(space::idle(&parameters.space, simulation.num_timesteps));
    Resolved {
        name,
        space: parameters.space,
        sampling,
        simulation,
        execution,
        features,
        renders,
        dataset,
        notes,
        #[cfg(test)]
        taken: reader.taken.into_inner(),
    }
}

/// Reads the `features` of a document alone.
pub fn features(tree: &Node, faults: &Faults) -> Option<Features> {
    schema::check(tree, faults);
    let reader = Reader { tree, faults, taken: RefCell::default() };
    features::read(&reader)
}

/// Reads the `renders` of a document alone.
pub fn renders(tree: &Node, faults: &Faults, shape: &Shape) -> Vec<Render> {
    schema::check(tree, faults);
    renders::read(&Reader { tree, faults, taken: RefCell::default() }, shape)
}

/// Reads values by their path.
pub struct Reader<'a> {
    tree: &'a Node,
    faults: &'a Faults,
    taken: RefCell<BTreeSet<&'static str>>,
}

impl<'a> Reader<'a> {
    /// The key of the table, and a reader of the mapping that holds it.
    fn fields(&self, path: &'static str) -> (&'static Key, Fields<'a>) {
        let key = schema::key(path).expect("every key that is read stands in the table");
        self.taken.borrow_mut().insert(path);
        // A parent that is no mapping has been reported by the check against the table.
        let parent = find(self.tree, key.parent());
        let parent = parent.filter(|node| matches!(node.value, Content::Map(_)));
        (key, Fields::new(parent, key.parent(), self.faults))
    }

    /// The node at a path, if it holds anything.
    fn node(&self, path: &'static str) -> Option<&'a Node> {
        let (key, fields) = self.fields(path);
        fields.get(key.name())
    }

    /// A reader of the mapping at a path.
    fn map(&self, path: &'static str) -> Fields<'a> {
        let node = self.node(path).filter(|node| matches!(node.value, Content::Map(_)));
        Fields::new(node, path, self.faults)
    }

    fn bool(&self, path: &'static str) -> bool {
        let (key, fields) = self.fields(path);
        let Default::Bool(default) = key.default else {
            unreachable!("{path} has a truth value as its default")
        };
        fields.bool(key.name(), default)
    }

    fn int(&self, path: &'static str) -> i64 {
        let (key, fields) = self.fields(path);
        let (Type::Int(lo, hi), Default::Int(default)) = (key.ty, key.default) else {
            unreachable!("{path} is a whole number with a default")
        };
        fields.int(key.name(), lo..=hi, default)
    }

    fn float(&self, path: &'static str) -> Option<f64> {
        let (key, fields) = self.fields(path);
        let Type::Float(lo, hi) = key.ty else { unreachable!("{path} is a number") };
        let default = match key.default {
            Default::Float(default) => Some(default),
            _ => None,
        };
        fields.optional_float(key.name(), lo..=hi).or(default)
    }

    fn text(&self, path: &'static str) -> Option<&'a str> {
        let (key, fields) = self.fields(path);
        fields.text(key.name())
    }

    fn choice(&self, path: &'static str) -> &'static str {
        let (key, fields) = self.fields(path);
        let (Type::Choice(names), Default::Name(default)) = (key.ty, key.default) else {
            unreachable!("{path} is a name with a default")
        };
        schema::choice(&fields, key, names).unwrap_or(default)
    }

    /// Records that the value at `path` is not what is allowed there.
    fn wrong(&self, path: &'static str, node: &Node, why: &str) {
        let allowed = schema::key(path).map(Key::allowed).unwrap_or_default();
        self.faults.report(
            node,
            path,
            format!("{} {why}", node.describe()),
            Some(format!("allowed: {allowed}")),
        );
    }
}

/// Two numbers, the low one first.
///
/// # Errors
/// What is wrong with them.
fn ends(node: &Node) -> Result<(f64, f64), String> {
    let numbers: Option<Vec<f64>> = match &node.value {
        Content::List(items) => items.iter().map(Node::number).collect(),
        _ => None,
    };
    match numbers.as_deref() {
        Some([lo, hi]) if lo <= hi => Ok((*lo, *hi)),
        Some([lo, hi]) if lo > hi => {
            Err(format!("the low end `{lo:?}` is above the high end `{hi:?}`"))
        }
        Some([lo, hi]) => Err(format!("`[{lo:?}, {hi:?}]` is no range")),
        _ => Err(format!("{} is not a pair of numbers", node.describe())),
    }
}

/// `metadata.name`, or the name of the file.
fn name(reader: &Reader<'_>, stem: &str) -> String {
    const PATH: &str = "metadata.name";
    if reader.node(PATH).is_none() {
        return stem.to_owned();
    }
    let name = reader.text(PATH).unwrap_or(stem).trim();
    if name.is_empty() || name.chars().any(char::is_control) {
        let fault = Fault {
            span: reader.node(PATH).map(|node| node.span),
            path: PATH.to_owned(),
            message: "the name is empty, or has characters that cannot be printed".to_owned(),
            help: Some("leave it out to be called after the file".to_owned()),
        };
        reader.faults.push(fault);
    }
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::schema::{Class, KEYS};
    use std::path::Path;

    /// Keys that act without being read: their sections are, or they are recorded as they stand.
    fn read_as_a_whole(key: &Key) -> bool {
        matches!(key.ty, Type::Section | Type::Open | Type::Free) || key.path == "extends"
    }

    #[test]
    fn every_key_that_acts_is_read_and_no_other() {
        let text = "simulation: {input_generation: {method: sampled, ic_type_weights: {mixed: 1}}}";
        let tree = crate::yaml::parse(0, text.as_bytes()).unwrap();
        let faults = Faults::default();
        let bounds = Bounds { root: Path::new("/"), allow_outside: true };
        let resolved = resolve(&tree, "x", false, bounds, &faults);
        assert!(faults.is_empty());
        for key in KEYS.iter().filter(|key| !read_as_a_whole(key)) {
            let acts = key.class == Class::Acts;
            assert_eq!(resolved.taken.contains(key.path), acts, "{}", key.path);
        }
    }
}
