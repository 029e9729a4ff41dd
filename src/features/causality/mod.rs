//! `causality`: direction, in time, in space, and between channels.
//!
//! Of each channel of each state it keeps the spatial mean y and sums over the field from which flow
//! follows; of the state before, the field itself. Pairs of channels are taken in both directions:
//! `i → j` asks what the past of channel i says about channel j. A series moves if its range is more
//! than 2⁻²⁴ of the size of the states, √(max mean u²).

mod compat;
mod granger;
mod seen;
mod standard;
mod transfer;

use super::measured::Outline;
use super::series::{Series, observe};
use super::{
    Carrier, Category, Channel, Extractor, Feature, Frame, Measured, Past, Scope, Set, Settings,
    Shape, Stage, Value,
};
use seen::Seen;

/// The category.
#[derive(Debug)]
pub struct Causality;

/// `(name, formula, under compat, when undefined, source)`.
type Row = (&'static str, &'static str, Option<&'static str>, &'static str, &'static str);

const LAGGED: [Row; 2] = [
    (
        "lag_corr_asymmetry_mean",
        "mean over i < j of |A|, A = r_ij(l) − r_ji(l), r_ij(l) = corr(y_i[t], y_j[t+l]), l the lag in the name",
        Some("mean of A over i ≠ j, which is 0; r with divisor n above, n − 1 and + 1e-8 below"),
        "a single channel; fewer than l + 3 states; no two channels that move",
        "Box and Jenkins 1976, cross correlation",
    ),
    (
        "lag_corr_asymmetry_max",
        "max over i < j of |A|",
        Some("the same with that r"),
        "a single channel; fewer than l + 3 states; no two channels that move",
        "Box and Jenkins 1976, cross correlation",
    ),
];

const PREDICTED: [Row; 2] = [
    (
        "pred_error_ratio",
        "f/b, f = mean |y[t+l] − y[s+l]|, s the time of the nearest (y[t−2], y[t−1], y[t]) beyond the decay time, b the same in reversed time; mean over channels",
        Some("f/(f + 1e-8), f = mean |y[t+l] − y[t]|, which is 1"),
        "fewer than 20 states; a constant mean; a past that follows exactly",
        "Stone, Landan and May 1996; Lorenz 1969 (analogues)",
    ),
    (
        "pred_error_diff",
        "(f − b)/s, s the standard deviation of y; mean over channels",
        Some("f − f, which is 0"),
        "fewer than 20 states; a constant mean",
        "Stone, Landan and May 1996; Lorenz 1969 (analogues)",
    ),
];

const REST: [Row; 4] = [
    (
        "time_irreversibility",
        "mean d³, d the steps of y; mean over channels",
        Some("2 mean d³"),
        "a single state",
        "Ramsey and Rothman 1996",
    ),
    (
        "time_asymmetry_index",
        "mean d³/(mean d²)^(3/2); mean over channels",
        Some("2 mean d³/(variance of y + 1e-8)"),
        "fewer than 3 states; a constant mean",
        "Schreiber and Schmitz 2000",
    ),
    (
        "spatial_flow_magnitude",
        "mean over t of |v|, v of least Σ (u' − u + v·∇u)² + Σ (u' − u + v·∇u')², u' the state after u, along the gradient where there is one direction only; mean over channels",
        Some("mean over t of √(Fx² + Fy² + 1e-8), F = r(D u, u') over pixels"),
        "a single state; no central difference anywhere",
        "Lucas and Kanade 1981, forward and backward",
    ),
    (
        "spatial_flow_anisotropy",
        "Σ (vx² − vy²)/Σ (vx² + vy²) over t; mean over channels",
        Some("mean over t of |Fx|/(|Fy| + 1e-8)"),
        "a single state; no central difference anywhere; no flow",
        "",
    ),
];

const TRANSFER: &str = "H(y[t+1] | y[t]) − H(y[t+1] | y[t], x[t]) less its mean over x shifted circularly by q/20 of the series, q = 1…19; in nats, of transfer_entropy_num_bins bins of equal counts; mean over x → y";
const TRANSFER_COMPAT: &str =
    "plug-in, of bins ⌊(B − 1)(y − min)/(max − min + 1e-8)⌋; this does not run there";
const GRANGER: &str = "ln(RSS of y on its own past/RSS of y on the pasts of y and x), autoregressions of granger_ar_order with a constant; mean over x → y";
const GRANGER_COMPAT: &str =
    "1 − mean (y[t] − (y[t−1] + x[t−1])/2)²/(mean (y[t] − y[t−1])² + 1e-8)";

const EXTENDED: [Row; 6] = [
    (
        "transfer_entropy_mean",
        TRANSFER,
        Some(TRANSFER_COMPAT),
        SHORT_OF_CELLS,
        "Schreiber 2000; Marschinski and Kantz 2002",
    ),
    (
        "transfer_entropy_max",
        "the greatest over x → y",
        None,
        SHORT_OF_CELLS,
        "Schreiber 2000; Marschinski and Kantz 2002",
    ),
    (
        "transfer_entropy_asymmetry",
        "mean over i < j of |i → j less j → i|",
        Some("standard deviation over x → y"),
        SHORT_OF_CELLS,
        "Schreiber 2000; Marschinski and Kantz 2002",
    ),
    (
        "granger_score_mean",
        GRANGER,
        Some(GRANGER_COMPAT),
        SHORT_OF_EQUATIONS,
        "Granger 1969; Geweke 1982",
    ),
    (
        "granger_score_max",
        "the greatest over x → y",
        None,
        SHORT_OF_EQUATIONS,
        "Granger 1969; Geweke 1982",
    ),
    (
        "granger_score_asymmetry",
        "mean over i < j of |i → j less j → i|",
        Some("standard deviation over x → y"),
        SHORT_OF_EQUATIONS,
        "Granger 1969; Geweke 1982",
    ),
];
const SHORT_OF_CELLS: &str =
    "a single channel; fewer transitions than cells, bins³; no two channels that move";
const SHORT_OF_EQUATIONS: &str = "a single channel; fewer than two equations to a coefficient; no two channels that move; an error of rounding alone";

impl Category for Causality {
    fn name(&self) -> &'static str {
        "causality"
    }

    fn about(&self) -> &'static str {
        "\
Direction in time, in space and between channels. y_i is the mean of channel i at a time; \
pairs of channels are taken in both directions: i → j asks what the past of channel i says \
about channel j. A series moves if its range is more than 2⁻²⁴ of the size of the states, \
√(max mean u²)."
    }

    fn version(&self) -> u32 {
        1
    }

    fn stage(&self) -> Stage {
        Stage::Trajectory
    }

    fn scope(&self) -> Scope {
        Scope::State
    }

    fn features(&self, settings: &Settings) -> Vec<Feature> {
        let feature = |set: Set, lag: Option<usize>, row: Row, constant: Option<&'static str>| {
            let (name, formula, compat, undefined, source) = row;
            let lag = lag.map_or_else(String::new, |lag| format!("_lag{lag}"));
            let name = format!("causality_{name}{lag}");
            let constant = constant.filter(|_| settings.compat());
            Feature { name, version: 1, set, formula, compat, undefined, source, constant }
        };
        let odd = Some("what one channel gains another loses, and so the sum is nothing");
        let same = Some("errors of persistence are the same forward and backward");
        let mut features = Vec::new();
        for lag in 1..=settings.max_lag_correlation {
            features.push(feature(Set::V2, Some(lag), LAGGED[0], odd));
            features.push(feature(Set::V2, Some(lag), LAGGED[1], None));
        }
        for lag in 1..=settings.max_lag_prediction {
            features.extend(PREDICTED.map(|row| feature(Set::V2, Some(lag), row, same)));
        }
        features.extend(REST.map(|row| feature(Set::V2, None, row, None)));
        if settings.extended() {
            features.extend(EXTENDED.map(|row| feature(Set::Extended, None, row, None)));
        }
        features
    }

    fn begin(&self, settings: &Settings, shape: Shape) -> Box<dyn Extractor> {
        Box::new(Eye { settings: settings.clone(), shape, carried: Carried::default() })
    }
}

/// Numbers of a channel of a state: those of [`observe`], then means over the field of `Dx²`, `Dx Dy`,
/// `Dy²`, `w Dx`, `w Dy`, with D the central differences and w the state before (0 for the first).
const NUMBERS: usize = 8;

struct Eye {
    settings: Settings,
    shape: Shape,
    carried: Carried,
}

/// What is kept from state to state.
#[derive(Debug, Default)]
struct Carried {
    series: Series<NUMBERS>,
    /// The state before, `[C, H, W]`; empty at first.
    before: Vec<f64>,
}

impl Carried {
    /// Appends the numbers of the next channel, of the first state or of a later one.
    fn push(&mut self, outline: &Outline, flow: [f64; 5], first: bool) {
        let [mean, energy, variance] = observe(outline);
        let [xx, xy, yy, x, y] = flow;
        let (x, y) = if first { (0.0, 0.0) } else { (x, y) };
        self.series.push([mean, energy, variance, xx, xy, yy, x, y]);
    }
}

impl Extractor for Eye {
    fn frame(&mut self, frame: &Frame<'_>, _values: &mut Vec<Value>) {
        let (area, first) = (self.shape.area(), self.carried.before.is_empty());
        self.carried.before.resize(self.shape.state(), 0.0);
        for (c, u) in frame.channels().iter().enumerate() {
            let before = &mut self.carried.before[c * area..][..area];
            let flow = if u.finite { gradients(u, before) } else { [f64::NAN; 5] };
            before.copy_from_slice(&u.values);
            self.carried.push(&u.outline(), flow, first);
        }
    }

    fn measured(&mut self, state: &Measured, _values: &mut Vec<Value>) {
        let first = self.carried.series.values.is_empty();
        for (outline, flow) in state.channels.iter().zip(&state.flow) {
            let flow = if outline.finite { *flow } else { [f64::NAN; 5] };
            self.carried.push(outline, flow, first);
        }
    }

    fn past(&self, past: &mut Past) {
        past.before.clone_from(&self.carried.before);
    }

    fn keep(&mut self, state: &[f32]) {
        self.carried.before = state.iter().map(|v| f64::from(*v)).collect();
    }

    fn finish(&mut self, values: &mut Vec<Value>) {
        let channels = self.shape.channels;
        let seen: Vec<Seen> =
            (0..channels).map(|c| Seen::of(&self.carried.series, c, self.shape)).collect();
        if self.settings.compat() {
            compat::values(&self.settings, &seen, values);
        } else {
            standard::values(&self.settings, &seen, values);
        }
    }

    fn carry(&mut self, carrier: &mut Carrier) {
        carrier.list(&mut self.carried.series.values);
        carrier.list(&mut self.carried.before);
    }
}

/// Means of `Dx²`, `Dx Dy`, `Dy²`, `w Dx`, `w Dy`.
fn gradients(u: &Channel, before: &[f64]) -> [f64; 5] {
    let [dx, dy] = u.central();
    let mut sums = [0.0; 5];
    for ((x, y), w) in dx.iter().zip(dy).zip(before) {
        sums[0] += x * x;
        sums[1] += x * y;
        sums[2] += y * y;
        sums[3] += w * x;
        sums[4] += w * y;
    }
    sums.map(|sum| sum / before.len() as f64)
}
