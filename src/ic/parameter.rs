//! Settings of a family as data: name, range, default and meaning in one place.
//!
//! A family declares its settings as statics, reads each with the method of its type, and lists them
//! in [`super::Family::parameters`]; the generated documents are made from the list. Invariant: a
//! setting is read with the range and default it documents. It does not know what is drawn.

use std::ops::RangeInclusive;

use crate::node::{Fields, Law};
use crate::rng::Stream;

/// A real setting that may be drawn.
#[derive(Debug)]
pub struct LawParameter {
    /// As in the file.
    pub name: &'static str,
    /// Least and greatest value.
    pub range: RangeInclusive<f64>,
    /// What holds if it is not given.
    pub default: Law,
    /// What it is, with its unit.
    pub meaning: &'static str,
}

impl LawParameter {
    /// Reads it.
    pub fn parse(&self, fields: &Fields<'_>) -> Law {
        self.parse_or(fields, &self.default)
    }

    /// Reads it where another value is the default.
    pub fn parse_or(&self, fields: &Fields<'_>, default: &Law) -> Law {
        fields.law(self.name, self.range.clone(), default.clone())
    }

    /// Reads it, if given.
    pub fn optional(&self, fields: &Fields<'_>) -> Option<Law> {
        fields.get(self.name).map(|_| self.parse(fields))
    }
}

/// The grid for which the Python reference gives lengths in pixels.
pub const REFERENCE_GRID: f64 = 128.0;

/// A length that may be drawn: a fraction of the side.
///
/// Numbers of 1 and more, which no fraction reaches, are pixels of a grid of 128, as the files of the
/// Python reference have them.
#[derive(Debug)]
pub struct LengthParameter {
    /// As in the file.
    pub name: &'static str,
    /// Least and greatest value, as fractions of the side below 1.
    pub range: RangeInclusive<f64>,
    /// What holds if it is not given, as a fraction of the side.
    pub default: Law,
    /// What it is.
    pub meaning: &'static str,
}

impl LengthParameter {
    /// Reads it, as a fraction of the side.
    pub fn parse(&self, fields: &Fields<'_>) -> Law {
        self.parse_or(fields, &self.default)
    }

    /// Reads it where another value is the default.
    pub fn parse_or(&self, fields: &Fields<'_>, default: &Law) -> Law {
        let (least, greatest) = (*self.range.start(), *self.range.end());
        let law = fields.law(self.name, 0.0..=greatest * REFERENCE_GRID, default.clone());
        let pixels = bounds(&law).0 >= 1.0;
        let law = if pixels { scaled(&law, 1.0 / REFERENCE_GRID) } else { law };
        let (low, high) = bounds(&law);
        if low >= least && high <= greatest {
            return law;
        }
        fields.fault(self.name, "out of range", Some(format!("allowed: {}", self.allowed())));
        default.clone()
    }

    /// What may stand there.
    fn allowed(&self) -> String {
        let (least, greatest) = (self.range.start(), self.range.end());
        let most = greatest * REFERENCE_GRID;
        format!(
            "length or law, {least:?} to {greatest:?} sides; or {:?} to {most:?}, pixels of a grid of \
             128",
            (least * REFERENCE_GRID).max(1.0)
        )
    }
}

/// Every value of a law times a factor.
fn scaled(law: &Law, factor: f64) -> Law {
    match law {
        Law::Constant(v) => Law::Constant(v * factor),
        Law::Uniform(a, b) => Law::Uniform(a * factor, b * factor),
        Law::LogUniform(a, b) => Law::LogUniform(a * factor, b * factor),
        Law::Choice(values) => Law::Choice(values.iter().map(|v| v * factor).collect()),
    }
}

/// A whole number that may be drawn.
#[derive(Debug)]
pub struct CountParameter {
    /// As in the file.
    pub name: &'static str,
    /// Least and greatest value.
    pub range: RangeInclusive<i64>,
    /// What holds if it is not given.
    pub default: Law,
    /// What it is.
    pub meaning: &'static str,
}

impl CountParameter {
    /// Reads it; the ends and values of a law must be whole.
    pub fn parse(&self, fields: &Fields<'_>) -> Law {
        self.parse_or(fields, &self.default)
    }

    /// Reads it where another value is the default.
    pub fn parse_or(&self, fields: &Fields<'_>, default: &Law) -> Law {
        let range = *self.range.start() as f64..=*self.range.end() as f64;
        let law = fields.law(self.name, range, default.clone());
        let whole = match &law {
            Law::Constant(a) => a.fract() == 0.0,
            Law::Uniform(a, b) | Law::LogUniform(a, b) => a.fract() == 0.0 && b.fract() == 0.0,
            Law::Choice(values) => values.iter().all(|v| v.fract() == 0.0),
        };
        if whole {
            return law;
        }
        fields.fault(
            self.name,
            "not a whole number",
            Some(format!(
                "allowed: whole numbers from {} to {}",
                self.range.start(),
                self.range.end()
            )),
        );
        default.clone()
    }
}

/// One of some names.
#[derive(Debug)]
pub struct ChoiceParameter {
    /// As in the file.
    pub name: &'static str,
    /// The names.
    pub allowed: &'static [&'static str],
    /// What holds if it is not given.
    pub default: &'static str,
    /// What it is.
    pub meaning: &'static str,
}

impl ChoiceParameter {
    /// Reads it.
    pub fn parse(&self, fields: &Fields<'_>) -> &'static str {
        fields.choice(self.name, self.allowed, self.default)
    }
}

/// A setting of another form, read by its family.
#[derive(Debug)]
pub struct OtherParameter {
    /// As in the file.
    pub name: &'static str,
    /// What may stand there.
    pub allowed: &'static str,
    /// What holds if it is not given.
    pub default: &'static str,
    /// What it is.
    pub meaning: &'static str,
}

/// One documented setting.
#[derive(Debug, Clone, Copy)]
pub enum Parameter {
    /// A real number or a law.
    Law(&'static LawParameter),
    /// A length or a law.
    Length(&'static LengthParameter),
    /// A whole number or a law.
    Count(&'static CountParameter),
    /// One of some names.
    Choice(&'static ChoiceParameter),
    /// Another form.
    Other(&'static OtherParameter),
}

impl Parameter {
    /// As in the file.
    pub fn name(self) -> &'static str {
        match self {
            Parameter::Law(p) => p.name,
            Parameter::Length(p) => p.name,
            Parameter::Count(p) => p.name,
            Parameter::Choice(p) => p.name,
            Parameter::Other(p) => p.name,
        }
    }

    /// What it is, with its unit.
    pub fn meaning(self) -> &'static str {
        match self {
            Parameter::Law(p) => p.meaning,
            Parameter::Length(p) => p.meaning,
            Parameter::Count(p) => p.meaning,
            Parameter::Choice(p) => p.meaning,
            Parameter::Other(p) => p.meaning,
        }
    }

    /// What may stand there.
    pub fn allowed(self) -> String {
        match self {
            Parameter::Law(p) => {
                format!("number or law, {} to {}", short(*p.range.start()), short(*p.range.end()))
            }
            Parameter::Length(p) => p.allowed(),
            Parameter::Count(p) => {
                format!("whole number or law, {} to {}", p.range.start(), p.range.end())
            }
            Parameter::Choice(p) => p.allowed.join(", "),
            Parameter::Other(p) => p.allowed.to_owned(),
        }
    }

    /// What holds if it is not given.
    pub fn default(self) -> String {
        match self {
            Parameter::Law(p) => written(&p.default),
            Parameter::Length(p) => written(&p.default),
            Parameter::Count(p) => written(&p.default),
            Parameter::Choice(p) => p.default.to_owned(),
            Parameter::Other(p) => p.default.to_owned(),
        }
    }
}

/// A law as it stands in a file.
fn written(law: &Law) -> String {
    let list = |values: &[f64]| values.iter().map(|v| short(*v)).collect::<Vec<_>>().join(", ");
    match law {
        Law::Constant(v) => short(*v),
        Law::Uniform(a, b) => format!("{{uniform: [{}]}}", list(&[*a, *b])),
        Law::LogUniform(a, b) => format!("{{log_uniform: [{}]}}", list(&[*a, *b])),
        Law::Choice(values) => format!("{{choice: [{}]}}", list(values)),
    }
}

/// A number without needless digits.
fn short(v: f64) -> String {
    if v == 0.0 || (1e-4..1e7).contains(&v.abs()) { format!("{v}") } else { format!("{v:e}") }
}

/// The least and the greatest value of a law.
pub fn bounds(law: &Law) -> (f64, f64) {
    match law {
        Law::Constant(v) => (*v, *v),
        Law::Uniform(a, b) | Law::LogUniform(a, b) => (*a, *b),
        Law::Choice(values) => values
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(*v), hi.max(*v))),
    }
}

/// A real setting drawn at a site of its own.
pub fn draw(law: &Law, stream: Stream, site: u32) -> f64 {
    law.at(stream.site(site).uniform())
}

/// A whole setting drawn at a site of its own; under a uniform law every whole number from end to
/// end is as likely.
pub fn draw_count(law: &Law, stream: Stream, site: u32) -> usize {
    let u = stream.site(site).uniform();
    match law {
        Law::Uniform(a, b) => (a + ((b - a + 1.0) * u).floor()).min(*b) as usize,
        _ => libm::round(law.at(u)) as usize,
    }
}

/// Reports the settings among `names` that are given although `reason` leaves them without effect.
pub fn without_effect(fields: &Fields<'_>, names: &[&str], reason: &str) {
    for name in names {
        if fields.get(name).is_some() {
            fields.fault(
                name,
                format!("`{name}` has no effect here: {reason}"),
                Some(format!("leave `{name}` out")),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::{Content, Entry, Faults, Node, Span};

    #[test]
    fn a_length_is_a_fraction_of_the_side_or_pixels_of_the_reference() {
        static SIGMA: LengthParameter = LengthParameter {
            name: "sigma",
            range: 0.01..=0.25,
            default: Law::Constant(0.1),
            meaning: "width",
        };
        let read = |value: Content| {
            let node = |value| Node { value, span: Span::default() };
            let entry =
                Entry { name: "sigma".to_owned(), span: Span::default(), node: node(value) };
            let (tree, faults) = (node(Content::Map(vec![entry])), Faults::default());
            let law = SIGMA.parse(&Fields::new(Some(&tree), "", &faults));
            (law, faults.into_vec().into_iter().map(|f| (f.message, f.help.unwrap())).next())
        };
        assert_eq!(read(Content::Float(0.2)), (Law::Constant(0.2), None));
        assert_eq!(read(Content::Int(16)), (Law::Constant(0.125), None));
        for wrong in [0.001, 0.5, 1.0, 40.0] {
            let (law, fault) = read(Content::Float(wrong));
            let (message, help) = fault.expect("it is out of range");
            assert_eq!((law, message.contains("out of range")), (Law::Constant(0.1), true));
            assert!(help.contains("allowed: "), "{help}");
        }
    }

    #[test]
    fn laws_are_documented_as_they_are_written() {
        assert_eq!(written(&Law::Constant(1.0)), "1");
        assert_eq!(written(&Law::LogUniform(1e-12, 0.2)), "{log_uniform: [1e-12, 0.2]}");
        assert_eq!(written(&Law::Uniform(0.0, 1e12)), "{uniform: [0, 1e12]}");
        assert_eq!(written(&Law::Choice(vec![0.5, -2.0])), "{choice: [0.5, -2]}");
    }

    #[test]
    fn a_uniform_count_reaches_both_ends_as_often() {
        let mut counts = [0_u32; 9];
        for i in 0..8000 {
            counts[draw_count(&Law::Uniform(1.0, 8.0), Stream::new(1, "c", &[i]), 0)] += 1;
        }
        assert_eq!(counts[0], 0);
        assert!(counts[1..].iter().all(|&c| c.abs_diff(1000) < 120), "{counts:?}");
    }
}
