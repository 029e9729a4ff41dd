//! Initial conditions in pictures: a contact sheet, a page for browsers, and the document.
//!
//! A gallery draws families with their default settings. Invariant: what is drawn of a family depends
//! on the seed, the family's name, the grid and the number of channels; neither on the other families
//! nor on how it is shown. It does not know experiments, and prints nothing.

pub mod document;
mod draw;
mod layout;
mod page;
mod sheet;
mod statistics;

pub use draw::{Channel, Gallery, Shown, draw};
pub use page::page;
pub use sheet::{Look, sheet};
pub use statistics::Statistics;

use crate::error::{Error, Result};
use crate::ic::{ALIASES, FAMILIES, Family, Tier, family};
use crate::node::{known_names, nearest};
use crate::picture::Colormap;

/// What to draw.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Which families.
    pub families: Vec<&'static Family>,
    /// How many samples of each.
    pub variations: usize,
    /// Side of the grid.
    pub grid: usize,
    /// Seed of all samples.
    pub seed: u64,
    /// How many channels of each; none: those that have names, else one.
    pub channels: Option<usize>,
    /// The table for all; none: by the signs of the values.
    pub colormap: Option<&'static Colormap>,
}

/// The families with these names, or of these tiers (`all` for every one), or all if neither names
/// any; in the order of the catalogue, each once.
///
/// # Errors
/// Names that there are not, all at once.
pub fn select(types: &[String], tiers: &[String]) -> Result<Vec<&'static Family>> {
    let mut faults = Vec::new();
    for name in types {
        if family(name).is_none() {
            let known =
                FAMILIES.iter().map(|f| f.name).chain(ALIASES.iter().map(|(name, _)| *name));
            let near = nearest(name, known).map(|near| format!("did you mean `{near}`? "));
            let help = near.unwrap_or_default() + "`spinlock list ics` names every type";
            faults.push(Error::usage(format!("there is no initial condition `{name}`")).help(help));
        }
    }
    for name in tiers {
        let known = Tier::ALL.map(Tier::name).into_iter().chain(["all"]);
        if !known.clone().any(|tier| tier == name) {
            faults.push(
                Error::usage(format!("there is no tier `{name}`")).help(known_names(name, known)),
            );
        }
    }
    if let Some(error) = Error::all(faults) {
        return Err(error);
    }
    let everything = types.is_empty() && (tiers.is_empty() || tiers.iter().any(|t| t == "all"));
    let wanted = |one: &Family| {
        everything
            || types.iter().any(|name| family(name).is_some_and(|f| f.name == one.name))
            || tiers.iter().any(|tier| tier == one.tier.name())
    };
    Ok(FAMILIES.iter().filter(|family| wanted(family)).collect())
}

/// A number of things in words.
pub fn count(n: usize, thing: &str) -> String {
    format!("{n} {thing}{}", if n == 1 { "" } else { "s" })
}

/// A text with a capital at its beginning.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(types: &[&str], tiers: &[&str]) -> Vec<&'static str> {
        let texts = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        select(&texts(types), &texts(tiers)).unwrap().iter().map(|f| f.name).collect()
    }

    #[test]
    fn families_come_once_and_in_the_order_of_the_catalogue() {
        let all: Vec<&str> = FAMILIES.iter().map(|f| f.name).collect();
        assert_eq!(names(&[], &[]), all);
        assert_eq!(names(&[], &["tier1", "all"]), all);
        assert_eq!(
            names(&["localized", "random", "gaussian_random_field"], &[]),
            ["gaussian_random_field", "localized"]
        );
        assert!(names(&[], &["baseline"]).contains(&"composite"));
    }

    #[test]
    fn every_wrong_name_is_said() {
        let wrong = select(&["locallized".into(), "xyz".into()], &["tier9".into()]).unwrap_err();
        assert_eq!(
            wrong.to_string(),
            "error: there is no initial condition `locallized`\n  \
             help: did you mean `localized`? `spinlock list ics` names every type\n\n\
             error: there is no initial condition `xyz`\n  \
             help: `spinlock list ics` names every type\n\n\
             error: there is no tier `tier9`\n  \
             help: did you mean `tier1`? known: baseline, tier1, tier2, tier3, tier4, all"
        );
    }
}
