//! The features that describe how an operator responds to changes of its input: the category
//! `operator_sensitivity`. How they are computed is the business of `compute::sensitivity`.

use crate::features::{Feature, Set};

/// The name of the category.
pub const CATEGORY: &str = "operator_sensitivity";

/// The version of all its features.
pub const VERSION: u32 = 1;

/// What is looked at, and the words of the formulas.
pub const ABOUT: &str = "\
How an operator responds to changes of one input. O is one application at step 0, realization 0, of a \
rollout with T = 1, and x the initial condition of the operator; the update policy, normalisation and \
clamping of states are no part of it. Every application draws the same random numbers, so that what is \
measured is the operator and not the noise between two draws. ‖·‖ is Euclidean, over all channels and \
pixels. `definitions` does not act: these are computed where the operator runs, in one way.";

/// The features of the category `operator_sensitivity`, in their order.
pub const NAMES: [&str; 10] = [
    "lipschitz_eps_1e-04",
    "lipschitz_eps_1e-03",
    "lipschitz_eps_1e-02",
    "gain_scale_0.50",
    "gain_scale_0.75",
    "gain_scale_1.25",
    "gain_scale_1.50",
    "linearity_r2",
    "saturation_degree",
    "compression_ratio",
];

const LIPSCHITZ: &str = "mean over 4 directions d of ‖O(x + d) − O(x)‖/‖d‖, d ~ N(0, ε²) as it is after \
                         rounding, ε as in the name; the same directions for every ε";
const GAIN: &str = "g(a) = ‖O(a x)‖/‖O(x)‖, a as in the name";
const COMMON: &str = "Glasserman and Yao 1992, common random numbers";
const NO_RESPONSE: &str = "O(x) or O at the changed input not finite";
const NO_OUTPUT: &str = "O(x) zero or not finite; O(a x) not finite";
const NO_GAIN: &str = "O(x) zero or not finite; no gain at any scale";

/// `(formula, when undefined, source)` of each of [`NAMES`].
const ROWS: [(&str, &str, &str); NAMES.len()] = [
    (LIPSCHITZ, NO_RESPONSE, COMMON),
    (LIPSCHITZ, NO_RESPONSE, COMMON),
    (LIPSCHITZ, NO_RESPONSE, COMMON),
    (GAIN, NO_OUTPUT, ""),
    (GAIN, NO_OUTPUT, ""),
    (GAIN, NO_OUTPUT, ""),
    (GAIN, NO_OUTPUT, ""),
    (
        "(Σ a g)²/(Σ a² Σ g²) over the four scales, R² of the line g = p a through the origin: 1 if \
         linear",
        NO_GAIN,
        "least squares",
    ),
    ("1.5 − g(1.5): 0 if linear, above 0 if compressive", NO_OUTPUT, ""),
    (
        "(g(0.5)/0.5)/(g(1.5)/1.5): 1 if linear, above 1 if compressive",
        "O(x) or O(1.5 x) zero or not finite",
        "",
    ),
];

/// What each is.
pub fn features() -> Vec<Feature> {
    let feature = |(name, (formula, undefined, source)): (&str, (_, _, _))| Feature {
        name: name.to_owned(),
        version: VERSION,
        set: Set::V2,
        formula,
        compat: None,
        undefined,
        source,
        constant: None,
    };
    NAMES.into_iter().zip(ROWS).map(feature).collect()
}
