//! Sample points of the parameter space, and how good they are.
//!
//! [`Sobol`] gives point `i` of a scrambled Sobol sequence as a function of (seed, scramble,
//! dimension, `i`) alone; [`assess`] measures a finished set of points against random ones and against
//! targets. Coordinates are in the unit cube: this module does not know which parameter owns which
//! dimension, nor how a coordinate becomes a value.
//!
//! | file | what |
//! |---|---|
//! | `sobol` | the sequence, its scrambles and limits |
//! | `joe_kuo` | direction numbers |
//! | `owen`, `lms` | the two scrambles that are made here |
//! | `quality` | the measures put together, with targets |
//! | `pairs`, `discrepancy` | measures over all pairs of points |
//! | `projection` | correlation and coverage |
//! | `levels` | counts of discrete parameters |
//! | `sum` | summation |

mod discrepancy;
mod joe_kuo;
mod levels;
mod lms;
mod owen;
mod pairs;
mod projection;
mod quality;
mod sobol;
mod sum;

#[cfg(test)]
mod quality_tests;
#[cfg(test)]
mod sobol_tests;

pub use levels::{Discrete, Joint, Marginal};
pub use pairs::{Pairs, pairs};
pub use projection::{correlations, coverage_1d, coverage_2d};
pub use quality::{
    Correlation, Coverage, Discrepancies, Distance, Metric, PAIR_LIMIT, PAIR_SUBSET, Quality,
    assess,
};
pub use sobol::{
    BURLEY_DIMENSIONS, BURLEY_POINTS, Dimension, MAX_DIMENSIONS, MAX_POINTS, Scramble, Sobol,
};
