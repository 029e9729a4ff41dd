//! `temporal`: growth, oscillation, memory and trend of a channel over a trajectory.
//!
//! Of each state it keeps the mean y, the mean square E (energy per pixel) and the variance of the
//! field. A series moves if its range is more than 2⁻²⁴ of the size of the states, √(max E).

mod compat;
mod standard;

use super::series::{Series, observe};
use super::{
    Carrier, Category, Extractor, Feature, Frame, Measured, Scope, Set, Settings, Shape, Stage,
    Undefined, Value,
};

/// The category.
#[derive(Debug)]
pub struct Temporal;

/// `(name, formula, under compat, when undefined, source)`.
type Row = (&'static str, &'static str, Option<&'static str>, &'static str, &'static str);

const ROWS: [Row; 13] = [
    (
        "energy_growth_rate",
        "slope of ln E over t, E = mean u²",
        Some("slope of ln(E + 1e-8), E = Σ u²"),
        "a single state; a state that is zero everywhere",
        "least squares",
    ),
    (
        "energy_growth_accel",
        "2c of the least-squares parabola a + b t + c t² of ln E",
        Some("mean |E[t+2] − 2 E[t+1] + E[t]|, E = Σ u²"),
        "fewer than 3 states; a state that is zero everywhere",
        "Savitzky and Golay 1964, second derivative",
    ),
    (
        "variance_growth_rate",
        "slope of ln s² over t, s² the variance of the field with divisor n − 1",
        Some("slope of ln(s² + 1e-8)"),
        "a single state; a constant field",
        "least squares",
    ),
    (
        "temporal_freq_dominant",
        "the f in [1/T, ½] of the greatest |Σ w r exp(−2πi f t)|, r = E less its line, both with weights w = sin²(π (t + ½)/T)",
        Some("k/T of the greatest periodogram of E − mean E, k ≥ 1"),
        "fewer than 4 states; an energy that is constant or a line",
        "Schuster 1898; Harris 1978 (Hann window)",
    ),
    (
        "oscillation_amplitude",
        "√(2 mean r²), r = E less its least-squares line",
        Some("max E − min E, E = Σ u²"),
        "fewer than 3 states",
        "the amplitude of a sinusoid of equal power",
    ),
    (
        "oscillation_period",
        "1/temporal_freq_dominant",
        Some("1/(temporal_freq_dominant + 1e-8)"),
        "as temporal_freq_dominant",
        "",
    ),
    (
        "autocorr_decay_time",
        "the lag at which r(l) = Σ (y[t] − ȳ)(y[t+l] − ȳ)/Σ (y − ȳ)² falls below 1/e, between lags by a line, up to autocorr_max_lag",
        Some("the least whole lag with r < 1/e, Σ (y − ȳ)² + 1e-8 below; else autocorr_max_lag"),
        "fewer than 3 states; a constant mean; not up to the longest lag",
        "Box and Jenkins 1976",
    ),
    (
        "lyapunov_approx",
        "slope over k = 0…4 of mean ln |Y[i+k] − Y[j+k]|, Y = (y[t], y[t+1], y[t+2]), j the nearest of i beyond the decay time",
        Some("mean ln(|y[t+1] − y[t]| + 1e-8)"),
        "fewer than 20 states; a constant mean; fewer than 10 pairs that stay apart",
        "Rosenstein, Collins and De Luca 1993",
    ),
    (
        "trajectory_smoothness",
        "½ (1 + 2 Σ d[t] d[t+1]/Σ (d[t]² + d[t+1]²)), d the steps of y: 1 of a line, 0 of an alternation",
        Some("Σ |y[t+2] − 2 y[t+1] + y[t]|"),
        "fewer than 3 states; a constant mean",
        "Burg 1975, reflection coefficient of the steps",
    ),
    (
        "regime_switches",
        "how often y goes between above ȳ + s/2 and below ȳ − s/2, s its standard deviation (divisor T)",
        Some("how often the sign of the step of y changes, 0 being a sign"),
        "fewer than 3 states",
        "two thresholds; Schmitt 1938",
    ),
    (
        "final_to_initial_ratio",
        "E of the last state over E of the first",
        Some("(|y| + 1e-8) of the last over that of the first"),
        "a single state; a first state that is zero everywhere",
        "",
    ),
    (
        "trend_strength",
        "R² of the least-squares line of y",
        Some("1 − residual/(total + 1e-8) of sums of squares, within [0, 1]"),
        "fewer than 3 states; a constant mean",
        "coefficient of determination",
    ),
    (
        "detrended_variance",
        "Σ (y − line)²/(T − 2)",
        Some("variance of y − line with divisor T − 1"),
        "fewer than 3 states",
        "unbiased residual variance of a line",
    ),
];

impl Category for Temporal {
    fn name(&self) -> &'static str {
        "temporal"
    }

    fn about(&self) -> &'static str {
        "\
Growth, oscillation, memory and trend of a channel over a trajectory. y is the mean of the \
channel at a time, E its mean square, s² its variance over pixels. A series moves if its \
range is more than 2⁻²⁴ of the size of the states, √(max E)."
    }

    fn version(&self) -> u32 {
        1
    }

    fn stage(&self) -> Stage {
        Stage::Trajectory
    }

    fn scope(&self) -> Scope {
        Scope::Channel
    }

    fn features(&self, _settings: &Settings) -> Vec<Feature> {
        let feature = |(name, formula, compat, undefined, source): Row| Feature {
            name: name.to_owned(),
            version: 1,
            set: Set::V1,
            formula,
            compat,
            undefined,
            source,
            constant: None,
        };
        ROWS.into_iter().map(feature).collect()
    }

    fn begin(&self, settings: &Settings, shape: Shape) -> Box<dyn Extractor> {
        let carried = Series::default();
        Box::new(Eye {
            compat: settings.compat(),
            longest: settings.autocorr_max_lag,
            shape,
            carried,
        })
    }
}

struct Eye {
    compat: bool,
    longest: usize,
    shape: Shape,
    /// Mean, mean square and variance of every channel of the states so far.
    carried: Series<3>,
}

/// What is known of a channel over time.
struct Observed {
    /// Pixels.
    area: f64,
    /// y.
    mean: Vec<f64>,
    /// E, mean u².
    energy: Vec<f64>,
    /// Variance with divisor n.
    variance: Vec<f64>,
    /// `autocorr_max_lag`.
    longest: usize,
}

impl Extractor for Eye {
    fn frame(&mut self, frame: &Frame<'_>, _values: &mut Vec<Value>) {
        frame.channels().iter().for_each(|u| self.carried.push(observe(&u.outline())));
    }

    fn measured(&mut self, state: &Measured, _values: &mut Vec<Value>) {
        state.channels.iter().for_each(|u| self.carried.push(observe(u)));
    }

    fn finish(&mut self, values: &mut Vec<Value>) {
        for channel in 0..self.shape.channels {
            values.extend(self.channel(channel));
        }
    }

    fn carry(&mut self, carrier: &mut Carrier) {
        carrier.list(&mut self.carried.values);
    }
}

impl Eye {
    fn channel(&self, channel: usize) -> [Value; ROWS.len()] {
        let series = |which| self.carried.of(channel, self.shape.channels, which);
        let observed = Observed {
            area: self.shape.area() as f64,
            mean: series(0),
            energy: series(1),
            variance: series(2),
            longest: self.longest,
        };
        if observed.mean.iter().any(|y| y.is_nan()) {
            [Err(Undefined::NonFinite); ROWS.len()]
        } else if observed.mean.len() < 2 {
            [Err(Undefined::SingleStep); ROWS.len()]
        } else if self.compat {
            compat::values(&observed)
        } else {
            standard::values(&observed)
        }
    }
}
