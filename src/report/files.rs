//! The figures of a report as files of their own.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::model::Figure;
use crate::chart::Theme;
use crate::error::Result;
use crate::picture::file;

/// Pixels of a PNG file for each of the chart.
const FINE: f64 = 2.0;

/// What sort of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// As SVG, with a style of its own.
    Svg,
    /// As PNG, on white.
    Png,
}

impl Format {
    /// How its files end.
    fn extension(self) -> &'static str {
        match self {
            Format::Svg => "svg",
            Format::Png => "png",
        }
    }
}

/// Writes every figure into a folder in these formats, `<name>.svg` and `<name>.png`; returns the files of
/// each. What else is in the folder stays.
///
/// # Errors
/// If a file cannot be written.
pub fn write(figures: &[Figure], folder: &Path, formats: &[Format]) -> Result<Vec<Vec<PathBuf>>> {
    let one = |figure: &Figure, format: &Format| -> Result<PathBuf> {
        let path = folder.join(format!("{}.{}", figure.name, format.extension()));
        let bytes = match format {
            Format::Svg => figure.chart.document(Theme::Reader).into_bytes(),
            Format::Png => figure.chart.png(FINE, Theme::Light),
        };
        file::write(&path, &bytes)?;
        Ok(path)
    };
    let of = |figure: &Figure| formats.iter().map(|format| one(figure, format)).collect();
    figures.par_iter().map(of).collect()
}
