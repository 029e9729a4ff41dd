//! What a person can choose for one render, as plain data.
//!
//! Operators are chosen elsewhere; here they are only a list of indices. A spec describes itself to a
//! recipe in three parts, each of which depends on less than the next: what was measured for bounds,
//! frames, and their encoding. So another frame rate encodes anew and draws nothing, and another
//! colour table or quantile draws anew and measures nothing.

mod check;
mod column;
mod recipe;
#[cfg(test)]
mod tests;

pub use column::{Column, Shows};

use super::aggregate::aggregate;
use super::channels::Channels;
use super::color::ColorRule;
use super::layout::Zoom;
use super::theme::Theme;
use crate::error::{Error, Result};
use crate::node::known_names;

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
}
