//! From the channels of a state to one picture: what is measured for it, and how it is painted.
//!
//! A pixel of which a shown number is not finite is painted in [`NOT_FINITE`].

use super::color::{ColorRule, Limits, scale};
use super::components::{Basis, Moments};
use super::histogram::Histogram;
use crate::picture::color::NOT_FINITE;
use crate::picture::{Bounds, Rgb, Scale};

/// How `C` channels make one picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channels {
    /// Each channel is a colour with bounds of its own: red, green, blue; of two, orange and azure.
    RgbPerChannel,
    /// The same with one pair of bounds for all channels: what is equal in them is grey.
    RgbJoint,
    /// The leading principal components are the colours.
    Pca,
    /// The Euclidean norm over channels, through a table.
    Norm,
    /// One channel, through a table.
    One(usize),
}

impl Channels {
    /// As people type them; `channel:K` besides.
    pub const NAMES: [&'static str; 4] = ["rgb-per-channel", "rgb-joint", "pca", "norm"];

    /// The rule of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        match name {
            "rgb-per-channel" => Some(Self::RgbPerChannel),
            "rgb-joint" => Some(Self::RgbJoint),
            "pca" => Some(Self::Pca),
            "norm" => Some(Self::Norm),
            _ => name.strip_prefix("channel:")?.trim().parse().ok().map(Self::One),
        }
    }

    /// As in recipes.
    pub fn name(self) -> String {
        match self {
            Self::RgbPerChannel => "rgb-per-channel".into(),
            Self::RgbJoint => "rgb-joint".into(),
            Self::Pca => "pca".into(),
            Self::Norm => "norm".into(),
            Self::One(k) => format!("channel:{k}"),
        }
    }

    /// What is taken unless something else is asked for.
    pub fn usual(channels: usize) -> Self {
        match channels {
            1 => Self::One(0),
            2 | 3 => Self::RgbPerChannel,
            _ => Self::Pca,
        }
    }

    /// What the rule comes to for so many channels: of a single one, itself.
    #[must_use]
    pub fn of(asked: Option<Self>, channels: usize) -> Self {
        match asked {
            Some(Self::RgbPerChannel | Self::RgbJoint | Self::Pca) if channels == 1 => Self::One(0),
            Some(asked) => asked,
            None => Self::usual(channels),
        }
    }

    /// What is wrong with it for so many channels, in words.
    pub fn fault(self, channels: usize) -> Option<String> {
        match self {
            Self::RgbPerChannel | Self::RgbJoint if channels > 3 => Some(format!(
                "`{}` shows up to 3 channels, these states have {channels}",
                self.name()
            )),
            Self::One(k) if k >= channels => Some(format!(
                "there is no channel {k}: these states have {channels}, counted from 0"
            )),
            _ => None,
        }
    }
}

/// What is measured of states before they can be painted.
#[derive(Debug, Clone, PartialEq)]
pub enum Measured {
    /// The distribution of each number that has bounds of its own.
    Planes(Vec<Histogram>),
    /// What components are fitted on.
    Moments(Moments),
}

impl Measured {
    /// Nothing yet; `rule` is one that [`Channels::of`] gave for so many channels.
    pub fn new(rule: Channels, channels: usize) -> Self {
        match rule {
            Channels::RgbPerChannel => Self::Planes(vec![Histogram::default(); channels]),
            Channels::Pca => Self::Moments(Moments::new(channels)),
            _ => Self::Planes(vec![Histogram::default()]),
        }
    }

    /// Adds a state `[C, H, W]`.
    pub fn include(&mut self, rule: Channels, channels: usize, field: &[f32]) {
        let area = field.len() / channels;
        match self {
            Self::Moments(moments) => moments.include(field),
            Self::Planes(planes) => match rule {
                Channels::Norm => planes[0].include((0..area).map(|i| norm(field, area, i))),
                Channels::One(k) => planes[0].include(field[k * area..][..area].iter().copied()),
                Channels::RgbPerChannel => {
                    for (plane, channel) in planes.iter_mut().zip(field.chunks_exact(area)) {
                        plane.include(channel.iter().copied());
                    }
                }
                _ => planes[0].include(field.iter().copied()),
            },
        }
    }

    /// Adds what another one, of the same rule, has seen.
    pub fn merge(&mut self, other: &Self) {
        match (self, other) {
            (Self::Planes(mine), Self::Planes(others)) => {
                mine.iter_mut().zip(others).for_each(|(a, b)| a.merge(b));
            }
            (Self::Moments(mine), Self::Moments(other)) => mine.merge(other),
            _ => unreachable!("both are of one rule"),
        }
    }

    /// As plain numbers.
    pub fn to_numbers(&self, out: &mut Vec<f64>) {
        match self {
            Self::Planes(planes) => planes.iter().for_each(|plane| plane.to_numbers(out)),
            Self::Moments(moments) => moments.to_numbers(out),
        }
    }

    /// Back from [`to_numbers`](Self::to_numbers), taken from the front.
    pub fn from_numbers(rule: Channels, channels: usize, numbers: &mut &[f64]) -> Option<Self> {
        Some(match Self::new(rule, channels) {
            Self::Planes(planes) => {
                let read = planes.iter().map(|_| Histogram::from_numbers(numbers));
                Self::Planes(read.collect::<Option<_>>()?)
            }
            Self::Moments(_) => Self::Moments(Moments::from_numbers(channels, numbers)?),
        })
    }

    /// How states are painted by this rule over what was measured.
    pub fn paint(&self, rule: Channels, channels: usize, color: &ColorRule) -> Paint {
        let limits = color.limits;
        match self {
            Self::Moments(moments) => Paint::Components(moments.basis(limits)),
            Self::Planes(planes) => match rule {
                Channels::RgbPerChannel => {
                    Paint::Colors(planes.iter().map(|plane| limits.bounds(plane)).collect())
                }
                Channels::RgbJoint => Paint::Colors(vec![limits.bounds(&planes[0]); channels]),
                _ => {
                    let fixed = matches!(limits, Limits::Fixed(..));
                    Paint::Table(scale(limits.bounds(&planes[0]), fixed, color.map, None))
                }
            },
        }
    }
}

/// How numbers become colours.
#[derive(Debug, Clone)]
pub enum Paint {
    /// A scalar through a table.
    Table(Scale),
    /// Channels as colours, each with its bounds.
    Colors(Vec<Bounds>),
    /// Components as colours.
    Components(Basis),
}

impl Paint {
    /// The colours of a state `[C, H, W]`, painted by the rule that the paint was made by.
    pub fn state(&self, rule: Channels, channels: usize, field: &[f32]) -> Vec<Rgb> {
        let area = field.len() / channels;
        match self {
            Self::Table(scale) => match rule {
                Channels::One(k) => table(scale, field[k * area..][..area].iter().copied()),
                _ => table(scale, (0..area).map(|i| norm(field, area, i))),
            },
            Self::Colors(bounds) => {
                let places = |i: usize| {
                    let mut at = [0.0; 3];
                    for (k, bounds) in bounds.iter().enumerate() {
                        let v = field[k * area + i];
                        if !v.is_finite() {
                            return None;
                        }
                        at[k] = bounds.place(f64::from(v));
                    }
                    Some(at)
                };
                (0..area)
                    .map(|i| places(i).map_or(NOT_FINITE, |at| mix(at, bounds.len())))
                    .collect()
            }
            Self::Components(basis) => (0..area)
                .map(|i| {
                    let mut at = [0.0; 3];
                    for (k, vector) in basis.vectors.iter().enumerate() {
                        let loads = vector.iter().zip(&basis.mean).enumerate();
                        let along =
                            loads.map(|(c, (v, mean))| v * (f64::from(field[c * area + i]) - mean));
                        let along: f64 = along.sum();
                        if !along.is_finite() {
                            return NOT_FINITE;
                        }
                        at[k] = basis.bounds[k].place(along);
                    }
                    mix(at, basis.vectors.len())
                })
                .collect(),
        }
    }
}

/// Scalars through a table.
pub fn table(scale: &Scale, values: impl Iterator<Item = f32>) -> Vec<Rgb> {
    let of = |v: f32| scale.map.at(scale.bounds.place(f64::from(v)));
    values.map(|v| if v.is_finite() { of(v) } else { NOT_FINITE }).collect()
}

/// The norm over channels of pixel `i`; not finite if a channel is not.
fn norm(field: &[f32], area: usize, i: usize) -> f32 {
    let squares = field[i..].iter().step_by(area).map(|v| f64::from(*v) * f64::from(*v));
    squares.sum::<f64>().sqrt() as f32
}

/// The colour of up to three numbers from 0 to 1: red, green and blue; of two, orange and azure, which
/// add up to white and which people of any colour vision tell apart.
pub fn mix(at: [f64; 3], count: usize) -> Rgb {
    let rgb = if count == 2 { [at[0], f64::midpoint(at[0], at[1]), at[1]] } else { at };
    // Rounds half up: the conversion to an integer cuts off.
    rgb.map(|v| (255.0 * v.clamp(0.0, 1.0) + 0.5) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(limits: Limits) -> ColorRule {
        ColorRule { limits, ..ColorRule::default() }
    }

    fn paint(channels: Channels, count: usize, limits: Limits, field: &[f32]) -> Vec<Rgb> {
        let mut measured = Measured::new(channels, count);
        measured.include(channels, count, field);
        let mut numbers = Vec::new();
        measured.to_numbers(&mut numbers);
        let read = Measured::from_numbers(channels, count, &mut numbers.as_slice()).unwrap();
        assert_eq!(read, measured);
        read.paint(channels, count, &rule(limits)).state(channels, count, field)
    }

    #[test]
    fn channels_are_colours_with_bounds_of_their_own_or_joint() {
        // Two pixels: channels 0 to 1, 10 to 20, 5 to 5.
        let field = [0.0, 1.0, 10.0, 20.0, 5.0, 5.0];
        let own = paint(Channels::RgbPerChannel, 3, Limits::MinMax, &field);
        assert_eq!(own, [[0, 0, 128], [255, 255, 128]]);
        let joint = paint(Channels::RgbJoint, 3, Limits::MinMax, &field);
        assert_eq!(joint, [[0, 128, 64], [13, 255, 64]]);
        let two = paint(Channels::RgbPerChannel, 2, Limits::MinMax, &[0.0, 1.0, 1.0, 0.0]);
        assert_eq!(two, [[0, 128, 255], [255, 128, 0]]);
    }

    #[test]
    fn scalars_go_through_a_table() {
        let field = [3.0, 0.0, 4.0, 0.0];
        let norm = paint(Channels::Norm, 2, Limits::Fixed(0.0, 5.0), &field);
        assert_eq!(norm, [[0xfd, 0xe7, 0x25], [0x44, 0x01, 0x54]]);
        let one = paint(Channels::One(1), 2, Limits::Fixed(0.0, 8.0), &field);
        assert_eq!(one[0], [0x21, 0x91, 0x8c]);
        // Signed values get the diverging table, with zero in its middle.
        let signed = paint(Channels::One(0), 1, Limits::MinMax, &[-1.0, 0.0, 4.0]);
        assert_eq!(signed[1], [0xdd, 0xdc, 0xdc]);
    }

    #[test]
    fn what_is_not_finite_has_its_own_colour_and_no_part_in_bounds() {
        let field = [0.0, 1.0, f32::NAN, 0.0, 1.0, 2.0, 0.0, f32::INFINITY, 2.0];
        for channels in [Channels::RgbPerChannel, Channels::RgbJoint, Channels::Pca, Channels::Norm]
        {
            let colors = paint(channels, 3, Limits::MinMax, &field);
            assert_ne!(colors[0], NOT_FINITE, "{channels:?}");
            assert_eq!(colors[1..], [NOT_FINITE; 2], "{channels:?}");
        }
        let first = paint(Channels::One(0), 3, Limits::MinMax, &field);
        assert_eq!(first, [[0x44, 0x01, 0x54], [0xfd, 0xe7, 0x25], NOT_FINITE]);
        let nothing = paint(Channels::Norm, 2, Limits::default(), &[f32::NAN; 4]);
        assert_eq!(nothing, [NOT_FINITE; 2]);
    }

    #[test]
    fn components_of_any_number_of_channels_are_colours() {
        for count in [2, 3, 4, 5] {
            let field: Vec<f32> = (0..count * 64).map(|i| ((i * i) % 97) as f32).collect();
            let colors = paint(Channels::Pca, count, Limits::default(), &field);
            assert_eq!(colors.len(), 64);
            assert!(colors.iter().collect::<std::collections::BTreeSet<_>>().len() > 30);
        }
    }

    #[test]
    fn names_read_back_and_rules_that_do_not_fit_are_refused() {
        for name in Channels::NAMES.into_iter().chain(["channel:7"]) {
            assert_eq!(Channels::of_name(name).unwrap().name(), name);
        }
        assert!(Channels::of_name("channel:x").is_none() && Channels::of_name("rgb").is_none());
        assert_eq!(
            [1, 2, 3, 4].map(Channels::usual).map(Channels::name).join(" "),
            "channel:0 rgb-per-channel rgb-per-channel pca"
        );
        assert_eq!(Channels::of(Some(Channels::Pca), 1), Channels::One(0));
        assert!(Channels::RgbJoint.fault(4).is_some() && Channels::RgbJoint.fault(3).is_none());
        assert!(Channels::One(2).fault(2).is_some() && Channels::One(1).fault(2).is_none());
    }
}
