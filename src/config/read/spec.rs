//! One parameter: a range, a list of choices, or a value.

use super::ends;
use crate::node::{Content, Faults, Fields, Node, nearest};
use crate::space::{Domain, ParameterId, Setting, Spec};

/// Other names of values.
const OTHER_VALUES: &[(&str, &str)] = &[("swish", "silu")];

/// Values that have a reason of their own to be refused.
const REFUSED_VALUES: &[(&str, &str, &str)] =
    &[("noise_type", "uniform", "the Python reference names this law and does not draw it")];

/// What `node` says about a parameter, if it can be understood.
pub fn read(node: &Node, id: ParameterId, path: &str, faults: &Faults) -> Option<Spec> {
    match &node.value {
        Content::Map(_) => typed(node, id, path, faults),
        Content::List(items) => choices(node, items, id, path, faults),
        _ => value(node, id, path, faults).map(|v| Spec::Choice(vec![v])),
    }
}

/// `{type: …, …}`.
fn typed(node: &Node, id: ParameterId, path: &str, faults: &Faults) -> Option<Spec> {
    const TYPES: [&str; 3] = ["integer", "continuous", "choice"];
    let fields = Fields::new(Some(node), path, faults);
    let domain = id.get().domain;
    let Some(ty) = fields.get("type") else {
        faults.report(
            node,
            path,
            "the `type` is missing",
            Some("allowed: integer, continuous, choice; or a bare value, or a bare list".into()),
        );
        return None;
    };
    match &ty.value {
        Content::Text(text) if text == "array" || text == "boolean" => {
            let reason = format!("refused: no parameter is of type `{text}`");
            fields.fault("type", reason, Some(format!("allowed: {}", TYPES.join(", "))));
            return None;
        }
        Content::Text(text) if TYPES.contains(&text.as_str()) => {}
        _ => {
            fields.choice("type", &TYPES, TYPES[0]);
            return None;
        }
    }
    let ty = fields.choice("type", &TYPES, TYPES[0]);
    fields.get("description");
    let fits = match domain {
        Domain::Int(..) | Domain::Odd(..) => ty != "continuous",
        Domain::Float { .. } => ty != "integer",
        Domain::Names(_) => ty == "choice",
    };
    if !fits {
        fields.fault(
            "type",
            format!("`{}` cannot be of type `{ty}`", id.get().name),
            Some(format!("allowed: {}", domain.describe())),
        );
        return None;
    }
    let spec = match ty {
        "choice" => {
            if let Some(Node { value: Content::List(items), span }) = fields.get("choices") {
                let list = Node { value: Content::Null, span: *span };
                choices(&list, items, id, &fields.path_of("choices"), faults)
            } else {
                missing(&fields, node, "choices", "a list of values, at least one");
                None
            }
        }
        "continuous" => {
            let log = fields.bool("log_scale", false);
            range(&fields, node, id).and_then(|(lo, hi)| {
                if log && lo <= 0.0 {
                    fields.fault(
                        "bounds",
                        format!("the low end `{lo:?}` has no logarithm"),
                        Some("with `log_scale` both ends are above 0".to_owned()),
                    );
                    return None;
                }
                Some(Spec::Continuous { lo, hi, log })
            })
        }
        _ => range(&fields, node, id).and_then(|(lo, hi)| {
            if lo.fract() != 0.0 || hi.fract() != 0.0 {
                fields.fault("bounds", "the ends are not whole numbers", None);
                return None;
            }
            let (lo, hi) = (lo as i64, hi as i64);
            if matches!(domain, Domain::Odd(..)) && lo < hi {
                fields.fault(
                    "bounds",
                    format!("`{lo}` to `{hi}` holds even numbers"),
                    Some("use `type: choice`, for example `choices: [3, 5, 7]`".to_owned()),
                );
                return None;
            }
            Some(Spec::Integer(lo, hi))
        }),
    };
    fields.finish();
    spec
}

/// Reports that the key `name` of a parameter is absent, or not of its form.
fn missing(fields: &Fields<'_>, parameter: &Node, name: &str, allowed: &str) {
    let path = fields.path_of(name);
    let help = Some(format!("allowed: {allowed}"));
    match fields.get(name) {
        Some(node) => {
            let message = format!("{} is not what `{name}` holds", node.describe());
            fields.faults().report(node, &path, message, help);
        }
        None => fields.faults().report(parameter, &path, format!("`{name}` is missing"), help),
    }
}

/// `bounds`, both in the domain.
fn range(fields: &Fields<'_>, parameter: &Node, id: ParameterId) -> Option<(f64, f64)> {
    let domain = id.get().domain;
    let Some(node) = fields.get("bounds") else {
        missing(fields, parameter, "bounds", "[low, high]");
        return None;
    };
    let wrong = |message: String, help: String| {
        fields.faults().report(node, &fields.path_of("bounds"), message, Some(help));
    };
    let (lo, hi) = match ends(node) {
        Ok(ends) => ends,
        Err(why) => {
            wrong(why, format!("allowed: [low, high], {}", domain.describe()));
            return None;
        }
    };
    let inside = |v: f64| {
        let setting = match domain {
            Domain::Float { .. } => Setting::Float(v),
            _ => Setting::Int(v as i64),
        };
        domain.contains(setting)
    };
    for v in [lo, hi] {
        if !inside(v) {
            wrong(
                format!("`{v:?}` is out of range for `{}`", id.get().name),
                format!("allowed: {}", domain.describe()),
            );
            return None;
        }
    }
    Some((lo, hi))
}

fn choices(
    list: &Node,
    items: &[Node],
    id: ParameterId,
    path: &str,
    faults: &Faults,
) -> Option<Spec> {
    if items.is_empty() {
        faults.report(list, path, "there is nothing to choose from", None);
        return None;
    }
    let values: Vec<Option<Setting>> =
        items.iter().map(|item| value(item, id, path, faults)).collect();
    for (i, v) in values.iter().enumerate() {
        if v.is_some() && values[..i].contains(v) {
            faults.report(
                &items[i],
                path,
                format!("{} is listed twice", items[i].describe()),
                Some("every choice is as likely as the others".to_owned()),
            );
            return None;
        }
    }
    values.into_iter().collect::<Option<Vec<_>>>().map(Spec::Choice)
}

/// One value of the vocabulary.
fn value(node: &Node, id: ParameterId, path: &str, faults: &Faults) -> Option<Setting> {
    let parameter = id.get();
    let setting = match (parameter.domain, &node.value) {
        (Domain::Names(names), Content::Text(text)) => {
            let text = OTHER_VALUES
                .iter()
                .find(|(other, _)| other == text)
                .map_or(text.as_str(), |(_, name)| name);
            names.iter().find(|name| **name == text).map(|name| Setting::Name(name))
        }
        // A bare `none` read as nothing would be a surprise; YAML reads it as a text.
        (Domain::Float { .. }, _) => node.number().map(Setting::Float),
        (Domain::Int(..) | Domain::Odd(..), _) => node.integer().map(Setting::Int),
        _ => None,
    };
    if let Some(setting) = setting.filter(|v| parameter.domain.contains(*v)) {
        return Some(setting);
    }
    let text = match &node.value {
        Content::Text(text) => Some(text.as_str()),
        _ => None,
    };
    let reason = REFUSED_VALUES
        .iter()
        .find(|(name, value, _)| *name == parameter.name && Some(*value) == text)
        .map(|(.., reason)| *reason);
    let near = match (parameter.domain, text) {
        (Domain::Names(names), Some(text)) => nearest(text, names.iter().copied()),
        _ => None,
    };
    let allowed = parameter.domain.describe();
    faults.report(
        node,
        path,
        match reason {
            Some(reason) => format!("{} is refused: {reason}", node.describe()),
            None => format!("{} is no value of `{}`", node.describe(), parameter.name),
        },
        Some(match near.filter(|_| reason.is_none()) {
            Some(near) => format!("did you mean `{near}`? allowed: {allowed}"),
            None => format!("allowed: {allowed}"),
        }),
    );
    None
}
