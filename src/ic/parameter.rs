//! Settings of a family as data: name, range, default and meaning in one place.
//!
//! A family declares its settings as statics, reads each with the method of its type, and lists them
//! in [`super::Family::parameters`]; the generated documents are made from the list. Invariant: a
//! setting is read with the range and default it documents. It does not know what is drawn.

use std::ops::RangeInclusive;

use crate::key::Value;
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
            Parameter::Count(p) => p.name,
            Parameter::Choice(p) => p.name,
            Parameter::Other(p) => p.name,
        }
    }

    /// What it is, with its unit.
    pub fn meaning(self) -> &'static str {
        match self {
            Parameter::Law(p) => p.meaning,
            Parameter::Count(p) => p.meaning,
            Parameter::Choice(p) => p.meaning,
            Parameter::Other(p) => p.meaning,
        }
    }

    /// What may stand there.
    pub fn allowed(self) -> String {
        match self {
            Parameter::Law(p) => {
                format!("number or law, {:?} to {:?}", p.range.start(), p.range.end())
            }
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
            Parameter::Law(p) => Value::from(&p.default).to_string(),
            Parameter::Count(p) => Value::from(&p.default).to_string(),
            Parameter::Choice(p) => p.default.to_owned(),
            Parameter::Other(p) => p.default.to_owned(),
        }
    }
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
