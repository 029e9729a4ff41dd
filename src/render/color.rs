//! The colour rule: which cells share bounds, over which time, and where the bounds lie.

use super::aggregate::Range;
use super::channels::Channels;
use super::histogram::Histogram;
use crate::key::Value;
use crate::picture::color::{DIVERGING, SEQUENTIAL};
use crate::picture::{Bounds, Colormap, Scale, Sort};

/// Which cells of a frame share bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scope {
    /// Each has its own.
    Cell,
    /// The states of an operator share theirs, over all realizations; so does each aggregate of it.
    #[default]
    Operator,
    /// As `Operator`, over all operators that are drawn.
    Experiment,
}

/// Over which time bounds are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Time {
    /// Each frame has its own: growth and decay do not show.
    Frame,
    /// All drawn steps share them.
    #[default]
    Clip,
}

/// Where bounds lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limits {
    /// At these quantiles.
    Quantile(f64, f64),
    /// At the least and the greatest value.
    MinMax,
    /// Here.
    Fixed(f64, f64),
    /// As far on both sides of zero as the quantiles `q` and `1 − q` reach on either.
    Symmetric(f64),
}

/// How numbers become colours.
#[derive(Debug, Clone, Copy, Default)]
pub struct ColorRule {
    /// Which cells share bounds.
    pub scope: Scope,
    /// Over which time.
    pub time: Time,
    /// Where they lie.
    pub limits: Limits,
    /// The table of scalars; if none, a diverging one where both signs matter, else a sequential one.
    pub map: Option<&'static Colormap>,
    /// How the channels of a state make one picture; if none, [`Channels::usual`].
    pub channels: Option<Channels>,
}

impl Default for Limits {
    fn default() -> Self {
        Self::Quantile(0.01, 0.99)
    }
}

impl Scope {
    /// The accepted names, the reference's among them.
    pub const NAMES: [&'static str; 6] =
        ["cell", "operator", "experiment", "per-cell", "per-operator", "global"];

    /// The scope of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        match name {
            "cell" | "per-cell" => Some(Self::Cell),
            "operator" | "per-operator" => Some(Self::Operator),
            "experiment" | "global" => Some(Self::Experiment),
            _ => None,
        }
    }

    /// As in recipes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cell => "cell",
            Self::Operator => "operator",
            Self::Experiment => "experiment",
        }
    }
}

impl Time {
    /// The accepted names.
    pub const NAMES: [&'static str; 2] = ["frame", "clip"];

    /// The time of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        match name {
            "frame" => Some(Self::Frame),
            "clip" => Some(Self::Clip),
            _ => None,
        }
    }

    /// As in recipes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Frame => "frame",
            Self::Clip => "clip",
        }
    }
}

impl From<Limits> for Value {
    fn from(limits: Limits) -> Self {
        match limits {
            Limits::Quantile(low, high) => Value::Map(vec![("quantile", vec![low, high].into())]),
            Limits::MinMax => "minmax".into(),
            Limits::Fixed(low, high) => Value::Map(vec![("fixed", vec![low, high].into())]),
            Limits::Symmetric(q) => Value::Map(vec![("symmetric", q.into())]),
        }
    }
}

impl Limits {
    /// What is wrong with them, in words.
    pub fn fault(self) -> Option<String> {
        let inside = |q: f64| (0.0..=1.0).contains(&q);
        match self {
            Limits::Quantile(low, high) if !(inside(low) && inside(high) && low < high) => {
                Some(format!(
                    "quantiles {low:?} and {high:?} are not two numbers from 0 to 1, the lower first"
                ))
            }
            Limits::Fixed(low, high) if !(low.is_finite() && high.is_finite() && low < high) => {
                Some(format!("bounds {low:?} and {high:?} are not two numbers, the lower first"))
            }
            Limits::Symmetric(q) if !(0.0..0.5).contains(&q) => {
                Some(format!("quantile {q:?} is not from 0 to below 0.5"))
            }
            _ => None,
        }
    }

    /// The bounds of these values; 0 and 0 where none is finite and none are fixed.
    pub fn bounds(self, values: &Histogram) -> Bounds {
        let at = |q: f64| values.quantile(q).unwrap_or(0.0);
        match self {
            Limits::Quantile(low, high) => Bounds { low: at(low), high: at(high) },
            Limits::MinMax => {
                let (low, high) = values.extent().unwrap_or((0.0, 0.0));
                Bounds { low, high }
            }
            Limits::Fixed(low, high) => Bounds { low, high },
            Limits::Symmetric(q) => Bounds { low: at(q), high: at(1.0 - q) }.symmetric(),
        }
    }

    /// The bounds of the map of an aggregate, which has a natural range: fixed; from zero up; or so far
    /// below the largest. With those that were `asked` for, if any, the range does not count.
    pub fn of_map(asked: Option<Self>, usual: Self, range: Range, values: &Histogram) -> Bounds {
        if let Some(asked) = asked {
            return asked.bounds(values);
        }
        let free = usual.bounds(values);
        match range {
            Range::Free => free,
            // Where all is zero, zero is still the low end.
            Range::FromZero if free.high <= 0.0 => Bounds { low: 0.0, high: 1.0 },
            Range::FromZero => Bounds { low: 0.0, high: free.high },
            Range::Fixed(low, high) => Bounds { low, high },
            Range::Below(span) => Bounds { low: free.high - span, high: free.high },
        }
    }
}

/// A scale over these bounds: the table `asked` for, or a diverging one if both signs matter, else
/// `usual`. Bounds that were not `fixed` by anybody get 0 in the middle of a diverging table.
pub fn scale(
    bounds: Bounds,
    fixed: bool,
    asked: Option<&'static Colormap>,
    usual: Option<&'static Colormap>,
) -> Scale {
    let signed = bounds.is_signed();
    let map = asked.or(usual).unwrap_or(if signed { DIVERGING } else { SEQUENTIAL });
    let middle = signed && !fixed && map.sort == Sort::Diverging;
    Scale { map, bounds: if middle { bounds.symmetric() } else { bounds } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::colormap;

    fn ramp(low: f32, high: f32) -> Histogram {
        let mut made = Histogram::default();
        made.include((0..=1000).map(|i| low + (high - low) * i as f32 / 1000.0));
        made
    }

    fn near(found: Bounds, low: f64, high: f64) {
        let reach = low.abs().max(high.abs()).max(1e-9);
        let close = |a: f64, b: f64| (a - b).abs() < reach / 128.0;
        assert!(close(found.low, low) && close(found.high, high), "{found:?} {low} {high}");
    }

    #[test]
    fn limits_lie_where_they_say() {
        let values = ramp(-1.0, 3.0);
        near(Limits::default().bounds(&values), -0.96, 2.96);
        near(Limits::Quantile(0.25, 0.5).bounds(&values), 0.0, 1.0);
        assert_eq!(Limits::MinMax.bounds(&values), Bounds { low: -1.0, high: 3.0 });
        assert_eq!(Limits::Fixed(-7.0, 7.5).bounds(&values), Bounds { low: -7.0, high: 7.5 });
        near(Limits::Symmetric(0.25).bounds(&values), -2.0, 2.0);
        let nothing = Bounds { low: 0.0, high: 0.0 };
        assert_eq!(Limits::default().bounds(&Histogram::default()), nothing);
        assert_eq!(Limits::MinMax.bounds(&Histogram::default()), nothing);
    }

    #[test]
    fn maps_have_their_natural_range_unless_asked_otherwise() {
        let values = ramp(2.0, 4.0);
        let of = |range| Limits::of_map(None, Limits::MinMax, range, &values);
        assert_eq!(of(Range::Free), Bounds { low: 2.0, high: 4.0 });
        assert_eq!(of(Range::FromZero), Bounds { low: 0.0, high: 4.0 });
        assert_eq!(of(Range::Fixed(-1.0, 1.0)), Bounds { low: -1.0, high: 1.0 });
        assert_eq!(of(Range::Below(60.0)), Bounds { low: -56.0, high: 4.0 });
        let zeros = Limits::of_map(None, Limits::MinMax, Range::FromZero, &ramp(0.0, 0.0));
        assert_eq!(zeros.place(0.0), 0.0);
        let asked = Some(Limits::Fixed(0.0, 9.0));
        let found = Limits::of_map(asked, Limits::MinMax, Range::Fixed(-1.0, 1.0), &values);
        assert_eq!(found, Bounds { low: 0.0, high: 9.0 });
    }

    #[test]
    fn a_diverging_table_has_zero_in_its_middle() {
        let bounds = Bounds { low: -1.0, high: 3.0 };
        let free = scale(bounds, false, None, None);
        assert_eq!((free.map.name, free.bounds), ("coolwarm", Bounds { low: -3.0, high: 3.0 }));
        let asked = scale(bounds, false, colormap("magma"), None);
        assert_eq!((asked.map.name, asked.bounds), ("magma", bounds));
        assert_eq!(scale(bounds, true, colormap("RdBu"), None).bounds, bounds);
        let positive = Bounds { low: 1.0, high: 3.0 };
        assert_eq!(scale(positive, false, None, None).map.name, "viridis");
        assert_eq!(scale(positive, false, None, colormap("hot")).map.name, "hot");
    }

    #[test]
    fn names_read_back_and_wrong_limits_are_refused() {
        for name in Scope::NAMES {
            let scope = Scope::of_name(name).unwrap();
            assert_eq!(Scope::of_name(scope.name()), Some(scope));
        }
        for name in Time::NAMES {
            assert_eq!(Time::of_name(name).unwrap().name(), name);
        }
        assert!(Scope::of_name("row").is_none() && Time::of_name("step").is_none());
        for wrong in [
            Limits::Quantile(0.9, 0.1),
            Limits::Quantile(f64::NAN, 1.0),
            Limits::Quantile(-0.1, 1.0),
            Limits::Fixed(1.0, 1.0),
            Limits::Fixed(0.0, f64::INFINITY),
            Limits::Symmetric(0.5),
        ] {
            assert!(wrong.fault().is_some(), "{wrong:?}");
        }
        for right in
            [Limits::default(), Limits::MinMax, Limits::Fixed(0.0, 1.0), Limits::Symmetric(0.0)]
        {
            assert!(right.fault().is_none(), "{right:?}");
        }
    }
}
