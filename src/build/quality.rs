//! What the quality of a sample means for a build.

use crate::config::Experiment;
use crate::error::{Error, Result};
use crate::sampling::Quality;

/// The sampling targets that are missed, in words.
///
/// # Errors
/// The same, if the experiment is strict and N is large enough for targets to mean something.
pub fn judge(experiment: &Experiment, quality: &Quality) -> Result<Vec<String>> {
    let sampling = &experiment.sampling;
    if experiment.space.sampled().next().is_none() {
        return Ok(Vec::new());
    }
    let mut missed: Vec<String> = quality
        .missed()
        .into_iter()
        .map(|(name, metric)| {
            let value = metric.value.unwrap_or(f64::NAN);
            let target = metric.target.unwrap_or(f64::NAN);
            format!("sampling quality: {name} is {value:.3e}, its target {target:.3e}")
        })
        .collect();
    let further = [
        ("discrepancy", quality.discrepancy.cd2.value, sampling.max_discrepancy),
        ("correlation", quality.correlation.max_abs.value, sampling.max_correlation),
    ];
    for (name, value, limit) in further {
        if let (Some(value), Some(limit)) = (value, limit)
            && value > limit
        {
            missed.push(format!("sampling quality: {name} is {value:.3e}, allowed {limit:.3e}"));
        }
    }
    if sampling.strict && sampling.total_samples >= 256 && !missed.is_empty() {
        return Err(Error::artifact(missed.join("; "))
            .at("sampling.strict")
            .help("use another seed or a larger N, or drop `strict`"));
    }
    Ok(missed)
}
