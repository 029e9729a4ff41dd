//! The kernels: weights, noise, operators and their rollouts, on the CPU and on CUDA.
//!
//! Kernels see typed values and slices, never paths, plans or the cache. Nothing here reads a clock
//! or a global random generator; what comes out depends on the arguments and on the device class
//! alone.
//!
//! - [`device`] sets the process up and says what the machine has
//! - [`weights`], [`noise`] (on [`random`] and [`simd`]) draw from keyed streams
//! - [`network`] applies one operator; it has two backends, `fused` and `ops`
//! - `spectral` convolves wide layers in the frequency domain
//! - [`rollout`] iterates it; [`state`] is what happens to a state between two applications
//! - [`batch`] does both on whole launches that stay on a device, with the help of [`cuda`]
//! - [`dynamics`] says whether an operator wears its input away, [`sensitivity`] how it responds to
//!   changes of it
//! - [`account`] says what time goes into, and [`machine`] what a device can do, for benchmarks

pub mod account;
pub mod batch;
pub mod cuda;
pub mod device;
pub mod dynamics;
pub mod features;
mod fused;
pub mod layout;
pub mod machine;
pub mod network;
pub mod noise;
mod ops;
mod passes;
mod program;
pub mod random;
pub mod rollout;
pub mod sensitivity;
pub mod simd;
mod spectral;
#[cfg(test)]
mod stage_tests;
pub mod state;
pub mod weights;

use tch::TchError;

use crate::error::{Error, Result};

/// Turns a failure of libtorch into this crate's error, keeping the first line of its message.
pub(crate) fn torch<T>(result: std::result::Result<T, TchError>) -> Result<T> {
    result.map_err(|source| {
        let text = source.to_string();
        let line = text.lines().next().unwrap_or_default().trim_end_matches('.').to_owned();
        let error = Error::artifact(format!("libtorch refused: {line}"));
        if says_out_of_memory(&text) {
            error
                .help("run fewer units at the same time (`-j`), or use a smaller grid")
                .source(source)
        } else {
            error.source(source)
        }
    })
}

/// Whether a computation failed for want of memory, on the host or on a device.
pub fn is_out_of_memory(error: &Error) -> bool {
    let source = error.source.as_ref().map(ToString::to_string);
    source.is_some_and(|text| says_out_of_memory(&text))
}

fn says_out_of_memory(text: &str) -> bool {
    let text = text.to_lowercase();
    [
        "out of memory",
        "not enough memory",
        "can't allocate memory",
        // cuBLAS and cuDNN.
        "alloc_failed",
        "allocation_failed",
        // What libtorch says if no algorithm of cuDNN gets the memory that it needs.
        "unable to find an engine",
    ]
    .iter()
    .any(|sign| text.contains(sign))
}
