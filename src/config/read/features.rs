//! `features`.

use super::Reader;
use crate::config::experiment::Features;
use crate::config::schema::{self, Default};
use crate::features::cleaning::{Cleaning, Clip};
use crate::features::reduce::Aggregation;
use crate::features::{CATEGORIES, Definitions, Set, Settings};
use crate::node::{Content, Node, known_names};
use crate::operator::sensitivity;

/// Reads `features`; nothing if the section is not there.
pub fn read(reader: &Reader<'_>) -> Option<Features> {
    const SECTION: &str = "features";
    let settings = settings(reader);
    let categories = names(reader, "features.categories", &known_categories(), "category");
    let exclude = names(reader, "features.exclude", &known_features(&settings), "feature");
    let aggregation = aggregation(reader);
    let cleaning = cleaning(reader);
    let section = reader.node(SECTION)?;
    let wanted = |name: &str| categories.as_ref().is_none_or(|all| all.iter().any(|c| c == name));
    // The first set has no feature of the operator itself, nor of channels or causes.
    let in_set = |name: &str| {
        let category = crate::features::category(name);
        category.is_none_or(|category| {
            category.features(&settings).iter().any(|f| f.set <= settings.set)
        }) && (settings.set > Set::V1 || category.is_some())
    };
    let chosen: Vec<&'static str> =
        CATEGORIES.iter().map(|c| c.name()).filter(|name| wanted(name) && in_set(name)).collect();
    let sensitivity = wanted(sensitivity::CATEGORY) && in_set(sensitivity::CATEGORY);
    if chosen.is_empty() && !sensitivity {
        let help = Some("leave the section out for none".to_owned());
        reader.faults.report(section, SECTION, "no category is left", help);
    }
    Some(Features {
        settings,
        categories: chosen,
        sensitivity,
        exclude: exclude.unwrap_or_default(),
        aggregation,
        cleaning,
    })
}

fn settings(reader: &Reader<'_>) -> Settings {
    let count = |path| reader.int(path) as usize;
    let defaults = Settings::default();
    let set = reader.choice("features.set");
    Settings {
        definitions: match reader.choice("features.definitions") {
            "compat" => Definitions::Compat,
            _ => Definitions::Standard,
        },
        set: Set::ALL.into_iter().find(|s| s.name() == set).unwrap_or(defaults.set),
        num_fft_scales: count("features.spectral.num_fft_scales"),
        autocorr_max_lag: count("features.temporal.autocorr_max_lag"),
        num_eigen_top: count("features.cross_channel.num_eigen_top"),
        mi_num_bins: count("features.cross_channel.mi_num_bins"),
        max_lag_correlation: count("features.causality.max_lag_correlation"),
        max_lag_prediction: count("features.causality.max_lag_prediction"),
        transfer_entropy_num_bins: count("features.causality.transfer_entropy_num_bins"),
        granger_ar_order: count("features.causality.granger_ar_order"),
        num_scales: count("features.invariant_drift.num_scales"),
        gaussian_sigma: reader
            .float("features.invariant_drift.gaussian_sigma")
            .unwrap_or(defaults.gaussian_sigma),
        entropy_num_bins: count("features.invariant_drift.entropy_num_bins"),
    }
}

fn cleaning(reader: &Reader<'_>) -> Cleaning {
    const MAD: &str = "features.cleaning.clip_mad";
    const QUANTILE: &str = "features.cleaning.clip_quantile";
    let number = |path| reader.float(path).expect("it has a default");
    let (mad, quantile) = (number(MAD), number(QUANTILE));
    let name = reader.choice("features.cleaning.clip");
    for (path, value, needs) in [(MAD, mad, "mad"), (QUANTILE, quantile, "quantile")] {
        // A spelled-out default may stand anywhere.
        let other = schema::key(path).is_some_and(|key| key.default != Default::Float(value));
        if let Some(node) = reader.node(path).filter(|_| other && name != needs) {
            let message = format!("it has no effect under `clip: {name}`");
            let help = format!("leave it out, or write `clip: {needs}`");
            reader.faults.report(node, path, message, Some(help));
        }
    }
    Cleaning {
        constant_tolerance: number("features.cleaning.constant_tolerance"),
        max_missing: number("features.cleaning.max_missing"),
        max_correlation: number("features.cleaning.max_correlation"),
        clip: match name {
            "quantile" => Clip::Quantile(quantile),
            "none" => Clip::None,
            _ => Clip::Mad(mad),
        },
    }
}

fn known_categories() -> Vec<String> {
    let own = CATEGORIES.iter().map(|category| category.name());
    own.chain([sensitivity::CATEGORY]).map(str::to_owned).collect()
}

fn known_features(settings: &Settings) -> Vec<String> {
    let own = CATEGORIES.iter().flat_map(|category| category.features(settings));
    own.map(|feature| feature.name).chain(sensitivity::NAMES.map(str::to_owned)).collect()
}

/// A list of names, each of which must be known.
fn names(
    reader: &Reader<'_>,
    path: &'static str,
    known: &[String],
    what: &str,
) -> Option<Vec<String>> {
    let node = reader.node(path)?;
    let Content::List(items) = &node.value else {
        reader.wrong(path, node, "is not a list of names");
        return None;
    };
    let mut found: Vec<String> = Vec::new();
    for Node { value, span } in items {
        let item = Node { value: value.clone(), span: *span };
        match value {
            Content::Text(text) if found.contains(text) => {
                let message = format!("the {what} `{text}` is named twice");
                reader.faults.report(&item, path, message, Some("leave one out".to_owned()));
            }
            Content::Text(text) if known.contains(text) => found.push(text.clone()),
            Content::Text(text) => reader.faults.report(
                &item,
                path,
                format!("there is no {what} `{}`", text.escape_debug()),
                Some(match crate::node::nearest(text, known.iter().map(String::as_str)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if known.len() < 10 => known_names(text, known.iter().map(String::as_str)),
                    None => "`spinlock list features` names them".to_owned(),
                }),
            ),
            _ => reader.wrong(path, &item, "is not a name"),
        }
    }
    Some(found)
}

fn aggregation(reader: &Reader<'_>) -> Vec<Aggregation> {
    const PATH: &str = "features.realization_aggregation";
    let known: Vec<String> = Aggregation::ALL.map(|a| a.name().to_owned()).to_vec();
    let default = || vec![Aggregation::Mean, Aggregation::Std, Aggregation::Cv];
    let Some(names) = names(reader, PATH, &known, "aggregation") else { return default() };
    let named = |name: &String| Aggregation::ALL.into_iter().find(|a| a.name() == name);
    let found: Vec<Aggregation> = names.iter().filter_map(named).collect();
    if found.is_empty() { default() } else { found }
}
