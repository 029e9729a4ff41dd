//! spinlock: a declarative experiment build tool with a content-addressed cache.

pub mod error;
pub mod ic;
pub mod key;
pub mod node;
pub mod rng;
