//! `/features/sdf/statistics`: what the features are over the training split, and the cleaning recipe.

use serde_json::{Map, Value as Json};

use super::Sources;
use crate::artifact::Statistics;
use crate::cache::{Dtype, Entry};
use crate::dataset::FEATURES;
use crate::dataset::{Array, Attribute, Data, Type};
use crate::error::{Error, Result};
use crate::features::summary::STATISTICS;

/// A matrix for each table, `[D, 8]` float64, and the recipe as JSON.
pub fn arrays(sources: &Sources<'_>) -> Result<Vec<Array>> {
    let mut out = Vec::new();
    for (node, _) in sources.recipes::<Statistics>() {
        let entry = sources.entry(node)?;
        let document = sources.document(&entry, "statistics")?;
        for (name, table) in mapping(&entry, &document["statistics"])? {
            out.push(matrix(name, mapping(&entry, &table["columns"])?));
        }
        out.push(Array {
            path: format!("{FEATURES}/statistics/cleaning"),
            dtype: Type::Text,
            shape: Vec::new(),
            chunk: None,
            extensible: Vec::new(),
            labels: Vec::new(),
            attributes: Vec::new(),
            data: Data::Texts(vec![document["cleaning"].to_string()]),
        });
    }
    Ok(out)
}

/// A mapping of the document.
fn mapping<'a>(entry: &Entry, value: &'a Json) -> Result<&'a Map<String, Json>> {
    value.as_object().ok_or_else(|| {
        Error::integrity(format!("{} {}: its document has another form", entry.kind, entry.key))
    })
}

fn matrix(table: &str, columns: &Map<String, Json>) -> Array {
    let number = |column: &Json, name: &str| column[name].as_f64().unwrap_or(f64::NAN);
    let bytes = columns
        .values()
        .flat_map(|column| STATISTICS.map(|name| number(column, name)))
        .flat_map(f64::to_le_bytes)
        .collect();
    let names = STATISTICS.map(str::to_owned).to_vec();
    Array {
        path: format!("{FEATURES}/statistics/{table}"),
        dtype: Type::Number(Dtype::F64),
        shape: vec![columns.len(), STATISTICS.len()],
        chunk: None,
        extensible: Vec::new(),
        labels: vec!["feature", "statistic"],
        attributes: vec![
            ("names".into(), Attribute::Texts(columns.keys().cloned().collect())),
            ("statistics".into(), Attribute::Texts(names)),
        ],
        data: Data::Memory(bytes),
    }
}
