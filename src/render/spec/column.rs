//! Columns: what they show, and the colours that are theirs alone.

use super::super::aggregate::{AGGREGATES, Aggregate, Method, Range, aggregate};
use super::super::color::{ColorRule, Limits, Scope};
use crate::error::{Error, Result};
use crate::node::nearest;
use crate::picture::Colormap;

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
        let is_realization = nearest(name.split(':').next().unwrap_or(name), ["realization"]);
        let help = if is_realization.is_some() {
            "did you mean `realization:K`, K from 0?".to_owned()
        } else {
            let known: Vec<&str> = names().collect();
            let near = nearest(name, names()).map(|n| format!("did you mean `{n}`? "));
            format!("{}known: realization:K, {}", near.unwrap_or_default(), known.join(", "))
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
        scope == Scope::Cell || self.limits.is_some()
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
}
