//! The catalogue of families: one file each, one line each.
//!
//! The order is that of the documents and of the gallery: tier by tier.

mod band_limited;
mod composite;
mod gaussian_random_field;
mod heavy_tailed;
mod localized;
mod mixed;
mod morphogen_gradient;
mod multiscale_grf;
mod phase_boundary;
mod power_law_grf;
mod reaction_front;
mod shock_front;
mod structured;
mod thermal_gradient;

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
    thermal_gradient::FAMILY,
    morphogen_gradient::FAMILY,
    reaction_front::FAMILY,
    phase_boundary::FAMILY,
    shock_front::FAMILY,
];

/// Other names, each with the family it stands for.
pub const ALIASES: &[(&str, &str)] = &[("random", "gaussian_random_field")];

/// The family called `name`, by its own name or an alias.
pub fn family(name: &str) -> Option<&'static Family> {
    let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, name)| name);
    FAMILIES.iter().find(|family| family.name == name)
}
