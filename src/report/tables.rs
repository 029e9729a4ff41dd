//! The tables of a report: operators, artifacts, features.

use super::model::{Cell, Head, Look, Table};
use super::numbers::{column, count, seconds, short};
use crate::dataset::{FeatureStatistics, Values, View};
use crate::units;

/// Rows of a table, at most, so that a page stays small.
pub const ROWS: usize = 1000;

/// What is known of each operator.
pub fn operators(view: &View) -> Option<Table> {
    let mut heads = Vec::new();
    let mut rows: Vec<Vec<Cell>> = vec![Vec::new(); view.operators.min(ROWS)];
    for found in view.columns(ROWS) {
        let cells: Vec<Cell> = match &found.values {
            Values::Numbers(values) => {
                let texts = column(values);
                values.iter().zip(texts).map(|(v, text)| Cell::number(*v, text)).collect()
            }
            Values::Texts(texts) => texts.iter().map(|t| Cell::text(t.replace('_', " "))).collect(),
        };
        // A metric of a file that was cut short.
        if cells.len() != rows.len() {
            continue;
        }
        let is_number = matches!(found.values, Values::Numbers(_));
        heads.push(Head { name: found.name, is_number });
        rows.iter_mut().zip(cells).for_each(|(row, cell)| row.push(cell));
    }
    (!rows.is_empty()).then(|| Table {
        id: "operators",
        caption: "Every operator: what it is, how it turned out, and its sampled parameters. Metrics are \
                  those of the last state, the mean over realizations."
            .to_owned(),
        columns: heads,
        note: cut(rows.len(), view.operators, "operators"),
        rows,
    })
}

/// An artifact in a report.
pub struct Artifact {
    /// Its kind.
    pub kind: &'static str,
    /// What a person calls it.
    pub label: String,
    /// `failed`, `built`, `cached` or `left`.
    pub state: &'static str,
    /// Seconds that it took, whenever that was.
    pub seconds: Option<f64>,
    /// Bytes of its entry.
    pub bytes: Option<u64>,
    /// Its key.
    pub key: String,
}

/// The artifacts, of `all`.
pub fn artifacts(shown: &[Artifact], all: usize) -> Table {
    let head = |name: &str, is_number| Head { name: name.to_owned(), is_number };
    let unknown = || Cell::text("");
    let rows = shown
        .iter()
        .map(|a| {
            vec![
                Cell::text(a.kind.replace('_', " ")),
                Cell::text(&a.label),
                Cell::looking(a.state, Look::State),
                a.seconds.map_or_else(unknown, |s| Cell::number(s, seconds(s))),
                a.bytes.map_or_else(unknown, |b| Cell::number(b as f64, units::bytes(b))),
                Cell::looking(&a.key, Look::Hash),
            ]
        })
        .collect();
    Table {
        id: "artifacts",
        caption: "Everything that the experiment is made from. Seconds are those of a worker, in the build \
                  that made it."
            .to_owned(),
        columns: vec![
            head("kind", false),
            head("label", false),
            head("state", false),
            head("time", true),
            head("size", true),
            head("key", false),
        ],
        rows,
        note: if shown.len() == all {
            String::new()
        } else {
            format!(
                "{} of {} artifacts: those that failed or were built before those that were cached.",
                count(shown.len() as u64),
                count(all as u64)
            )
        },
    }
}

/// The statistics of features, all tables in one.
pub fn features(found: &[FeatureStatistics]) -> Option<Table> {
    let statistics = &found.first()?.statistics;
    let head = |name: &str, is_number| Head { name: name.replace('_', " "), is_number };
    let mut columns = vec![head("table", false), head("feature", false)];
    columns.extend(statistics.iter().map(|name| head(name, true)));
    let mut rows = Vec::new();
    let mut all = 0;
    for table in found.iter().filter(|table| &table.statistics == statistics) {
        all += table.features.len();
        for (name, values) in table.features.iter().take(ROWS - rows.len()) {
            let mut row = vec![Cell::text(table.table.replace('_', " ")), Cell::text(name)];
            // Features have units of their own, so each number is shown by itself.
            row.extend(values.iter().map(|v| Cell::number(*v, short(*v))));
            rows.push(row);
        }
    }
    Some(Table {
        id: "features",
        caption: "Every feature over the training split.".to_owned(),
        columns,
        note: cut(rows.len(), all, "features"),
        rows,
    })
}

fn cut(shown: usize, all: usize, what: &str) -> String {
    if shown == all {
        return String::new();
    }
    format!("The first {} of {} {what}.", count(shown as u64), count(all as u64))
}
