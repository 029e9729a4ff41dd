//! Several units in flight: threads that compute, results that are taken in order, and fewer of them
//! when a device runs out of memory. It knows nothing of devices or of what a unit is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::sync_channel;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::thread;

use crate::compute::is_out_of_memory;
use crate::error::{Error, Result};

/// Computes units `0..count` by `work`, at most `width` at a time, and gives the results to `take` in
/// order, on the calling thread. `enter` is called once on every thread that works. Returns the width
/// that was reached: `width`, or less if the memory did not hold so many.
///
/// A unit that runs out of memory beside others is tried again with half as many in flight. With a
/// width of 1 from the start, everything happens on the calling thread, without `enter`.
///
/// # Errors
/// The first error of a unit, of `enter` or of `take`; running out of memory only where a unit was
/// alone.
pub fn run<T: Send>(
    count: usize,
    width: usize,
    enter: impl Fn() -> Result<()> + Sync,
    work: impl Fn(usize) -> Result<T> + Sync,
    mut take: impl FnMut(usize, T) -> Result<()>,
) -> Result<usize> {
    let width = width.min(count).max(1);
    if width == 1 {
        for unit in 0..count {
            let result = work(unit).map_err(too_large)?;
            take(unit, result)?;
        }
        return Ok(1);
    }
    let flight = Flight {
        state: Mutex::new(State {
            waiting: (0..count).collect(),
            running: 0,
            taken: 0,
            width,
            over: false,
            error: None,
        }),
        changed: Condvar::new(),
    };
    thread::scope(|scope| {
        let (sender, results) = sync_channel(1);
        for _ in 0..width {
            let (sender, flight, enter, work) = (sender.clone(), &flight, &enter, &work);
            scope.spawn(move || {
                let _ending = Ending(flight);
                if let Err(error) = enter() {
                    flight.fail(error);
                    return;
                }
                while let Some((unit, alone, seat)) = flight.next() {
                    match work(unit) {
                        Ok(result) => {
                            drop(seat);
                            if sender.send((unit, result)).is_err() {
                                return;
                            }
                        }
                        Err(error) if is_out_of_memory(&error) && alone > 1 => {
                            flight.again(unit, alone / 2);
                        }
                        Err(error) => flight.fail(too_large(error)),
                    }
                }
            });
        }
        drop(sender);
        let mut ready = BTreeMap::new();
        let mut next = 0;
        for (unit, result) in results {
            ready.insert(unit, result);
            while let Some(result) = ready.remove(&next) {
                if let Err(error) = take(next, result) {
                    flight.fail(error);
                    // Leaves the loop, so threads that wait to send find nobody.
                    return;
                }
                next += 1;
                flight.took(next);
            }
        }
    });
    let state = flight.state.into_inner().expect("no holder panics");
    match state.error {
        Some(error) => Err(error),
        None => Ok(state.width),
    }
}

/// What to do about a unit for which all the memory is not enough.
fn too_large(error: Error) -> Error {
    if !is_out_of_memory(&error) {
        return error;
    }
    error.help(
        "one unit alone needs more memory than there is: use a smaller grid or \
         `execution.realization_block`, or fewer workers with -j",
    )
}

struct State {
    waiting: BTreeSet<usize>,
    running: usize,
    /// Units whose results were taken.
    taken: usize,
    width: usize,
    /// Nothing more is to be started.
    over: bool,
    error: Option<Error>,
}

struct Flight {
    state: Mutex<State>,
    changed: Condvar,
}

impl Flight {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder panics")
    }

    /// The next unit, with the width at its start; waits until there is room, in flight and for its result:
    /// results are taken in order, and those that wait for an earlier one must not fill the memory of
    /// the host. A unit in flight may come back, so the last thread to know is the one whose unit is
    /// the last.
    fn next(&self) -> Option<(usize, usize, Seat<'_>)> {
        let mut state = self.lock();
        loop {
            if state.over || state.waiting.is_empty() && state.running == 0 {
                return None;
            }
            // The earliest result that is not taken is in flight or waits first in line.
            let end = state.taken + 2 * state.width;
            if state.running < state.width
                && let Some(unit) = state.waiting.first().copied().filter(|unit| *unit < end)
            {
                state.waiting.remove(&unit);
                state.running += 1;
                return Some((unit, state.width, Seat(self)));
            }
            state = self.changed.wait(state).expect("no holder panics");
        }
    }

    fn took(&self, units: usize) {
        self.lock().taken = units;
        self.changed.notify_all();
    }

    /// Puts a unit back, to be tried with fewer beside it.
    fn again(&self, unit: usize, width: usize) {
        let mut state = self.lock();
        state.waiting.insert(unit);
        state.width = state.width.min(width);
    }

    fn fail(&self, error: Error) {
        let mut state = self.lock();
        state.over = true;
        state.error.get_or_insert(error);
        self.changed.notify_all();
    }
}

/// A place in flight, left when dropped.
struct Seat<'a>(&'a Flight);

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.0.lock().running -= 1;
        self.0.changed.notify_all();
    }
}

/// A thread that panics must not leave the others waiting for it.
struct Ending<'a>(&'a Flight);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.lock().over = true;
            self.0.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    fn out_of_memory() -> Error {
        Error::artifact("libtorch refused: CUDA out of memory")
            .source(std::io::Error::other("CUDA out of memory. Tried to allocate 2.00 GiB"))
    }

    /// A device that holds `capacity` units at once; gives what was taken, the width reached, and the
    /// most that were in flight.
    fn fly(count: usize, width: usize, capacity: usize) -> (Result<usize>, Vec<usize>, usize) {
        let (flying, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let mut taken = Vec::new();
        let result = run(
            count,
            width,
            || Ok(()),
            |unit| {
                let now = flying.fetch_add(1, Ordering::SeqCst) + 1;
                most.fetch_max(now, Ordering::SeqCst);
                // Long enough to overlap, and the later ones are done first.
                thread::sleep(Duration::from_millis(2 + (count - unit) as u64 / 2));
                flying.fetch_sub(1, Ordering::SeqCst);
                if now > capacity { Err(out_of_memory()) } else { Ok(unit * unit) }
            },
            |unit, square| {
                assert_eq!(square, unit * unit);
                taken.push(unit);
                Ok(())
            },
        );
        (result, taken, most.into_inner())
    }

    #[test]
    fn results_are_taken_in_order_whatever_the_width() {
        for width in [1, 2, 8, 50] {
            let (result, taken, most) = fly(20, width, 100);
            assert_eq!(result.unwrap(), width.min(20));
            assert_eq!(taken, (0..20).collect::<Vec<_>>());
            assert!(most <= width && (most > 1 || width == 1));
        }
    }

    #[test]
    fn running_out_of_memory_halves_the_width_and_goes_on() {
        let (result, taken, _) = fly(30, 8, 3);
        assert!((1..=2).contains(&result.unwrap()));
        assert_eq!(taken, (0..30).collect::<Vec<_>>());
    }

    #[test]
    fn a_unit_that_does_not_fit_alone_is_an_error() {
        for width in [1, 2, 8] {
            let (result, taken, _) = fly(5, width, 0);
            let error = result.unwrap_err();
            assert!(is_out_of_memory(&error));
            assert!(error.to_string().contains("one unit alone needs more memory"), "{error}");
            assert!(taken.is_empty());
        }
    }

    #[test]
    fn other_errors_end_it_at_once() {
        let started = AtomicUsize::new(0);
        let work = |unit: usize| {
            started.fetch_add(1, Ordering::SeqCst);
            if unit == 3 { Err(Error::artifact("operator 3: no")) } else { Ok(unit) }
        };
        let error = run(1000, 4, || Ok(()), work, |_, _| Ok(())).unwrap_err();
        assert_eq!(error.message, "operator 3: no");
        assert!(started.into_inner() < 100);
        let full = |unit, _| if unit == 2 { Err(Error::environment("full")) } else { Ok(()) };
        assert_eq!(run(1000, 4, || Ok(()), Ok, full).unwrap_err().message, "full");
        let enter = || Err(Error::environment("no stream"));
        assert_eq!(run(9, 2, enter, Ok, |_, _| Ok(())).unwrap_err().message, "no stream");
    }

    #[test]
    fn a_panic_is_passed_on_and_nobody_waits_for_ever() {
        let work = |unit: usize| {
            assert_ne!(unit, 2, "on purpose");
            Ok(unit)
        };
        let result =
            std::panic::catch_unwind(|| run(9, 3, || Ok(()), work, |_, _| Ok(())).map(drop));
        assert!(result.is_err());
    }
}
