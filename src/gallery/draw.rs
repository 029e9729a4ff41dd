//! Samples of families, with what is to be said of them.

use rayon::prelude::*;

use super::{Settings, Statistics};
use crate::error::{Error, Result};
use crate::ic::{Channels, Family, InitialCondition, Request, Tier};
use crate::node::{Faults, Fields};
use crate::picture::Scale;
use crate::rng::Stream;

/// A gallery that was drawn.
#[derive(Debug)]
pub struct Gallery {
    /// What was asked for.
    pub settings: Settings,
    /// One for each family.
    pub shown: Vec<Shown>,
}

/// What is shown of one family.
#[derive(Debug)]
pub struct Shown {
    /// The family.
    pub family: &'static Family,
    /// Its channels, at least one.
    pub channels: Vec<Channel>,
}

/// One channel of all samples of a family.
#[derive(Debug)]
pub struct Channel {
    /// What it is called; empty if it is the only one and has no name.
    pub name: String,
    /// One field `[n, n]` for each variation.
    pub fields: Vec<Vec<f32>>,
    /// The colours, the same for all variations.
    pub scale: Scale,
    /// In numbers.
    pub statistics: Statistics,
}

impl Gallery {
    /// What is shown, tier by tier.
    pub fn tiers(&self) -> Vec<(Tier, Vec<&Shown>)> {
        let of = |tier| self.shown.iter().filter(|s| s.family.tier == tier).collect::<Vec<_>>();
        Tier::ALL.map(|tier| (tier, of(tier))).into_iter().filter(|(_, s)| !s.is_empty()).collect()
    }
}

/// How many channels of a family are drawn.
pub fn channels(family: &Family, asked: Option<usize>) -> usize {
    match family.channels {
        Channels::Scalar(_) => asked.unwrap_or(1),
        Channels::Named(names) => asked.unwrap_or(names.len()).min(names.len()),
    }
}

/// The family with its default settings.
pub fn with_defaults(family: &Family) -> Box<dyn InitialCondition> {
    let faults = Faults::default();
    let made = family.read(&Fields::new(None, family.name, &faults));
    debug_assert!(faults.is_empty(), "the default settings of {} are right", family.name);
    made
}

/// The stream of a variation: of the seed and the family's name alone, so that a family looks the same
/// whatever stands beside it.
pub fn stream(seed: u64, family: &Family, variation: usize) -> Stream {
    Stream::new(seed, &format!("gallery {}", family.name), &[variation as u64])
}

/// Draws a gallery on all processors.
///
/// # Errors
/// [`crate::error::ErrorKind::Usage`] with every family that cannot be drawn on this grid.
pub fn draw(settings: Settings) -> Result<Gallery> {
    let made: Vec<_> = settings
        .families
        .iter()
        .map(|family| (*family, with_defaults(family), channels(family, settings.channels)))
        .collect();
    let faults = made.iter().filter_map(|(family, made, channels)| {
        let why = family.check(&**made, settings.grid, *channels).err()?;
        let (name, n) = (family.name, settings.grid);
        Some(
            Error::usage(format!("`{name}` cannot be drawn on a {n} × {n} grid: {why}"))
                .help("choose another grid, or leave this type out"),
        )
    });
    if let Some(error) = Error::all(faults.collect()) {
        return Err(error);
    }
    let jobs: Vec<(usize, usize)> = (0..made.len())
        .flat_map(|family| (0..settings.variations).map(move |variation| (family, variation)))
        .collect();
    let samples: Vec<Vec<f32>> = jobs
        .into_par_iter()
        .with_max_len(1)
        .map(|(at, variation)| {
            let (family, made, channels) = &made[at];
            let stream = stream(settings.seed, family, variation);
            made.draw(&Request { stream, grid: settings.grid, channels: *channels }).fields
        })
        .collect();
    let shown = made
        .par_iter()
        .zip(samples.par_chunks(settings.variations))
        .map(|((family, _, count), samples)| {
            let channels = (0..*count).map(|c| channel(family, c, *count, samples, &settings));
            Shown { family, channels: channels.collect() }
        })
        .collect();
    Ok(Gallery { settings, shown })
}

fn channel(
    family: &Family,
    c: usize,
    count: usize,
    samples: &[Vec<f32>],
    settings: &Settings,
) -> Channel {
    let area = settings.grid * settings.grid;
    let fields: Vec<Vec<f32>> =
        samples.iter().map(|sample| sample[c * area..][..area].to_vec()).collect();
    let name = match family.channels {
        Channels::Named(names) => names[c].to_owned(),
        Channels::Scalar(_) if count > 1 => format!("channel {}", c + 1),
        Channels::Scalar(_) => String::new(),
    };
    let scale = Scale::of(fields.iter().flatten().copied(), settings.colormap);
    let statistics = Statistics::of(&fields, settings.grid);
    Channel { name, fields, scale, statistics }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gallery::select;

    fn settings(types: &[&str]) -> Settings {
        let types: Vec<String> = types.iter().map(|t| (*t).to_owned()).collect();
        let families = select(&types, &[]).unwrap();
        Settings { families, variations: 2, grid: 32, seed: 7, channels: None, colormap: None }
    }

    #[test]
    fn a_family_looks_the_same_in_any_company() {
        let alone = draw(settings(&["localized"])).unwrap();
        let many = draw(settings(&["structured", "localized", "composite"])).unwrap();
        let found = many.shown.iter().find(|s| s.family.name == "localized").unwrap();
        assert_eq!(alone.shown[0].channels[0].fields, found.channels[0].fields);
        assert_ne!(found.channels[0].fields[0], found.channels[0].fields[1]);
        let other = draw(Settings { seed: 8, ..settings(&["localized"]) }).unwrap();
        assert_ne!(other.shown[0].channels[0].fields, found.channels[0].fields);
    }

    #[test]
    fn channels_have_names_or_numbers() {
        let one = draw(settings(&["localized"])).unwrap();
        assert_eq!(one.shown[0].channels.len(), 1);
        assert_eq!(one.shown[0].channels[0].name, "");
        let two = draw(Settings { channels: Some(2), ..settings(&["localized"]) }).unwrap();
        let names: Vec<&str> = two.shown[0].channels.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["channel 1", "channel 2"]);
        for family in crate::ic::FAMILIES {
            if let Channels::Named(names) = family.channels {
                assert_eq!(channels(family, None), names.len());
                assert_eq!(channels(family, Some(99)), names.len());
                assert_eq!(channels(family, Some(1)), 1);
            }
        }
    }
}
