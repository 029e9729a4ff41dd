//! The features of `invariant_drift`: every invariant, metric and scale, and what each is.

use super::dissipation;
use crate::features::{Feature, Set, Settings};

/// What is said of an invariant, in the order of [`super::metric::metrics`].
pub const METRICS: [&str; 4] =
    ["mean_drift", "drift_variance", "final_initial_ratio", "monotonicity"];

/// Of which field the invariant is taken.
pub const SCALES: [&str; 3] = ["raw", "lowpass", "highpass"];

/// Formulas `[metric][scale]`.
type Lines = [[&'static str; 3]; 4];

/// An invariant `I[t]` of a channel.
#[derive(Debug)]
pub struct Invariant {
    /// First part of the names of its features.
    pub name: &'static str,
    /// The smallest set that has it.
    pub set: Set,
    standard: Lines,
    compat: Lines,
    source: &'static str,
}

macro_rules! standard {
    ($invariant:literal) => {
        [
            standard!("mean of I[t + 1] − I[t]", $invariant),
            standard!("variance of I[t + 1] − I[t], divisor T − 2", $invariant),
            standard!("I[T − 1]/I[0]", $invariant),
            standard!(
                "mean sign of I[t + 1] − I[t], 0 within 1e-6 of the greatest size",
                $invariant
            ),
        ]
    };
    ($metric:literal, $invariant:literal) => {
        [
            concat!($metric, "; I = ", $invariant, ", v = u"),
            concat!($metric, "; I = ", $invariant, ", v = G∗u, G Gaussian, cut at 4σ, periodic"),
            concat!(
                $metric,
                "; I = ",
                $invariant,
                ", v = u − G∗u, G Gaussian, cut at 4σ, periodic"
            ),
        ]
    };
}

macro_rules! compat {
    ($invariant:literal) => {
        [
            compat!("mean of I[t + 1] − I[t]", $invariant),
            compat!("variance of I[t + 1] − I[t], divisor T − 2", $invariant),
            compat!("I[T − 1]/(I[0] + 1e-8)", $invariant),
            compat!("mean sign of I[t + 1] − I[t]", $invariant),
        ]
    };
    ($metric:literal, $invariant:literal) => {
        [
            concat!($metric, "; I = ", $invariant, ", v = u"),
            concat!($metric, "; I = ", $invariant, ", v = G∗u, G of 9 taps, zeros outside"),
            concat!($metric, "; I = ", $invariant, ", v = u − G∗u, G of 9 taps, zeros outside"),
        ]
    };
}

/// In the order of [`super::measure::Invariants`].
pub const INVARIANTS: [Invariant; 8] = [
    Invariant {
        name: "L1",
        set: Set::V2,
        standard: standard!("mean |v|"),
        compat: compat!("Σ |v|"),
        source: "",
    },
    Invariant {
        name: "L2",
        set: Set::V2,
        standard: standard!("√(mean v²)"),
        compat: compat!("√(Σ v² + 1e-8)"),
        source: "",
    },
    Invariant {
        name: "Linf",
        set: Set::V2,
        standard: standard!("max |v|"),
        compat: compat!("max |v|"),
        source: "",
    },
    Invariant {
        name: "entropy",
        set: Set::V2,
        standard: standard!(
            "−Σ p ln p over bins of width (max v₀ − min v₀)/B without end, v₀ the first state"
        ),
        compat: compat!("−Σ p ln(p + 1e-10) over B bins between min v and max v of each state"),
        source: "Shannon 1948, of the quantised field",
    },
    Invariant {
        name: "tv",
        set: Set::V2,
        standard: standard!("mean |∇v|, forward differences"),
        compat: compat!("Σ √(Dx² + Dy² + 1e-8) of v, central differences"),
        source: "Rudin, Osher and Fatemi 1992",
    },
    Invariant {
        name: "mass",
        set: Set::Extended,
        standard: standard!("mean v"),
        compat: compat!("Σ v"),
        source: "",
    },
    Invariant {
        name: "L2_energy",
        set: Set::Extended,
        standard: standard!("mean v²"),
        compat: compat!("Σ v²"),
        source: "",
    },
    Invariant {
        name: "gradient_energy",
        set: Set::Extended,
        standard: standard!("mean |∇v|², forward differences"),
        compat: compat!("Σ (Dx² + Dy²) of v, central differences"),
        source: "Dirichlet energy",
    },
];

/// `(standard, compat, when undefined, source)` of each of [`dissipation::NAMES`].
const DISSIPATION: [(&str, &str, &str, &str); 4] = [
    (
        "−slope over t of ln E, E the power over 0 < ρ < 1/8 cycles per pixel",
        "−mean change of ln(E + 1e-8), E over the half plane ρ < 1/8 with the mean, unweighted",
        "one state; an empty band; a state that is not finite",
        "",
    ),
    (
        "−slope over t of ln E, E the power over ρ > 3/8 cycles per pixel",
        "−mean change of ln(E + 1e-8), E over the half plane ρ > 3/8, unweighted",
        "one state; an empty band; a state that is not finite",
        "",
    ),
    (
        "(high − low)/(|high| + |low|) of the two rates",
        "high/(low + 1e-8)",
        "one state; an empty band; no change in either; a state that is not finite",
        "",
    ),
    (
        "net change of k over Σ |change of k|, k = Σ P ρ/Σ P; −1: to large scales, 1: to small",
        "sign of the mean change of ln E of the low band",
        "one state; no variation; no change of k; a state that is not finite",
        "Rhines 1975, mean wave number of the energy",
    ),
];

const MEAN_KEPT: &str = "a periodic low-pass keeps the mean, so that the rest has none";

/// The features with these settings.
pub fn features(settings: &Settings) -> Vec<Feature> {
    let mut features: Vec<Feature> = INVARIANTS
        .iter()
        .filter(|invariant| settings.extended() || invariant.set != Set::Extended)
        .flat_map(|invariant| (0..METRICS.len()).map(move |metric| (invariant, metric)))
        .flat_map(|(invariant, metric)| {
            (0..settings.num_scales).map(move |scale| drift(invariant, metric, scale, settings))
        })
        .collect();
    if settings.extended() {
        features.extend(dissipation::NAMES.iter().zip(DISSIPATION).map(
            |(name, (formula, compat, undefined, source))| Feature {
                name: (*name).to_owned(),
                version: 1,
                set: Set::Extended,
                formula,
                compat: Some(compat),
                undefined,
                source,
                constant: None,
            },
        ));
    }
    features
}

fn drift(invariant: &Invariant, metric: usize, scale: usize, settings: &Settings) -> Feature {
    let empty = !settings.compat() && invariant.name == "mass" && SCALES[scale] == "highpass";
    Feature {
        name: format!("{}_{}_{}", invariant.name, METRICS[metric], SCALES[scale]),
        version: 1,
        set: invariant.set,
        formula: invariant.standard[metric][scale],
        compat: Some(invariant.compat[metric][scale]),
        undefined: match (invariant.name, METRICS[metric]) {
            ("entropy", "drift_variance") => {
                "fewer than three states; a constant first state; a state that is not finite"
            }
            ("entropy", _) => "one state; a constant first state; a state that is not finite",
            (_, "drift_variance") => "fewer than three states; a state that is not finite",
            (_, "final_initial_ratio") => {
                "one state; I[0] zero to rounding; a state that is not finite"
            }
            _ => "one state; a state that is not finite",
        },
        source: invariant.source,
        constant: empty.then_some(MEAN_KEPT),
    }
}
