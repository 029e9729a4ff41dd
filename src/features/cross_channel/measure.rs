//! What `cross_channel` measures of a state.

use super::information;
use crate::features::measured::Outline;
use crate::features::spectrum::Spectra;
use crate::features::{Channel, Undefined};

use super::Shells;

/// What is measured of a finite state of two channels or more.
#[derive(Debug, Clone, PartialEq)]
pub struct Measures {
    /// `Σ (u_i − mean u_i)(u_j − mean u_j)` over pixels, for i ≤ j, row by row.
    pub products: Vec<f64>,
    /// If `sdf-extended` is asked for.
    pub depth: Option<Depth>,
}

/// What `sdf-extended` wants besides.
#[derive(Debug, Clone, PartialEq)]
pub struct Depth {
    /// The mutual information of every pair i < j.
    pub pairs: Result<Vec<f64>, Undefined>,
    /// The conditional mutual information of every triple i < j < k, given i, j and k in turn.
    pub triples: Result<Vec<f64>, Undefined>,
    /// `Σ F_i conj(F_j)` over each shell of [`Shells`], for i ≤ j, row by row.
    pub shells: Vec<Vec<f64>>,
}

impl Depth {
    /// Of finite channels.
    pub fn of(
        outlines: &[Outline],
        channels: &[Channel],
        bins: usize,
        shells: &Shells,
        spectra: &Spectra,
    ) -> Self {
        if outlines.iter().any(|u| u.constant) {
            return Self::of_a_constant(channels.len());
        }
        Self {
            pairs: information::pairs(channels, bins, false),
            triples: information::triples(channels, bins, false),
            shells: shells.sums(channels.len(), spectra),
        }
    }

    /// With a constant channel: there is nothing but the reasons.
    pub fn of_a_constant(channels: usize) -> Self {
        let triples = information::why_not(channels).unwrap_or(Undefined::ConstantField);
        Self { pairs: Err(Undefined::ConstantField), triples: Err(triples), shells: Vec::new() }
    }
}
