//! Our own kernels on a CUDA device: random numbers drawn where they are used.
//!
//! `noise.cu` is compiled when a device is first used and launched into the stream in which libtorch
//! works on the calling thread, so it is ordered with the operations around it. The calls are those of
//! the CUDA driver API; libtorch works in the primary context of a device, and so does this.

use std::collections::HashMap;
use std::ffi::{CStr, c_int, c_uint, c_void};
use std::sync::{Arc, LazyLock, Mutex};

use tch::{Kind, Tensor};

use super::library::Library;
use super::nvrtc;
use super::streams::{self, Streams};
use crate::compute::random::Place;
use crate::error::{Error, Result};
use crate::rng::Stream;

/// The kernels.
pub const SOURCE: &str = include_str!("noise.cu");

/// Threads of a block.
const THREADS: u64 = 256;

/// What is made of the random words; the numbers stand in `noise.cu`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Law {
    /// The 32 bits themselves.
    Words = 0,
    /// [`crate::compute::random::normals`].
    Normal = 1,
    /// [`crate::compute::random::laplaces`].
    Laplace = 2,
}

/// Names or paths of the libraries.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    /// The CUDA driver.
    pub driver: &'a str,
    /// NVRTC, after what it opens itself by name: it does not look beside itself.
    pub nvrtc: &'a [&'a str],
    /// libtorch's CUDA half.
    pub torch: &'a str,
}

/// The libraries of the pinned CUDA version.
pub const PINNED: Names<'static> = Names {
    driver: "libcuda.so.1",
    nvrtc: &["libnvrtc-builtins.so.13.0", "libnvrtc.so.13"],
    torch: streams::LIBRARY,
};

type Handle = *mut c_void;
type Launch = unsafe extern "C" fn(
    Handle,
    c_uint,
    c_uint,
    c_uint,
    c_uint,
    c_uint,
    c_uint,
    c_uint,
    Handle,
    *mut *mut c_void,
    *mut *mut c_void,
) -> c_int;

/// The kernels, ready on one device.
#[derive(Debug)]
pub struct Kernels {
    device: u32,
    streams: Streams,
    /// Addresses that the driver gave; it takes them from any thread.
    context: usize,
    draw: usize,
    gains: usize,
    normal_to_laplace: usize,
    push: unsafe extern "C" fn(Handle) -> c_int,
    pop: unsafe extern "C" fn(*mut Handle) -> c_int,
    launch: Launch,
}

impl Kernels {
    /// The kernels on `device`, compiled at the first call.
    ///
    /// # Errors
    /// If a library is missing, or the device cannot be used.
    pub fn of(device: u32) -> Result<Arc<Self>> {
        static READY: LazyLock<Mutex<HashMap<u32, Arc<Kernels>>>> = LazyLock::new(Mutex::default);
        let mut ready = READY.lock().expect("no holder panics");
        if let Some(kernels) = ready.get(&device) {
            return Ok(Arc::clone(kernels));
        }
        let kernels = Arc::new(Self::load(device, PINNED)?);
        ready.insert(device, Arc::clone(&kernels));
        Ok(kernels)
    }

    /// Compiles the kernels and loads them on `device`, by libraries of these names.
    ///
    /// # Errors
    /// As [`Kernels::of`].
    #[expect(unsafe_code, reason = "the CUDA driver is a C interface")]
    pub fn load(device: u32, names: Names) -> Result<Self> {
        let driver = Library::open(names.driver)?;
        let nvrtc =
            names.nvrtc.iter().map(|name| Library::open(name)).collect::<Result<Vec<_>>>()?;
        let nvrtc = nvrtc.last().expect("there is one");
        let streams = Streams::load(&Library::open(names.torch)?)?;
        // SAFETY: the types of cuda.h; results are enumerations of which 0 is success. `CUdevice` is
        // an int, all other handles are pointers.
        let (init, get, attribute, retain, load, function, push, pop, launch) = unsafe {
            (
                driver.function::<unsafe extern "C" fn(c_uint) -> c_int>(c"cuInit")?,
                driver
                    .function::<unsafe extern "C" fn(*mut c_int, c_int) -> c_int>(c"cuDeviceGet")?,
                driver.function::<unsafe extern "C" fn(*mut c_int, c_int, c_int) -> c_int>(
                    c"cuDeviceGetAttribute",
                )?,
                driver.function::<unsafe extern "C" fn(*mut Handle, c_int) -> c_int>(
                    c"cuDevicePrimaryCtxRetain",
                )?,
                driver.function::<unsafe extern "C" fn(*mut Handle, *const c_void) -> c_int>(
                    c"cuModuleLoadData",
                )?,
                driver.function::<unsafe extern "C" fn(*mut Handle, Handle, *const i8) -> c_int>(
                    c"cuModuleGetFunction",
                )?,
                driver.function::<unsafe extern "C" fn(Handle) -> c_int>(c"cuCtxPushCurrent_v2")?,
                driver.function::<unsafe extern "C" fn(*mut Handle) -> c_int>(
                    c"cuCtxPopCurrent_v2",
                )?,
                driver.function::<Launch>(c"cuLaunchKernel")?,
            )
        };
        let mut number = 0;
        let mut capability = [0, 0];
        let mut context: Handle = std::ptr::null_mut();
        // SAFETY: every pointer is to a local that outlives its call. The context is never released:
        // libtorch holds it for the life of the process too.
        unsafe {
            check(init(0), "start")?;
            check(get(&raw mut number, device as c_int), "find the device")?;
            for (value, which) in capability.iter_mut().zip(CAPABILITY) {
                check(attribute(value, which, number), "describe the device")?;
            }
            check(retain(&raw mut context, number), "use the device")?;
        }
        let capability = (capability[0] as u32, capability[1] as u32);
        let code = nvrtc::compile(nvrtc, SOURCE, capability)?;
        let mut module: Handle = std::ptr::null_mut();
        let mut functions = [0_usize; 3];
        // SAFETY: the code is a whole object for this device, the names end with NUL, and the context
        // that is pushed is popped on the same thread. The module is never unloaded.
        unsafe {
            check(push(context), "enter the device")?;
            let loaded: Result<()> = (|| {
                check(load(&raw mut module, code.as_ptr().cast()), "load the kernels")?;
                let names: [&CStr; 3] = [c"draw", c"gains", c"normal_to_laplace"];
                for (slot, name) in functions.iter_mut().zip(names) {
                    let mut found: Handle = std::ptr::null_mut();
                    check(function(&raw mut found, module, name.as_ptr()), "find a kernel")?;
                    *slot = found as usize;
                }
                Ok(())
            })();
            let mut popped = std::ptr::null_mut();
            check(pop(&raw mut popped), "leave the device")?;
            loaded?;
        }
        let [draw, gains, normal_to_laplace] = functions;
        let context = context as usize;
        Ok(Self { device, streams, context, draw, gains, normal_to_laplace, push, pop, launch })
    }

    /// The streams of this device.
    pub fn streams(&self) -> &Streams {
        &self.streams
    }

    /// Fills each row of `out`, float32 `[rows, length]`: row `r` with the numbers of realization
    /// `at.realization + r`, times `scale`, plus `offset` unless that is 0.
    ///
    /// # Errors
    /// If the device refuses.
    pub fn draw(
        &self,
        out: &mut Tensor,
        stream: Stream,
        at: Place,
        law: Law,
        (mut scale, mut offset): (f32, f32),
    ) -> Result<()> {
        let (mut data, rows, mut length) = rows(out);
        let ([mut k0, mut k1], mut place, mut law) = (stream.key_words(), at, law as u32);
        // One thread makes four elements; a group of 64 takes 16 threads, full or not.
        let threads = length.div_ceil(64) * 16;
        self.run(
            self.draw,
            (threads, rows),
            &mut [
                pointer(&mut data),
                pointer(&mut length),
                pointer(&mut k0),
                pointer(&mut k1),
                pointer(&mut place.site),
                pointer(&mut place.step),
                pointer(&mut place.realization),
                pointer(&mut law),
                pointer(&mut scale),
                pointer(&mut offset),
            ],
        )
    }

    /// Fills each row of `out`, float32 `[rows, channels]`, with the gains of a channel dropout with
    /// probability `p`; rows as for [`Kernels::draw`].
    ///
    /// # Errors
    /// If the device refuses.
    pub fn gains(&self, out: &mut Tensor, stream: Stream, at: Place, mut p: f64) -> Result<()> {
        let (mut data, rows, mut length) = rows(out);
        let ([mut k0, mut k1], mut place) = (stream.key_words(), at);
        let mut kept = (1.0 / (1.0 - p)) as f32;
        self.run(
            self.gains,
            (length, rows),
            &mut [
                pointer(&mut data),
                pointer(&mut length),
                pointer(&mut k0),
                pointer(&mut k1),
                pointer(&mut place.site),
                pointer(&mut place.step),
                pointer(&mut place.realization),
                pointer(&mut p),
                pointer(&mut kept),
            ],
        )
    }

    /// Turns standard normals into Laplace variates of variance 1, in place.
    ///
    /// # Errors
    /// If the device refuses.
    pub fn normal_to_laplace(&self, values: &mut Tensor) -> Result<()> {
        let (mut data, rows, length) = rows(values);
        let mut count = rows * length;
        self.run(self.normal_to_laplace, (count, 1), &mut [pointer(&mut data), pointer(&mut count)])
    }

    /// Launches `function` on `threads` threads for each of `rows` rows.
    #[expect(unsafe_code, reason = "the CUDA driver is a C interface")]
    fn run(
        &self,
        function: usize,
        (threads, rows): (u64, u64),
        arguments: &mut [*mut c_void],
    ) -> Result<()> {
        let too_large = |_| Error::artifact("a draw is too large for one launch");
        let blocks = c_uint::try_from(threads.div_ceil(THREADS)).map_err(too_large)?;
        // Rows count along the second axis of the grid, which has 65,535 places.
        let rows = u16::try_from(rows).map_err(too_large)?.into();
        if blocks == 0 || rows == 0 {
            return Ok(());
        }
        let stream = self.streams.current(self.device)?;
        // SAFETY: the function belongs to the context that is pushed and popped here; the arguments
        // point to values of the types and in the order of its parameters, which the driver copies
        // before it returns; the tensor's memory is on this device and, being allocated for this
        // thread's stream, is not reused before the kernel is done.
        unsafe {
            check((self.push)(self.context as Handle), "enter the device")?;
            let status = (self.launch)(
                function as Handle,
                blocks,
                rows,
                1,
                THREADS as c_uint,
                1,
                1,
                0,
                stream,
                arguments.as_mut_ptr(),
                std::ptr::null_mut(),
            );
            let mut popped = std::ptr::null_mut();
            check((self.pop)(&raw mut popped), "leave the device")?;
            check(status, "launch a kernel")
        }
    }
}

/// `CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR` and `_MINOR`.
const CAPABILITY: [c_int; 2] = [75, 76];
/// `CUDA_ERROR_OUT_OF_MEMORY`.
const OUT_OF_MEMORY: c_int = 2;

fn check(status: c_int, what: &str) -> Result<()> {
    if status == 0 {
        return Ok(());
    }
    let error = Error::artifact(format!("the CUDA driver cannot {what}: error {status}"));
    if status == OUT_OF_MEMORY {
        return Err(error.source(std::io::Error::other("out of memory")));
    }
    Err(error)
}

/// Address, rows and length of a row.
fn rows(tensor: &Tensor) -> (*mut c_void, u64, u64) {
    let (rows, length) = tensor.size2().expect("rows of numbers");
    assert!(tensor.kind() == Kind::Float && tensor.is_contiguous(), "rows of float32");
    (tensor.data_ptr(), rows as u64, length as u64)
}

fn pointer<T>(value: &mut T) -> *mut c_void {
    std::ptr::from_mut(value).cast()
}
