//! The parameters of the sample: three sampled, one fixed.

use super::sample::{array, column, floats, integers};
use super::*;
use crate::cache::Dtype;
use crate::space::{Setting, Spec};

/// A sampled parameter and what the attributes say of it.
struct Sampled {
    name: &'static str,
    kind: &'static str,
    bounds: [f64; 2],
    scale: &'static str,
    choices: &'static str,
    spec: Spec,
}

fn sampled() -> Vec<Sampled> {
    vec![
        Sampled {
            name: "num_layers",
            kind: "integer",
            bounds: [2.0, 5.0],
            scale: "linear",
            choices: "",
            spec: Spec::Integer(2, 5),
        },
        Sampled {
            name: "noise_scale",
            kind: "continuous",
            bounds: [1e-5, 1.0],
            scale: "log",
            choices: "",
            spec: Spec::Continuous { lo: 1e-5, hi: 1.0, log: true },
        },
        Sampled {
            name: "activation",
            kind: "choice",
            bounds: [0.0, 2.0],
            scale: "linear",
            choices: r#"["relu","gelu","silu"]"#,
            spec: Spec::Choice(["relu", "gelu", "silu"].map(Setting::Name).to_vec()),
        },
    ]
}

/// `/parameters` of `n` operators.
pub(super) fn arrays(n: usize) -> Vec<Array> {
    let sampled = sampled();
    let p = sampled.len();
    let unit = |i: usize, j: usize| ((i * p + j) as f64 * 0.618_033_988_749_895).fract();
    let coordinates: Vec<f64> = (0..n * p).map(|k| unit(k / p, k % p)).collect();
    let texts = |pick: fn(&Sampled) -> &'static str| {
        Attribute::Texts(sampled.iter().map(|x| pick(x).to_owned()).collect())
    };
    let bounds = sampled.iter().flat_map(|x| x.bounds).collect();
    let mut arrays = vec![Array {
        labels: vec!["operator", "parameter"],
        attributes: vec![
            ("names".to_owned(), texts(|x| x.name)),
            ("kinds".to_owned(), texts(|x| x.kind)),
            ("scales".to_owned(), texts(|x| x.scale)),
            ("choices".to_owned(), texts(|x| x.choices)),
            ("bounds".to_owned(), Attribute::Floats { shape: vec![p, 2], values: bounds }),
        ],
        ..floats("/parameters/params", &[n, p], &coordinates)
    }];
    for (j, parameter) in sampled.iter().enumerate() {
        let path = format!("/parameters/values/{}", parameter.name);
        let values: Vec<Setting> = (0..n).map(|i| parameter.spec.value(unit(i, j))).collect();
        let numbers: Vec<f64> = values.iter().filter_map(|v| v.number()).collect();
        arrays.push(match values[0] {
            Setting::Int(_) => {
                integers(&path, &numbers.iter().map(|v| *v as i64).collect::<Vec<_>>())
            }
            Setting::Float(_) => floats(&path, &[n], &numbers),
            Setting::Name(_) => {
                let name = |v: &Setting| match v {
                    Setting::Name(name) => (*name).to_owned(),
                    _ => unreachable!("a choice of names"),
                };
                column(&path, values.iter().map(name).collect())
            }
        });
    }
    // A fixed parameter has a column and no dimension; a channel count is a number like others.
    arrays.push(floats("/parameters/values/dt", &[n], &vec![0.01; n]));
    arrays.push(array(
        "/parameters/values/channels",
        Type::Number(Dtype::I64),
        &[n],
        Data::Memory(2_i64.to_le_bytes().repeat(n)),
    ));
    arrays
}
