//! The catalogue of families: one file each, one line each.
//!
//! The order is that of the documents and of the gallery: tier by tier.

mod band_limited;
mod bz_reaction;
mod cell_population;
mod chromatin_domain;
mod coherent_state;
mod composite;
mod critical_fluctuation;
mod dla_cluster;
mod error_correcting_code;
mod gaussian_random_field;
mod gene_expression;
mod heavy_tailed;
mod interference_pattern;
mod light_cone;
mod localized;
mod mixed;
mod morphogen_gradient;
mod multiscale_grf;
mod mutual_information;
mod phase_boundary;
mod power_law_grf;
mod quantum_wave_packet;
mod reaction_front;
mod regulatory_network;
mod relativistic_wave_packet;
mod shannon_entropy;
mod shock_front;
mod structured;
mod thermal_gradient;
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
    quantum_wave_packet::FAMILY,
    turing_pattern::FAMILY,
    thermal_gradient::FAMILY,
    morphogen_gradient::FAMILY,
    reaction_front::FAMILY,
    light_cone::FAMILY,
    critical_fluctuation::FAMILY,
    phase_boundary::FAMILY,
    bz_reaction::FAMILY,
    shannon_entropy::FAMILY,
    interference_pattern::FAMILY,
    cell_population::FAMILY,
    chromatin_domain::FAMILY,
    shock_front::FAMILY,
    gene_expression::FAMILY,
    coherent_state::FAMILY,
    relativistic_wave_packet::FAMILY,
    mutual_information::FAMILY,
    regulatory_network::FAMILY,
    dla_cluster::FAMILY,
    error_correcting_code::FAMILY,
];

/// Other names, each with the family it stands for.
pub const ALIASES: &[(&str, &str)] = &[("random", "gaussian_random_field")];

/// The family called `name`, by its own name or an alias.
pub fn family(name: &str) -> Option<&'static Family> {
    let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, name)| name);
    FAMILIES.iter().find(|family| family.name == name)
}
