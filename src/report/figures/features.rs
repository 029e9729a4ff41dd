//! How features are distributed over operators, and which go together.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::{SHARE, figure, means, shown};
use crate::chart::correlation::{self, Correlation};
use crate::chart::distributions::{self, Feature};
use crate::dataset::View;
use crate::error::Result;
use crate::operator::sensitivity;
use crate::report::model::{Figure, Topic};
use crate::report::numbers::{capital, several};

/// Histograms in a figure, at most.
const HISTOGRAMS: usize = 27;
/// Features in the heat map, and the operators that it is computed from, at most.
const CORRELATED: usize = 240;
const OPERATORS: usize = 1000;

/// A feature of every operator that was read.
struct Column {
    name: String,
    category: String,
    values: Vec<f64>,
}

/// A distribution for each category, and the correlation of all; nothing without features.
pub fn figures(view: &View) -> Result<Vec<Figure>> {
    let columns = columns(view)?;
    let mut categories: Vec<&str> = Vec::new();
    for column in &columns {
        if !categories.contains(&column.category.as_str()) {
            categories.push(&column.category);
        }
    }
    let of = |category: &&str| distribution(view, &columns, category);
    let mut figures: Vec<Figure> = categories.iter().filter_map(of).collect();
    figures.extend(correlations(view, &columns));
    Ok(figures)
}

/// Features of states, the mean over time, and of trajectories, the mean over realizations, of the
/// operators of which both were read.
fn columns(view: &View) -> Result<Vec<Column>> {
    let mut tables = Vec::new();
    for table in ["per_timestep", "per_trajectory"] {
        let path = view.features(table);
        let names = view.names(&path).to_vec();
        let [_, _, d] = *view.shape(&path) else { continue };
        if names.len() != d {
            continue;
        }
        if let Some(portion) = view.portion(&path, &SHARE, &|numbers| means(numbers, d))? {
            tables.push((names, portion));
        }
    }
    let both = |row: &usize| tables.iter().all(|(_, p)| p.rows.binary_search(row).is_ok());
    let category = categories(view);
    let mut columns = Vec::new();
    for (names, portion) in &tables {
        let rows: Vec<&Vec<f64>> = portion
            .rows
            .iter()
            .zip(&portion.values)
            .filter(|(row, _)| both(row))
            .map(|(_, values)| values)
            .collect();
        for (j, name) in names.iter().enumerate() {
            columns.push(Column {
                name: name.clone(),
                category: category.get(name).map_or("other", String::as_str).to_owned(),
                values: rows.iter().map(|row| row[j]).collect(),
            });
        }
    }
    Ok(columns)
}

/// Of which category each feature is, as the data set says it.
fn categories(view: &View) -> BTreeMap<String, String> {
    let registry = view.feature_registry();
    let mut out = BTreeMap::new();
    for (category, features) in registry.as_object().into_iter().flatten() {
        let names = features.as_object().into_iter().flatten();
        out.extend(names.map(|(name, _)| (name.clone(), category.clone())));
    }
    let own = sensitivity::NAMES.map(|name| (name.to_owned(), sensitivity::CATEGORY.to_owned()));
    out.extend(own);
    out
}

/// Whether a feature has different values.
fn varies(column: &Column) -> bool {
    let mut finite = column.values.iter().filter(|v| v.is_finite());
    let first = finite.next();
    finite.any(|v| Some(v) != first)
}

/// `count` of `all` places, evenly spread.
fn spread(all: usize, count: usize) -> impl Iterator<Item = usize> {
    let count = count.min(all);
    (0..count).map(move |i| i * all / count)
}

/// A histogram of each feature of a category; none if no feature has different values.
fn distribution(view: &View, columns: &[Column], category: &str) -> Option<Figure> {
    let all: Vec<&Column> = columns.iter().filter(|c| c.category == category).collect();
    let own: Vec<&Column> = all.iter().filter(|c| varies(c)).copied().collect();
    if own.is_empty() {
        return None;
    }
    let features: Vec<Feature> = spread(own.len(), HISTOGRAMS)
        .map(|at| Feature { name: own[at].name.clone(), values: own[at].values.clone() })
        .collect();
    let words = capital(&category.replace('_', " "));
    let title = format!("{words} features");
    let note = [
        "How often values occur over operators.".to_owned(),
        shown(own[0].values.len(), view.operators, "operator"),
        shown(features.len(), own.len(), "feature"),
        left_out(all.len() - own.len()),
    ];
    let chart = distributions::chart(&title, &features);
    Some(figure(format!("features_{category}"), Topic::Features, chart, note))
}

/// A sentence about features with a single value, or none.
fn left_out(constant: usize) -> String {
    match constant {
        0 => String::new(),
        n => format!("Left out: {} without different values.", several(n as u64, "feature")),
    }
}

/// The correlation of all features with each other.
fn correlations(view: &View, columns: &[Column]) -> Option<Figure> {
    let own: Vec<&Column> = columns.iter().filter(|column| varies(column)).collect();
    let drawn: Vec<&Column> = spread(own.len(), CORRELATED).map(|at| own[at]).collect();
    let rows = drawn.first().map_or(0, |column| column.values.len());
    let picked: Vec<usize> = spread(rows, OPERATORS).collect();
    let values: Vec<Vec<f64>> = drawn
        .par_iter()
        .map(|column| picked.iter().map(|at| column.values[*at]).collect())
        .collect();
    let values: Vec<&[f64]> = values.iter().map(Vec::as_slice).collect();
    let of = Correlation {
        names: drawn.iter().map(|column| column.name.clone()).collect(),
        categories: drawn.iter().map(|column| column.category.replace('_', " ")).collect(),
        r: correlation::pearson(&values),
    };
    if of.names.len() < 2 || of.r.iter().all(|r| r.is_nan()) {
        return None;
    }
    let note = [
        "Pearson's r of each feature with each, over operators. States count by their mean over time, \
         trajectories by that over realizations."
            .to_owned(),
        shown(picked.len(), view.operators, "operator"),
        shown(drawn.len(), own.len(), "feature"),
        left_out(columns.len() - own.len()),
    ];
    let chart = correlation::chart("Correlation of features", &of);
    Some(figure("correlation", Topic::Features, chart, note))
}
