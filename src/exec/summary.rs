//! What a log says of many artifacts at once, when it has become too long for one line each.
//!
//! Invariant: the sums of `progressed` events and of the events that they stand for are those of a log that
//! says everything. The memory is bounded by the numbers of kinds and workers.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// What happened since the last summary.
#[derive(Debug, Default)]
pub struct Summary {
    made: BTreeMap<String, u64>,
    found: BTreeMap<String, u64>,
    bytes: u64,
    gflop: f64,
    jobs: u64,
    seconds: BTreeMap<String, f64>,
    /// Other events that were left out, by name.
    others: BTreeMap<String, u64>,
    /// What each worker is at.
    working: BTreeMap<u64, Value>,
    changed: bool,
}

impl Summary {
    /// Takes the fields of an event that is not written.
    pub fn take(&mut self, name: &str, fields: &Value) {
        self.changed = true;
        self.gflop += fields["gflop"].as_f64().unwrap_or(0.0);
        let kind = || fields["kind"].as_str().unwrap_or_default().to_owned();
        match name {
            "built" => {
                *self.made.entry(kind()).or_default() += 1;
                self.bytes += fields["bytes"].as_u64().unwrap_or(0);
            }
            "found" => *self.found.entry(kind()).or_default() += 1,
            "job_started" => self.begin(fields),
            "job_done" => {
                self.jobs += 1;
                let worker = fields["worker"].as_u64().unwrap_or(0);
                let label = self.working.remove(&worker);
                let label = label.as_ref().and_then(|work| work["labels"][0].as_str());
                let kind = label.and_then(|label| label.split('/').next()).unwrap_or_default();
                *self.seconds.entry(kind.to_owned()).or_default() +=
                    fields["seconds"].as_f64().unwrap_or(0.0);
            }
            _ => {
                if matches!(name, "job_failed" | "worker_exited") {
                    self.end(fields);
                }
                *self.others.entry(name.to_owned()).or_default() += 1;
            }
        }
    }

    /// A worker has a job: whether or not its event is written, its end may not be.
    pub fn begin(&mut self, fields: &Value) {
        if let Some(worker) = fields["worker"].as_u64() {
            self.working.insert(worker, fields.clone());
        }
    }

    /// A worker has none any more.
    pub fn end(&mut self, fields: &Value) {
        if let Some(worker) = fields["worker"].as_u64() {
            self.working.remove(&worker);
        }
    }

    /// The fields of a `progressed` event, if there is something to say; from then on counting begins anew.
    pub fn fields(&mut self) -> Option<Value> {
        if !std::mem::take(&mut self.changed) {
            return None;
        }
        let seconds: f64 = self.seconds.values().sum();
        let counts = |counts: BTreeMap<String, u64>| -> Map<String, Value> {
            counts.into_iter().map(|(name, n)| (name, n.into())).collect()
        };
        let working: Vec<&Value> = self.working.values().collect();
        let fields = json!({
            "made": counts(std::mem::take(&mut self.made)),
            "found": counts(std::mem::take(&mut self.found)),
            "bytes": std::mem::take(&mut self.bytes),
            "gflop": std::mem::take(&mut self.gflop),
            "jobs": std::mem::take(&mut self.jobs),
            "seconds": seconds,
            "seconds_by_kind": std::mem::take(&mut self.seconds),
            "others": counts(std::mem::take(&mut self.others)),
            "working": working,
        });
        Some(fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_adds_up_what_it_stands_for() {
        let mut summary = Summary::default();
        assert_eq!(summary.fields(), None);
        let job = |number: u32, worker: u32| json!({"job": number, "worker": worker, "labels": ["rollout/ops0-1"], "units": [0, 1]});
        summary.begin(&job(1, 0));
        summary.take("job_done", &json!({"job": 1, "worker": 0, "seconds": 2.0, "gflop": 3.0}));
        summary.take("built", &json!({"kind": "weights", "bytes": 10, "gflop": 1.0}));
        summary.take("built", &json!({"kind": "weights", "bytes": 5, "gflop": 1.0}));
        summary.take("found", &json!({"kind": "rollout", "gflop": 4.0}));
        summary.take("job_started", &job(2, 1));
        summary.take("retry", &json!({"label": "x"}));
        assert_eq!(
            summary.fields().unwrap(),
            json!({"made": {"weights": 2}, "found": {"rollout": 1}, "bytes": 15, "gflop": 9.0,
                   "jobs": 1, "seconds": 2.0, "seconds_by_kind": {"rollout": 2.0},
                   "others": {"retry": 1}, "working": [job(2, 1)]})
        );
        assert_eq!(summary.fields(), None);
        // What a worker is at is said again.
        summary.take("built", &json!({"kind": "weights", "bytes": 1, "gflop": 0.0}));
        assert_eq!(summary.fields().unwrap()["working"], json!([job(2, 1)]));
        summary.end(&json!({"worker": 1}));
        summary.take("warning", &json!({}));
        assert_eq!(summary.fields().unwrap()["working"], json!([]));
    }
}
