//! Statistics of rollouts over time, by group: the median, and the band that holds 90 % of operators.

use super::axes::Quantity;
use super::lines::{self, Course, Curve, Lines, Panel};
use super::robust::{quantile, sorted};
use super::{Chart, message};

/// Operators that belong together, as those of one update policy.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// For each operator its values over time; what is not finite is left out.
    pub series: Vec<Vec<f64>>,
}

/// A statistic of a state.
#[derive(Debug, Clone)]
pub struct Statistic {
    /// What it is.
    pub of: Quantity,
    /// The groups, in the same order for all statistics.
    pub groups: Vec<Group>,
}

/// How such lines are read.
pub(super) const NOTE: &str =
    "Lines: median over operators. Bands: 5 % to 95 %. Values that are not finite are left out.";

/// Draws a plot for each statistic, logarithmic if it is positive and spans more than two powers of ten.
/// `time` holds the times that the series have values at.
pub fn chart(title: &str, time: (&Quantity, &[f64]), statistics: &[Statistic]) -> Chart {
    if statistics.is_empty()
        || statistics.iter().all(|s| s.groups.iter().all(|g| g.series.is_empty()))
    {
        return message(title, "There are no rollouts to draw.");
    }
    let panels = statistics.iter().map(|statistic| Panel {
        y: statistic.of.clone(),
        course: Course::Auto,
        curves: statistic.groups.iter().map(|group| curve(group, time.1)).collect(),
    });
    lines::chart(&Lines {
        title: title.to_owned(),
        x: time.0.clone(),
        course: Course::Linear,
        panels: panels.collect(),
        height: if statistics.len() == 1 { 170.0 } else { 110.0 },
        note: NOTE.to_owned(),
    })
}

/// Median and quantiles at each time, or whatever else the series have values at.
pub(super) fn curve(group: &Group, time: &[f64]) -> Curve {
    let [mut low, mut middle, mut high] = [const { Vec::new() }; 3];
    for i in 0..time.len() {
        let values = sorted(group.series.iter().filter_map(|series| series.get(i).copied()));
        low.push(quantile(&values, 0.05));
        middle.push(quantile(&values, 0.5));
        high.push(quantile(&values, 0.95));
    }
    let name = format!("{} ({})", group.name, super::number::count(group.series.len()));
    Curve { name, x: time.to_vec(), y: middle, band: Some([low, high]) }
}
