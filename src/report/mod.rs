//! A report of a build, and of the data set that came of it: one file for browsers that needs nothing else.
//!
//! `collect` reads what there is (plan, event log, lock file, data set) into plain data ([`model`]),
//! `figures` draws charts of it, [`page()`] shows that as HTML. Invariants: a report is no artifact and
//! enters no key; whatever is missing or damaged, there is a page, which says so; what a page shows is
//! bounded, so that it stays below 10 MB; it loads nothing.

mod artifacts;
mod builds;
pub(crate) mod collect;
mod data;
mod document;
mod figures;
pub mod files;
mod gallery;
pub mod graph;
pub(crate) mod log;
pub mod model;
mod numbers;
mod page;
mod renders;
mod tables;
#[cfg(test)]
mod tests;

pub use collect::{Subject, of_experiment, of_file, path};
pub use model::Report;
pub use page::page;
