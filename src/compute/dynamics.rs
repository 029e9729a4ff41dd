//! What an operator makes of spatial structure when nothing random acts: how much of it one
//! application keeps, and whether iterating the operator wears it away.
//!
//! Random networks fall into an ordered phase, where all inputs run into one uniform state, and a
//! chaotic one; interesting dynamics lie near the border (Poole et al. 2016, Exponential expressivity in
//! deep neural networks through transient chaos). So a data set can be full of operators that do
//! nothing, and these two numbers show it.

use crate::error::Result;
use crate::operator::metrics::collapse;

use super::state;

/// Applications after which an operator that still wears structure away counts as not collapsing.
const APPLICATIONS: u32 = 10;
/// Share of the input's spread below which nothing is left.
const NOTHING_LEFT: f64 = 1e-3;
/// Share of a state's magnitude that is rounding of float32.
const ROUNDING: f64 = 1e-6;

/// Two numbers of one operator.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dynamics {
    /// The one-step gain, see [`gain`].
    pub gain: f32,
    /// Whether the iteration ends in a uniform state, see [`collapses`]; a code of [`collapse`].
    pub collapsed: u8,
}

/// `std(O(x))/std(x)`, both over all channels and pixels (the divisor cancels). NaN if the input is
/// constant or one of the two is not finite.
pub fn gain(input: &[f32], output: &[f32]) -> f32 {
    let finite = |values: &[f32]| state::magnitude(values).is_finite();
    let (before, after) = (state::deviation(input), state::deviation(output));
    if before > 0.0 && finite(input) && finite(output) { (after / before) as f32 } else { f32::NAN }
}

/// Whether `x ↦ O(x)`, iterated from `input` `[C][pixels]`, loses its spatial structure; `output` is
/// `O(input)`.
///
/// `s_j`, the spread of iterate j, is the largest standard deviation over space of a channel. The
/// answer is yes from the second application on as soon as `s_j ≤ 1e-3·s_0`, and at any time if the
/// structure is below the rounding of float32, `s_j ≤ 1e-6·max|x_j|`. It is no as soon as an
/// application from the second on does not at least halve `s`, after 10 applications, and if a value
/// is not finite. The first application alone decides nothing: a network that normalises brings any
/// input to its own amplitude, and keeps it there. A constant input leaves nothing to measure.
///
/// # Errors
/// Those of `apply`.
pub fn collapses(
    input: &[f32],
    output: Vec<f32>,
    pixels: usize,
    mut apply: impl FnMut(&[f32]) -> Result<Vec<f32>>,
) -> Result<u8> {
    let start = spread(input, pixels);
    if !(start > 0.0 && state::magnitude(input).is_finite()) {
        return Ok(collapse::NOT_MEASURED);
    }
    let (mut current, mut before) = (output, start);
    for application in 1..=APPLICATIONS {
        if application > 1 {
            current = apply(&current)?;
        }
        let magnitude = f64::from(state::magnitude(&current));
        let now = spread(&current, pixels);
        if !magnitude.is_finite() {
            return Ok(collapse::NO);
        }
        if now <= ROUNDING * magnitude {
            return Ok(collapse::YES);
        }
        if application > 1 {
            if now > before / 2.0 {
                return Ok(collapse::NO);
            }
            if now <= NOTHING_LEFT * start {
                return Ok(collapse::YES);
            }
        }
        before = now;
    }
    Ok(collapse::NO)
}

/// The largest standard deviation over space of a channel.
fn spread(values: &[f32], pixels: usize) -> f64 {
    values.chunks_exact(pixels).map(state::deviation).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two channels of four pixels, the second with a spread of `√(4/3)`.
    const FIELD: [f32; 8] = [0.5, 0.5, 0.5, 0.5, 1.0, -1.0, 1.0, -1.0];

    /// The answer for `O(x) = map(x)` per value, and how many applications it took.
    fn decide(input: &[f32], map: impl Fn(f32) -> f32) -> (u8, u32) {
        let all = |x: &[f32]| x.iter().map(|x| map(*x)).collect::<Vec<f32>>();
        let mut count = 1;
        let code = collapses(input, all(input), 4, |x| {
            count += 1;
            Ok(all(x))
        });
        (code.unwrap(), count)
    }

    #[test]
    fn the_gain_is_the_ratio_of_deviations() {
        let output = FIELD.map(|x| 3.0 - 0.25 * x);
        assert_eq!(gain(&FIELD, &output), 0.25);
        assert!(gain(&[2.0; 8], &FIELD).is_nan());
        assert_eq!(gain(&FIELD, &[2.0; 8]), 0.0);
        assert!(gain(&FIELD, &[f32::INFINITY; 8]).is_nan());
    }

    #[test]
    fn a_contraction_collapses_as_fast_as_it_contracts() {
        assert_eq!(decide(&FIELD, |x| 0.01 * x + 1.0), (collapse::YES, 2));
        assert_eq!(decide(&FIELD, |x| 0.09 * x), (collapse::YES, 3));
        // 2^-10 < 1e-3, so that just halving is enough within ten applications.
        assert_eq!(decide(&FIELD, |x| 0.5 * x), (collapse::YES, 10));
    }

    #[test]
    fn what_does_not_halve_does_not_collapse() {
        assert_eq!(decide(&FIELD, |x| 0.6 * x), (collapse::NO, 2));
        assert_eq!(decide(&FIELD, |x| 3.0 * x), (collapse::NO, 2));
        // Saturation: far below the input's spread after the first application, and there to stay.
        let large = FIELD.map(|x| 1e5 * x);
        assert_eq!(decide(&large, f32::signum), (collapse::NO, 2));
    }

    #[test]
    fn a_uniform_state_is_seen_at_once() {
        assert_eq!(decide(&FIELD, |_| 0.1), (collapse::YES, 1));
        assert_eq!(decide(&FIELD, |_| 0.0), (collapse::YES, 1));
        // Structure of the size of float32's rounding, left over from an input that is smaller still.
        let small = FIELD.map(|x| 1e-6 * x);
        assert_eq!(decide(&small, |x| 0.08 + x.signum() * 1e-8), (collapse::YES, 1));
    }

    #[test]
    fn nothing_is_measured_of_a_constant_input() {
        // Constant in every channel, though not over the whole state.
        let constant = [1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0];
        assert_eq!(decide(&constant, |x| x), (collapse::NOT_MEASURED, 1));
        assert_eq!(decide(&FIELD, |x| f32::INFINITY * x), (collapse::NO, 1));
        let mut broken = FIELD;
        broken[2] = f32::NAN;
        assert_eq!(decide(&broken, |x| x).0, collapse::NOT_MEASURED);
    }
}
