//! Streams: a queue of work per thread, so that several units share a device.
//!
//! Through the stable C interface that libtorch exports for compiled models
//! (`torch/csrc/inductor/aoti_torch/c/shim.h`, `torch/csrc/stable/c/shim.h`). libtorch keeps one current
//! stream per thread and device, and its allocator one pool of memory per stream; a unit makes and uses
//! its tensors on one thread, so no two streams ever share memory.

use std::ffi::{c_int, c_void};

use super::library::Library;
use crate::error::{Error, Result};

/// libtorch's CUDA half.
pub const LIBRARY: &str = "libtorch_cuda.so";

/// The calls that concern streams.
#[derive(Debug, Clone, Copy)]
pub struct Streams {
    current: unsafe extern "C" fn(i32, *mut *mut c_void) -> c_int,
    from_pool: unsafe extern "C" fn(bool, i32, *mut *mut c_void) -> c_int,
    set: unsafe extern "C" fn(*mut c_void, i32) -> c_int,
}

impl Streams {
    /// Looks the calls up in `library`.
    ///
    /// # Errors
    /// If one is missing.
    #[expect(unsafe_code, reason = "looks up C functions by name")]
    pub fn load(library: &Library) -> Result<Self> {
        // SAFETY: the types of the two headers, which promise to keep them; results are 0 for success.
        unsafe {
            Ok(Self {
                current: library.function(c"aoti_torch_get_current_cuda_stream")?,
                from_pool: library.function(c"torch_get_cuda_stream_from_pool")?,
                set: library.function(c"torch_set_current_cuda_stream")?,
            })
        }
    }

    /// The stream into which libtorch puts this thread's work on `device`.
    ///
    /// # Errors
    /// If libtorch refuses.
    #[expect(unsafe_code, reason = "a C call that writes one pointer")]
    pub fn current(&self, device: u32) -> Result<*mut c_void> {
        let mut stream = std::ptr::null_mut();
        // SAFETY: `stream` outlives the call.
        let status = unsafe { (self.current)(device as i32, &raw mut stream) };
        accepted(status, "name its stream")?;
        Ok(stream)
    }

    /// Gives the calling thread a stream of its own on `device`, until it ends.
    ///
    /// The pool has 32 streams per device and hands them out in turn: up to 32 threads do not share.
    ///
    /// # Errors
    /// If libtorch refuses.
    #[expect(unsafe_code, reason = "C calls that pass one pointer")]
    pub fn own(&self, device: u32) -> Result<()> {
        let mut stream = std::ptr::null_mut();
        // SAFETY: `stream` outlives the call; streams of the pool live as long as the process.
        unsafe {
            accepted((self.from_pool)(false, device as i32, &raw mut stream), "give a stream")?;
            accepted((self.set)(stream, device as i32), "take a stream")
        }
    }
}

fn accepted(status: c_int, what: &str) -> Result<()> {
    if status == 0 {
        return Ok(());
    }
    Err(Error::environment(format!("libtorch cannot {what} on the CUDA device")))
}
