//! `dataset`.

use std::path::{Path, PathBuf};

use super::Reader;
use crate::config::experiment::{Dataset, Layout, StoredDtype};
use crate::config::locate::Bounds;
use crate::node::{Content, Fault, nearest};

/// Reads `dataset`.
pub fn read(
    reader: &Reader<'_>,
    name: &str,
    bounds: Bounds<'_>,
    notes: &mut Vec<String>,
) -> Dataset {
    let stored = stored(reader);
    let holds = |name: &str| stored.contains(&name);
    Dataset {
        path: output(reader, name, bounds),
        compression: compression(reader, notes),
        dtype: match reader.choice("dataset.storage.dtype") {
            "float16" => StoredDtype::Float16,
            _ => StoredDtype::Float32,
        },
        layout: match reader.choice("dataset.storage.layout") {
            "padded" => Layout::Padded,
            _ => Layout::Grouped,
        },
        inputs: holds("input_data"),
        trajectories: reader.bool("dataset.storage.store_trajectories")
            && holds("operator_outputs"),
        parameters: holds("operator_parameters"),
        operator_weights: holds("operator_weights"),
        operator_features: reader.bool("simulation.extract_operator_features"),
        splits: splits(reader),
        include_config: reader.bool("dataset.metadata.include_config"),
        include_sampling_metrics: reader.bool("dataset.metadata.include_sampling_metrics"),
        include_timestamps: reader.bool("dataset.metadata.include_timestamps"),
    }
}

fn compression(reader: &Reader<'_>, notes: &mut Vec<String>) -> Option<u8> {
    let level = reader.int("dataset.storage.compression_level") as u8;
    match reader.choice("dataset.storage.compression") {
        "none" => None,
        filter => {
            if filter == "lzf" {
                notes.push(
                    "`dataset.storage.compression: lzf` is written as gzip, which every reader of \
                     HDF5 opens"
                        .to_owned(),
                );
            }
            (level > 0).then_some(level)
        }
    }
}

fn output(reader: &Reader<'_>, name: &str, bounds: Bounds<'_>) -> PathBuf {
    const PATH: &str = "dataset.output_path";
    const HELP: &str = "outputs lie in the project; `--allow-outside` permits others";
    let Some(node) = reader.node(PATH) else {
        let safe = |c: char| if c.is_alphanumeric() || "._-".contains(c) { c } else { '_' };
        let file: String = name.chars().map(safe).collect();
        let path = bounds.root.join("datasets").join(format!("{file}.h5"));
        if let Err(message) = within(&path, bounds) {
            let (path, help) = (PATH.to_owned(), Some(HELP.to_owned()));
            reader.faults.push(Fault { span: None, path, message, help });
        }
        return path;
    };
    let Some(text) = reader.text(PATH) else { return PathBuf::new() };
    if Path::new(text).file_name().is_none() || text.ends_with('/') {
        reader.faults.report(
            node,
            PATH,
            format!("`{}` names no file", text.escape_debug()),
            Some("for example `datasets/mine.h5`".to_owned()),
        );
        return PathBuf::new();
    }
    if text.contains('\0') {
        let message = format!("`{}` holds a NUL", text.escape_debug());
        reader.faults.report(node, PATH, message, None);
        return PathBuf::new();
    }
    match within(Path::new(text), bounds) {
        Ok(path) if path.is_dir() => {
            reader.faults.report(node, PATH, format!("`{text}` is a folder"), None);
            path
        }
        Ok(path) => path,
        Err(why) => {
            reader.faults.report(node, PATH, why, Some(HELP.to_owned()));
            PathBuf::new()
        }
    }
}

/// The absolute path of a data set, if it and what is written beside it stay in the project: folders
/// may be links.
fn within(path: &Path, bounds: Bounds<'_>) -> Result<PathBuf, String> {
    let path = bounds.resolve(path)?;
    for ending in ["renders", "weights"] {
        let folder = path.with_extension(ending);
        bounds.resolve(&folder)?;
        for inner in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            bounds.resolve(&inner.path())?;
        }
    }
    Ok(path)
}

/// The names in `data_to_store`.
fn stored<'a>(reader: &Reader<'a>) -> Vec<&'a str> {
    const PATH: &str = "dataset.data_to_store";
    const NAMES: [&str; 4] =
        ["operator_parameters", "operator_outputs", "input_data", "operator_weights"];
    let Some(node) = reader.node(PATH) else { return NAMES[..3].to_vec() };
    let Content::List(items) = &node.value else {
        reader.wrong(PATH, node, "is not a list of names");
        return Vec::new();
    };
    let mut names = Vec::new();
    for item in items {
        match &item.value {
            Content::Text(text) if NAMES.contains(&text.as_str()) => names.push(text.as_str()),
            Content::Text(text) => {
                let near = nearest(text, NAMES).map(|near| format!("did you mean `{near}`? "));
                reader.faults.report(
                    item,
                    PATH,
                    format!("`{}` cannot be stored", text.escape_debug()),
                    Some(format!("{}allowed: {}", near.unwrap_or_default(), NAMES.join(", "))),
                );
            }
            _ => reader.wrong(PATH, item, "is not a name"),
        }
    }
    names
}

fn splits(reader: &Reader<'_>) -> [f64; 3] {
    const PATH: &str = "dataset.storage.splits";
    const DEFAULT: [f64; 3] = [0.8, 0.1, 0.1];
    let Some(node) = reader.node(PATH) else { return DEFAULT };
    let (key, fields) = reader.fields(PATH);
    let Some(shares) = fields.numbers(key.name(), 0.0..=1.0) else { return DEFAULT };
    let sum: f64 = shares.iter().sum();
    match <[f64; 3]>::try_from(shares) {
        Ok(shares) if (sum - 1.0).abs() < 1e-6 => shares,
        Ok(_) => {
            let help = "the shares of train, validation and test sum to 1".to_owned();
            reader.faults.report(node, PATH, format!("the shares sum to `{sum}`"), Some(help));
            DEFAULT
        }
        Err(_) => {
            reader.wrong(PATH, node, "is not three shares");
            DEFAULT
        }
    }
}
