//! A small data set of every form, for tests: valid, with values that follow from their place.

use super::*;
use crate::cache::{Dtype, Encoder, Encoding};
use crate::key::{Digest, Key};
use crate::operator::metrics::METRICS;
use half::f16;

/// Which form.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    pub operators: usize,
    /// T; 1 leaves the time axis out of the outputs.
    pub steps: usize,
    pub half: bool,
    /// Operators alternate between grids of 8 and 12.
    pub mixed: bool,
    pub compression: Option<u8>,
    /// Outputs come as chunks of 2 realizations × 3 steps, of every encoding, else from memory.
    pub chunks: bool,
}

pub(super) const PLAIN: Form =
    Form { operators: 5, steps: 1, half: false, mixed: false, compression: None, chunks: false };

/// M and C.
const M: usize = 3;
const C: usize = 2;

fn text(value: &str) -> Attribute {
    Attribute::Text(value.to_owned())
}

/// A number in (-1, 1) that is exact in 16 bits, different at almost every place.
fn number(i: usize) -> f32 {
    ((i * 7919 + i / 64 * 31) % 2047) as f32 / 1024.0 - 1.0
}

fn states(first: usize, count: usize, half: bool) -> Vec<u8> {
    let numbers = (first..first + count).map(number);
    if half {
        numbers.flat_map(|v| f16::from_f32(v).to_le_bytes()).collect()
    } else {
        numbers.flat_map(f32::to_le_bytes).collect()
    }
}

pub(super) fn array(path: &str, dtype: Type, shape: &[usize], data: Data) -> Array {
    let all = ["operator", "realization", "time"];
    Array {
        path: path.to_owned(),
        dtype,
        shape: shape.to_vec(),
        chunk: None,
        extensible: (0..shape.len().min(1)).collect(),
        labels: if shape.len() < 2 { all[..shape.len()].to_vec() } else { Vec::new() },
        attributes: Vec::new(),
        data,
    }
}

pub(super) fn column(path: &str, values: Vec<String>) -> Array {
    array(path, Type::Text, &[values.len()], Data::Texts(values))
}

pub(super) fn integers(path: &str, values: &[i64]) -> Array {
    let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    array(path, Type::Number(Dtype::I64), &[values.len()], Data::Memory(bytes))
}

pub(super) fn floats(path: &str, shape: &[usize], values: &[f64]) -> Array {
    let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    array(path, Type::Number(Dtype::F64), shape, Data::Memory(bytes))
}

/// The outputs of some operators on a grid of side `g`; `first` tells their values from others'.
fn outputs(path: &str, operators: usize, g: usize, first: usize, form: Form) -> Array {
    let lead = if form.steps == 1 { vec![operators, M] } else { vec![operators, M, form.steps] };
    let shape = [lead.as_slice(), &[C, g, g]].concat();
    let dtype = if form.half { Dtype::F16 } else { Dtype::F32 };
    let bytes = states(first, shape.iter().product(), form.half);
    let unit = if form.steps == 1 { vec![1, 2] } else { vec![1, 2, 3] };
    let chunk = [unit.as_slice(), &[C, g, g]].concat();
    let mut labels = vec!["operator", "realization", "time"][..lead.len()].to_vec();
    labels.extend(["channel", "y", "x"]);
    let data = if form.chunks {
        let leaf_axis = leaf_axis(path, Type::Number(dtype), shape.len());
        let leaves = digest::leaves_of_bytes(&bytes, dtype, &shape, leaf_axis);
        Data::Chunks { leaves, chunks: cut_up(&bytes, dtype, &shape, &chunk) }
    } else {
        Data::Memory(bytes)
    };
    Array {
        chunk: Some(chunk),
        extensible: (0..lead.len()).collect(),
        labels,
        attributes: vec![("stored_as".to_owned(), text(dtype.name()))],
        ..array(path, Type::Number(dtype), &shape, data)
    }
}

/// Chunks in turn raw, encoded and decoded.
fn cut_up(bytes: &[u8], dtype: Dtype, shape: &[usize], chunk: &[usize]) -> Vec<Chunk> {
    let cut = |(number, offset): (usize, Vec<usize>)| {
        let size = dtype.size();
        let mut whole = vec![0; chunk.iter().product::<usize>() * size];
        let zero = vec![0; chunk.len()];
        chunks::copy_box(bytes, shape, &offset, &mut whole, chunk, &zero, chunk, size);
        let level = 1 + (number % 2) as u8 * 5;
        let encoded = Encoder::new(level).unwrap().deflate(&whole, dtype);
        let load = move || {
            Ok(match number % 3 {
                0 => Loaded::Stored { bytes: whole.clone(), encoding: Encoding::Raw },
                1 => Loaded::Decoded(whole.clone()),
                _ => Loaded::Stored {
                    bytes: encoded.clone(),
                    encoding: Encoding::ShuffleDeflate { level },
                },
            })
        };
        Chunk { offset, load: Box::new(load) }
    };
    chunks::grid(shape, chunk).into_iter().enumerate().map(cut).collect()
}

/// The data set.
pub(super) fn sample(form: Form) -> File {
    let n = form.operators;
    let pick = |values: &[&str]| -> Vec<String> {
        (0..n).map(|i| values[i % values.len()].to_owned()).collect()
    };
    let mut arrays = vec![
        integers("/metadata/operator", &(0..n as i64).collect::<Vec<_>>()),
        column("/metadata/ic_types", pick(&["grf_v0", "grf_v1", "bläschen"])),
        column("/metadata/ic_families", pick(&["gaussian_random_field", "multiscale_grf"])),
        column("/metadata/evolution_policies", pick(&["convex", "residual"])),
        column("/metadata/rollout_policies", pick(&["convex", "residual"])),
        column("/metadata/noise_regimes", pick(&["none", "low", "high"])),
        column("/metadata/split", pick(&["train", "train", "train", "validation", "test"])),
    ];
    let grids: Vec<i64> = (0..n).map(|i| if form.mixed && i % 2 == 1 { 12 } else { 8 }).collect();
    arrays.push(integers("/metadata/grid_sizes", &grids));
    let valid = vec![0; n * M * form.steps];
    arrays.push(array(
        "/metadata/valid",
        Type::Number(Dtype::U8),
        &[n, M, form.steps],
        Data::Memory(valid),
    ));
    let gains = (0..n).flat_map(|i| [0.02, 0.5, f32::NAN][i % 3].to_le_bytes()).collect();
    arrays.push(array(
        "/metadata/one_step_gain",
        Type::Number(Dtype::F32),
        &[n],
        Data::Memory(gains),
    ));
    let collapsed = (0..n).map(|i| [1, 0, 255][i % 3]).collect();
    arrays.push(array(
        "/metadata/collapsed",
        Type::Number(Dtype::U8),
        &[n],
        Data::Memory(collapsed),
    ));
    let config = r#"{"simulation":{"inputs":[{"name":"grf_v0","weight":0.34},{"name":"grf_v1","weight":0.33},{"name":"bläschen","weight":0.33}]}}"#;
    let metrics = r#"{"points":5,"coverage_1d":{"max":{"value":0.5,"target":0.2,"met":false}}}"#;
    let provenance = r#"{"version":"0.1.0","profile":"test"}"#;
    let mut attributes = Vec::new();
    for (name, json) in
        [("config", config), ("sampling_metrics", metrics), ("provenance", provenance)]
    {
        let path = format!("/metadata/{name}");
        arrays.push(array(&path, Type::Text, &[], Data::Texts(vec![json.to_owned()])));
        attributes.push(("/metadata".to_owned(), name.to_owned(), text(json)));
    }
    arrays.extend(super::sample_parameters::arrays(n));
    let groups: Vec<(String, Vec<usize>)> = if form.mixed {
        let (even, odd) = ((0..n).step_by(2).collect(), (1..n).step_by(2).collect());
        vec![("/8".to_owned(), even), ("/12".to_owned(), odd)]
    } else {
        vec![(String::new(), (0..n).collect())]
    };
    for (name, rows) in &groups {
        let g = if name == "/12" { 12 } else { 8 };
        let shape = [rows.len(), C, g, g];
        let inputs = states(17 + g, shape.iter().product(), false);
        arrays.push(Array {
            chunk: Some(vec![1, C, g, g]),
            labels: vec!["operator", "channel", "y", "x"],
            ..array(
                &format!("/inputs{name}/fields"),
                Type::Number(Dtype::F32),
                &shape,
                Data::Memory(inputs),
            )
        });
        arrays.push(outputs(&format!("/outputs{name}/fields"), rows.len(), g, 1000 * g, form));
    }
    if form.mixed {
        arrays.push(integers("/metadata/grid_group", &grids));
        arrays.push(integers("/metadata/row", &(0..n as i64).map(|i| i / 2).collect::<Vec<_>>()));
    }
    for (seed, (name, _)) in METRICS.into_iter().enumerate() {
        arrays.push(Array {
            labels: vec!["operator", "realization", "time"],
            extensible: vec![0, 1, 2],
            ..array(
                &format!("/outputs/metrics/{name}"),
                Type::Number(Dtype::F32),
                &[n, M, form.steps],
                Data::Memory(states(5 + seed, n * M * form.steps, false)),
            )
        });
    }
    let sensitivity = "/features/sdf/operator_sensitivity";
    arrays.push(Array {
        labels: vec!["operator", "feature"],
        attributes: vec![(
            "names".to_owned(),
            Attribute::Texts(vec!["lipschitz".into(), "gain".into()]),
        )],
        ..array(
            &format!("{sensitivity}/values"),
            Type::Number(Dtype::F32),
            &[n, 2],
            Data::Memory(states(99, 2 * n, false)),
        )
    });
    arrays.push(Array {
        labels: vec!["operator", "feature"],
        ..array(
            &format!("{sensitivity}/validity"),
            Type::Number(Dtype::U8),
            &[n, 2],
            Data::Memory((0..2 * n).map(|k| u8::from(k == 3)).collect()),
        )
    });
    let scales = arrays
        .iter()
        .filter(|a| a.shape.first() == Some(&n) && a.path != "/metadata/operator")
        .map(|a| (a.path.clone(), 0, "/metadata/operator".to_owned()))
        .collect();
    File { key: Key([7; 32]), arrays, attributes, scales, compression: form.compression }
}

/// The digest of the sample, as the writer takes it.
pub(super) fn digest_of(file: &File) -> Digest {
    digest::of_file(file)
}
