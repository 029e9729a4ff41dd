//! The types of structure and how often each is chosen: `structure_types`, `structure_weights`.
//!
//! Invariant: at least one type, each once, in a fixed order whatever the file's, with weights above
//! 0 that sum to 1. It does not know how a structure looks.

use crate::ic::parameter::OtherParameter;
use crate::key::Manifest;
use crate::node::{Content, Fields, known_names};

/// The types to choose from.
pub static STRUCTURE_TYPES: OtherParameter = OtherParameter {
    name: "structure_types",
    allowed: "list of circle, stripe, blob",
    default: "[circle, stripe, blob]",
    meaning: "the types to choose from",
};

/// Their weights.
pub static STRUCTURE_WEIGHTS: OtherParameter = OtherParameter {
    name: "structure_weights",
    allowed: "list of numbers, one for each of structure_types",
    default: "equal",
    meaning: "how often each type is chosen, relative to the others",
};

/// A type of structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A disk with a logistic edge.
    Circle,
    /// A plane wave.
    Stripe,
    /// A Gaussian bump.
    Blob,
}

impl Kind {
    const ALL: [Kind; 3] = [Kind::Circle, Kind::Stripe, Kind::Blob];

    /// As in the file.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Circle => "circle",
            Kind::Stripe => "stripe",
            Kind::Blob => "blob",
        }
    }
}

/// The types that occur, with their probabilities.
#[derive(Debug, Clone)]
pub struct Kinds(Vec<(Kind, f64)>);

impl Kinds {
    /// Reads both settings; types of weight 0 are left out.
    pub fn parse(fields: &Fields<'_>) -> Self {
        let kinds = listed(fields);
        let weights = match fields.numbers(STRUCTURE_WEIGHTS.name, 0.0..=1e9) {
            Some(weights) if weights.len() != kinds.len() => {
                fields.fault(
                    STRUCTURE_WEIGHTS.name,
                    format!("{} weights for {} types", weights.len(), kinds.len()),
                    Some("give one weight for each entry of `structure_types`".into()),
                );
                vec![1.0; kinds.len()]
            }
            Some(weights) if weights.iter().all(|w| *w == 0.0) => {
                fields.fault(
                    STRUCTURE_WEIGHTS.name,
                    "all weights are 0",
                    Some("at least one must be above 0".into()),
                );
                vec![1.0; kinds.len()]
            }
            Some(weights) => weights,
            None => vec![1.0; kinds.len()],
        };
        let mut chosen: Vec<(Kind, f64)> =
            kinds.into_iter().zip(weights).filter(|(_, weight)| *weight > 0.0).collect();
        // The order in the file means nothing, so it must not enter the key or the draws.
        chosen.sort_by_key(|(kind, _)| *kind);
        let total: f64 = chosen.iter().map(|(_, weight)| weight).sum();
        Self(chosen.into_iter().map(|(kind, weight)| (kind, weight / total)).collect())
    }

    /// Describes them.
    pub fn describe(&self, m: &mut dyn Manifest) {
        let names: Vec<&str> = self.0.iter().map(|(kind, _)| kind.name()).collect();
        let weights: Vec<f64> = self.0.iter().map(|(_, weight)| *weight).collect();
        m.param(STRUCTURE_TYPES.name, names.into());
        m.param(STRUCTURE_WEIGHTS.name, weights.into());
    }

    /// Whether the type occurs.
    pub fn has(&self, kind: Kind) -> bool {
        self.0.iter().any(|(k, _)| *k == kind)
    }

    /// The type whose interval of cumulative probability holds `u`.
    pub fn choose(&self, u: f64) -> Kind {
        let mut sum = 0.0;
        for (kind, weight) in &self.0 {
            sum += weight;
            if u < sum {
                return *kind;
            }
        }
        // The probabilities sum to 1 only up to rounding.
        self.0[self.0.len() - 1].0
    }
}

/// Reads `structure_types`, in the order of the file.
fn listed(fields: &Fields<'_>) -> Vec<Kind> {
    let all = Kind::ALL.to_vec();
    let Some(node) = fields.get(STRUCTURE_TYPES.name) else { return all };
    let items = match &node.value {
        Content::List(items) if !items.is_empty() => items,
        _ => {
            fields.fault(
                STRUCTURE_TYPES.name,
                format!("{} is not a list of types", node.describe()),
                Some(format!("allowed: {}", STRUCTURE_TYPES.allowed)),
            );
            return all;
        }
    };
    let path = fields.path_of(STRUCTURE_TYPES.name);
    let names = Kind::ALL.map(Kind::name);
    let mut out = Vec::with_capacity(items.len());
    for item in items {
        let text = if let Content::Text(text) = &item.value { text.as_str() } else { "" };
        let (message, help) = match Kind::ALL.into_iter().find(|kind| kind.name() == text) {
            Some(kind) if !out.contains(&kind) => {
                out.push(kind);
                continue;
            }
            Some(_) => (
                format!("`{text}` is named twice"),
                "use `structure_weights` to choose a type more often".to_owned(),
            ),
            None => (format!("{} is no structure", item.describe()), known_names(text, names)),
        };
        fields.faults().report(item, &path, message, Some(help));
    }
    if out.is_empty() { all } else { out }
}
