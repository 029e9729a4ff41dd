//! How fast large and small scales lose energy, and which way the energy moves between them.
//!
//! With `P = |F|²` of [`Spectra`], the weights w of its half plane and ρ in cycles per pixel, the mean
//! left out: low `E = Σ w P` over ρ < ⅛, high over ρ > ⅜. A band whose energy is not above 1e-14 of the
//! whole power holds rounding of 32-bit states alone, and has no rate.

use crate::features::feature::quotient;
use crate::features::spectrum::Spectra;
use crate::features::statistics::slope;
use crate::features::waves::Waves;
use crate::features::{Carrier, Undefined, Value};

/// Names, in the order of [`features`].
pub const NAMES: [&str; 4] = [
    "dissipation_rate_lowfreq",
    "dissipation_rate_highfreq",
    "dissipation_selectivity",
    "energy_cascade_direction",
];

const LOW: f64 = 0.125;
const HIGH: f64 = 0.375;
/// Part of the power below which there is rounding alone.
const EMPTY: f64 = 1e-14;

/// The energy of one state of one channel.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Energy {
    low: f64,
    high: f64,
    /// All modes but the mean.
    all: f64,
    /// `Σ w P ρ`.
    moment: f64,
    /// With the mean.
    power: f64,
}

impl Energy {
    /// From low, high, all modes but the mean, `Σ w P ρ`, and the power with the mean.
    pub fn of([low, high, all, moment, power]: [f64; 5]) -> Self {
        Self { low, high, all, moment, power }
    }

    /// In the order of [`Energy::of`].
    pub fn numbers(&self) -> [f64; 5] {
        [self.low, self.high, self.all, self.moment, self.power]
    }

    /// Walks over its numbers.
    pub fn carry(&mut self, carrier: &mut Carrier) {
        let Self { low, high, all, moment, power } = self;
        for number in [low, high, all, moment, power] {
            carrier.number(number);
        }
    }
}

/// What a mode of the half plane adds to an [`Energy`], times its power.
#[derive(Debug)]
pub struct Weights(Vec<Energy>);

impl Weights {
    /// For fields with these waves. For the Python reference the sums are those of a transform without
    /// a factor, over the half plane without weights, the mean included.
    pub fn new(waves: &Waves, compat: bool) -> Self {
        let area = (waves.height * waves.width) as f64;
        let mut weights = vec![Energy::default(); waves.height * (waves.width / 2 + 1)];
        for wave in waves.all() {
            let weight = if compat { area } else { wave.weight };
            let within = |band: bool| if band { weight } else { 0.0 };
            let (low, high) = (within(wave.rho < LOW), within(wave.rho > HIGH));
            let moment = weight * wave.rho;
            weights[wave.at] = Energy { low, high, all: weight, moment, power: weight };
        }
        let of_mean = if compat { area } else { 0.0 };
        weights[0] = Energy { low: of_mean, high: 0.0, all: of_mean, moment: 0.0, power: 1.0 };
        Self(weights)
    }

    /// Of every mode of the half plane, as they lie.
    pub fn of_modes(&self) -> &[Energy] {
        &self.0
    }

    /// The energy of a channel.
    pub fn energy(&self, spectra: &Spectra, channel: usize) -> Energy {
        let mut sum = Energy::default();
        for (weight, value) in self.0.iter().zip(spectra.modes(channel)) {
            let power = value.norm_sqr();
            sum.low += weight.low * power;
            sum.high += weight.high * power;
            sum.all += weight.all * power;
            sum.moment += weight.moment * power;
            sum.power += weight.power * power;
        }
        sum
    }
}

impl Energy {
    fn mean_wave_number(&self) -> Value {
        quotient(self.moment, self.all, EMPTY * self.power).map_err(|_| Undefined::Undetermined)
    }
}

/// The features of [`NAMES`] of a channel.
pub fn features(series: &[Energy], compat: bool) -> [Value; 4] {
    if series.len() < 2 {
        return [Err(Undefined::SingleStep); 4];
    }
    if compat {
        return compatible(series);
    }
    let (low, high) = (rate(series, |e| e.low), rate(series, |e| e.high));
    let selectivity = low.and_then(|low| {
        let high = high?;
        // Rates below 1e-9 per step are below the resolution of the states.
        quotient(high - low, high.abs() + low.abs(), 1e-9)
    });
    [low, high, selectivity, direction(series)]
}

/// Minus the slope of `ln E[t]`.
fn rate(series: &[Energy], band: impl Fn(&Energy) -> f64) -> Value {
    if series.iter().any(|e| band(e) <= EMPTY * e.power) {
        return Err(Undefined::Undetermined);
    }
    let logs: Vec<f64> = series.iter().map(|e| band(e).ln()).collect();
    Ok(-slope(&logs))
}

/// The net change of the mean wave number over the sum of its changes.
fn direction(series: &[Energy]) -> Value {
    let middle = series.iter().map(Energy::mean_wave_number).collect::<Result<Vec<_>, _>>()?;
    let path: f64 = middle.windows(2).map(|pair| (pair[1] - pair[0]).abs()).sum();
    let greatest = middle.iter().copied().fold(0.0, f64::max);
    quotient(middle[middle.len() - 1] - middle[0], path, 1e-6 * greatest)
        .map_err(|_| Undefined::ConstantSeries)
}

fn compatible(series: &[Energy]) -> [Value; 4] {
    let steps = (series.len() - 1) as f64;
    let rate = |band: fn(&Energy) -> f64| {
        let ln = |e: &Energy| (band(e) + 1e-8).ln();
        -(ln(&series[series.len() - 1]) - ln(&series[0])) / steps
    };
    let (low, high) = (rate(|e| e.low), rate(|e| e.high));
    let direction = if low == 0.0 { 0.0 } else { -low.signum() };
    [Ok(low), Ok(high), Ok(high / (low + 1e-8)), Ok(direction)]
}
