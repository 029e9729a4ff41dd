//! `sampling`: which sampler, with what settings, and what holds for its points.

use super::Reader;
use crate::config::experiment::Sampling;
use crate::node::Fault;
use crate::sampling::{Named, Scramble, Settings, method};
use crate::space::{INPUT_TYPE_DIMENSION, Space};

/// Reads it. `inputs` is how many initial conditions there are to choose from.
pub fn read(
    reader: &Reader<'_>,
    space: &Space,
    inputs: usize,
    notes: &mut Vec<String>,
) -> Sampling {
    let total_samples = reader.int("sampling.total_samples") as u64;
    let seed = reader.int("sampling.sobol.seed") as u64;
    let strategy = reader.choice("sampling.strategy");
    let method = method(strategy).expect("the table of keys names samplers");
    let scrambled = reader.bool("sampling.sobol.scramble");
    let scramble = match reader.choice("sampling.sobol.scramble_method") {
        _ if !scrambled => Scramble::None,
        // Of the samplers that have no ways to scramble, one may be scrambled all the same.
        _ if !method.options.contains(&"scramble_method") => Scramble::Owen,
        name => name.parse().expect("the table of keys names scrambles"),
    };
    for path in ["sampling.sobol.scramble", "sampling.sobol.scramble_method"] {
        let name = path.rsplit('.').next().unwrap_or(path);
        if reader.node(path).is_some() && !method.options.contains(&name) {
            notes.push(format!("`{path}` has no meaning under `strategy: {strategy}`"));
        }
    }
    let way = "sampling.sobol.scramble_method";
    if !scrambled
        && method.options.contains(&"scramble_method")
        && reader.node(way).is_some()
        && reader.choice(way) != "none"
    {
        notes.push(format!("`{way}` has no meaning with `scramble: false`"));
    }
    let sampler = (method.make)(&Settings { seed, points: total_samples, scramble });

    let mut used: Vec<Named> = Vec::new();
    if inputs > 1 {
        used.push(("the type of the initial condition", INPUT_TYPE_DIMENSION));
    }
    used.extend(space.sampled().map(|(id, _)| (id.get().name, id.get().dimension)));
    let dimensions = used.iter().map(|(_, dimension)| dimension + 1).max().unwrap_or(0);
    if let Err(error) = sampler.limit(dimensions, total_samples) {
        reader.faults.push(Fault {
            span: reader
                .node("sampling.total_samples")
                .or_else(|| reader.node("sampling.sobol.scramble_method"))
                .map(|node| node.span),
            path: "sampling.total_samples".to_owned(),
            message: error.message,
            help: error.help,
        });
    }
    // Without anything to draw, points do not matter.
    if !used.is_empty() {
        notes.extend(sampler.note(total_samples, &used));
    }
    let target = |check: &'static str, path: &'static str| {
        let value = reader.float(path);
        reader.bool(check).then_some(value).flatten()
    };
    Sampling {
        total_samples,
        seed,
        method,
        sampler,
        strict: reader.bool("sampling.strict"),
        max_discrepancy: target(
            "sampling.validation.check_discrepancy",
            "sampling.validation.max_discrepancy",
        ),
        max_correlation: target(
            "sampling.validation.check_correlation",
            "sampling.validation.max_pairwise_correlation",
        ),
    }
}
