//! spinlock: a declarative experiment build tool with a content-addressed cache.

pub mod cache;
#[cfg(feature = "torch")]
pub mod compute;
pub mod error;
pub mod ic;
pub mod key;
pub mod node;
pub mod operator;
pub mod rng;
pub mod sampling;
pub mod space;
