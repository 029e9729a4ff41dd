//! Built-in experiments to measure: single operators of known cost, and a wide space to plan.

use std::path::Path;

use serde_json::{Value, json};

use crate::config::{self, Experiment};
use crate::error::Result;

/// One operator of known size. Width b, hidden blocks L, kernel k, grid n; five realizations.
pub struct Case {
    /// As it is shown.
    pub name: &'static str,
    layers: u32,
    width: u32,
    kernel: u32,
    grid: u32,
    law: &'static str,
    /// Whether states are stored; the first three are the rollouts whose rate is a target, where
    /// they are not.
    stored: bool,
    /// States T on a CPU and on CUDA: about a second of work.
    states: [u32; 2],
}

/// The rollouts that are measured unless an experiment is named.
pub const CASES: [Case; 5] = [
    Case {
        name: "b 64, L 4, k 3, 128²",
        layers: 4,
        width: 64,
        kernel: 3,
        grid: 128,
        law: "gaussian",
        stored: false,
        states: [3, 1001],
    },
    Case {
        name: "b 32, L 2, k 3, 64²",
        layers: 2,
        width: 32,
        kernel: 3,
        grid: 64,
        law: "gaussian",
        stored: false,
        states: [65, 5001],
    },
    Case {
        name: "b 32, L 3, k 3, 128²",
        layers: 3,
        width: 32,
        kernel: 3,
        grid: 128,
        law: "gaussian",
        stored: false,
        states: [9, 2001],
    },
    Case {
        name: "narrow, stored: b 16, L 2, k 3, 64²",
        layers: 2,
        width: 16,
        kernel: 3,
        grid: 64,
        law: "laplace",
        stored: true,
        states: [65, 1001],
    },
    Case {
        name: "wide, stored: b 64, L 3, k 7, 64²",
        layers: 3,
        width: 64,
        kernel: 7,
        grid: 64,
        law: "laplace",
        stored: true,
        states: [3, 501],
    },
];

/// Where a case is computed.
pub struct Place<'a> {
    /// `simulation.device`.
    pub device: &'a str,
    /// Whether it was asked for: then a missing device is an error.
    pub insist: bool,
    /// `simulation.precision`.
    pub precision: &'a str,
    /// Whether it is a CUDA device, which takes more steps to keep busy.
    pub cuda: bool,
}

impl Case {
    /// As an experiment of one operator, instance norm, GELU, autoregressive.
    pub fn experiment(&self, root: &Path, place: &Place<'_>) -> Result<Experiment> {
        let document = json!({
            "parameter_space": {
                "architecture": {
                    "num_layers": self.layers,
                    "base_channels": self.width,
                    "kernel_size": self.kernel,
                },
                "stochastic": {"noise_type": self.law, "noise_scale": 0.05},
                "operator": {"grid_size": self.grid, "normalization": "instance"},
                "evolution": {"update_policy": "autoregressive"},
            },
            "sampling": {"total_samples": 1},
            "simulation": {
                "num_realizations": 5,
                "num_timesteps": self.states[usize::from(place.cuda)],
                "device": place.device,
                "precision": place.precision,
            },
            "dataset": {"storage": {
                "compression": "gzip",
                "compression_level": 4,
                "store_trajectories": self.stored,
            }},
        });
        load(&document, place.insist, root)
    }
}

/// Fourteen sampled parameters and one application each, for planning.
pub fn wide_space(root: &Path, operators: u64) -> Result<Experiment> {
    let integer = |lo: i64, hi: i64| json!({"type": "integer", "bounds": [lo, hi]});
    let real = |lo: f64, hi: f64, log: bool| json!({"type": "continuous", "bounds": [lo, hi], "log_scale": log});
    let document = json!({
        "parameter_space": {
            "architecture": {
                "num_layers": integer(2, 5),
                "base_channels": integer(16, 64),
                "kernel_size": [3, 5, 7],
                "activation": ["relu", "gelu", "silu"],
                "dropout_rate": real(0.0, 0.3, false),
            },
            "stochastic": {
                "noise_type": ["gaussian", "laplace"],
                "noise_scale": real(1e-5, 1.0, true),
                "noise_schedule": ["constant", "annealing", "periodic"],
                "schedule_period": integer(50, 200),
                "spatial_correlation": real(0.0, 0.3, false),
            },
            "operator": {"normalization": ["none", "instance", "batch"]},
            "evolution": {
                "update_policy": ["autoregressive", "residual", "convex"],
                "alpha": real(0.1, 0.9, false),
                "dt": real(1e-3, 0.1, true),
            },
        },
        "sampling": {"total_samples": operators},
        "simulation": {"num_realizations": 10},
    });
    load(&document, false, root)
}

fn load(document: &Value, insist: bool, root: &Path) -> Result<Experiment> {
    let snapshot = json!({
        "name": "bench",
        "file": "bench",
        "insist": insist,
        "overridden": false,
        "document": document,
    });
    config::from_snapshot(&snapshot.to_string(), root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_experiments_are_sound() {
        let root = Path::new("/");
        for case in CASES {
            let place = Place { device: "cuda:1", insist: true, precision: "float16", cuda: true };
            let experiment = case.experiment(root, &place).unwrap();
            assert!(experiment.simulation.device.insist);
            assert_eq!(experiment.simulation.num_timesteps, case.states[1]);
            assert_eq!(experiment.space.sampled().count(), 0);
        }
        let space = wide_space(root, 7).unwrap();
        assert_eq!((space.space.sampled().count(), space.sampling.total_samples), (14, 7));
    }
}
