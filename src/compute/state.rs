//! What happens to a state `[C][n·n]` between two applications: post-processing, the check for
//! divergence, the metrics of one state. Each works on one realization alone.

use half::f16;

use crate::operator::Policy;
use crate::operator::metrics::METRICS;
use crate::operator::rollout::{Normalize, Rollout, Scope};

use super::simd::vectorised;

/// `valid` of a state in order.
pub const OK: u8 = 0;
/// `valid` of a state with a value that is not finite; terminal.
pub const NON_FINITE: u8 = 1;
/// `valid` of a state whose channels are all constant.
pub const CONSTANT: u8 = 2;
/// `valid` of a state beyond the limit; terminal.
pub const BEYOND_LIMIT: u8 = 3;

/// The largest finite float16.
const LARGEST_F16: f64 = 65_504.0;

/// Whether a realization with this code has no further states.
pub fn is_terminal(code: u8) -> bool {
    matches!(code, NON_FINITE | BEYOND_LIMIT)
}

/// The next state from the old one and the operator's output, written over the output.
pub fn update(policy: Policy, old: &[f32], output: &mut [f32]) {
    match policy {
        Policy::Autoregressive => {}
        Policy::Residual { dt } | Policy::EulerMaruyama { dt } => {
            let dt = dt as f32;
            output.iter_mut().zip(old).for_each(|(o, x)| *o = x + dt * *o);
        }
        Policy::Convex { alpha } => {
            let (keep, take) = (alpha as f32, (1.0 - alpha) as f32);
            output.iter_mut().zip(old).for_each(|(o, x)| *o = keep * x + take * *o);
        }
    }
}

/// Normalises, then clamps, in place. Statistics run over one realization: all its channels or each
/// channel by itself. A state that is not finite stays so.
pub fn post_process(rollout: &Rollout, pixels: usize, state: &mut [f32]) {
    let part = match rollout.scope {
        Scope::State => state.len(),
        Scope::Channel => pixels,
    };
    for values in state.chunks_exact_mut(part) {
        match rollout.normalize {
            Normalize::None => {}
            Normalize::MinMax => {
                let sums = summarise(values);
                let range = sums.max - sums.min;
                if range > 1e-8 {
                    for x in values {
                        *x = (*x - sums.min) / range;
                    }
                }
            }
            Normalize::ZScore => {
                let count = values.len() as f64;
                let mean = summarise(values).sum / count;
                let square = centred_square(values, mean);
                let divisor = ((square / (count - 1.0)).sqrt() + 1e-8) as f32;
                let mean = mean as f32;
                for x in values {
                    *x = (*x - mean) / divisor;
                }
            }
        }
    }
    if let Some((low, high)) = rollout.clamp {
        // `clamp` keeps NaN.
        for x in state {
            *x = x.clamp(low as f32, high as f32);
        }
    }
}

/// The code of a state: whether it is finite, within `blowup_limit` (65,504 at most when stored as
/// float16), and not constant in every channel.
pub fn check(rollout: &Rollout, stored_f16: bool, pixels: usize, state: &[f32]) -> u8 {
    code(rollout, stored_f16, magnitude(state), || {
        state.chunks_exact(pixels).all(|plane| plane.iter().all(|x| *x - plane[0] == 0.0))
    })
}

/// The code of a state with this largest magnitude, NaN if it holds one.
pub(super) fn code(
    rollout: &Rollout,
    stored_f16: bool,
    magnitude: f32,
    is_constant: impl FnOnce() -> bool,
) -> u8 {
    let limit =
        if stored_f16 { rollout.blowup_limit.min(LARGEST_F16) } else { rollout.blowup_limit };
    if !magnitude.is_finite() {
        NON_FINITE
    } else if f64::from(magnitude) > limit {
        BEYOND_LIMIT
    } else if is_constant() {
        CONSTANT
    } else {
        OK
    }
}

/// `max |x|`; infinite or NaN if a value is.
pub(super) fn magnitude(values: &[f32]) -> f32 {
    let mut largest = 0;
    largest_bits(values, &mut largest);
    f32::from_bits(largest)
}

/// The standard deviation with divisor count − 1; exactly 0 for equal values.
pub(super) fn deviation(values: &[f32]) -> f64 {
    let count = values.len() as f64;
    (centred_square(values, summarise(values).sum / count) / (count - 1.0)).sqrt()
}

vectorised! {
    /// The largest magnitude as bits, which order like magnitudes, with infinity and NaN on top.
    fn largest_bits(values: &[f32], largest: &mut u32) {
        *largest = values.iter().fold(0, |most, x| most.max(x.to_bits() & 0x7fff_ffff));
    }
}

/// Bins of the entropy's histogram.
pub(super) const BINS: usize = 50;

/// The [`METRICS`] of a state, over all channels together, given the state before it:
/// energy `Σ X²`; entropy in nats of a 50-bin histogram between the state's own extremes, the last
/// bin closed (0 for a constant state); autocorrelation, the Pearson correlation with `previous` (0
/// without one, NaN where it is undefined); variance with divisor count − 1; mean of `|X|`.
pub fn metrics(state: &[f32], previous: Option<&[f32]>) -> [f32; METRICS.len()] {
    let count = state.len() as f64;
    let sums = summarise(state);
    let mean = sums.sum / count;
    let square = centred_square(state, mean);
    let autocorrelation = previous.map_or(0.0, |previous| {
        let other = summarise(previous).sum / count;
        let product = centred_product(state, mean, previous, other);
        product / (square * centred_square(previous, other)).sqrt()
    });
    [
        sums.square as f32,
        entropy(state, sums.min, sums.max) as f32,
        autocorrelation as f32,
        (square / (count - 1.0)) as f32,
        (sums.magnitude / count) as f32,
    ]
}

fn entropy(state: &[f32], min: f32, max: f32) -> f64 {
    let range = max - min;
    if range <= 0.0 {
        return 0.0;
    }
    let scale = BINS as f32 / range;
    // Four histograms, so that neighbours in one bin do not wait for each other.
    let mut counts = [[0_u32; BINS]; 4];
    for (i, x) in state.iter().enumerate() {
        counts[i % 4][(((x - min) * scale) as usize).min(BINS - 1)] += 1;
    }
    let total = state.len() as f64;
    (0..BINS)
        .map(|bin| counts.iter().map(|c| c[bin]).sum::<u32>())
        .filter(|&count| count > 0)
        .map(|count| {
            let p = f64::from(count) / total;
            -p * libm::log(p)
        })
        .sum()
}

/// A state as its storage type holds it.
pub fn as_stored(state: &[f32], stored_f16: bool) -> std::borrow::Cow<'_, [f32]> {
    if stored_f16 {
        state.iter().map(|&x| f16::from_f32(x).to_f32()).collect::<Vec<_>>().into()
    } else {
        state.into()
    }
}

/// Sums over a slice.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    sum: f64,
    square: f64,
    magnitude: f64,
    min: f32,
    max: f32,
}

const LANES: usize = 16;

fn summarise(values: &[f32]) -> Sums {
    let mut out = Sums::default();
    add_up(values, &mut out);
    out
}

vectorised! {
    fn add_up(values: &[f32], out: &mut Sums) {
        let mut sum = [0.0_f64; LANES];
        let mut square = [0.0_f64; LANES];
        let mut magnitude = [0.0_f64; LANES];
        let mut min = [f32::INFINITY; LANES];
        let mut max = [f32::NEG_INFINITY; LANES];
        for chunk in values.chunks(LANES) {
            for (lane, &x) in chunk.iter().enumerate() {
                let wide = f64::from(x);
                sum[lane] += wide;
                square[lane] += wide * wide;
                magnitude[lane] += wide.abs();
                min[lane] = if x < min[lane] { x } else { min[lane] };
                max[lane] = if x > max[lane] { x } else { max[lane] };
            }
        }
        *out = Sums {
            sum: sum.iter().sum(),
            square: square.iter().sum(),
            magnitude: magnitude.iter().sum(),
            min: min.iter().fold(f32::INFINITY, |a, &b| a.min(b)),
            max: max.iter().fold(f32::NEG_INFINITY, |a, &b| a.max(b)),
        };
    }
}

/// `Σ (x − mean)²`.
fn centred_square(values: &[f32], mean: f64) -> f64 {
    centred_product(values, mean, values, mean)
}

/// `Σ (a − mean_a)(b − mean_b)`.
fn centred_product(a: &[f32], mean_a: f64, b: &[f32], mean_b: f64) -> f64 {
    let mut out = 0.0;
    add_products(a, mean_a, b, mean_b, &mut out);
    out
}

vectorised! {
    fn add_products(a: &[f32], mean_a: f64, b: &[f32], mean_b: f64, out: &mut f64) {
        let mut lanes = [0.0_f64; LANES];
        for (a, b) in a.chunks(LANES).zip(b.chunks(LANES)) {
            for ((lane, &a), &b) in lanes.iter_mut().zip(a).zip(b) {
                *lane += (f64::from(a) - mean_a) * (f64::from(b) - mean_b);
            }
        }
        *out = lanes.iter().sum();
    }
}
