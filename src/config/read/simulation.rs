//! `simulation` and `execution`.

use super::inputs;
use super::space::Parameters;
use super::{Reader, Simulation, ends};
use crate::config::experiment::{Device, DeviceChoice, Execution};
use crate::node::Content;
use crate::operator::rollout::{Normalize, Precision, Rollout, Scope};

/// Reads `simulation`.
pub fn read(
    reader: &Reader<'_>,
    parameters: &Parameters,
    insist: bool,
    notes: &mut Vec<String>,
) -> Simulation {
    let inputs = inputs::read(reader, parameters, notes);
    Simulation {
        device: Device { choice: device_choice(reader), insist },
        precision: match reader.choice("simulation.precision") {
            "float32" => Precision::Float32,
            "float16" => Precision::Float16,
            "bfloat16" => Precision::Bfloat16,
            _ => Precision::Auto,
        },
        num_realizations: reader.int("simulation.num_realizations") as u32,
        num_timesteps: reader.int("simulation.num_timesteps") as u32,
        channels: parameters.channels(),
        inputs,
        rollout: rollout(reader),
    }
}

/// Reads `execution`.
pub fn execution(reader: &Reader<'_>) -> Execution {
    const SEGMENT: &str = "execution.segment";
    let segment = reader.node(SEGMENT).and_then(|node| match (&node.value, node.integer()) {
        (Content::Text(text), _) if text == "auto" => None,
        (_, Some(v)) if (1..=100_000).contains(&v) => Some(v as u32),
        _ => {
            reader.wrong(SEGMENT, node, "is no length of a segment");
            None
        }
    });
    Execution {
        chunk: reader.int("execution.chunk") as u32,
        realization_block: reader.int("execution.realization_block") as u32,
        segment,
    }
}

fn rollout(reader: &Reader<'_>) -> Rollout {
    const CLAMP: &str = "simulation.rollout.clamp";
    let clamp = reader.node(CLAMP).and_then(|node| {
        let range = ends(node).and_then(|(lo, hi)| {
            let finite = lo.is_finite() && hi.is_finite();
            finite.then_some((lo, hi)).ok_or_else(|| "the ends are not finite".to_owned())
        });
        range
            .map_err(|why| {
                reader.faults.report(node, CLAMP, why, Some("allowed: [low, high]".to_owned()));
            })
            .ok()
    });
    Rollout {
        normalize: match reader.choice("simulation.rollout.normalize") {
            "minmax" => Normalize::MinMax,
            "zscore" => Normalize::ZScore,
            _ => Normalize::None,
        },
        scope: match reader.choice("simulation.rollout.normalize_scope") {
            "channel" => Scope::Channel,
            _ => Scope::State,
        },
        clamp,
        blowup_limit: reader
            .float("simulation.rollout.blowup_limit")
            .expect("the table gives a default"),
    }
}

fn device_choice(reader: &Reader<'_>) -> DeviceChoice {
    const PATH: &str = "simulation.device";
    let Some(node) = reader.node(PATH) else { return DeviceChoice::Auto };
    let choice = match &node.value {
        Content::Text(text) => device(text),
        _ => None,
    };
    choice.unwrap_or_else(|| {
        reader.wrong(PATH, node, "is no device");
        DeviceChoice::Auto
    })
}

/// The devices that `auto`, `cpu`, `cuda`, `cuda:0` or `cuda:0,1` names.
fn device(text: &str) -> Option<DeviceChoice> {
    match text {
        "auto" => Some(DeviceChoice::Auto),
        "cpu" => Some(DeviceChoice::Cpu),
        "cuda" => Some(DeviceChoice::Cuda(Vec::new())),
        _ => {
            let mut devices = Vec::new();
            for number in text.strip_prefix("cuda:")?.split(',') {
                let device = number.parse().ok()?;
                if devices.contains(&device) {
                    return None;
                }
                devices.push(device);
            }
            Some(DeviceChoice::Cuda(devices))
        }
    }
}
