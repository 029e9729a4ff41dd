//! A spec as it describes itself to recipes, in three parts.

use super::super::aggregate::Method;
use super::super::color::{ColorRule, Limits};
use super::super::layout::Zoom;
use super::{Column, Export, Kind, RenderSpec, Shape, Shows};
use crate::key::{Manifest, Value};

/// Raised when frames look different for the same spec: layout, fonts, tables, colour rules.
const FRAMES: u32 = 1;
/// Raised when a tally measures something else for the same spec.
const TALLIES: u32 = 1;

impl Column {
    /// What is measured for it: its name, definition and version, and whether it stands apart.
    fn measured(&self, color: &ColorRule) -> Value {
        let mut parts = vec![("column", self.name().into())];
        if let Shows::Aggregate(aggregate) = self.shows {
            let method = if self.method == Method::Compat { "compat" } else { "standard" };
            parts.push(("method", method.into()));
            parts.push(("version", aggregate.version().into()));
        }
        if self.is_apart(color.scope) {
            parts.push(("apart", true.into()));
        }
        if self.is_fixed_map() {
            parts.push(("fixed", true.into()));
        }
        Value::Map(parts)
    }
}

impl RenderSpec {
    /// What the tally of an operator depends on, besides its states.
    pub fn describe_tally(&self, shape: &Shape, out: &mut dyn Manifest) {
        out.param("tally version", TALLIES.into());
        out.param("steps", self.drawn().into());
        out.param("channels", self.channels(shape).name().into());
        out.param("columns", Value::List(self.measured()));
        let states_fixed = matches!(self.color.limits, Limits::Fixed(..));
        if states_fixed {
            out.param("states fixed", true.into());
        }
    }

    fn measured(&self) -> Vec<Value> {
        self.columns.iter().map(|column| column.measured(&self.color)).collect()
    }

    /// What frames depend on besides: how they are coloured and laid out, and which rows they have.
    pub fn describe_frames(&self, shape: &Shape, out: &mut dyn Manifest) {
        out.param("frame version", FRAMES.into());
        let kind = if self.kind == Kind::Grid { "grid" } else { "strip" };
        out.param("kind", kind.into());
        out.param("operators", self.operators.clone().into());
        out.param("scope", self.color.scope.name().into());
        out.param("time", self.color.time.name().into());
        out.param("bounds", self.color.limits.into());
        out.param("map", self.color.map.map(|map| map.name).into());
        let styles = self.columns.iter().map(|column| {
            Value::Map(vec![
                ("map", column.map.map(|map| map.name).into()),
                ("bounds", column.limits.into()),
            ])
        });
        out.param("column colors", Value::List(styles.collect()));
        let (zoom, pixels) = match self.zoom(shape) {
            Zoom::Enlarge(by) => ("enlarge", by),
            Zoom::Reduce(by) => ("reduce", by),
        };
        out.param("zoom", Value::Map(vec![(zoom, pixels.into())]));
        out.param("gap", self.gap.into());
        out.param("captions", self.captions.clone().into());
        out.param("theme", self.theme.name().into());
    }

    /// What an export depends on besides its frames; the identity of an encoder of the machine is not
    /// known here.
    pub fn describe_encoding(&self, export: Export, out: &mut dyn Manifest) {
        out.param("export", export.name().into());
        if matches!(export, Export::Frames | Export::Mp4 | Export::Gif | Export::Apng) {
            out.param("fps", self.fps.into());
        }
        if export == Export::Mp4 {
            out.param("crf", self.crf.into());
        }
    }
}
