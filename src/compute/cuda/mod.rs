//! What CUDA needs besides libtorch's tensors: our own kernels and streams.
//!
//! Nothing here is linked. The driver, NVRTC and libtorch's CUDA half are opened at run time by name, so
//! one worker binary runs with and without a GPU; a missing library or function is an error that says
//! so.
//!
//! - [`kernels`] draws the random numbers of [`super::random`] in device memory
//! - [`streams`] gives each thread a queue of its own on a device
//! - [`in_flight`] says how many units share a device

pub mod in_flight;
pub mod kernels;
pub mod library;
mod nvrtc;
pub mod streams;
