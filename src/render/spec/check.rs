//! What is wrong with a spec, as far as it and the shape of the states tell.

use super::super::channels::Channels;
use super::super::color::Limits;
use super::super::layout::Zoom;
use super::{Export, Kind, RenderSpec, Shape, Shows, Steps, Times};
use crate::error::{Error, Result};

impl RenderSpec {
    /// Checks all that can be checked without data.
    ///
    /// # Errors
    /// With every fault, each under the path of its setting.
    pub fn check(&self, shape: &Shape) -> Result<()> {
        let mut faults = Vec::new();
        let mut fault = |path: &str, message: String, help: &str| {
            faults.push(Error::usage(message).at(path).help(help));
        };
        let last = shape.states.saturating_sub(1);
        let Steps { from, to, stride } = self.steps;
        if stride == 0 {
            fault("steps.stride", "a stride of 0 never gets anywhere".into(), "1 draws every step");
        }
        if from > to || to > last {
            let message = format!("steps {from} to {to} are not within 0 to {last}");
            fault("steps", message, "step 0 is the initial state");
        }
        if let Kind::Strip(times) = &self.kind {
            match times {
                Times::Even(0) => fault("times", "a strip of no times".into(), "8 to 12 are usual"),
                Times::At(times) if times.is_empty() || times.iter().any(|t| *t > last) => {
                    let message = format!("times {times:?} are not within 0 to {last}");
                    fault("times", message, "step 0 is the initial state");
                }
                _ => {}
            }
            if let Some(other) = self.exports.iter().find(|e| **e != Export::Png) {
                let message =
                    format!("a strip is one picture and cannot become `{}`", other.name());
                fault("export", message, "export `png`, or make it a grid");
            }
        }
        if self.operators.is_empty() {
            fault("operators", "no operator is drawn".into(), "choose at least one");
        }
        if self.columns.is_empty() {
            fault("columns", "there is no column".into(), "try `realization:0`");
        }
        let channels = self.channels(shape);
        let is_scalar = matches!(channels, Channels::Norm | Channels::One(_));
        let no_table = |name: &str| {
            format!("`{name}` is a table for scalars, and `{}` has none", channels.name())
        };
        let scalar = "choose `channels: norm` or `channels: channel:0`";
        for (i, column) in self.columns.iter().enumerate() {
            let path = format!("columns[{i}]");
            if let Shows::Realization(k) = column.shows
                && k >= shape.realizations
            {
                let last = shape.realizations.saturating_sub(1);
                fault(&path, format!("there is no realization {k}"), &format!("0 to {last} exist"));
            }
            if let (Some(map), Shows::Realization(_), false) = (column.map, column.shows, is_scalar)
            {
                fault(&path, no_table(map.name), scalar);
            }
            if let Some(message) = column.limits.and_then(Limits::fault) {
                fault(&path, message, "as `bounds: {quantile: [0.01, 0.99]}`");
            }
        }
        if let Some(message) = self.color.limits.fault() {
            fault("color.bounds", message, "as `bounds: {quantile: [0.01, 0.99]}`");
        }
        if let Some(message) = channels.fault(shape.channels) {
            fault("color.channels", message, "`pca`, `norm` and `channel:K` fit any number");
        }
        if let Some(map) = self.color.map.filter(|_| !is_scalar) {
            fault("color.map", no_table(map.name), scalar);
        }
        match self.zoom(shape) {
            Zoom::Enlarge(0) | Zoom::Reduce(0) => {
                fault("cell.scale", "a datum of no pixels".into(), "1 is a pixel for a datum");
            }
            Zoom::Reduce(by)
                if !(shape.height.is_multiple_of(by) && shape.width.is_multiple_of(by)) =>
            {
                let message = format!(
                    "a grid of {} × {} cannot be reduced by {by}",
                    shape.height, shape.width
                );
                fault("cell.scale", message, "choose a divisor of both sides");
            }
            _ => {}
        }
        if self.exports.is_empty() {
            fault("export", "nothing is written".into(), "try `png`");
        }
        if !(1..=240).contains(&self.fps) {
            let message = format!("{} frames in a second", self.fps);
            fault("fps", message, "choose from 1 to 240");
        }
        if self.crf > 51 {
            let message = format!("{} is no quality of H.264", self.crf);
            fault("crf", message, "choose from 0, lossless, to 51, worst; 18 looks lossless");
        }
        Error::all(faults).map_or(Ok(()), Err)
    }
}
