//! spinlock: a declarative experiment build tool with a content-addressed cache.

pub mod cache;
pub mod dataset;
pub mod error;
pub mod key;
pub mod node;
pub mod operator;
pub mod rng;
pub mod space;
