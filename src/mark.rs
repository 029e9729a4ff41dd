//! How far this process is: a counter that moves with everything that gets done, and what is being done.
//!
//! Kernels and the worker's loop set marks; whoever watches reads them with [`now`]. Invariant: a mark costs
//! some nanoseconds, is never waited for, and nothing that is computed depends on one. It knows neither
//! clocks nor who watches.

use std::cell::Cell;
use std::fmt::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// A sort of thing that is done one after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// An application of an operator, or a state of its rollout.
    Step,
    /// A state whose features are taken.
    State,
    /// A column of a table.
    Column,
    /// A picture.
    Frame,
    /// A result that is encoded and written.
    Writing,
    /// A run of a measurement.
    Run,
}

impl Doing {
    fn name(self) -> &'static str {
        match self {
            Doing::Step => "step",
            Doing::State => "state",
            Doing::Column => "column",
            Doing::Frame => "frame",
            Doing::Writing => "writing",
            Doing::Run => "run",
        }
    }
}

/// What is being done.
struct Place {
    label: String,
    operator: Option<u64>,
    doing: Option<(Doing, u64, u64)>,
}

static MARKS: AtomicU64 = AtomicU64::new(0);
static PLACE: Mutex<Place> =
    Mutex::new(Place { label: String::new(), operator: None, doing: None });

thread_local! {
    static OPERATOR: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Something got done.
pub fn tick() {
    MARKS.fetch_add(1, Ordering::Relaxed);
}

/// Another piece of work begins, which people know by this label.
pub fn begin(label: &str) {
    tick();
    OPERATOR.set(None);
    let mut place = PLACE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    *place = Place { label: label.to_owned(), operator: None, doing: None };
}

/// This thread turns to an operator.
pub fn operator(index: u64) {
    OPERATOR.set(Some(index));
    enter(None);
}

/// This thread is at number `at` of `of` things of a sort, counted from 1; zeros where there are no numbers.
pub fn at(doing: Doing, at: u64, of: u64) {
    enter(Some((doing, at, of)));
}

/// This thread is at something without a number.
pub fn doing(doing: Doing) {
    enter(Some((doing, 0, 0)));
}

fn enter(doing: Option<(Doing, u64, u64)>) {
    tick();
    // Another thread that writes at this moment knows as well where the work is.
    if let Ok(mut place) = PLACE.try_lock() {
        place.operator = OPERATOR.get();
        place.doing = doing;
    }
}

/// The counter, and what is being done: `rollout/ops0-31/m0-4/t0-63, operator 17, step 12 of 64`.
pub fn now() -> (u64, String) {
    let marks = MARKS.load(Ordering::Relaxed);
    let place = PLACE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut text = place.label.clone();
    if let Some(index) = place.operator {
        let _ = write!(text, ", operator {index}");
    }
    match place.doing {
        None => {}
        Some((doing, _, 0)) => _ = write!(text, ", {}", doing.name()),
        Some((doing, at, of)) => _ = write!(text, ", {} {at} of {of}", doing.name()),
    }
    (marks, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_say_where_the_work_is_and_the_counter_moves_with_each() {
        // The only test that looks at the text; others of this process may move the counter.
        let before = now().0;
        begin("rollout/ops0-31/m0-4/t0-63");
        operator(17);
        at(Doing::Step, 12, 64);
        let (marks, text) = now();
        assert!(marks >= before + 3);
        assert_eq!(text, "rollout/ops0-31/m0-4/t0-63, operator 17, step 12 of 64");
        doing(Doing::Writing);
        assert_eq!(now().1, "rollout/ops0-31/m0-4/t0-63, operator 17, writing");
        // Another thread works at another operator, and this one goes on with its own.
        std::thread::scope(|scope| _ = scope.spawn(|| operator(18)));
        assert_eq!(now().1, "rollout/ops0-31/m0-4/t0-63, operator 18");
        at(Doing::Step, 13, 64);
        assert_eq!(now().1, "rollout/ops0-31/m0-4/t0-63, operator 17, step 13 of 64");
        begin("weights/ops0-31");
        assert_eq!(now().1, "weights/ops0-31");
    }
}
