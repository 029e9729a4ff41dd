//! The catalogue of families: one file each, one line each.
//!
//! The order is that of the documents and of the gallery: tier by tier.

mod band_limited;
mod bz_reaction;
mod composite;
mod critical_fluctuation;
mod gaussian_random_field;
mod heavy_tailed;
mod light_cone;
mod localized;
mod mixed;
mod multiscale_grf;
mod power_law_grf;
mod relativistic_wave_packet;
mod structured;
mod turing_pattern;

use super::Family;

/// Every family. A new one: a file beside this, a `mod`, a line here, and a case in `ic::tests`.
pub const FAMILIES: &[Family] = &[
    gaussian_random_field::FAMILY,
    structured::FAMILY,
    mixed::FAMILY,
    multiscale_grf::FAMILY,
    band_limited::FAMILY,
    localized::FAMILY,
    composite::FAMILY,
    power_law_grf::FAMILY,
    heavy_tailed::FAMILY,
    turing_pattern::FAMILY,
    light_cone::FAMILY,
    critical_fluctuation::FAMILY,
    bz_reaction::FAMILY,
    relativistic_wave_packet::FAMILY,
];

/// Other names, each with the family it stands for.
pub const ALIASES: &[(&str, &str)] = &[("random", "gaussian_random_field")];

/// The family called `name`, by its own name or an alias.
pub fn family(name: &str) -> Option<&'static Family> {
    let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, name)| name);
    FAMILIES.iter().find(|family| family.name == name)
}
