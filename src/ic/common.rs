//! What the families share: amplitude, channels, and the step to 32 bits.
//!
//! Sites of a stream: 0 to 15 are taken here, 16 to 1023 by a family, 1024 on by Gaussian fields. One
//! site per channel has room for 64 of them, which is the most that an experiment may have.
//! Invariant: whatever a family makes leaves through [`Normalize::finish`], so every type honours
//! `normalize` in the same way. It does not know any family.

use super::parameter::{ChoiceParameter, LawParameter, Parameter, draw};
use super::{Drawn, Request};
use crate::key::{Manifest, Value};
use crate::node::{Fields, Law};
use crate::rng::Stream;

/// Site of the matrix that mixes the channels.
const SITE_MIXING: u32 = 0;
/// Site of the variance.
const SITE_VARIANCE: u32 = 1;
/// First site of Gaussian fields.
pub const SITE_FIELDS: u32 = 1024;

/// How the amplitude of a sample is set.
pub static NORMALIZE: ChoiceParameter = ChoiceParameter {
    name: "normalize",
    allowed: &["none", "unit_std", "unit_max"],
    default: "unit_std",
    meaning: "divide each sample, over all its channels, by its standard deviation or its greatest \
              absolute value",
};

/// The same setting where the field has a natural size: domain types keep it.
pub static NORMALIZE_NATURAL: ChoiceParameter = ChoiceParameter { default: "none", ..NORMALIZE };

/// How the channels of a scalar type come about.
pub static CHANNEL_MODE: ChoiceParameter = ChoiceParameter {
    name: "channel_mode",
    allowed: &["independent", "shared", "mixed"],
    default: "independent",
    meaning: "a field for each channel, one field for all, or independent fields mixed by a random \
              orthogonal matrix",
};

/// The variance of a scalar type.
pub static VARIANCE: LawParameter = LawParameter {
    name: "variance",
    range: 1e-12..=1e12,
    default: Law::Constant(1.0),
    meaning: "variance; given, it makes `normalize` none unless that is given too",
};

/// Division of a whole sample by its own size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Normalize {
    /// As drawn.
    None,
    /// By the standard deviation over all channels.
    UnitStd,
    /// By the greatest absolute value over all channels.
    UnitMax,
}

impl Normalize {
    /// Reads `normalize` of a family without a size of its own ([`NORMALIZE`]).
    pub fn parse(fields: &Fields<'_>) -> Self {
        Self::named(NORMALIZE.parse(fields))
    }

    /// Reads `normalize` of a family whose size means something ([`NORMALIZE_NATURAL`]).
    pub fn parse_natural(fields: &Fields<'_>) -> Self {
        Self::named(NORMALIZE_NATURAL.parse(fields))
    }

    fn named(name: &str) -> Self {
        match name {
            "none" => Normalize::None,
            "unit_max" => Normalize::UnitMax,
            _ => Normalize::UnitStd,
        }
    }

    /// Describes `normalize`.
    pub fn describe(self, m: &mut dyn Manifest) {
        let name = match self {
            Normalize::None => "none",
            Normalize::UnitStd => "unit_std",
            Normalize::UnitMax => "unit_max",
        };
        m.param(NORMALIZE.name, name.into());
    }

    /// Scales the sample, records by what it was divided, and rounds to 32 bits.
    pub fn finish(self, mut fields: Vec<f64>, mut settings: Vec<(&'static str, Value)>) -> Drawn {
        let size = match self {
            Normalize::None => None,
            Normalize::UnitStd => Some(deviation(&fields)),
            Normalize::UnitMax => Some(fields.iter().fold(0.0, |max: f64, v| max.max(v.abs()))),
        };
        if let Some(size) = size {
            divide(&mut fields, size);
            settings.push(("divisor", size.into()));
        }
        Drawn { fields: fields.iter().map(|v| *v as f32).collect(), settings }
    }
}

/// Divides by a size; a sample without any size stays as it is.
pub fn divide(fields: &mut [f64], size: f64) {
    if size > 0.0 {
        for v in fields {
            *v /= size;
        }
    }
}

/// Standard deviation about the mean.
pub fn deviation(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n).sqrt()
}

/// How the channels of a scalar type come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelMode {
    /// A field for each channel.
    Independent,
    /// One field for all channels.
    Shared,
    /// Independent fields times a random orthogonal matrix.
    Mixed,
}

impl ChannelMode {
    /// Reads `channel_mode`.
    pub fn parse(fields: &Fields<'_>) -> Self {
        match CHANNEL_MODE.parse(fields) {
            "shared" => ChannelMode::Shared,
            "mixed" => ChannelMode::Mixed,
            _ => ChannelMode::Independent,
        }
    }

    /// Describes `channel_mode`.
    pub fn describe(self, m: &mut dyn Manifest) {
        let name = match self {
            ChannelMode::Independent => "independent",
            ChannelMode::Shared => "shared",
            ChannelMode::Mixed => "mixed",
        };
        m.param(CHANNEL_MODE.name, name.into());
    }

    /// The channels `[C, n, n]` from `make`, which gives as many scalar fields as it is asked for.
    pub fn channels(self, request: &Request, make: impl FnOnce(usize) -> Vec<f64>) -> Vec<f64> {
        let channels = request.channels;
        match self {
            ChannelMode::Independent => make(channels),
            ChannelMode::Shared => make(1).repeat(channels),
            ChannelMode::Mixed => {
                let fields = make(channels);
                let area = fields.len() / channels;
                let mut out = vec![0.0; fields.len()];
                let matrix = orthogonal(request.stream, channels);
                for (row, to) in matrix.chunks_exact(channels).zip(out.chunks_exact_mut(area)) {
                    for (weight, from) in row.iter().zip(fields.chunks_exact(area)) {
                        to.iter_mut().zip(from).for_each(|(a, b)| *a += weight * b);
                    }
                }
                out
            }
        }
    }
}

/// A random orthogonal matrix `[size, size]`, uniform over the group: rows of normals, made
/// orthogonal one after the other.
fn orthogonal(stream: Stream, size: usize) -> Vec<f64> {
    let mut draws = stream.site(SITE_MIXING);
    let mut rows: Vec<Vec<f64>> = Vec::with_capacity(size);
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    while rows.len() < size {
        let mut row: Vec<f64> = (0..size).map(|_| draws.normal()).collect();
        let length = dot(&row, &row).sqrt();
        // Twice: one pass leaves errors where the row was nearly in the span of the others.
        for _ in 0..2 {
            for other in &rows {
                let part = dot(&row, other);
                row.iter_mut().zip(other).for_each(|(a, b)| *a -= part * b);
            }
        }
        let rest = dot(&row, &row).sqrt();
        if rest > 1e-9 * length {
            divide(&mut row, rest);
            rows.push(row);
        }
    }
    rows.concat()
}

/// The settings of every scalar type with a variance: amplitude and channels.
#[derive(Debug, Clone, PartialEq)]
pub struct Scalar {
    channel_mode: ChannelMode,
    amplitude: Amplitude,
}

#[derive(Debug, Clone, PartialEq)]
enum Amplitude {
    /// The declared variance, over all samples.
    Variance(Law),
    /// Each sample by its own size.
    Normalized(Normalize),
}

impl Scalar {
    /// The settings it reads, for the list of a family.
    pub const PARAMETERS: [Parameter; 3] = [
        Parameter::Law(&VARIANCE),
        Parameter::Choice(&CHANNEL_MODE),
        Parameter::Choice(&NORMALIZE),
    ];

    /// Reads `variance`, `channel_mode` and `normalize`. A declared variance is kept: with it,
    /// `normalize` is none, and anything else is a fault.
    pub fn parse(fields: &Fields<'_>) -> Self {
        let variance = VARIANCE.optional(fields);
        let normalize = match (Normalize::parse(fields), fields.get(NORMALIZE.name)) {
            (_, None) if variance.is_some() => Normalize::None,
            (normalize, _) => normalize,
        };
        let amplitude = match (normalize, variance) {
            (Normalize::None, variance) => {
                Amplitude::Variance(variance.unwrap_or_else(|| VARIANCE.default.clone()))
            }
            (normalize, given) => {
                if given.is_some() {
                    fields.fault(
                        VARIANCE.name,
                        "`variance` has no effect where `normalize` sets the amplitude",
                        Some("leave one of the two out, or write `normalize: none`".into()),
                    );
                }
                Amplitude::Normalized(normalize)
            }
        };
        Self { channel_mode: ChannelMode::parse(fields), amplitude }
    }

    /// Describes what acts: `variance` only where nothing is normalized.
    pub fn describe(&self, m: &mut dyn Manifest) {
        self.channel_mode.describe(m);
        match &self.amplitude {
            Amplitude::Variance(law) => {
                Normalize::None.describe(m);
                m.param(VARIANCE.name, law.into());
            }
            Amplitude::Normalized(normalize) => normalize.describe(m),
        }
    }

    /// Makes channels out of the unit-variance fields of `make` and sets their amplitude.
    pub fn draw(
        &self,
        request: &Request,
        mut settings: Vec<(&'static str, Value)>,
        make: impl FnOnce(usize) -> Vec<f64>,
    ) -> Drawn {
        let mut fields = self.channel_mode.channels(request, make);
        match &self.amplitude {
            Amplitude::Variance(law) => {
                let variance = draw(law, request.stream, SITE_VARIANCE);
                let factor = variance.sqrt();
                for v in &mut fields {
                    *v *= factor;
                }
                settings.push((VARIANCE.name, variance.into()));
                Normalize::None.finish(fields, settings)
            }
            Amplitude::Normalized(normalize) => normalize.finish(fields, settings),
        }
    }
}

/// The settings of every scalar type whose size means something: channels and amplitude.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Natural {
    channel_mode: ChannelMode,
    normalize: Normalize,
}

impl Natural {
    /// The settings it reads, for the list of a family.
    pub const PARAMETERS: [Parameter; 2] =
        [Parameter::Choice(&CHANNEL_MODE), Parameter::Choice(&NORMALIZE_NATURAL)];

    /// Reads `channel_mode` and `normalize`.
    pub fn parse(fields: &Fields<'_>) -> Self {
        Self {
            channel_mode: ChannelMode::parse(fields),
            normalize: Normalize::parse_natural(fields),
        }
    }

    /// Reads both, where `normalize` is `unit_std` by default ([`NORMALIZE`]).
    pub fn parse_unit(fields: &Fields<'_>) -> Self {
        Self { channel_mode: ChannelMode::parse(fields), normalize: Normalize::parse(fields) }
    }

    /// Describes both.
    pub fn describe(&self, m: &mut dyn Manifest) {
        self.channel_mode.describe(m);
        self.normalize.describe(m);
    }

    /// Makes channels out of the fields of `make`, which gives as many as it is asked for, and sets
    /// their amplitude.
    pub fn draw(
        &self,
        request: &Request,
        settings: Vec<(&'static str, Value)>,
        make: impl FnOnce(usize) -> Vec<f64>,
    ) -> Drawn {
        self.normalize.finish(self.channel_mode.channels(request, make), settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mixing_matrix_is_orthogonal() {
        for size in [1_usize, 3, 6] {
            let q = orthogonal(Stream::new(9, "q", &[]), size);
            for i in 0..size {
                for j in 0..size {
                    let dot: f64 = (0..size).map(|k| q[i * size + k] * q[j * size + k]).sum();
                    assert!((dot - f64::from(i == j)).abs() < 1e-14);
                }
            }
        }
    }
}
