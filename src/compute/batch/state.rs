//! What happens to states `[B, C, n, n]` between two applications, and what is measured about them: the
//! formulas of [`crate::compute::state`], batched.

use tch::{Kind, Tensor};

use crate::compute::rollout::Unit;
use crate::compute::{state as host, torch};
use crate::error::Result;
use crate::operator::Policy;
use crate::operator::rollout::{Normalize, Rollout, Scope};

/// The next states from the old ones and the operator's outputs.
pub fn update(policy: Policy, old: &Tensor, output: &Tensor) -> Result<Tensor> {
    let wide = |value: f64| f64::from(value as f32);
    torch(match policy {
        Policy::Autoregressive => Ok(output.shallow_clone()),
        Policy::Residual { dt } | Policy::EulerMaruyama { dt } => {
            output.f_mul_scalar(wide(dt)).and_then(|step| old.f_add(&step))
        }
        Policy::Convex { alpha } => output
            .f_mul_scalar(wide(1.0 - alpha))
            .and_then(|taken| old.f_mul_scalar(wide(alpha))?.f_add(&taken)),
    })
}

/// Normalises, then clamps. Statistics run over one realization: all its channels or each by itself.
pub fn post_process(rollout: &Rollout, states: &Tensor) -> Result<Tensor> {
    let size = states.size();
    let (rows, channels) = match rollout.scope {
        Scope::State => (size[0], 1),
        Scope::Channel => (size[0], size[1]),
    };
    let normalised = match rollout.normalize {
        Normalize::None => states.shallow_clone(),
        Normalize::MinMax => {
            torch(states.f_contiguous().and_then(|x| min_max(&x.f_view([rows, channels, -1])?)))?
        }
        Normalize::ZScore => {
            torch(states.f_contiguous().and_then(|x| z_score(&x.f_view([rows, channels, -1])?)))?
        }
    };
    let normalised = torch(normalised.f_view(size.as_slice()))?;
    match rollout.clamp {
        Some((low, high)) => {
            torch(normalised.f_clamp(f64::from(low as f32), f64::from(high as f32)))
        }
        None => Ok(normalised),
    }
}

type Torch = std::result::Result<Tensor, tch::TchError>;

/// `(x − min)/(max − min)` over the last axis where the range exceeds 1e-8; NaN counts for neither.
fn min_max(x: &Tensor) -> Torch {
    const INF: f64 = f64::INFINITY;
    let low = x.f_nan_to_num(INF, INF, -INF)?.f_amin([-1_i64].as_slice(), true)?;
    let high = x.f_nan_to_num(-INF, INF, -INF)?.f_amax([-1_i64].as_slice(), true)?;
    let range = high.f_sub(&low)?;
    let scaled = x.f_sub(&low)?.f_div(&range)?;
    // 1e-8 as the float32 that the host compares with.
    scaled.f_where_self(&range.f_gt(f64::from(1e-8_f32))?, x)
}

/// `(x − mean)/(std + 1e-8)` over the last axis; statistics in 64 bits, then rounded.
fn z_score(x: &Tensor) -> Torch {
    let count = x.size()[2] as f64;
    let wide = x.f_to_kind(Kind::Double)?;
    let mean =
        wide.f_sum_dim_intlist([-1_i64].as_slice(), true, Kind::Double)?.f_div_scalar(count)?;
    let centred = wide.f_sub(&mean)?;
    let square =
        centred.f_mul(&centred)?.f_sum_dim_intlist([-1_i64].as_slice(), true, Kind::Double)?;
    let divisor = square.f_div_scalar(count - 1.0)?.f_sqrt()?.f_add_scalar(1e-8)?;
    x.f_sub(&mean.f_to_kind(Kind::Float)?)?.f_div(&divisor.f_to_kind(Kind::Float)?)
}

/// Rows of [`measure`] before the metrics.
const FACTS: usize = 2;

/// What the host must know of `states` `[S, B, C, n, n]`: float32 `[7, S, B]`, of which row 0 is the
/// largest magnitude (NaN if there is one), row 1 whether every channel is constant, and rows 2 to 6 the
/// metrics of the states as stored. `before`: the state before the first, `[B, C, n, n]`.
pub fn measure(states: &Tensor, before: Option<&Tensor>, unit: &Unit) -> Result<Tensor> {
    torch(measure_all(states, before, unit))
}

fn measure_all(states: &Tensor, before: Option<&Tensor>, unit: &Unit) -> Torch {
    let size = states.size();
    let (steps, rows, channels) = (size[0], size[1], size[2]);
    let (low, high) = states.f_view([steps, rows, channels, -1])?.f_aminmax(-1, false)?;
    let constant = high.f_sub(&low)?.f_eq(0.0)?.f_all_dim(-1, false)?.f_to_kind(Kind::Float)?;
    let (low, high) =
        (low.f_amin([-1_i64].as_slice(), false)?, high.f_amax([-1_i64].as_slice(), false)?);
    let magnitude = low.f_abs()?.f_maximum(&high.f_abs()?)?;
    let mut out = vec![magnitude, constant];
    if unit.metrics {
        let stored = |x: &Tensor| -> Torch {
            if unit.stored_f16 {
                x.f_to_kind(Kind::Half)?.f_to_kind(Kind::Float)
            } else {
                Ok(x.shallow_clone())
            }
        };
        let flat = |x: &Tensor| stored(&x.f_reshape([-1, rows, size[2] * size[3] * size[4]])?);
        let first = states.f_narrow(0, 0, 1)?;
        let before = flat(before.unwrap_or(&first))?;
        out.extend(metrics(&flat(states)?, &before, (&stored(&low)?, &stored(&high)?))?);
    }
    Tensor::f_stack(&out, 0)
}

/// The metrics of `x` `[S, B, D]` after `before` `[1, B, D]`, each `[S, B]`; `low` and `high` are its
/// extremes.
fn metrics(
    x: &Tensor,
    before: &Tensor,
    (low, high): (&Tensor, &Tensor),
) -> std::result::Result<[Tensor; 5], tch::TchError> {
    let sum = |x: &Tensor| x.f_sum_dim_intlist([-1_i64].as_slice(), false, Kind::Double);
    let (steps, count) = (x.size()[0], x.size()[2] as f64);
    let all = Tensor::f_cat(&[before, x], 0)?.f_to_kind(Kind::Double)?;
    let mean = sum(&all)?.f_div_scalar(count)?.f_unsqueeze(-1)?;
    let centred = all.f_sub(&mean)?;
    let now = |x: &Tensor| x.f_narrow(0, 1, steps);
    let then = |x: &Tensor| x.f_narrow(0, 0, steps);
    let square = sum(&centred.f_mul(&centred)?)?;
    let product = sum(&now(&centred)?.f_mul(&then(&centred)?)?)?;
    let correlation = product.f_div(&now(&square)?.f_mul(&then(&square)?)?.f_sqrt()?)?;
    let wide = now(&all)?;
    let float = |x: Tensor| x.f_to_kind(Kind::Float);
    Ok([
        float(sum(&wide.f_mul(&wide)?)?)?,
        float(entropy(x, low, high)?)?,
        float(correlation)?,
        float(now(&square)?.f_div_scalar(count - 1.0)?)?,
        float(sum(&wide.f_abs()?)?.f_div_scalar(count)?)?,
    ])
}

/// In nats, of a histogram of each row of `x` `[S, B, D]` between its extremes.
fn entropy(x: &Tensor, low: &Tensor, high: &Tensor) -> Torch {
    let bins = host::BINS as i64;
    let low = low.f_unsqueeze(-1)?;
    let range = high.f_unsqueeze(-1)?.f_sub(&low)?;
    let scale = range.f_full_like(bins as f64)?.f_div(&range)?;
    // What is not a number (a constant state has 0·∞) goes into the first bin; it is not used or adds 0.
    let places = x
        .f_sub(&low)?
        .f_mul(&scale)?
        .f_nan_to_num(0.0, 0.0, 0.0)?
        .f_clamp(0.0, (bins - 1) as f64)?
        .f_to_kind(Kind::Int64)?;
    let size = x.size();
    let options = (Kind::Float, x.device());
    let ones = Tensor::f_ones([1, 1, 1], options)?.f_expand(size.as_slice(), false)?;
    // Whole numbers below 2²⁴ add up exactly in any order.
    let mut counts = Tensor::f_zeros([size[0], size[1], bins], options)?;
    let counts = counts.f_scatter_add_(-1, &places, &ones)?;
    let p = counts.f_to_kind(Kind::Double)?.f_div_scalar(size[2] as f64)?;
    p.f_xlogy(&p)?.f_sum_dim_intlist([-1_i64].as_slice(), false, Kind::Double)?.f_neg()
}

/// What [`measure`] gave, on the host.
pub struct Measured<'a> {
    values: &'a [f32],
    steps: usize,
    rows: usize,
}

impl<'a> Measured<'a> {
    /// Reads what came back of `[7, steps, rows]`.
    pub fn of(values: &'a [f32], steps: usize, rows: usize) -> Self {
        Self { values, steps, rows }
    }

    fn at(&self, fact: usize, step: usize, row: usize) -> f32 {
        self.values[(fact * self.steps + step) * self.rows + row]
    }

    /// The code of a state.
    pub fn code(&self, unit: &Unit, step: usize, row: usize) -> u8 {
        let magnitude = self.at(0, step, row);
        host::code(unit.rollout, unit.stored_f16, magnitude, || self.at(1, step, row) != 0.0)
    }

    /// Its metrics; the autocorrelation is 0 without a state before it.
    pub fn metrics(&self, step: usize, row: usize, has_previous: bool) -> [f32; 5] {
        let mut values = [0, 1, 2, 3, 4].map(|metric| self.at(FACTS + metric, step, row));
        if !has_previous {
            values[2] = 0.0;
        }
        values
    }
}
