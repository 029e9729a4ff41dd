//! Radial power spectra by group: the median, and the band that holds 90 % of operators.

use super::axes::Quantity;
use super::dynamics::{Group, NOTE, curve};
use super::lines::{self, Course, Lines, Panel};
use super::{Chart, message};

/// Draws spectra on logarithmic axes: power over wave number, of a unit each. `waves` holds the wave
/// numbers that the series have values at; the mode without a wave has no place there.
pub fn chart(title: &str, waves: (&Quantity, &[f64]), power: Quantity, groups: &[Group]) -> Chart {
    if groups.iter().all(|group| group.series.is_empty()) {
        return message(title, "There are no spectra to draw.");
    }
    lines::chart(&Lines {
        title: title.to_owned(),
        x: waves.0.clone(),
        course: Course::Log,
        panels: vec![Panel {
            y: power,
            course: Course::Log,
            curves: groups.iter().map(|group| curve(group, waves.1)).collect(),
        }],
        height: 190.0,
        note: NOTE.to_owned(),
    })
}
