//! Pictures of a data set: initial conditions by type, rollouts over time.
//!
//! How many there are, and how large, is bounded by constants, and with them the page. A picture of a
//! field is a palette of 255 colours, and one more for what is not finite.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::model::{Colors, Rollouts, Strip, Tile};
use super::numbers::{count, several};
use crate::dataset::{Film, Films, Limits, Still, View};
use crate::error::Result;
use crate::picture::color::{DIVERGING, NOT_FINITE, SEQUENTIAL};
use crate::picture::{Bounds, Canvas, Colormap, Scale, png};

/// What is shown of rollouts.
pub const LIMITS: Limits = Limits { operators: 24, steps: 32, side: 64, bytes: 2 << 30 };
/// Initial conditions, in all and of each type.
const INPUTS: usize = 96;
const INPUTS_OF_A_TYPE: usize = 8;
/// Colours of a picture, besides that of what is not finite.
const COLORS: usize = 255;

/// The initial conditions of the first operators of each type.
///
/// # Errors
/// If they cannot be read.
pub fn inputs(view: &View) -> Result<Vec<Strip>> {
    let mut types: BTreeMap<&str, (Vec<usize>, usize)> = BTreeMap::new();
    let names = view.texts("ic_types");
    for row in 0..view.operators {
        let name = names.map_or("", |names| names[row].as_str());
        let (rows, of) = types.entry(name).or_default();
        *of += 1;
        if rows.len() < INPUTS_OF_A_TYPE {
            rows.push(row);
        }
    }
    let each = (INPUTS / types.len().max(1)).clamp(1, INPUTS_OF_A_TYPE);
    let mut chosen: Vec<usize> =
        types.values().flat_map(|(rows, _)| rows.iter().take(each)).copied().collect();
    chosen.truncate(INPUTS);
    let stills = view.inputs(&chosen, LIMITS.side)?;
    let strip = |(name, (rows, of)): (&str, (Vec<usize>, usize))| {
        let own: Vec<&Still> = stills.iter().filter(|still| rows.contains(&still.row)).collect();
        let scale = Scale::of(own.iter().flat_map(|still| still.values.iter().copied()), None);
        let tiles = own.iter().map(|still| Tile {
            operator: view.operator(still.row),
            labels: Vec::new(),
            png: picture(&[&still.values], still.shape.1, &scale),
            size: (still.shape.1, still.shape.0),
            bounds: (scale.bounds.low, scale.bounds.high),
            flag: String::new(),
        });
        Strip {
            title: if name.is_empty() { "all types".into() } else { name.replace('_', " ") },
            of,
            colors: colors(scale.map),
            bounds: (scale.bounds.low, scale.bounds.high),
            tiles: tiles.collect(),
        }
    };
    Ok(types.into_iter().map(strip).filter(|strip| !strip.tiles.is_empty()).collect())
}

/// The first operators over time.
pub fn rollouts(view: &View, found: &Films) -> Rollouts {
    let scales: Vec<Scale> = found
        .films
        .par_iter()
        .map(|film| Scale::of(film.frames.iter().flatten().copied(), None))
        .collect();
    // One table of colours for all, so that one bar explains them.
    let is_signed = 2 * scales.iter().filter(|s| s.bounds.is_signed()).count() >= scales.len();
    let map = if is_signed { DIVERGING } else { SEQUENTIAL };
    let tile = |(film, scale): (&Film, &Scale)| {
        let bounds = if is_signed { scale.bounds.symmetric() } else { scale.bounds };
        let frames: Vec<&[f32]> = film.frames.iter().map(Vec::as_slice).collect();
        let label = |name: &str| view.texts(name).map(|texts| texts[film.row].replace('_', " "));
        Tile {
            operator: view.operator(film.row),
            labels: ["evolution_policies", "ic_types"].iter().filter_map(|n| label(n)).collect(),
            png: picture(&frames, film.shape.1, &Scale { map, bounds }),
            size: (film.shape.1, film.shape.0),
            bounds: (bounds.low, bounds.high),
            flag: flag(view, film.row),
        }
    };
    let tiles = found.films.par_iter().zip(&scales).map(tile).collect();
    let shown = found.films.len();
    let all = several(view.operators as u64, "operator");
    let is_all = shown == view.operators;
    let which = if is_all { format!("All {all}") } else { format!("The first {shown} of {all}") };
    let realizations = match found.realizations {
        1 => String::new(),
        m => format!(" of the first of {}", several(m as u64, "realization")),
    };
    let mut about = vec![format!("{which}: the first channel{realizations}.")];
    if found.steps.len() < found.all_steps {
        let (shown, all) = (count(found.steps.len() as u64), count(found.all_steps as u64));
        about.push(format!("{shown} of {all} states, evenly spread."));
    }
    if found.averaged_from > 0 {
        let side = found.averaged_from;
        about.push(format!("Grids up to {side} × {side} are averaged to at most 64 × 64."));
    }
    let has_not_finite =
        found.films.iter().flat_map(|f| &f.frames).flatten().any(|v| !v.is_finite());
    let steps = found.steps.clone();
    Rollouts { steps, colors: colors(map), about, has_not_finite, tiles }
}

/// What is wrong with the realization that is shown.
fn flag(view: &View, row: usize) -> String {
    let Some((codes, m)) = view.codes(row) else { return String::new() };
    let own = &codes[..codes.len() / m.max(1)];
    let Some(first) = own.iter().position(|code| *code != 0) else { return String::new() };
    let what = match own[first] {
        1 => "not finite",
        2 => "constant",
        _ => "beyond the limit",
    };
    match own.len() {
        1 => what.to_owned(),
        _ => format!("{what} from t = {first}"),
    }
}

fn colors(map: &'static Colormap) -> Colors {
    let bar = png::encode(&Canvas::bar(128, 1, map), &[]);
    Colors { map: map.name, bar, is_signed: map.name == DIVERGING.name }
}

/// Fields of the same shape side by side, as a PNG file.
pub(super) fn picture(fields: &[&[f32]], width: usize, scale: &Scale) -> Vec<u8> {
    let last = (COLORS - 1) as f64;
    let mut palette: Vec<_> = (0..COLORS).map(|i| scale.map.at(i as f64 / last)).collect();
    palette.push(NOT_FINITE);
    let Bounds { low, high } = scale.bounds;
    let factor = if high > low { last / (high - low) } else { 0.0 };
    let base = if high > low { 0.0 } else { last / 2.0 };
    let index = |v: &f32| {
        let place = (base + (f64::from(*v) - low) * factor).clamp(0.0, last);
        if v.is_finite() { place.round() as u8 } else { COLORS as u8 }
    };
    let height = fields.first().map_or(0, |field| field.len() / width.max(1));
    let mut indices = Vec::with_capacity(height * width * fields.len());
    for line in 0..height {
        for field in fields {
            indices.extend(field[line * width..][..width].iter().map(index));
        }
    }
    png::encode_indices(&indices, width * fields.len(), &palette)
}
