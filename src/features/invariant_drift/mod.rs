//! `invariant_drift`: how norms, energies and the entropy of a channel change over a trajectory.
//!
//! Every invariant `I[t]` is taken of the field, of its Gaussian low-pass and of the rest
//! (`lowpass`), per pixel, so that it does not depend on the size of the grid (`measure`); of each
//! series there are four metrics (`metric`). The entropy has the bins of the first state: with bins
//! of its own each state's entropy would not see the amplitude. Energies of bands of wave numbers say
//! at which scale a channel dissipates (`dissipation`). A time step is the unit of time.

mod dissipation;
mod lowpass;
mod measure;
mod metric;
mod registry;

pub use dissipation::{Energy, Weights};
pub use lowpass::LowPass;
pub use measure::{Bins, Invariants};

use measure::{ENTROPY, MASS, measures, own_entropy};
use metric::metrics;
use registry::INVARIANTS;

use super::{
    Carrier, Category, Channel, Extractor, Feature, Frame, Measured, Past, Scope, Set, Settings,
    Shape, Stage, Undefined, Value,
};

/// The category.
#[derive(Debug)]
pub struct InvariantDrift;

impl Category for InvariantDrift {
    fn name(&self) -> &'static str {
        "invariant_drift"
    }

    fn about(&self) -> &'static str {
        "\
How norms, energies and the entropy of a channel change over a trajectory. Every invariant \
I[t] is taken of the field v = u (`raw`), of its Gaussian low-pass (`lowpass`) and of the \
rest (`highpass`), per pixel, so that it does not depend on the size of the grid; of each \
series there are four metrics. The entropy has the bins of the first state throughout. \
Energies of bands of wave numbers say at which scale a channel dissipates."
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

    fn features(&self, settings: &Settings) -> Vec<Feature> {
        registry::features(settings)
    }

    fn begin(&self, settings: &Settings, shape: Shape) -> Box<dyn Extractor> {
        let sigma = settings.gaussian_sigma;
        let compat = settings.compat();
        Box::new(Eye {
            compat,
            extended: settings.extended(),
            bins: settings.entropy_num_bins,
            lowpass: if compat { LowPass::nine_taps(sigma) } else { LowPass::periodic(sigma) },
            tracks: (0..shape.channels).map(|_| Track::new(settings.num_scales)).collect(),
            scales: vec![Vec::new(); settings.num_scales - 1],
            counts: Vec::new(),
            weights: None,
        })
    }
}

/// What is measured of a channel of one state.
#[derive(Debug, Clone, PartialEq)]
pub struct Measures {
    /// Of the field at every scale; and the bins of the first state, without which the entropy is 0.
    pub scales: Vec<(Invariants, Option<Bins>)>,
    /// If `sdf-extended` is asked for.
    pub energy: Option<Energy>,
}

/// What is kept of one channel.
struct Track {
    finite: bool,
    scales: Vec<Scale>,
    energies: Vec<Energy>,
}

/// What is kept of a channel at one scale.
#[derive(Clone, Default)]
struct Scale {
    /// Of the first state.
    bins: Option<Bins>,
    series: Vec<Invariants>,
}

impl Track {
    fn new(scales: usize) -> Self {
        Self { finite: true, scales: vec![Scale::default(); scales], energies: Vec::new() }
    }
}

struct Eye {
    compat: bool,
    extended: bool,
    bins: usize,
    lowpass: LowPass,
    tracks: Vec<Track>,
    /// The low-pass and the rest of one channel.
    scales: Vec<Vec<f64>>,
    counts: Vec<u32>,
    /// Of the modes of the transforms; made when there are some.
    weights: Option<Weights>,
}

impl Extractor for Eye {
    fn frame(&mut self, frame: &Frame<'_>, _values: &mut Vec<Value>) {
        for (c, channel) in frame.channels().iter().enumerate() {
            self.tracks[c].finite &= channel.finite;
            if self.tracks[c].finite {
                self.channel(c, channel);
            }
        }
        if !self.extended {
            return;
        }
        let spectra = frame.spectra();
        let weights = self.weights.get_or_insert_with(|| Weights::new(frame.waves(), self.compat));
        for (c, track) in self.tracks.iter_mut().enumerate() {
            track.energies.push(weights.energy(spectra, c));
        }
    }

    fn measured(&mut self, state: &Measured, _values: &mut Vec<Value>) {
        for ((track, outline), of) in self.tracks.iter_mut().zip(&state.channels).zip(&state.drift)
        {
            track.finite &= outline.finite;
            if track.finite {
                for (scale, (invariants, bins)) in track.scales.iter_mut().zip(&of.scales) {
                    scale.bins = *bins;
                    scale.series.push(*invariants);
                }
            }
            track.energies.extend(of.energy);
        }
    }

    fn past(&self, past: &mut Past) {
        let bins = |track: &Track| track.scales.iter().map(|scale| scale.bins).collect();
        past.bins = self.tracks.iter().map(bins).collect();
    }

    fn finish(&mut self, values: &mut Vec<Value>) {
        for track in &self.tracks {
            track.finish(self.compat, self.extended, values);
        }
    }

    fn carry(&mut self, carrier: &mut Carrier) {
        self.tracks.iter_mut().for_each(|track| track.carry(carrier));
    }
}

impl Eye {
    fn channel(&mut self, c: usize, channel: &Channel) {
        let raw = &channel.values;
        if let Some(low) = self.scales.first_mut() {
            self.lowpass.apply(raw, channel.width, low);
        }
        if let [low, high] = &mut self.scales[..] {
            high.clear();
            high.extend(raw.iter().zip(low).map(|(u, low)| u - *low));
        }
        let fields = std::iter::once(raw).chain(&self.scales);
        for (scale, field) in self.tracks[c].scales.iter_mut().zip(fields) {
            let mut measures = measures(field, channel.width, self.compat);
            if self.compat {
                measures[ENTROPY] = own_entropy(field, self.bins, &mut self.counts);
            } else {
                if scale.series.is_empty() {
                    scale.bins = Bins::of(field, self.bins);
                }
                if let Some(bins) = scale.bins {
                    measures[ENTROPY] = bins.entropy(field, &mut self.counts);
                }
            }
            scale.series.push(measures);
        }
    }
}

impl Track {
    fn carry(&mut self, carrier: &mut Carrier) {
        carrier.flag(&mut self.finite);
        for scale in &mut self.scales {
            let mut covered = scale.bins.is_some();
            carrier.flag(&mut covered);
            if covered {
                scale.bins.get_or_insert_default().carry(carrier);
            }
            let length = carrier.length(scale.series.len());
            scale.series.resize(length, Invariants::default());
            scale.series.iter_mut().flatten().for_each(|number| carrier.number(number));
        }
        let length = carrier.length(self.energies.len());
        self.energies.resize(length, Energy::default());
        self.energies.iter_mut().for_each(|energy| energy.carry(carrier));
    }

    fn finish(&self, compat: bool, extended: bool, values: &mut Vec<Value>) {
        let from = values.len();
        for (at, invariant) in INVARIANTS.iter().enumerate() {
            if invariant.set == Set::Extended && !extended {
                continue;
            }
            let scales: Vec<_> =
                self.scales.iter().map(|scale| scale.metrics(at, compat)).collect();
            for metric in 0..registry::METRICS.len() {
                values.extend(scales.iter().map(|metrics| metrics[metric]));
            }
        }
        if extended {
            values.extend(dissipation::features(&self.energies, compat));
        }
        if !self.finite {
            values[from..].fill(Err(Undefined::NonFinite));
        }
    }
}

impl Scale {
    fn metrics(&self, at: usize, compat: bool) -> [Value; 4] {
        let of = |at: usize| self.series.iter().map(|measures| measures[at]).collect::<Vec<_>>();
        // A mass can cancel; its size is that of the L1 norm.
        let metrics = metrics(&of(at), &of(if at == MASS { 0 } else { at }), compat);
        if at == ENTROPY && !compat && self.bins.is_none() && self.series.len() > 1 {
            return [Err(Undefined::ConstantField); 4];
        }
        metrics
    }
}
