//! Radial power spectra.

use super::axes::Quantity;
use super::lines::{self, Course, Curve, Lines, Panel};
use super::{Chart, message};

/// Draws spectra on logarithmic axes: power over wave number, of a unit each. The mode without a wave
/// has no place there.
pub fn chart(title: &str, wave_number: Quantity, power: Quantity, spectra: Vec<Curve>) -> Chart {
    if spectra.is_empty() {
        return message(title, "There are no spectra to draw.");
    }
    lines::chart(&Lines {
        title: title.to_owned(),
        x: wave_number,
        course: Course::Log,
        panels: vec![Panel { y: power, course: Course::Log, curves: spectra }],
        height: 190.0,
        note: String::new(),
    })
}
