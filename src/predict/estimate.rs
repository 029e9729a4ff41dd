//! From what is to be done and what was measured to seconds and bytes.
//!
//! A rate is the weighted median of those of earlier builds: newer ones count more, as do builds of the
//! same experiment, with as many workers, and of about as much work. The spread is how far they scatter,
//! at least a tenth, and more if there are few.

use serde::Serialize;

use super::GFLOP_PER_SECOND;
use super::record::{Done, Measured, Record};
use super::work::{Pool, Work, Workers};

/// What is to be expected, and between which ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Range {
    /// Not much less.
    pub low: f64,
    /// About.
    pub likely: f64,
    /// Not much more.
    pub high: f64,
}

impl Range {
    /// `value` times a factor that lies within `spread`, the logarithm of another one.
    fn around(value: f64, spread: f64) -> Self {
        Self { low: value * (-spread).exp(), likely: value, high: value * spread.exp() }
    }

    fn exactly(value: f64) -> Self {
        Self::around(value, 0.0)
    }

    fn times(self, factor: f64) -> Self {
        Self { low: self.low * factor, likely: self.likely * factor, high: self.high * factor }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            low: self.low + other.low,
            likely: self.likely + other.likely,
            high: self.high + other.high,
        }
    }

    fn max(self, other: Self) -> Self {
        Self {
            low: self.low.max(other.low),
            likely: self.likely.max(other.likely),
            high: self.high.max(other.high),
        }
    }
}

/// What a prediction rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Builds of this experiment.
    Experiment,
    /// Builds of other experiments on the same profile.
    Profile,
    /// Some of it on no build.
    Partly,
    /// Nothing was measured.
    Nothing,
}

/// What a build is expected to take.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Prediction {
    /// From start to end; nothing on a CUDA device that was never measured.
    pub seconds: Option<Range>,
    /// Of these until everything is computed.
    pub compute_s: Option<f64>,
    /// And what comes after that.
    pub after_s: Option<f64>,
    /// Seconds that workers spend, together.
    pub worker_s: Option<Range>,
    /// Into the cache, and the data set; where nothing was measured, at most.
    pub bytes: Range,
    /// Of these the data set.
    pub dataset_bytes: f64,
    /// Earlier builds that it rests on.
    pub builds: usize,
    /// Whose they are.
    pub basis: Basis,
    /// Workers that it counts with.
    pub workers: usize,
}

/// A rate with its spread.
struct Rate {
    value: f64,
    spread: f64,
    builds: usize,
    /// Whether one of them is of the same experiment.
    same: bool,
}

/// How many times a build counts whose experiment is the same, or that has as many workers.
const SAME_EXPERIMENT: f64 = 8.0;
const SAME_WORKERS: f64 = 2.0;
/// What is left of the weight of a build when another one comes after it.
const AGE: f64 = 0.85;
/// Spreads as logarithms: the least with several builds of the experiment, with one, with others only, and
/// the most.
const SPREAD: [f64; 4] = [0.1, 0.25, 0.5, 0.7];
/// Seconds until the first worker is ready, and how much longer computing takes than with workers that
/// always have work, where nothing was measured.
const READY: f64 = 1.0;
const WASTE: f64 = 1.1;

/// Finds the rate of something of a size, of which the function says what a build did and at which rate.
type Seen<'a> = dyn Fn(f64, &dyn Fn(&Measured) -> Option<(f64, f64)>) -> Option<Rate> + 'a;

/// A median over builds. `of` gives the size of what a build did and what it took of each unit of it.
fn rate(
    record: &Record,
    work: &Work,
    workers: Workers,
    size: f64,
    of: impl Fn(&Measured) -> Option<(f64, f64)>,
) -> Option<Rate> {
    let mut found: Vec<(f64, f64)> = Vec::new();
    let (mut same, mut of_experiment) = (false, 0);
    let mut age = 1.0;
    for build in record.0.iter().rev() {
        if let Some((did, rate)) = of(build)
            && rate.is_finite()
            && rate > 0.0
        {
            let alike = 1.0 / (1.0 + (did.max(1e-9) / size.max(1e-9)).ln().abs());
            let mut weight = age * alike;
            if build.experiment == work.experiment {
                weight *= SAME_EXPERIMENT;
                same = true;
                of_experiment += 1;
            }
            if build.jobs == workers.main {
                weight *= SAME_WORKERS;
            }
            found.push((rate.ln(), weight));
        }
        age *= AGE;
    }
    let total: f64 = found.iter().map(|(_, weight)| weight).sum();
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut below = 0.0;
    let middle = found.iter().find(|(_, weight)| {
        below += weight;
        below >= total / 2.0
    })?;
    let middle = middle.0;
    let scatter: f64 = found.iter().map(|(rate, w)| w * (rate - middle).abs()).sum::<f64>() / total;
    let least = match of_experiment {
        0 => SPREAD[2],
        1 => SPREAD[1],
        _ => SPREAD[0],
    };
    let spread = (1.5 * scatter).clamp(least, SPREAD[3]);
    Some(Rate { value: middle.exp(), spread, builds: found.len(), same })
}

/// What doing `work` is expected to take, `so_far` seconds of it being over.
pub fn predict(work: &Work, record: &Record, workers: Workers, so_far: f64) -> Prediction {
    let seen = |size: f64, of: &dyn Fn(&Measured) -> Option<(f64, f64)>| {
        rate(record, work, workers, size, of)
    };
    let on_cuda = workers.beside > 0;
    let (mut builds, mut same, mut guessed) = (0, !work.pools.is_empty(), 0);
    let (mut worker_s, mut main, mut beside) =
        (Range::default(), Range::default(), Range::default());
    let mut bytes = Range::default();
    let mut is_known = true;
    for (name, pool) in &work.pools {
        let done = |build: &Measured| build.pools.get(name).copied();
        let speed = seen(pool.work, &|build| {
            done(build).filter(|d| d.work > 0.0).map(|d| (d.work, d.seconds / d.work))
        });
        let seconds = if let Some(speed) = &speed {
            builds = builds.max(speed.builds);
            same &= speed.same;
            Range::around(speed.value * pool.work, speed.spread)
        } else {
            guessed += 1;
            // The rate of a processor says nothing of a device.
            is_known &= !on_cuda || pool.portable;
            Range::around(pool.work / GFLOP_PER_SECOND, SPREAD[3])
        };
        worker_s = worker_s.plus(seconds);
        let (of, count) = if on_cuda && pool.portable {
            (&mut beside, workers.beside)
        } else {
            (&mut main, workers.main)
        };
        *of = of.plus(seconds.times(1.0 / pool.pieces.min(count).max(1) as f64));
        bytes = bytes.plus(stored(&seen, pool.raw, &|build| done(build)));
    }
    let ideal = main.max(beside);
    let mut compute = Range::default();
    if !work.pools.is_empty() {
        let ready = seen(1.0, &|build| (build.ready > 0.0).then_some((1.0, build.ready)));
        let waste = seen(ideal.likely, &|build| {
            let working = (build.compute - build.ready).max(0.0);
            (build.ideal > 0.0).then(|| (build.ideal, (working / build.ideal).clamp(0.5, 20.0)))
        });
        let waste = waste.map_or(Range::around(WASTE, SPREAD[1]), |waste| {
            Range::around(waste.value, waste.spread)
        });
        compute = Range {
            low: ideal.low * waste.low,
            likely: ideal.likely * waste.likely,
            high: ideal.high * waste.high,
        };
        compute = compute.plus(Range::exactly(ready.map_or(READY, |ready| ready.value)));
    }
    let mut after = Range::default();
    let mut dataset = Range::default();
    if let Some(raw) = work.assemble {
        let done = |build: &Measured| build.assemble;
        let speed = seen(raw as f64, &|build| {
            done(build).filter(|d| d.work > 0.0).map(|d| (d.work, d.seconds / d.work))
        });
        match speed {
            Some(speed) => {
                builds = builds.max(speed.builds);
                same = (same || work.pools.is_empty()) && speed.same;
                after = after.plus(Range::around(speed.value * raw as f64, speed.spread));
            }
            None => guessed += 1,
        }
        dataset = stored(&seen, raw, &|build| done(build));
        bytes = bytes.plus(dataset);
    }
    if let Some(finish) = seen(1.0, &|build| (build.finish > 0.0).then_some((1.0, build.finish))) {
        after = after.plus(Range::exactly(finish.value));
    }
    let basis = match (builds, guessed) {
        (0, _) => Basis::Nothing,
        (_, 1..) => Basis::Partly,
        _ if same => Basis::Experiment,
        _ => Basis::Profile,
    };
    let all = compute.plus(after).plus(Range::exactly(so_far));
    Prediction {
        seconds: is_known.then_some(all),
        compute_s: is_known.then_some(compute.likely),
        after_s: is_known.then_some(after.likely),
        worker_s: is_known.then_some(worker_s),
        bytes,
        dataset_bytes: dataset.likely,
        builds,
        basis,
        workers: workers.main,
    }
}

/// Bytes on the disk of so many before encoding: as many where nothing was measured.
fn stored(seen: &Seen<'_>, raw: u64, done: &dyn Fn(&Measured) -> Option<Done>) -> Range {
    let raw = raw as f64;
    let share = seen(raw, &|build| {
        done(build).filter(|d| d.raw > 0.0 && d.stored > 0.0).map(|d| (d.raw, d.stored / d.raw))
    });
    match share {
        Some(share) => Range::around(raw * share.value, share.spread),
        None => Range { low: 0.0, likely: raw, high: raw },
    }
}

/// What the seconds of pools would come to if workers always had work.
pub fn ideal(pools: &[(Pool, f64)], workers: Workers) -> f64 {
    let sum = |portable: bool| -> f64 {
        let count = if portable { workers.beside } else { workers.main };
        let of = pools.iter().filter(|(p, _)| (workers.beside > 0 && p.portable) == portable);
        of.map(|(pool, seconds)| seconds / pool.pieces.min(count).max(1) as f64).sum()
    };
    sum(false).max(sum(true))
}
