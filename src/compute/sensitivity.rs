//! How an operator responds to changes of one input: the features of the category
//! `operator_sensitivity`.
//!
//! `O` is one application at step 0, realization 0, of a rollout with T = 1: every pass sees the same
//! random numbers, so that what is measured is the operator and not the noise between two draws.
//! Policy, normalisation and clamp are no part of it.

use crate::error::Result;
use crate::features::{Undefined, Value};
use crate::operator::Operator;
use crate::operator::rollout::Precision;
use crate::rng::Stream;

use super::device::Device;
use super::network::{Moment, Network};
use super::random::{Place, normals};

const EPSILONS: [f32; 3] = [1e-4, 1e-3, 1e-2];
const SCALES: [f32; 4] = [0.5, 0.75, 1.25, 1.5];
/// Random directions that the Lipschitz estimates are means over.
const DIRECTIONS: u32 = 4;

/// The features of `operator` at `input` `[C,H,W]`.
pub fn sensitivity(
    operator: &Operator,
    seed: u64,
    input: &[f32],
    device: Device,
    precision: Precision,
) -> Result<[Value; 10]> {
    let mut network = Network::new(seed, operator, device, precision)?;
    let at = Moment { step: 0, num_timesteps: 1 };
    let stream = Stream::new(seed, "sensitivity", &[operator.index]);
    of_map(stream, input, |x| network.apply(x, at, &[0]))
}

/// The features of any map `O`, with directions from `stream`. All norms are Euclidean.
///
/// - `lipschitz_eps_ε`: mean over four directions `d ~ N(0, ε²)` of `‖O(x+d) − O(x)‖/‖d‖`, with `d`
///   as it is after rounding; the same directions for every ε
/// - `gain_scale_a`: `g(a) = ‖O(a·x)‖/‖O(x)‖`
/// - `linearity_r2`: `(Σ a·g)²/(Σ a² Σ g²)`, the R² of the line through the origin
/// - `saturation_degree`: `1.5 − g(1.5)`: 0 if linear, above 0 if compressive
/// - `compression_ratio`: `(g(0.5)/0.5)/(g(1.5)/1.5)`: 1 if linear, above 1 if compressive
///
/// A value is undefined where an output in it is not finite ([`Undefined::NonFinite`]), or where it is a
/// quotient by an output that is zero ([`Undefined::ZeroDenominator`]).
pub fn of_map(
    stream: Stream,
    input: &[f32],
    mut map: impl FnMut(&[f32]) -> Result<Vec<f32>>,
) -> Result<[Value; 10]> {
    let base = map(input)?;
    let whole = norm(&base);
    let mut lipschitz = [0.0_f64; EPSILONS.len()];
    let mut direction = vec![0.0; input.len()];
    for site in 0..DIRECTIONS {
        normals(stream, Place { site, ..Place::default() }, &mut direction);
        for (estimate, epsilon) in lipschitz.iter_mut().zip(EPSILONS) {
            let moved: Vec<f32> =
                input.iter().zip(&direction).map(|(x, d)| x + epsilon * d).collect();
            let response = distance(&map(&moved)?, &base);
            *estimate += response / distance(&moved, input) / f64::from(DIRECTIONS);
        }
    }
    let mut norms = [0.0_f64; SCALES.len()];
    for (norm_of, scale) in norms.iter_mut().zip(SCALES) {
        let scaled: Vec<f32> = input.iter().map(|x| scale * x).collect();
        *norm_of = norm(&map(&scaled)?);
    }
    let gains = norms.map(|norm| norm / whole);
    let pairs = || SCALES.iter().map(|&a| f64::from(a)).zip(gains);
    let cross: f64 = pairs().map(|(a, g)| a * g).sum();
    let scales: f64 = pairs().map(|(a, _)| a * a).sum();
    let squares: f64 = pairs().map(|(_, g)| g * g).sum();
    let [low, .., high] = gains;
    // What the network gave for each, whose being finite tells the two reasons apart.
    let given = |value: f64, outputs: &[f64]| -> Value {
        let finite = outputs.iter().chain([&whole]).all(|norm| norm.is_finite());
        match (finite, value.is_finite()) {
            (false, _) => Err(Undefined::NonFinite),
            (true, true) => Ok(value),
            (true, false) => Err(Undefined::ZeroDenominator),
        }
    };
    let [l0, l1, l2] = lipschitz.map(|estimate| given(estimate, &[estimate]));
    let [g0, g1, g2, g3] = std::array::from_fn(|i| given(gains[i], &[norms[i]]));
    let (first, last) = (norms[0], norms[SCALES.len() - 1]);
    Ok([
        l0,
        l1,
        l2,
        g0,
        g1,
        g2,
        g3,
        given(cross * cross / (scales * squares), &norms),
        given(f64::from(SCALES[3]) - high, &[last]),
        given((low / f64::from(SCALES[0])) / (high / f64::from(SCALES[3])), &[first, last]),
    ])
}

fn norm(values: &[f32]) -> f64 {
    values.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt()
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum::<f64>().sqrt()
}
