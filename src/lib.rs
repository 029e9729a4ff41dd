//! spinlock: a declarative experiment build tool with a content-addressed cache.

pub mod artifact;
pub mod assemble;
pub mod build;
pub mod cache;
pub mod cli;
#[cfg(feature = "torch")]
pub mod compute;
pub mod config;
pub mod dataset;
pub mod error;
pub mod exec;
pub mod graph;
pub mod history;
pub mod ic;
pub mod key;
pub mod node;
pub mod operator;
pub mod plan;
pub mod profile;
pub mod project;
pub mod rng;
pub mod sampling;
pub mod space;
#[cfg(feature = "torch")]
pub mod worker;
pub mod yaml;
