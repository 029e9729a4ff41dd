//! Operators without noise against PyTorch: `tests/golden/pytorch.py` made the files and says how.
//!
//! Bounds on the largest difference over the largest magnitude: 1e-5 after one step, 1e-3 after ten.

use std::collections::BTreeSet;

use safetensors::SafeTensors;
use serde_json::{Map, Value};
use spinlock::compute::device;
use spinlock::compute::rollout::{Start, run_blocks};
use spinlock::operator::rollout::Rollout;
use spinlock::operator::{Operator, Policy};
use spinlock::space::{Domain, ParameterId, Setting, Theta, VOCABULARY};

use crate::{PLAIN, unit};

/// The operator that golden values describe; what they do not name has its default.
fn operator(index: u64, values: &Map<String, Value>) -> Operator {
    let mut theta = Theta(std::array::from_fn(|id| VOCABULARY[id].default));
    for (name, value) in values {
        let id = ParameterId::named(name).unwrap();
        theta.0[id.0] = match id.get().domain {
            Domain::Names(names) => {
                let name = value.as_str().unwrap();
                Setting::Name(names.iter().find(|known| **known == name).unwrap())
            }
            Domain::Float { .. } => Setting::Float(value.as_f64().unwrap()),
            Domain::Int(..) | Domain::Odd(..) => Setting::Int(value.as_i64().unwrap()),
        };
    }
    Operator::new(index, &theta)
}

/// The input of the golden files: the 32-bit finaliser of `MurmurHash3` over the element index, as a
/// multiple of 2⁻²² in [−2, 2).
fn input(operator: &Operator) -> Vec<f32> {
    let length = operator.architecture.channels * operator.grid.pow(2);
    let value = |element: u32| {
        let mut h = (element + 1).wrapping_mul(0x9E37_79B9);
        h = (h ^ h >> 16).wrapping_mul(0x85EB_CA6B);
        h = (h ^ h >> 13).wrapping_mul(0xC2B2_AE35);
        h ^= h >> 16;
        (h >> 8) as f32 / 4_194_304.0 - 2.0
    };
    (0..length).map(value).collect()
}

struct Golden {
    about: Value,
    arrays: Vec<u8>,
}

impl Golden {
    fn read() -> Self {
        let path = |name: &str| format!("{}/tests/golden/{name}", env!("CARGO_MANIFEST_DIR"));
        let about = std::fs::read_to_string(path("pytorch.json")).unwrap();
        let arrays = std::fs::read(path("pytorch.safetensors")).unwrap();
        Self { about: serde_json::from_str(&about).unwrap(), arrays }
    }

    fn operators(&self) -> &Vec<Value> {
        self.about["operators"].as_array().unwrap()
    }
}

#[test]
fn two_hundred_operators_do_what_pytorch_does() {
    device::init(1);
    let golden = Golden::read();
    let arrays = SafeTensors::deserialize(&golden.arrays).unwrap();
    let limit = golden.about["limit"].as_u64().unwrap() as usize;
    let rollout = Rollout { blowup_limit: 1e38, ..PLAIN };
    let (mut failed, mut worst, mut full) = (Vec::new(), [0.0_f64; 2], 0);
    for (row, about) in golden.operators().iter().enumerate() {
        let operator =
            operator(about["index"].as_u64().unwrap(), about["values"].as_object().unwrap());
        let start = input(&operator);
        let steps = [0, 1].map(|at| about["steps"][at].as_u64().unwrap() as usize);
        full += usize::from(steps[1] == 10);
        let mut unit = unit(&operator, steps[1] as u32 + 1, &start);
        (unit.seed, unit.rollout) = (about["seed"].as_u64().unwrap(), &rollout);
        (unit.start, unit.metrics) = (Start::Input(&start), false);
        let outcome = run_blocks(&unit, &[0..1]).unwrap().remove(0);
        let pixels = (operator.grid as usize).pow(2);
        let kept: Vec<usize> = (0..pixels).step_by(pixels.div_ceil(limit)).collect();
        let view = arrays.tensor(&row.to_string()).unwrap();
        let expected: Vec<f32> = view
            .data()
            .chunks_exact(4)
            .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()))
            .collect();
        assert_eq!(view.shape(), [2, start.len() / pixels, kept.len()]);
        for (at, expected) in expected.chunks_exact(expected.len() / 2).enumerate() {
            let state = &outcome.states[steps[at] * start.len()..][..start.len()];
            let got = state.chunks_exact(pixels).flat_map(|plane| kept.iter().map(|&p| plane[p]));
            let difference = got
                .zip(expected)
                .map(|(a, b)| (f64::from(a) - f64::from(*b)).abs())
                .fold(0.0, |most: f64, d| if d.is_nan() { f64::INFINITY } else { most.max(d) });
            let error = difference / about["largest"][at].as_f64().unwrap();
            worst[at] = worst[at].max(error);
            if error >= [1e-5, 1e-3][at] {
                failed.push(format!("{row} after {}: {error:e} {operator:?}", steps[at]));
            }
        }
    }
    println!("worst after one step {:e}, after ten {:e}", worst[0], worst[1]);
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert_eq!(golden.operators().len(), 200);
    assert!(full >= 180, "only {full} operators are compared over ten steps");
}

#[test]
fn the_golden_operators_are_of_every_kind() {
    let golden = Golden::read();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for about in golden.operators() {
        let operator = operator(0, about["values"].as_object().unwrap());
        let a = &operator.architecture;
        seen.insert(a.activation.name().to_owned());
        seen.insert(format!("norm {}", a.norm.name()));
        seen.insert(format!("init {}", a.init.name()));
        seen.insert(format!("kernel {}", a.kernel_size));
        seen.insert(format!("layers {}", a.num_layers));
        seen.insert(format!("channels {}", a.channels));
        seen.insert(operator.policy.name().to_owned());
        if a.base_channels >= 32 && operator.grid >= 32 {
            seen.insert(format!("wide {}", a.kernel_size));
        }
        if operator.policy == Policy::Autoregressive && about["steps"][1] == 10 {
            seen.insert("ten bare steps".to_owned());
        }
    }
    let mut expected = BTreeSet::new();
    expected.extend(["relu", "gelu", "silu", "tanh", "none"].map(str::to_owned));
    expected.extend(["none", "instance", "batch", "group", "layer"].map(|n| format!("norm {n}")));
    expected.extend(["torch", "he"].map(|n| format!("init {n}")));
    expected.extend([1, 3, 5, 7, 9].map(|k| format!("kernel {k}")));
    expected.extend((1..=6).map(|l| format!("layers {l}")));
    expected.extend((1..=4).map(|c| format!("channels {c}")));
    expected.extend(["autoregressive", "residual", "convex"].map(str::to_owned));
    expected.extend([3, 5, 7].map(|k| format!("wide {k}")));
    expected.insert("ten bare steps".to_owned());
    assert_eq!(seen, expected);
}
