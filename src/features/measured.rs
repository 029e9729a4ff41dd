//! What is measured of a state, apart from what follows from it.
//!
//! The work of a category falls in two: measuring a state, which goes over its pixels, and everything
//! after that, which sees a few numbers of each state: formulas, reasons why there is no value, series
//! and their statistics. On a processor an extractor does both. A device measures the states of a unit
//! all at once, and extractors go on from here, so that what follows is written once.
//! Measurements are those of `standard`; `compat` needs the pixels.

use super::invariant_drift::Bins;
use super::statistics::Moments;
use super::{cross_channel, invariant_drift, spatial, spectral};

/// What every category wants to know of a channel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outline {
    /// Whether all numbers are finite; nothing else means anything if not.
    pub finite: bool,
    /// Whether all numbers are equal.
    pub constant: bool,
    /// Mean and central moments.
    pub moments: Moments,
}

/// What was measured of one state, for the categories that are at work; empty for the others.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// Of each channel.
    pub channels: Vec<Outline>,
    /// Of each channel, for `spatial`.
    pub spatial: Vec<spatial::Measures>,
    /// Of each channel, for `spectral`.
    pub spectral: Vec<spectral::Measures>,
    /// Of the state, for `cross_channel`, if it has two channels or more.
    pub cross_channel: Option<cross_channel::Measures>,
    /// Of each channel, for `causality`: means over the field of `Dx²`, `Dx Dy`, `Dy²`, `w Dx`, `w Dy`,
    /// with D the central differences and w the state before (anything for the first).
    pub flow: Vec<[f64; 5]>,
    /// Of each channel, for `invariant_drift`.
    pub drift: Vec<invariant_drift::Measures>,
}

impl Measured {
    /// Whether all numbers of the state are finite.
    pub fn is_finite(&self) -> bool {
        self.channels.iter().all(|channel| channel.finite)
    }
}

/// What measuring a state needs of those before it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Past {
    /// How many there were.
    pub steps: usize,
    /// The state before, `[C, H, W]`, for `causality`; empty if there is none.
    pub before: Vec<f64>,
    /// The bins of the first state, channel by channel and scale by scale, for `invariant_drift`: none of
    /// a field that was constant, or if there was no state.
    pub bins: Vec<Vec<Option<Bins>>>,
}
