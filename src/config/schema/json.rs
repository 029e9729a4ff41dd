//! The table as a JSON Schema (draft 2020-12), for editors.

use serde_json::{Map, Value, json};

use super::{Class, Default, Key, Type, children};
use crate::config::tree::OTHER_NAMES;
use crate::ic;
use crate::picture::COLORMAPS;
use crate::render::color::{Scope, Time};
use crate::render::spec::Export;
use crate::render::theme::Theme;
use crate::space::{Domain, Group, Parameter, VOCABULARY};

/// The JSON Schema of an experiment file.
pub fn json_schema() -> Value {
    let types: Vec<&str> = ic::FAMILIES.iter().map(|family| family.name).collect();
    let range = json!({
        "type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2
    });
    let law = |name: &str, value: &Value| {
        json!({
            "type": "object", "properties": {name: value}, "required": [name],
            "additionalProperties": false
        })
    };
    let choice = json!({"type": "array", "items": {"type": "number"}, "minItems": 1});
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "spinlock experiment",
        "$defs": {
            "law": {"anyOf": [
                {"type": "number"},
                law("uniform", &range),
                law("log_uniform", &range),
                law("choice", &choice),
            ]},
            "input": {
                "type": "object",
                "properties": {
                    "name": {"type": "string"},
                    "type": {"enum": types},
                    "weight": {"type": "number", "minimum": 0},
                    "params": {"type": "object"},
                },
                "required": ["type"],
                "additionalProperties": false,
            },
            "render": render(),
        },
    });
    if let (Value::Object(schema), Value::Object(root)) = (&mut schema, mapping("", Type::Section))
    {
        schema.extend(root);
    }
    schema
}

/// One of `renders`, as `docs/renders.md` says.
fn render() -> Value {
    let names = |names: &[&str]| json!({"enum": names});
    let count = json!({"type": "integer", "minimum": 0});
    let pair = json!({"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2});
    let one = |name: &str, value: &Value| {
        json!({
            "type": "object", "properties": {name: value}, "required": [name],
            "additionalProperties": false
        })
    };
    let bounds = json!({"anyOf": [
        {"const": "minmax"},
        one("quantile", &pair),
        one("fixed", &pair),
        one("symmetric", &json!({"type": "number"})),
    ]});
    let tables: Vec<&str> = COLORMAPS.iter().map(|map| map.name).collect();
    let map = json!({"enum": tables});
    let object = |properties: Value| json!({"type": "object", "properties": properties, "additionalProperties": false});
    let list = |items: &Value| json!({"anyOf": [items, {"type": "array", "items": items}]});
    let exports: Vec<&str> = Export::ALL.iter().map(|export| export.name()).collect();
    let own = object(json!({
        "map": map, "bounds": bounds, "method": names(&["standard", "compat"]),
    }));
    object(json!({
        "kind": names(&["grid", "strip"]),
        "operators": {"anyOf": [
            {"type": "integer", "minimum": 1},
            {"type": "array", "items": count, "minItems": 1},
            object(json!({
                "diverse": count, "random": count, "first": count, "seed": count,
                "indices": {"type": "array", "items": count, "minItems": 1},
                "policy": {"type": "string"}, "ic": {"type": "string"}, "grid": count,
            })),
        ]},
        "columns": {"type": "array", "minItems": 1, "items": {"anyOf": [
            {"type": "string"},
            {"type": "object", "additionalProperties": own, "minProperties": 1, "maxProperties": 1},
        ]}},
        "steps": object(json!({"from": count, "to": count, "stride": {"type": "integer", "minimum": 1}})),
        "times": {"anyOf": [count, {"type": "array", "items": count}]},
        "color": object(json!({
            "scope": names(&Scope::NAMES), "time": names(&Time::NAMES), "bounds": bounds, "map": map,
            "channels": {"type": "string"},
        })),
        "cell": object(json!({
            "scale": {"anyOf": [
                {"type": "integer", "minimum": 1}, {"type": "string", "pattern": "^1/[0-9]+$"}
            ]},
            "gap": count,
        })),
        "captions": list(&json!({"type": "string"})),
        "theme": names(&Theme::NAMES),
        "export": list(&json!({"enum": exports})),
        "fps": {"type": "integer", "minimum": 1, "maximum": 240},
        "crf": {"type": "integer", "minimum": 0, "maximum": 51},
    }))
}

/// A mapping of keys of the table.
fn mapping(path: &str, ty: Type) -> Value {
    let accepted = |key: &&Key| !matches!(key.class, Class::Refused(_));
    let mut properties: Map<String, Value> =
        children(path).filter(accepted).map(|key| (key.name().to_owned(), property(key))).collect();
    for (other, place) in OTHER_NAMES {
        let (parent, name) = other.rsplit_once('.').unwrap_or(("", other));
        if parent == path
            && let Some(key) = super::key(place)
        {
            properties.insert(name.to_owned(), property(key));
        }
    }
    let group = Group::ALL.into_iter().find(|g| path == format!("parameter_space.{}", g.name()));
    if let Some(group) = group {
        let own = VOCABULARY.iter().filter(|p| p.group == group);
        properties.extend(own.map(|p| (p.name.to_owned(), parameter(p))));
        match group {
            Group::Architecture => {
                properties.insert("use_batch_norm".to_owned(), json!({"const": false}));
            }
            Group::Operator => {
                for name in ["input_channels", "output_channels"] {
                    properties.insert(name.to_owned(), json!({}));
                }
            }
            Group::Stochastic | Group::Evolution => {}
        }
    }
    let others = match path {
        "renders" => json!({"$ref": "#/$defs/render"}),
        _ => json!(ty == Type::Open && group.is_none()),
    };
    json!({
        "type": ["object", "null"],
        "properties": properties,
        "additionalProperties": others,
    })
}

fn property(key: &Key) -> Value {
    let mut value = match key.ty {
        Type::Section | Type::Open => mapping(key.path, key.ty),
        Type::Free => json!({}),
        Type::Bool => json!({"type": "boolean"}),
        Type::Int(lo, i64::MAX) => json!({"type": "integer", "minimum": lo}),
        Type::Int(lo, hi) => json!({"type": "integer", "minimum": lo, "maximum": hi}),
        Type::Float(lo, f64::MAX) => json!({"type": "number", "minimum": lo}),
        Type::Float(lo, hi) => json!({"type": "number", "minimum": lo, "maximum": hi}),
        Type::Text => json!({"type": "string"}),
        Type::Choice(names) => json!({"enum": names}),
        Type::Other(_, schema) => {
            serde_json::from_str(schema).expect("the table holds JSON Schemas")
        }
    };
    let about = match key.class {
        Class::Noted(reason) => format!("No meaning here: {reason}."),
        _ => key.about.to_owned(),
    };
    if !about.is_empty() {
        value["description"] = about.into();
    }
    match key.default {
        Default::Bool(v) => value["default"] = v.into(),
        Default::Int(v) => value["default"] = v.into(),
        Default::Float(v) => value["default"] = v.into(),
        Default::Name(v) => value["default"] = v.into(),
        Default::None | Default::Yaml(_) | Default::Derived(_) => {}
    }
    value
}

/// A parameter: a value, a list of values, or a typed range.
fn parameter(parameter: &Parameter) -> Value {
    let value = match parameter.domain {
        Domain::Int(lo, hi) => json!({"type": "integer", "minimum": lo, "maximum": hi}),
        Domain::Odd(lo, hi) => {
            json!({"type": "integer", "minimum": lo, "maximum": hi, "not": {"multipleOf": 2}})
        }
        Domain::Float { lo, hi, open: false } => {
            json!({"type": "number", "minimum": lo, "exclusiveMaximum": hi})
        }
        Domain::Float { lo, hi, open: true } => {
            json!({"type": "number", "exclusiveMinimum": lo, "exclusiveMaximum": hi})
        }
        Domain::Names(names) => json!({"enum": names}),
    };
    let list = json!({"type": "array", "items": value, "minItems": 1});
    let bounds = json!({"type": "array", "items": value, "minItems": 2, "maxItems": 2});
    let typed = |ty: &str, name: &str, what: &Value| {
        let mut properties = json!({
            "type": {"const": ty}, "description": {"type": "string"}, name: what
        });
        if ty == "continuous" {
            properties["log_scale"] = json!({"type": "boolean", "default": false});
        }
        json!({
            "type": "object", "properties": properties, "required": ["type", name],
            "additionalProperties": false
        })
    };
    let mut forms = vec![value.clone(), list.clone(), typed("choice", "choices", &list)];
    match parameter.domain {
        Domain::Int(..) | Domain::Odd(..) => forms.push(typed("integer", "bounds", &bounds)),
        Domain::Float { .. } => forms.push(typed("continuous", "bounds", &bounds)),
        Domain::Names(_) => {}
    }
    json!({"anyOf": forms, "description": parameter.summary})
}
