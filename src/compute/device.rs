//! Setting a worker process up, and what its machine has.
//!
//! [`init`] must be the first thing that touches libtorch: CUDA is looked up once per process, so the
//! library that brings it must be loaded before anything asks. It is loaded by name and never
//! linked; without it everything runs on the CPU.

use std::sync::Once;

use tch::{Cuda, Kind, Tensor};

use super::cuda::in_flight::Traits;
use super::cuda::kernels::Kernels;
use super::torch;
use crate::error::Result;
use crate::memory;
use crate::profile::{CudaDevice, LIBTORCH, Probe, cpu_class};

/// Where tensors live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Device {
    /// The processor.
    Cpu,
    /// A CUDA device by its index.
    Cuda(u32),
}

impl Device {
    /// As libtorch names it.
    pub(super) fn torch(self) -> tch::Device {
        match self {
            Device::Cpu => tch::Device::Cpu,
            Device::Cuda(index) => tch::Device::Cuda(index as usize),
        }
    }
}

/// The library that brings CUDA into a process.
const CUDA_LIBRARY: &std::ffi::CStr = c"libtorch_cuda.so";

/// Sets the process up for computing; has to be called by every thread that computes.
///
/// Once: makes the allocator keep freed memory (layers free and take the same few megabytes over and over;
/// giving them back to the kernel doubles the time of a step), loads the CUDA half of libtorch if it
/// is there, turns timing-based choice of algorithms off, and starts a pool of `threads` threads for our own
/// loops. At each call: sets `threads` threads within an operation of libtorch, and turns gradients off.
pub fn init(threads: u32) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        memory::keep();
        #[expect(unsafe_code, reason = "allocator settings and loading a library are C calls")]
        // SAFETY: both take plain values and a constant string; the loaded library's constructors
        // are those that linking it would run.
        unsafe {
            libc::mallopt(libc::M_ARENA_MAX, 1);
            libc::dlopen(CUDA_LIBRARY.as_ptr(), libc::RTLD_NOW | libc::RTLD_GLOBAL);
        }
        Cuda::cudnn_set_benchmark(false);
        // Fails only if the process has a pool already, which then is used.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(threads as usize).build_global();
    });
    tch::set_num_threads(i32::try_from(threads).unwrap_or(i32::MAX));
    // Gradient mode belongs to the thread; the guard's effect must outlast this function.
    std::mem::forget(tch::no_grad_guard());
}

/// Sets a further thread up for computing on `device`: without gradients, and on CUDA with a stream of
/// its own, so that its work runs beside that of other threads.
///
/// # Errors
/// If the device gives no stream.
pub fn enter_thread(device: Device) -> Result<()> {
    std::mem::forget(tch::no_grad_guard());
    match device {
        Device::Cpu => Ok(()),
        Device::Cuda(index) => Kernels::of(index)?.streams().own(index),
    }
}

/// What decides how many units share `device`; `None` for the CPU.
pub fn traits(device: Device) -> Option<Traits> {
    let Device::Cuda(index) = device else { return None };
    Driver::load()?.traits(index as i32)
}

/// What the planner must know of libraries and devices. Call [`init`] first.
///
/// # Errors
/// If the machine's processor cannot be looked at.
pub fn probe() -> Result<Probe> {
    let count = if Cuda::is_available() { Cuda::device_count() } else { 0 };
    let cudnn = (count > 0 && Cuda::cudnn_is_available()).then(tch::utils::version_cudnn);
    let driver = if count > 0 { Driver::load() } else { None };
    let cuda = (0..count)
        .filter_map(|index| driver.as_ref().and_then(|d| d.device(index as i32)))
        .collect();
    Ok(Probe {
        schema: 1,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        libtorch: LIBTORCH.to_owned(),
        cpu: cpu_class()?,
        cudnn: cudnn.map(|version| version.to_string()),
        cuda,
    })
}

/// Checks that `device` can hold a tensor: the clearest early sign of a device that is not there.
pub fn check(device: Device) -> Result<()> {
    torch(Tensor::f_zeros([1], (Kind::Float, device.torch()))).map(drop)
}

/// Waits until `device` has done all that it was given; the processor always has.
pub fn finish(device: Device) {
    if let Device::Cuda(index) = device {
        Cuda::synchronize(i64::from(index));
    }
}

/// The few calls of the CUDA driver interface that describe a device; libtorch exposes none.
struct Driver {
    name: unsafe extern "C" fn(*mut libc::c_char, i32, i32) -> i32,
    attribute: unsafe extern "C" fn(*mut i32, i32, i32) -> i32,
    memory: unsafe extern "C" fn(*mut usize, i32) -> i32,
}

impl Driver {
    #[expect(unsafe_code, reason = "looks up C functions by name")]
    fn load() -> Option<Self> {
        // SAFETY: the library is the driver that libtorch already uses; the three functions have had
        // these types since CUDA 3.2, and a missing one gives `None`.
        unsafe {
            let library = libc::dlopen(c"libcuda.so.1".as_ptr(), libc::RTLD_NOW);
            if library.is_null() {
                return None;
            }
            let find = |name: &std::ffi::CStr| {
                let symbol = libc::dlsym(library, name.as_ptr());
                (!symbol.is_null()).then_some(symbol)
            };
            Some(Self {
                name: std::mem::transmute::<
                    *mut libc::c_void,
                    unsafe extern "C" fn(*mut libc::c_char, i32, i32) -> i32,
                >(find(c"cuDeviceGetName")?),
                attribute: std::mem::transmute::<
                    *mut libc::c_void,
                    unsafe extern "C" fn(*mut i32, i32, i32) -> i32,
                >(find(c"cuDeviceGetAttribute")?),
                memory: std::mem::transmute::<
                    *mut libc::c_void,
                    unsafe extern "C" fn(*mut usize, i32) -> i32,
                >(find(c"cuDeviceTotalMem_v2")?),
            })
        }
    }

    fn attribute(&self, attribute: i32, device: i32) -> Option<u32> {
        let mut value = 0;
        #[expect(unsafe_code, reason = "a C call that writes one integer")]
        // SAFETY: `value` outlives the call.
        let status = unsafe { (self.attribute)(&raw mut value, attribute, device) };
        (status == 0).then_some(value as u32)
    }

    fn traits(&self, index: i32) -> Option<Traits> {
        const L2_CACHE_SIZE: i32 = 38;
        let CudaDevice { multiprocessors, memory, .. } = self.device(index)?;
        let l2 = self.attribute(L2_CACHE_SIZE, index)?.into();
        Some(Traits { multiprocessors, l2, memory })
    }

    fn device(&self, index: i32) -> Option<CudaDevice> {
        const SM_COUNT: i32 = 16;
        const CAPABILITY: [i32; 2] = [75, 76];
        let mut text = [0_u8; 256];
        let mut memory = 0_usize;
        #[expect(unsafe_code, reason = "C calls that write into buffers of the stated length")]
        // SAFETY: both buffers outlive the calls and the length is the buffer's.
        let status = unsafe {
            (self.name)(text.as_mut_ptr().cast(), text.len() as i32, index)
                | (self.memory)(&raw mut memory, index)
        };
        if status != 0 {
            return None;
        }
        let name = std::ffi::CStr::from_bytes_until_nul(&text).ok()?.to_string_lossy().into_owned();
        Some(CudaDevice {
            name,
            capability: format!(
                "{}.{}",
                self.attribute(CAPABILITY[0], index)?,
                self.attribute(CAPABILITY[1], index)?
            ),
            multiprocessors: self.attribute(SM_COUNT, index)?,
            memory: memory as u64,
        })
    }
}
