//! spinlock: a declarative experiment build tool with a content-addressed cache.
//!
//! An experiment file becomes a graph of artifacts. Each is described by a *recipe*, a plain struct of
//! the values that act in it and the keys of its inputs; the hash of the recipe is its *key*, known
//! before anything is computed. Planning makes all recipes and asks the cache which keys it has;
//! building makes the others and copies encoded pieces from the cache into one HDF5 file.
//!
//! ```text
//! experiments/x.yaml → config → plan → exec → worker → cache → assemble → dataset
//! ```
//!
//! Modules stand on floors, and import downward only; `tests/it/floors.rs` holds them to it.
//!
//! | floor | modules | what they are |
//! | --- | --- | --- |
//! | 0 | [`child`] [`error`] [`effect`] [`key`] [`mark`] [`memory`] [`node`] [`rng`] [`yaml`] | words: errors, effects, keys, settings with places, random streams |
//! | 1 | [`space`] [`operator`] [`ic`] [`features`] [`picture`] [`render`] [`sampling`] [`profile`] | what an experiment can name, and how it is drawn |
//! | 2 | [`config`] [`artifact`] [`graph`] [`cache`] | the experiment, the recipes, the store; strangers to each other |
//! | 3 | [`plan`] | deciding: data without effects |
//! | 4 | [`exec`] `compute` `dataset` `assemble` `extract` `history` [`encode`] `predict` `project` `live` `watch` `serve` `gallery` `chart` `film` `recompute` `report` | doing: processes, kernels, files, pictures |
//! | 5 | `build` `worker` `cli` `fuzz` | one build; the two programs' talk; what strangers can hand us |
//!
//! Two programs are built from it, each with a feature of its own and never with both. `spinlock`
//! (feature `front`: `assemble`, `build`, `chart`, `cli`, `dataset`, `extract`, `film`, `gallery`, `history`,
//! `live`, `predict`, `project`, `recompute`, `report`, `serve`, `watch`) plans, schedules, writes data sets, draws and shows, starts
//! in milliseconds and never loads libtorch. `spinlock-worker` (feature
//! `torch`: `compute`, `worker`) computes. The worker gets the resolved experiment, plans it again with
//! the same code, and is told keys, so the two cannot disagree unnoticed.
//!
//! What holds everywhere: a key is a function of the recipe alone. A random number is a function of its
//! stream and counter. An entry of the cache, and a data set, appears complete or not at all; stored
//! bytes are used only after their digest was verified. Floors 0 to 3 start no process, touch no device
//! and print nothing; only `cli` and the programs print. What an operator gives does not depend on
//! threads, workers, order, or its neighbours.
//!
//! `docs/architecture.md` says the same at length, and where to add what.

pub mod artifact;
#[cfg(feature = "front")]
pub mod assemble;
#[cfg(feature = "front")]
pub mod build;
pub mod cache;
#[cfg(feature = "front")]
pub mod chart;
pub mod child;
#[cfg(feature = "front")]
pub mod cli;
#[cfg(feature = "torch")]
pub mod compute;
pub mod config;
#[cfg(feature = "front")]
pub mod dataset;
pub mod effect;
pub mod encode;
pub mod error;
pub mod exec;
#[cfg(feature = "front")]
pub mod extract;
pub mod features;
#[cfg(feature = "front")]
pub mod film;
#[cfg(feature = "front")]
#[doc(hidden)]
pub mod fuzz;
#[cfg(feature = "front")]
pub mod gallery;
pub mod graph;
#[cfg(feature = "front")]
pub mod history;
pub mod ic;
pub mod key;
#[cfg(feature = "front")]
pub mod live;
pub mod mark;
pub mod memory;
pub mod node;
pub mod operator;
pub mod picture;
pub mod plan;
#[cfg(feature = "front")]
pub mod predict;
pub mod profile;
#[cfg(feature = "front")]
pub mod project;
#[cfg(feature = "front")]
pub mod recompute;
pub mod render;
#[cfg(feature = "front")]
pub mod report;
pub mod rng;
pub mod sampling;
#[cfg(feature = "front")]
pub mod serve;
pub mod space;
pub mod units;
#[cfg(feature = "front")]
pub mod watch;
#[cfg(feature = "torch")]
pub mod worker;
pub mod yaml;
