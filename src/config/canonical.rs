//! The canonical experiment: what defines the data, and nothing else.
//!
//! Invariant: two experiments that build the same data have the same canonical form, however they are
//! written: sorted keys, every default filled in; no names, paths, storage, execution or device. A
//! parameter that the first experiments did not have is left out at its default, so that their
//! canonical form, which keys and data sets hold, stays what it was.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Experiment;
use super::experiment::{Features, Sampling};
use crate::ic::InitialCondition;
use crate::key::{Key, Manifest};
use crate::operator::rollout::{Normalize, Precision, Scope};
use crate::sampling::SAMPLERS;
use crate::space::{ARCHITECTURE, Group, ParameterId, Spec, VOCABULARY};

/// The canonical form of an experiment that is computed in `precision`: the one asked for, or the one
/// that a machine uses.
pub fn canonical(experiment: &Experiment, precision: Precision) -> Value {
    let mut parameters = Map::new();
    for group in Group::ALL {
        let mut own = Map::new();
        for (i, parameter) in VOCABULARY.iter().enumerate().filter(|(_, p)| p.group == group) {
            let id = ParameterId(i);
            if id == ARCHITECTURE && experiment.space.constant(id) == Some(parameter.default) {
                continue;
            }
            let value = match experiment.space.constant(id) {
                Some(setting) => setting.into(),
                None => experiment.space.spec(id).map_or(Value::Null, spec),
            };
            own.insert(parameter.name.to_owned(), value);
        }
        parameters.insert(group.name().to_owned(), Value::Object(own));
    }
    let simulation = &experiment.simulation;
    let rollout = &simulation.rollout;
    let inputs: Vec<Value> = simulation
        .inputs
        .iter()
        .map(|input| {
            json!({
                "type": input.family.name,
                "version": input.family.version,
                "weight": input.weight,
                "settings": described(&*input.settings),
            })
        })
        .collect();
    let mut out = json!({
        "kind": "operators",
        "parameter_space": parameters,
        "sampling": sampling(&experiment.sampling),
        "simulation": {
            "precision": precision.name(),
            "num_realizations": simulation.num_realizations,
            "num_timesteps": simulation.num_timesteps,
            "operator_features": experiment.dataset.operator_features,
            "inputs": inputs,
            "rollout": {
                "normalize": normalize(rollout.normalize),
                "normalize_scope": scope(rollout.scope),
                "clamp": rollout.clamp.map(|(lo, hi)| [lo, hi]),
                "blowup_limit": rollout.blowup_limit,
            },
        },
    });
    if let Some(wanted) = &experiment.features {
        out["features"] = features(wanted);
    }
    sorted(out)
}

/// The settings of an initial condition.
pub(super) fn described(settings: &dyn InitialCondition) -> Value {
    let mut own = Settings::default();
    settings.describe(&mut own);
    Value::Object(own.0)
}

/// What is measured of rollouts.
pub fn features(wanted: &Features) -> Value {
    let categories: Map<String, Value> = wanted
        .categories
        .iter()
        .map(|category| {
            let mut settings = Settings::default();
            wanted.settings.describe(category, &mut settings);
            ((*category).to_owned(), Value::Object(settings.0))
        })
        .collect();
    let cleaning: Map<String, Value> = wanted
        .cleaning
        .values()
        .iter()
        .map(|(name, value)| ((*name).to_owned(), to_json(value)))
        .collect();
    let aggregation: Vec<&str> = wanted.aggregation.iter().map(|a| a.name()).collect();
    json!({
        "set": wanted.settings.set.name(),
        "categories": categories,
        "exclude": wanted.exclude,
        "realization_aggregation": aggregation,
        "cleaning": cleaning,
    })
}

/// N, the seed, and what acts of the sampler. The default sampler goes unnamed, as it was before there
/// were others: so the keys of its data sets stay.
fn sampling(sampling: &Sampling) -> Value {
    let mut described = Settings::default();
    sampling.sampler.describe(&mut described);
    let mut out = Map::new();
    out.insert("total_samples".to_owned(), sampling.total_samples.into());
    out.insert("seed".to_owned(), sampling.seed.into());
    if sampling.method.name != SAMPLERS[0].name {
        out.insert("strategy".to_owned(), sampling.method.name.into());
    }
    if let Some(scramble) = described.0.remove("scramble") {
        out.insert("scramble".to_owned(), scramble);
    }
    Value::Object(out)
}

fn normalize(normalize: Normalize) -> &'static str {
    match normalize {
        Normalize::None => "none",
        Normalize::MinMax => "minmax",
        Normalize::ZScore => "zscore",
    }
}

fn scope(scope: Scope) -> &'static str {
    match scope {
        Scope::State => "state",
        Scope::Channel => "channel",
    }
}

fn spec(spec: &Spec) -> Value {
    match spec {
        Spec::Integer(lo, hi) => json!({"type": "integer", "bounds": [lo, hi]}),
        Spec::Continuous { lo, hi, log } => {
            json!({"type": "continuous", "bounds": [lo, hi], "log_scale": log})
        }
        Spec::Choice(choices) => {
            let choices: Vec<Value> = choices.iter().map(|choice| (*choice).into()).collect();
            json!({"type": "choice", "choices": choices})
        }
    }
}

/// Collects the settings of an initial condition.
#[derive(Default)]
struct Settings(Map<String, Value>);

impl Manifest for Settings {
    fn input(&mut self, name: &str, key: Key) {
        self.0.insert(name.to_owned(), key.to_string().into());
    }

    fn param(&mut self, name: &str, value: crate::key::Value) {
        self.0.insert(name.to_owned(), to_json(&value));
    }
}

fn to_json(value: &crate::key::Value) -> Value {
    use crate::key::Value as Recipe;
    match value {
        Recipe::Absent => Value::Null,
        Recipe::Bool(v) => (*v).into(),
        Recipe::Int(v) => (*v).into(),
        Recipe::Float(v) => (*v).into(),
        Recipe::Text(v) => v.clone().into(),
        Recipe::List(items) => items.iter().map(to_json).collect(),
        Recipe::Map(items) => {
            items.iter().map(|(name, item)| ((*name).to_owned(), to_json(item))).collect()
        }
    }
}

/// The value with the keys of every object sorted.
pub(super) fn sorted(value: Value) -> Value {
    match value {
        Value::Object(entries) => {
            let mut entries: Vec<(String, Value)> =
                entries.into_iter().map(|(name, value)| (name, sorted(value))).collect();
            entries.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(entries.into_iter().collect())
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        other => other,
    }
}

/// The leaves of a document by dotted path; lists and empty mappings are leaves.
pub fn leaves(document: &Value) -> BTreeMap<String, Value> {
    fn walk(path: &str, value: &Value, out: &mut BTreeMap<String, Value>) {
        match value {
            Value::Object(fields) if !fields.is_empty() => {
                for (name, value) in fields {
                    let path =
                        if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    walk(&path, value, out);
                }
            }
            leaf => {
                out.insert(path.to_owned(), leaf.clone());
            }
        }
    }
    let mut out = BTreeMap::new();
    walk("", document, &mut out);
    out
}
