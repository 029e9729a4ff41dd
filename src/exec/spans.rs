//! Stretches of work for the trace, in bounded memory.
//!
//! Invariant: there are never more than [`MOST`] of them. When there would be, neighbours of one row are merged:
//! first those of one kind that together are short, in steps of twice the length, and if that is not enough,
//! whatever lies side by side.

use std::collections::HashMap;
use std::io::{self, Write};

use serde_json::json;

use crate::effect;

/// Most stretches that are kept.
const MOST: usize = 100_000;
/// Length in seconds up to which neighbours are merged first.
const SHORTEST: f64 = 1e-3;
/// Kind of what was merged of several kinds.
const SEVERAL: &str = "several";

/// One stretch of work of one worker, or several that were merged.
#[derive(Debug, Clone, PartialEq)]
struct Span {
    row: usize,
    label: String,
    kind: &'static str,
    start: f64,
    end: f64,
    /// Jobs in it.
    jobs: u64,
    /// Seconds of them.
    busy: f64,
}

/// The stretches of one build, in the order of their ends.
#[derive(Debug)]
pub struct Spans {
    list: Vec<Span>,
    most: usize,
    /// Up to this length neighbours were merged.
    merged: f64,
    /// Also neighbours of different kinds.
    mixed: bool,
}

impl Default for Spans {
    fn default() -> Self {
        Self { list: Vec::new(), most: MOST, merged: 0.0, mixed: false }
    }
}

impl Spans {
    /// Adds a job: its row, the label of its first artifact, its kind, and from when to when it took.
    pub fn push(&mut self, row: usize, label: &str, kind: &'static str, start: f64, end: f64) {
        let label = label.to_owned();
        self.list.push(Span { row, label, kind, start, end, jobs: 1, busy: end - start });
        if self.list.len() > self.most {
            self.shrink();
        }
    }

    /// Makes them clearly fewer: neighbours that together are short are merged, in steps of twice the length.
    fn shrink(&mut self) {
        let length = self.list.iter().map(|span| span.end).fold(0.0, f64::max);
        self.merged = self.merged.max(SHORTEST);
        loop {
            self.merge();
            if self.list.len() <= self.most / 4 * 3 {
                return;
            }
            self.merged *= 2.0;
            if self.merged > 4.0 * length {
                if self.mixed {
                    // One for each row is left.
                    return;
                }
                // No neighbours of one kind are left.
                (self.mixed, self.merged) = (true, SHORTEST);
            }
        }
    }

    /// Merges neighbours in a row.
    fn merge(&mut self) {
        let mut merged: Vec<Span> = Vec::with_capacity(self.list.len());
        // By row: where its last stretch is.
        let mut last: HashMap<usize, usize> = HashMap::new();
        for span in std::mem::take(&mut self.list) {
            let before = last.get(&span.row).map(|at| &mut merged[*at]).filter(|before| {
                (self.mixed || before.kind == span.kind) && span.end - before.start <= self.merged
            });
            if let Some(before) = before {
                before.end = span.end;
                before.jobs += span.jobs;
                before.busy += span.busy;
                if before.kind != span.kind {
                    before.kind = SEVERAL;
                }
            } else {
                last.insert(span.row, merged.len());
                merged.push(span);
            }
        }
        self.list = merged;
    }

    /// Writes them in the Trace Event Format.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn write(&self, mut to: impl Write) -> io::Result<()> {
        let micros = |seconds: f64| (seconds * 1e6).round();
        write!(to, "{{\"displayTimeUnit\":\"ms\"")?;
        if self.merged > 0.0 {
            let about = json!({"merged_below_s": self.merged});
            write!(to, ",\"otherData\":{about}")?;
        }
        write!(to, ",\"traceEvents\":[")?;
        for (at, span) in self.list.iter().enumerate() {
            let mut event = json!({"name": span.label, "cat": span.kind, "ph": "X", "pid": 1,
                                   "tid": span.row, "ts": micros(span.start),
                                   "dur": micros(span.end - span.start)});
            if span.jobs > 1 {
                event["name"] = format!("{} and {} more", span.label, span.jobs - 1).into();
                event["args"] = json!({"jobs": span.jobs, "busy_s": span.busy});
            }
            write!(to, "{}{event}", if at > 0 { ",\n" } else { "" })?;
        }
        effect::write_all("exec.trace.write", &mut to, b"]}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn of(most: usize) -> Spans {
        Spans { most, ..Spans::default() }
    }

    fn events(spans: &Spans) -> Value {
        let mut text = Vec::new();
        spans.write(&mut text).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    #[test]
    fn few_jobs_stay_as_they_are() {
        let mut spans = of(10);
        spans.push(3, "weights/ops0-31", "weights", 0.5, 0.75);
        assert_eq!(
            events(&spans),
            json!({"displayTimeUnit": "ms", "traceEvents": [
                {"name": "weights/ops0-31", "cat": "weights", "ph": "X", "pid": 1, "tid": 3,
                 "ts": 500_000.0, "dur": 250_000.0}]})
        );
    }

    #[test]
    fn many_jobs_are_merged_by_row_and_kind_and_none_is_lost() {
        let mut spans = of(1000);
        for i in 0..100_000_u32 {
            let (row, at) = (i as usize % 4, f64::from(i / 4) * 0.01);
            let kind = if i / 4 % 2000 < 1000 { "rollout" } else { "features" };
            spans.push(row, &format!("{kind}/{i}"), kind, at, at + 0.009);
            assert!(spans.list.len() <= 1000);
        }
        let jobs: u64 = spans.list.iter().map(|span| span.jobs).sum();
        let busy: f64 = spans.list.iter().map(|span| span.busy).sum();
        assert_eq!(jobs, 100_000);
        assert!((busy - 900.0).abs() < 1e-6, "{busy}");
        assert!(spans.list.len() > 250 && spans.list.iter().all(|span| span.kind != SEVERAL));
        let trace = events(&spans);
        assert!(trace["otherData"]["merged_below_s"].as_f64().unwrap() > 0.01);
        let first = &trace["traceEvents"][0];
        assert!(first["name"].as_str().unwrap().starts_with("rollout/0 and "), "{first}");
        assert!(first["args"]["jobs"].as_u64().unwrap() > 1);
    }

    #[test]
    fn also_where_no_neighbours_are_alike_there_are_no_more_than_the_limit() {
        let mut spans = of(100);
        for i in 0..10_000_u32 {
            let kind = if i % 2 == 0 { "rollout" } else { "features" };
            spans.push(0, kind, kind, f64::from(i), f64::from(i) + 0.9);
            assert!(spans.list.len() <= 100);
        }
        assert_eq!(spans.list.iter().map(|span| span.jobs).sum::<u64>(), 10_000);
        assert!(spans.list.windows(2).all(|two| two[0].end <= two[1].start));
    }
}
