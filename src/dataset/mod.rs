//! The data set: one HDF5 file, written from plain data, read back, checked, shown and compared.
//!
//! `docs/data-set.md` says what lies in such a file and how its digest is taken. Invariant: a file
//! appears complete or not at all, and whatever a damaged or hostile file holds, reading it ends in an
//! error or a finding, never in a crash. The only module that names HDF5.

mod append;
mod attributes;
mod blocks;
mod checks;
mod chunks;
mod compare;
mod diff;
mod digest;
mod dynamics;
mod facts;
mod ffi;
mod fields;
mod file;
mod hdf;
mod info;
mod parameters;
mod reader;
mod recorded;
mod render;
mod render_quality;
#[cfg(test)]
mod report_tests;
mod row;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod sample_parameters;
mod spool;
mod staging;
mod structure;
mod tables;
#[cfg(test)]
mod tests;
mod trajectories;
mod validate;
#[cfg(test)]
mod validate_tests;
mod values;
mod view;
mod view_fields;
mod view_numbers;
#[cfg(test)]
mod view_tests;
mod writer;

pub use append::{Appending, refuse_append, refuse_tables, write_tables};
pub use diff::{ArrayDifference, AttributeDifference, Difference, diff};
pub use dynamics::{Collapse, Dynamics};
pub use file::{Array, Attribute, Chunk, Data, File, Loaded, Type, leaf_axis};
pub use info::{ArrayInfo, Info, States, info};
pub use reader::{is_ours, key_of};
pub use recorded::{Recorded, Stored};
pub use render::{render_difference, render_info, render_report, render_row};
pub use render_quality::{Measure, quality};
pub use row::{Row, Summary, row};
pub use staging::{copy, sweep};
pub use tables::{GROUP as FEATURES, Rows, Tables};
pub use trajectories::{Block, Group, Slab, Trajectories};
pub use validate::{Finding, Report, validate};
pub use view::{About, Column, FeatureStatistics, Values, View};
pub use view_fields::{Film, Films, Limits, Still};
pub use view_numbers::{Dimension, Portion, Range, Share};
pub use writer::{DIGEST, GENERATOR, KEY, Written, write};
