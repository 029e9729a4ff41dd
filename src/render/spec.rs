//! What a person can choose for one render, as plain data.
//!
//! Operators are chosen elsewhere; here they are only a list of indices. A spec describes itself to a
//! recipe in three parts, each of which depends on less than the next: what was measured for bounds,
//! frames, and their encoding. So another frame rate encodes anew and draws nothing, and another
//! colour table or quantile draws anew and measures nothing.

use super::aggregate::{AGGREGATES, Aggregate, Method, Range, aggregate};
use super::channels::Channels;
use super::color::{ColorRule, Limits, Scope};
use super::layout::Zoom;
use super::theme::Theme;
use crate::error::{Error, Result};
use crate::key::{Manifest, Value};
use crate::node::{known_names, nearest};
use crate::picture::Colormap;

/// Raised when frames look different for the same spec: layout, fonts, tables, colour rules.
const FRAMES: u32 = 1;
/// Raised when a tally measures something else for the same spec.
const TALLIES: u32 = 1;

/// The states that are drawn, of one operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// M.
    pub realizations: usize,
    /// T, the initial state counted.
    pub states: usize,
    /// C.
    pub channels: usize,
    /// H.
    pub height: usize,
    /// W.
    pub width: usize,
}

/// What stands on a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// One frame for each step: operators as rows, columns as columns.
    Grid,
    /// One picture: operators and their columns as rows, times as columns.
    Strip(Times),
}

/// The times of a strip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Times {
    /// So many of the steps, evenly spaced, the first and the last among them.
    Even(usize),
    /// These steps.
    At(Vec<usize>),
}

/// Steps `from`, `from + stride`, … up to `to`; step 0 is the initial state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steps {
    /// The first.
    pub from: usize,
    /// None lies beyond it.
    pub to: usize,
    /// From one to the next.
    pub stride: usize,
}

/// What a column shows.
#[derive(Debug, Clone, Copy)]
pub enum Shows {
    /// The state of this realization.
    Realization(usize),
    /// An aggregate over all realizations.
    Aggregate(&'static dyn Aggregate),
}

/// A column of a grid.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// What it shows.
    pub shows: Shows,
    /// By whose definition, if an aggregate.
    pub method: Method,
    /// Its own table.
    pub map: Option<&'static Colormap>,
    /// Its own bounds, instead of the rule's or the aggregate's natural range.
    pub limits: Option<Limits>,
}

/// A form in which a render is handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Export {
    /// One PNG: the strip, or the last frame of a grid.
    Png,
    /// A PNG for each frame.
    Frames,
    /// H.264 video by `ffmpeg`.
    Mp4,
    /// Animation of 256 colours a frame.
    Gif,
    /// Lossless animation that browsers play.
    Apng,
    /// One PNG: the grid's columns at a few times, as a strip.
    ContactSheet,
}

/// Everything a person can choose for one render.
#[derive(Debug, Clone)]
pub struct RenderSpec {
    /// Grid or strip.
    pub kind: Kind,
    /// The operators, in the order of rows.
    pub operators: Vec<usize>,
    /// The columns, in order.
    pub columns: Vec<Column>,
    /// The colour rule of states, and of aggregates but for their channels and table.
    pub color: ColorRule,
    /// Which steps.
    pub steps: Steps,
    /// Pixels of a datum; if none, [`Zoom::usual`].
    pub zoom: Option<Zoom>,
    /// Pixels between cells.
    pub gap: usize,
    /// Names of the parameters that stand beside a row.
    pub captions: Vec<String>,
    /// Light or dark.
    pub theme: Theme,
    /// What is written.
    pub exports: Vec<Export>,
    /// Frames in a second.
    pub fps: u32,
    /// Quality of H.264: 0 is lossless, 51 is worst.
    pub crf: u32,
}

/// Times of a contact sheet, and of a strip that says nothing.
pub const FEW_TIMES: usize = 8;

impl Export {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Png, Self::Frames, Self::Mp4, Self::Gif, Self::Apng, Self::ContactSheet];

    /// As people type it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Frames => "frames",
            Self::Mp4 => "mp4",
            Self::Gif => "gif",
            Self::Apng => "apng",
            Self::ContactSheet => "contact-sheet",
        }
    }

    /// The export of that name.
    ///
    /// # Errors
    /// With the names there are.
    pub fn of_name(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|export| export.name() == name).ok_or_else(|| {
            let known = Self::ALL.map(Self::name);
            Error::usage(format!("unknown export `{}`", name.escape_debug()))
                .help(known_names(name, known))
        })
    }
}

impl Steps {
    /// The steps, in order.
    pub fn list(self) -> Vec<usize> {
        (self.from..=self.to).step_by(self.stride).collect()
    }
}

/// So many of a list, evenly spaced, ends included.
fn evenly(list: &[usize], count: usize) -> Vec<usize> {
    if count >= list.len() || count < 2 {
        return list.iter().copied().rev().take(count.max(1)).rev().collect();
    }
    let (last, gaps) = (list.len() - 1, count - 1);
    (0..count).map(|i| list[(i * last + gaps / 2) / gaps]).collect()
}

impl Column {
    /// A column that shows this, with no choices of its own.
    pub fn showing(shows: Shows) -> Self {
        Self { shows, method: Method::Standard, map: None, limits: None }
    }

    /// The column of that name: `realization:K` or an aggregate.
    ///
    /// # Errors
    /// With the nearest name and all there are.
    pub fn of_name(name: &str) -> Result<Self> {
        if let Some(number) = name.strip_prefix("realization:") {
            return number.trim().parse().map(|k| Self::showing(Shows::Realization(k))).map_err(
                |_| {
                    Error::usage(format!(
                        "`{}` is no realization: `{}` is not a whole number",
                        name.escape_debug(),
                        number.escape_debug()
                    ))
                    .help("write `realization:0` for the first")
                },
            );
        }
        if let Some(aggregate) = aggregate(name) {
            return Ok(Self::showing(Shows::Aggregate(aggregate)));
        }
        let names = || AGGREGATES.iter().map(|a| a.name());
        let help = match nearest(name.split(':').next().unwrap_or(name), ["realization"]) {
            Some(_) => "did you mean `realization:K`, K from 0?".to_owned(),
            None => {
                let known: Vec<&str> = names().collect();
                let near = nearest(name, names()).map(|n| format!("did you mean `{n}`? "));
                format!("{}known: realization:K, {}", near.unwrap_or_default(), known.join(", "))
            }
        };
        Err(Error::usage(format!("unknown column `{}`", name.escape_debug())).help(help))
    }

    /// As people type it.
    pub fn name(&self) -> String {
        match self.shows {
            Shows::Realization(k) => format!("realization:{k}"),
            Shows::Aggregate(aggregate) => aggregate.name().to_owned(),
        }
    }

    /// As a heading, with the unit.
    pub fn heading(&self) -> String {
        let aggregate = match self.shows {
            Shows::Realization(k) => return format!("realization {k}"),
            Shows::Aggregate(aggregate) => aggregate,
        };
        let mut out = aggregate.name().to_owned();
        if self.method == Method::Compat {
            out.push_str(", compat");
        }
        match aggregate.unit(self.method) {
            "" => out,
            unit => format!("{out} ({unit})"),
        }
    }

    /// Whether its bounds are not those of the states, whatever it shows.
    pub fn is_apart(&self, scope: Scope) -> bool {
        scope == Scope::Cell || self.map.is_some() || self.limits.is_some()
    }

    /// The rule of its colours if it shows a state.
    #[must_use]
    pub fn rule(&self, rule: &ColorRule) -> ColorRule {
        ColorRule {
            limits: self.limits.unwrap_or(rule.limits),
            map: self.map.or(rule.map),
            ..*rule
        }
    }

    /// Whether the bounds of its map lie where they lie, whatever the data.
    pub fn is_fixed_map(&self) -> bool {
        match (self.limits, self.shows) {
            (Some(limits), _) => matches!(limits, Limits::Fixed(..)),
            (None, Shows::Aggregate(a)) => matches!(a.range(self.method), Range::Fixed(..)),
            (None, Shows::Realization(_)) => false,
        }
    }

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
    /// The defaults for such states: two realizations and three aggregates, every step.
    pub fn usual(shape: &Shape, operators: Vec<usize>) -> Self {
        let realizations = (0..shape.realizations.min(2)).map(Shows::Realization);
        let aggregates = ["mean", "stddev", "entropy"].into_iter().filter_map(aggregate);
        let shows = realizations.chain(aggregates.map(Shows::Aggregate));
        Self {
            kind: Kind::Grid,
            operators,
            columns: shows.map(Column::showing).collect(),
            color: ColorRule::default(),
            steps: Steps { from: 0, to: shape.states.saturating_sub(1), stride: 1 },
            zoom: None,
            gap: 4,
            captions: Vec::new(),
            theme: Theme::Light,
            exports: vec![Export::Mp4, Export::ContactSheet],
            fps: 30,
            crf: 18,
        }
    }

    /// The steps that are drawn, in order.
    pub fn drawn(&self) -> Vec<usize> {
        let steps = self.steps.list();
        match &self.kind {
            Kind::Grid => steps,
            Kind::Strip(Times::Even(count)) => evenly(&steps, *count),
            Kind::Strip(Times::At(times)) => times.clone(),
        }
    }

    /// Whether it is one picture of several times.
    pub fn is_strip(&self) -> bool {
        matches!(self.kind, Kind::Strip(_))
    }

    /// How many frames it has.
    pub fn frames(&self) -> usize {
        if self.is_strip() { 1 } else { self.drawn().len() }
    }

    /// The strip that shows a grid at a few times.
    #[must_use]
    pub fn contact_sheet(&self) -> Self {
        Self {
            kind: Kind::Strip(Times::Even(FEW_TIMES)),
            exports: vec![Export::Png],
            ..self.clone()
        }
    }

    /// The channel rule in effect.
    pub fn channels(&self, shape: &Shape) -> Channels {
        Channels::of(self.color.channels, shape.channels)
    }

    /// Pixels of a datum in effect. A video has at least two, so that half the resolution of its
    /// colours loses nothing.
    pub fn zoom(&self, shape: &Shape) -> Zoom {
        let usual = Zoom::usual((shape.height, shape.width));
        self.zoom.unwrap_or(match usual {
            Zoom::Enlarge(1) if self.exports.contains(&Export::Mp4) => Zoom::Enlarge(2),
            usual => usual,
        })
    }

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
        for (i, column) in self.columns.iter().enumerate() {
            let path = format!("columns[{i}]");
            if let Shows::Realization(k) = column.shows
                && k >= shape.realizations
            {
                let last = shape.realizations.saturating_sub(1);
                fault(&path, format!("there is no realization {k}"), &format!("0 to {last} exist"));
            }
            if let Some(message) = column.limits.and_then(Limits::fault) {
                fault(&path, message, "as `bounds: {quantile: [0.01, 0.99]}`");
            }
        }
        if let Some(message) = self.color.limits.fault() {
            fault("color.bounds", message, "as `bounds: {quantile: [0.01, 0.99]}`");
        }
        let channels = self.channels(shape);
        if let Some(message) = channels.fault(shape.channels) {
            fault("color.channels", message, "`pca`, `norm` and `channel:K` fit any number");
        }
        if let Some(map) = self.color.map
            && !matches!(channels, Channels::Norm | Channels::One(_))
        {
            let message = format!(
                "`{}` is a table for scalars, and `{}` has none",
                map.name,
                channels.name()
            );
            fault("color.map", message, "choose `channels: norm` or `channels: channel:0`");
        }
        match self.zoom(shape) {
            Zoom::Enlarge(0) | Zoom::Reduce(0) => {
                fault("cell.scale", "a datum of no pixels".into(), "1 is a pixel for a datum");
            }
            Zoom::Reduce(by) if shape.height % by != 0 || shape.width % by != 0 => {
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
        if matches!(export, Export::Mp4 | Export::Gif | Export::Apng) {
            out.param("fps", self.fps.into());
        }
        if export == Export::Mp4 {
            out.param("crf", self.crf.into());
        }
    }
}
