//! The data set: one per experiment.

use super::Artifact;
use crate::key::{Key, Kind, Manifest};

/// The file lies only at its output path; the entry holds its digest. Where it lies is not part of
/// the recipe: another output path is another copy of the same artifact.
#[derive(Debug)]
pub struct DatasetFile {
    /// The canonical effective experiment, leaf by leaf: it is stored in the file.
    pub config: Vec<(String, String)>,
    /// Level of the deflate filter, if any.
    pub compression: Option<u8>,
    /// `grouped` or `padded`.
    pub layout: &'static str,
    /// Shares of train, validation and test.
    pub splits: [f64; 3],
    /// Which parts of the file there are.
    pub parts: Vec<&'static str>,
    /// Labels and keys of everything in the file, in order.
    pub inputs: Vec<(String, Key)>,
}

impl Artifact for DatasetFile {
    const KIND: Kind = Kind { name: "dataset", version: 1 };

    fn describe(&self, m: &mut dyn Manifest) {
        for (path, value) in &self.config {
            m.param(path, value.clone().into());
        }
        m.param("compression", self.compression.map(i64::from).into());
        m.param("layout", self.layout.into());
        m.param("splits", self.splits.to_vec().into());
        m.param("parts", self.parts.clone().into());
        for (label, key) in &self.inputs {
            m.input(label, *key);
        }
    }

    fn label(&self) -> String {
        "dataset".into()
    }
}
