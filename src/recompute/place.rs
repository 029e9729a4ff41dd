//! Where in an artifact a difference is, in words.

use crate::artifact::RolloutChunk;
use crate::cache::{Difference, Entry, Valid};
use crate::graph::Node;

/// The first difference: which operator, realization and state, or which array.
pub fn of(node: &Node, entry: &Entry, difference: &Difference) -> String {
    let Some((array, leaf)) = difference.array.as_ref().zip(difference.leaf) else {
        return match (difference.unlike.first(), difference.documents.first()) {
            (Some(array), _) => format!("array `{array}` has another form, or is not there"),
            (None, Some(document)) => format!("document `{document}`"),
            (None, None) => "digest".to_owned(),
        };
    };
    let mut words = Vec::new();
    let (what, index) = array.rsplit_once('/').unwrap_or((array, ""));
    if index.parse::<u64>().is_ok() {
        words.push(format!("operator {index}"));
    }
    let states = entry.piece(array).and_then(|piece| match &piece.valid {
        Valid::Box(extents) if extents.len() == 2 => Some(extents[1].max(1)),
        _ => None,
    });
    match (node.recipe_as::<RolloutChunk>(), states) {
        (Some(recipe), Some(steps)) if what == "fields" => {
            words
                .push(format!("realization {}", recipe.realizations.start as usize + leaf / steps));
            words.push(format!("state {}", recipe.steps.start as usize + leaf % steps));
        }
        _ => words.push(format!("leaf {leaf} of `{array}`")),
    }
    words.join(", ")
}
