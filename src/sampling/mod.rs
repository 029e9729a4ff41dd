//! Sample points of the parameter space, and how good they are.
//!
//! A [`Sampler`] gives the coordinate of point `i` in a dimension alone, in any order; [`assess()`]
//! measures a finished set of points against random ones and against targets. Coordinates are in the
//! unit cube: this module does not know which parameter owns which dimension, nor how a coordinate
//! becomes a value.
//!
//! | file | what |
//! |---|---|
//! | `sampler` | what a sampler is, and the registry |
//! | `sobol`, `latin_hypercube`, `halton`, `uniform` | one sampler each |
//! | `scramble`, `owen`, `lms` | scrambles of the Sobol sequence |
//! | `joe_kuo` | its direction numbers |
//! | `permutation`, `hash` | random permutations with random access, and the hash behind them |
//! | `assess`, `quality` | the measures put together, with targets, and their records |
//! | `pairs`, `discrepancy` | measures over all pairs of points |
//! | `plane`, `projection` | projections to two dimensions; correlation and coverage |
//! | `expectation` | what the measures are for random points |
//! | `levels` | counts of discrete parameters |
//! | `split` | which operators train, validate, test |
//! | `sum` | summation |

mod assess;
mod discrepancy;
mod expectation;
mod halton;
mod hash;
mod joe_kuo;
mod latin_hypercube;
mod levels;
mod lms;
mod owen;
mod pairs;
mod permutation;
mod plane;
mod projection;
mod quality;
mod sampler;
mod scramble;
mod sobol;
mod split;
mod sum;
mod uniform;

#[cfg(test)]
mod quality_tests;
#[cfg(test)]
mod sampler_tests;
#[cfg(test)]
mod sobol_tests;

pub use assess::{PAIR_LIMIT, PAIR_SUBSET, assess};
pub use levels::{Discrete, Joint, Marginal};
pub use pairs::{Pairs, pairs};
pub use projection::{correlations, coverage_1d, coverage_2d};
pub use quality::{Correlation, Coverage, Discrepancies, Distance, Metric, Projection, Quality};
pub use sampler::{Method, Named, SAMPLER_ALIASES, SAMPLERS, Sampler, Settings, method};
pub use scramble::{BURLEY_DIMENSIONS, BURLEY_POINTS, MAX_DIMENSIONS, MAX_POINTS, Scramble};
pub use sobol::Sobol;
pub use split::{SPLITS, split, train_share, trains};
