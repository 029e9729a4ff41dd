//! Doing: takes the artifacts of a plan that are to be made to workers, and what they made to the
//! cache.
//!
//! One thread decides; workers, their listeners and the publisher send it events. An artifact is
//! locked while it is made, so that builds at the same time on one cache make nothing twice. Nothing
//! here knows what an artifact means.

#[cfg(feature = "front")]
pub mod jobs;
#[cfg(feature = "front")]
pub mod log;
pub mod measure;
#[cfg(feature = "front")]
mod old_logs;
#[cfg(feature = "front")]
pub mod process;
#[cfg(feature = "front")]
pub mod progress;
pub mod protocol;
#[cfg(feature = "front")]
pub mod publisher;
#[cfg(feature = "front")]
mod queue;
#[cfg(all(test, feature = "front"))]
mod queue_tests;
#[cfg(feature = "front")]
mod run;
#[cfg(feature = "front")]
mod spans;
#[cfg(feature = "front")]
pub mod staff;
#[cfg(feature = "front")]
mod summary;
#[cfg(feature = "front")]
mod watchdog;

#[cfg(feature = "front")]
pub use run::{Event, Failed, Options, Outcome, run};
#[cfg(feature = "front")]
pub use staff::Staff;
