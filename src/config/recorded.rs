//! Experiments that were written down by builds, read back.
//!
//! Two forms. A *recorded* experiment, in lock files, is the merged document without what does not reach
//! the data set: words about it, and the device of one machine. A *canonical* experiment, in data sets,
//! says what the data are, but not how work was cut, how states are stored and what inputs were called.
//! Invariant: what either resolves to has the canonical form that was written down, or is an error.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::canonical::{described, leaves, sorted};
use super::source::Sources;
use super::{Experiment, Loaded, Request, canonical, resolve, tree};
use crate::error::{Error, Result};
use crate::ic::Family;
use crate::node::{Faults, Fields};

/// What is laid over a recorded experiment.
#[derive(Debug, Clone, Default)]
pub struct Rebuild<'a> {
    /// `dataset.output_path`, instead of the recorded one.
    pub output: Option<&'a Path>,
    /// Where to compute.
    pub device: Option<&'a str>,
    /// Paths may leave the project.
    pub allow_outside: bool,
}

/// What a lock file keeps of an experiment, to build it again.
pub fn recorded(experiment: &Experiment) -> Value {
    let mut document = experiment.document.clone();
    if let Some(metadata) = document.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|name, _| name == "name");
    }
    if let Some(simulation) = document.get_mut("simulation").and_then(Value::as_object_mut) {
        simulation.shift_remove("device");
    }
    sorted(json!({"file": experiment.file.display().to_string(), "document": document}))
}

/// The experiment that was [`recorded`]. It counts as changed by the command line: nothing is written about
/// it beside its file.
///
/// # Errors
/// A usage error if it is of another form, or if a setting in it is not known here.
pub fn from_recorded(recorded: &Value, root: &Path, rebuild: &Rebuild<'_>) -> Result<Experiment> {
    let broken = || {
        Error::usage("the lock file holds no experiment that can be built")
            .help("build the experiment again with this version of spinlock, which records it")
    };
    let file = recorded["file"].as_str().ok_or_else(broken)?;
    let mut document = recorded.get("document").cloned().ok_or_else(broken)?;
    if let Some(path) = rebuild.output {
        put(&mut document, "dataset", "output_path", path.display().to_string().into());
    }
    if let Some(device) = rebuild.device {
        put(&mut document, "simulation", "device", device.into());
    }
    let request = Request {
        root: root.to_owned(),
        allow_outside: rebuild.allow_outside,
        device: rebuild.device.map(str::to_owned),
        ..Request::default()
    };
    read(file, &document, &request)
}

/// The experiment whose canonical form was written down, with `more` laid over it section by section: what
/// the canonical form leaves out.
///
/// # Errors
/// A usage error if it cannot be read here, or if a family of initial conditions has another version now.
pub fn from_canonical(form: &Value, more: &Value, root: &Path) -> Result<Experiment> {
    let mut document = as_document(form)?;
    for (section, settings) in more.as_object().into_iter().flatten() {
        for (name, value) in settings.as_object().into_iter().flatten() {
            put(&mut document, section, name, value.clone());
        }
    }
    let request = Request { root: root.to_owned(), allow_outside: true, ..Request::default() };
    let mut experiment = read("canonical.yaml", &document, &request)?;
    let inputs = form["simulation"]["inputs"].as_array().map_or(&[][..], Vec::as_slice);
    // Weights were brought to the sum 1 once; again could move a last bit.
    for (entry, written) in experiment.simulation.inputs.iter_mut().zip(inputs) {
        entry.weight = written["weight"].as_f64().unwrap_or(entry.weight);
    }
    let precision = experiment.simulation.precision;
    let again = canonical(&experiment, precision);
    if again == *form {
        return Ok(experiment);
    }
    let (was, is) = (leaves(form), leaves(&again));
    let differs = was.keys().chain(is.keys()).find(|path| was.get(*path) != is.get(*path));
    let path = differs.cloned().unwrap_or_default();
    let text = |side: Option<&Value>| side.map_or("nothing".to_owned(), Value::to_string);
    Err(Error::usage(format!(
        "the recorded experiment means something else here: {} has become {}",
        text(was.get(&path)),
        text(is.get(&path))
    ))
    .at(path)
    .help("use the version of spinlock that wrote it"))
}

fn read(file: &str, document: &Value, request: &Request) -> Result<Experiment> {
    let loaded = Loaded {
        file: file.into(),
        tree: tree::from_json(document),
        sources: Sources::default(),
        faults: Faults::default(),
    };
    let (mut experiment, _) = resolve(loaded, request)?;
    experiment.overridden = true;
    Ok(experiment)
}

/// Sets `section.name` of a document.
fn put(document: &mut Value, section: &str, name: &str, value: Value) {
    if !document.is_object() {
        *document = json!({});
    }
    let slot = &mut document[section];
    if !slot.is_object() {
        *slot = json!({});
    }
    slot[name] = value;
}

/// The canonical form in the words of an experiment file.
fn as_document(form: &Value) -> Result<Value> {
    let simulation = &form["simulation"];
    let mut document = json!({
        "kind": form["kind"],
        "parameter_space": form["parameter_space"],
        "sampling": sampling(&form["sampling"]),
        "simulation": {
            "precision": simulation["precision"],
            "num_realizations": simulation["num_realizations"],
            "num_timesteps": simulation["num_timesteps"],
            "extract_operator_features": simulation["operator_features"],
            "inputs": inputs(&simulation["inputs"])?,
            "rollout": without_nulls(&simulation["rollout"]),
        },
    });
    if let Some(features) = form.get("features") {
        document["features"] = self::features(features, &simulation["operator_features"]);
    }
    Ok(document)
}

fn sampling(form: &Value) -> Value {
    let mut sobol = json!({"seed": form["seed"]});
    match &form["scramble"] {
        Value::Bool(scramble) => sobol["scramble"] = (*scramble).into(),
        Value::String(name) if name == "none" => sobol["scramble"] = false.into(),
        Value::String(name) => sobol["scramble_method"] = name.clone().into(),
        _ => {}
    }
    let mut out = json!({"total_samples": form["total_samples"], "sobol": sobol});
    if let Some(strategy) = form.get("strategy") {
        out["strategy"] = strategy.clone();
    }
    out
}

/// The initial conditions, under names that keep their order.
fn inputs(form: &Value) -> Result<Value> {
    let mut out = Vec::new();
    for (i, input) in form.as_array().into_iter().flatten().enumerate() {
        let family = input["type"].as_str().unwrap_or_default();
        let known = crate::ic::family(family);
        if known.is_some_and(|known| json!(known.version) != input["version"]) {
            return Err(Error::usage(format!(
                "the initial condition `{family}` has another version here than the recorded {}",
                input["version"]
            ))
            .help("use the version of spinlock that wrote it"));
        }
        out.push(json!({
            "type": family,
            "name": format!("{i:06}"),
            "weight": input["weight"],
            "params": params(known, &input["settings"]),
        }));
    }
    Ok(out.into())
}

/// Settings that are not what they are by default: some defaults are described in words that no file holds.
fn params(family: Option<&Family>, settings: &Value) -> Value {
    let usual = family.map_or(Value::Null, |family| {
        let faults = Faults::default();
        described(&*family.read(&Fields::new(None, "", &faults)))
    });
    let own = settings.as_object().into_iter().flatten();
    let own = own.filter(|(name, value)| !value.is_null() && usual.get(*name) != Some(*value));
    Value::Object(own.map(|(name, value)| (name.clone(), value.clone())).collect())
}

fn features(form: &Value, sensitivity: &Value) -> Value {
    let mut out = Map::new();
    let mut names: Vec<Value> = Vec::new();
    for (name, settings) in form["categories"].as_object().into_iter().flatten() {
        names.push(name.clone().into());
        let settings = settings.as_object().into_iter().flatten();
        let mut own = Map::new();
        for (setting, value) in settings {
            match setting.as_str() {
                "definitions" => {
                    out.insert("definitions".to_owned(), value.clone());
                }
                // These follow from the set.
                "set" | "extended" => {}
                _ => {
                    own.insert(setting.clone(), value.clone());
                }
            }
        }
        if !own.is_empty() {
            out.insert(name.clone(), own.into());
        }
    }
    if sensitivity.as_bool() == Some(true) {
        names.push(crate::operator::sensitivity::CATEGORY.into());
    }
    out.insert("categories".to_owned(), names.into());
    for name in ["set", "exclude", "realization_aggregation", "cleaning"] {
        out.insert(name.to_owned(), without_nulls(&form[name]));
    }
    out.into()
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let some = fields.iter().filter(|(_, value)| !value.is_null());
            Value::Object(some.map(|(name, value)| (name.clone(), value.clone())).collect())
        }
        other => other.clone(),
    }
}
