//! Numerics profiles: what results of the device computations depend on besides the recipe.
//!
//! `portable` computations (sampling, parameters, weights, initial conditions) have no profile: the
//! same bytes on every x86-64 machine. Rollouts and features carry the class of the device, the
//! library versions and the precision in their keys.

use std::fs;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::operator::rollout::Precision;

/// The libtorch this project is built against; `.setup/` fetches exactly this one.
pub const LIBTORCH: &str = "2.11.0";

/// Version of what runs on CUDA besides libtorch: our kernels, how tensors are laid out, the order of
/// operations. Raised when it changes the bytes of a result there; the CPU has no part in it.
pub const CUDA_METHOD: u32 = 1;

/// What `spinlock-worker --probe` prints.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
pub struct Probe {
    /// Version of this structure.
    pub schema: u32,
    /// Version of the worker.
    pub version: String,
    /// Version of libtorch.
    pub libtorch: String,
    /// Class of the CPU, as in its profile.
    pub cpu: String,
    /// Version of cuDNN, if CUDA can be used.
    pub cudnn: Option<String>,
    /// CUDA devices.
    pub cuda: Vec<CudaDevice>,
}

/// One CUDA device.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
pub struct CudaDevice {
    /// As the driver names it.
    pub name: String,
    /// Compute capability, such as `9.0`.
    pub capability: String,
    /// Streaming multiprocessors.
    pub multiprocessors: u32,
    /// Bytes of memory.
    pub memory: u64,
}

/// Where and how the device computations of one build run.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// What enters the keys.
    pub name: Arc<str>,
    /// Precision of the convolutions; never `Auto`.
    pub precision: Precision,
    /// CUDA devices to use; empty for the CPU.
    pub cuda: Vec<u32>,
}

impl Profile {
    /// The profile of this machine's CPU.
    ///
    /// # Errors
    /// If `/proc/cpuinfo` cannot be read.
    pub fn cpu(precision: Precision) -> Result<Self> {
        let precision = match precision {
            Precision::Auto => Precision::Float32,
            other => other,
        };
        let name = format!("cpu {} libtorch {LIBTORCH}", cpu_class()?).into();
        Ok(Self { name, precision, cuda: Vec::new() })
    }

    /// The profile of CUDA devices, which must all be of one class.
    ///
    /// # Errors
    /// If a device is not there, or if they differ.
    pub fn cuda(probe: &Probe, wanted: &[u32], precision: Precision) -> Result<Self> {
        let all: Vec<u32> = (0..probe.cuda.len() as u32).collect();
        let ids = if wanted.is_empty() { all } else { wanted.to_vec() };
        let mut class: Option<String> = None;
        for id in &ids {
            let device = probe.cuda.get(*id as usize).ok_or_else(|| {
                Error::environment(format!("there is no CUDA device {id}"))
                    .help(format!("this machine has {} of them, counted from 0", probe.cuda.len()))
            })?;
            let this = format!("sm {} x{}", device.capability, device.multiprocessors);
            if class.as_ref().is_some_and(|c| *c != this) {
                return Err(Error::environment("the CUDA devices are of different classes")
                    .help("name devices of one class: --device cuda:0"));
            }
            class = Some(this);
        }
        let class = class.ok_or_else(|| no_cuda("no CUDA device was found"))?;
        let precision = match precision {
            Precision::Auto => Precision::Float16,
            other => other,
        };
        let cudnn = probe.cudnn.as_deref().unwrap_or("none");
        let libraries = format!("libtorch {} cudnn {cudnn}", probe.libtorch);
        let name = format!("cuda {class} {libraries} method {CUDA_METHOD}").into();
        Ok(Self { name, precision, cuda: ids })
    }

    /// `cpu` or `cuda`, for people.
    pub fn device(&self) -> &'static str {
        if self.cuda.is_empty() { "cpu" } else { "cuda" }
    }
}

/// The error of a CUDA request that cannot be met.
pub fn no_cuda(why: &str) -> Error {
    Error::environment(format!("{why}, but `--device cuda` asks for one"))
        .help("use --device cpu, or run on a machine with an NVIDIA driver after `make build`")
}

/// Vendor, family, model and instruction set of this machine's CPU.
///
/// # Errors
/// If `/proc/cpuinfo` cannot be read.
pub fn cpu_class() -> Result<String> {
    let path = std::path::Path::new("/proc/cpuinfo");
    let text = fs::read_to_string(path).map_err(|e| Error::io("read", path, e))?;
    Ok(class_of(&text))
}

fn class_of(cpuinfo: &str) -> String {
    let field = |name: &str| {
        cpuinfo
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(key, _)| key.trim() == name)
            .map_or("unknown", |(_, value)| value.trim())
    };
    let flags = field("flags");
    let has = |flag: &str| flags.split_whitespace().any(|f| f == flag);
    // The sets between which libtorch, oneDNN and our own loops choose at run time.
    let isa = if has("amx_tile") && has("avx512f") {
        "avx512-amx"
    } else if has("avx512_fp16") {
        "avx512-fp16"
    } else if has("avx512_bf16") {
        "avx512-bf16"
    } else if has("avx512_vnni") {
        "avx512-vnni"
    } else if has("avx512f") {
        "avx512"
    } else if has("avx2") && has("fma") {
        "avx2"
    } else {
        "sse2"
    };
    format!("{} {}-{} {isa}", field("vendor_id"), field("cpu family"), field("model"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_class_names_vendor_model_and_instruction_set() {
        let text = "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 143\n\
                    model name\t: Xeon\nflags\t\t: fpu avx2 fma avx512f avx512_vnni avx512_bf16\n";
        assert_eq!(class_of(text), "GenuineIntel 6-143 avx512-bf16");
        assert_eq!(class_of(""), "unknown unknown-unknown sse2");
    }

    #[test]
    fn the_cuda_class_names_device_libraries_and_method() {
        let device = CudaDevice {
            name: "H200".into(),
            capability: "9.0".into(),
            multiprocessors: 132,
            memory: 141 << 30,
        };
        let probe = Probe { cudnn: Some("91900".into()), cuda: vec![device], ..nothing() };
        let profile = Profile::cuda(&probe, &[], Precision::Auto).unwrap();
        assert_eq!(&*profile.name, "cuda sm 9.0 x132 libtorch 2.11.0 cudnn 91900 method 1");
        assert_eq!((profile.precision, profile.cuda), (Precision::Float16, vec![0]));
    }

    fn nothing() -> Probe {
        Probe {
            schema: 1,
            version: String::new(),
            libtorch: LIBTORCH.into(),
            cpu: String::new(),
            cudnn: None,
            cuda: Vec::new(),
        }
    }

    #[test]
    fn a_missing_cuda_device_is_named() {
        let error = Profile::cuda(&nothing(), &[2], Precision::Auto).unwrap_err();
        assert!(error.to_string().contains("no CUDA device 2"));
        assert_eq!(error.kind.exit_code(), 3);
    }
}
