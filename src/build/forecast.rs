//! What a build is expected to take, what it took, and what of it is remembered for the next ones.

use std::collections::BTreeMap;

use super::{Report, Request};
use crate::artifact::{Artifact, DatasetFile, KINDS};
use crate::cache::Cache;
use crate::config::Experiment;
use crate::exec::Outcome;
use crate::exec::progress::Expected;
use crate::plan::{Plan, kind_index};
use crate::predict::{
    Done, Measured, Pool, Prediction, Record, Took, Work, Workers, ideal, predict,
};
use crate::profile::Profile;

/// A prediction, and what the build measured since.
pub struct Forecast {
    work: Work,
    workers: Workers,
    prediction: Prediction,
    outcome: Outcome,
    /// Whether the work turned out to be what was planned.
    is_whole: bool,
}

impl Forecast {
    /// Predicts the making of `to_make`, `so_far` seconds after the start.
    pub fn new(
        (experiment, profile): (&Experiment, &Profile),
        cache: &Cache,
        (plan, to_make): (&Plan, &[usize]),
        request: &Request,
        so_far: f64,
    ) -> Option<Self> {
        let file = experiment.file.display().to_string();
        let work = Work::new(&file, plan, to_make, !request.only.is_empty());
        if work.is_empty() {
            return None;
        }
        let workers = Workers::new(profile, request.staff.jobs);
        let prediction = predict(&work, &Record::read(cache, profile), workers, so_far);
        Some(Self { work, workers, prediction, outcome: Outcome::default(), is_whole: true })
    }

    /// What is expected.
    pub fn prediction(&self) -> &Prediction {
        &self.prediction
    }

    /// The same for whoever watches the build.
    pub fn expected(&self) -> Option<Expected> {
        let Prediction { compute_s, after_s, .. } = self.prediction;
        Some(Expected { compute: compute_s?, after: after_s? })
    }

    /// Takes what was made. A second round had other things to make than the first plan said.
    pub fn made(&mut self, outcome: &Outcome, round: u32) {
        self.is_whole &= round == 0 && outcome.failed.is_empty() && !outcome.interrupted;
        self.is_whole &= !outcome.damaged && outcome.shared.iter().all(|n| *n == 0);
        for k in 0..KINDS.len() {
            self.outcome.worked[k] += outcome.worked[k];
            self.outcome.busy[k] += outcome.busy[k];
            self.outcome.bytes[k] += outcome.bytes[k];
        }
        self.outcome.ready = self.outcome.ready.or(outcome.ready);
    }

    /// Scores the prediction in a report, if all of it came about.
    pub fn score(&self, report: &mut Report) {
        report.predicted = Some(self.prediction.clone());
        if self.is_whole && !report.interrupted && report.failed.is_empty() {
            let bytes = self.outcome.bytes.iter().sum::<u64>() + self.dataset(report);
            report.took = Some(Took { seconds: report.wall, bytes });
        }
    }

    /// Length of the data set, if this build assembled it.
    fn dataset(&self, report: &Report) -> u64 {
        let assembled = report.built[kind_index(DatasetFile::KIND.name)] > 0;
        let dataset = report.outputs.iter().find(|output| output.kind == DatasetFile::KIND.name);
        dataset.filter(|_| assembled && self.work.assemble.is_some()).map_or(0, |o| o.bytes)
    }

    /// Remembers what was measured, for builds to come.
    pub fn remember(&self, cache: &Cache, profile: &Profile, report: &Report) {
        if report.took.is_none() {
            return;
        }
        let mut pools: BTreeMap<String, Done> = BTreeMap::new();
        for (k, kind) in KINDS.iter().enumerate() {
            let name = self.work.pool(kind.name);
            let Some(planned) = self.work.pools.get(name) else { continue };
            let done = pools.entry(name.to_owned()).or_default();
            done.work += self.outcome.worked[k];
            done.seconds += self.outcome.busy[k];
            done.stored += self.outcome.bytes[k] as f64;
            done.raw = planned.raw as f64;
        }
        let parts: Vec<(Pool, f64)> =
            pools.iter().map(|(name, done)| (self.work.pools[name], done.seconds)).collect();
        let stage = |name: &str| {
            report.stages.iter().find(|(stage, _)| *stage == name).map_or(0.0, |(_, s)| *s)
        };
        let dataset = self.dataset(report) as f64;
        let assemble = self.work.assemble.filter(|_| dataset > 0.0).map(|raw| Done {
            work: raw as f64,
            seconds: stage("assemble"),
            raw: raw as f64,
            stored: dataset,
        });
        let measured = Measured {
            experiment: self.work.experiment.clone(),
            jobs: self.workers.main,
            ideal: ideal(&parts, self.workers),
            pools,
            ready: self.outcome.ready.unwrap_or(0.0),
            compute: stage("compute"),
            assemble,
            finish: stage("finish"),
        };
        Record::add(cache, profile, measured);
    }
}
