//! Numerics profiles: what results of the device computations depend on besides the recipe.
//!
//! `portable` computations (sampling, parameters, weights, initial conditions) have no profile: the
//! same bytes on every x86-64 machine. Rollouts and features carry the class of the device, the
//! library versions and the precision in their keys.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::{env, fs};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::operator::rollout::Precision;

/// The libtorch this project is built against; `.setup/` fetches exactly this one.
pub const LIBTORCH: &str = "2.11.0";

/// Version of the kernels on the CPU besides libtorch, the choice between direct and frequency-domain
/// convolutions included. Raised when it changes the bytes of a result there; CUDA has no part in it.
pub const CPU_METHOD: u32 = 2;

/// Version of what runs on CUDA besides libtorch: our kernels, how tensors are laid out, the order of
/// operations. Raised when it changes the bytes of a result there; the CPU has no part in it.
pub const CUDA_METHOD: u32 = 2;

/// Beginnings of the names of environment variables by which libraries compute otherwise: another
/// instruction set, coarser rounding, other algorithms. No key knows of them.
const DISTURBING: [&str; 9] = [
    "ONEDNN_",
    "DNNL_",
    "MKL_",
    "ATEN_",
    "TORCH_",
    "CUBLAS",
    "CUDNN_",
    "NVIDIA_TF32",
    "GLIBC_TUNABLES",
];

/// The command that starts a worker, not yet started, without variables of the environment that would
/// change what it computes.
pub fn worker_command(program: &Path) -> Command {
    let mut command = Command::new(program);
    let disturbs = |name: &OsStr| {
        DISTURBING.iter().any(|start| name.as_encoded_bytes().starts_with(start.as_bytes()))
    };
    for (name, _) in env::vars_os().filter(|(name, _)| disturbs(name)) {
        command.env_remove(name);
    }
    command
}

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
    /// What encodes video on this machine, if anything does and anybody asked.
    pub encoder: Option<Arc<str>>,
}

impl Profile {
    /// The profile of this machine's CPU. A precision that it has no instructions for is float32.
    ///
    /// # Errors
    /// If `/proc/cpuinfo` cannot be read.
    pub fn cpu(precision: Precision) -> Result<Self> {
        Ok(Self::named(&cpu_name(&cpu_class()?), precision))
    }

    /// The profile called `name`, of this machine or of another one, if `wanted` is asked for there.
    pub fn named(name: &str, wanted: Precision) -> Self {
        let cuda = name.starts_with("cuda ");
        let precision = match wanted {
            Precision::Auto if cuda => Precision::Float16,
            Precision::Float16 | Precision::Bfloat16 if cuda => wanted,
            Precision::Float16 | Precision::Bfloat16 if cpu_has(name, wanted) => wanted,
            _ => Precision::Float32,
        };
        let cuda = if cuda { vec![0] } else { Vec::new() };
        Self { name: name.into(), precision, cuda, encoder: None }
    }

    /// What a person should know if float32 takes the place of the precision asked for.
    pub fn replaced(&self, wanted: Precision) -> Option<String> {
        let half = matches!(wanted, Precision::Float16 | Precision::Bfloat16);
        (half && self.precision == Precision::Float32).then(|| {
            let wanted = wanted.name();
            format!(
                "`simulation.precision: {wanted}` runs in float32, under the keys of float32: the CPU ({}) has no \
                 instructions for {wanted}, and imitating them takes far longer",
                class_in(&self.name)
            )
        })
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
        let cudnn = probe.cudnn.as_deref().unwrap_or("none");
        let libraries = format!("libtorch {} cudnn {cudnn}", probe.libtorch);
        let name = format!("cuda {class} {libraries} method {CUDA_METHOD}");
        Ok(Self { cuda: ids, ..Self::named(&name, precision) })
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
    // The sets between which libtorch, oneDNN and our own loops choose at run time; as in oneDNN, each
    // of the 16-bit ones includes those below.
    let fp16 = has("avx512_fp16") && has("avx512_bf16");
    let isa = if fp16 && has("amx_bf16") {
        "avx512-amx"
    } else if fp16 {
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

fn cpu_name(class: &str) -> String {
    format!("cpu {class} libtorch {LIBTORCH} method {CPU_METHOD}")
}

/// The class of a device in the name of a profile: `AuthenticAMD 25-17 avx512-bf16`.
fn class_in(name: &str) -> &str {
    let end = name.find(" libtorch ").unwrap_or(name.len());
    name[..end].strip_prefix("cpu ").unwrap_or(&name[..end])
}

/// Whether a CPU has instructions for a 16-bit precision: AVX512-BF16 or AMX-BF16, AVX512-FP16 or
/// AMX-FP16. libtorch imitates what is missing: float16 on an AVX512-BF16 machine takes a hundred
/// times as long as float32, where bfloat16 takes half as long.
fn cpu_has(name: &str, precision: Precision) -> bool {
    let isa = class_in(name).rsplit(' ').next().unwrap_or_default();
    match precision {
        Precision::Float16 => matches!(isa, "avx512-fp16" | "avx512-amx"),
        Precision::Bfloat16 => matches!(isa, "avx512-bf16" | "avx512-fp16" | "avx512-amx"),
        Precision::Auto | Precision::Float32 => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The precision of a CPU with these flags.
    fn precision(flags: &str, wanted: Precision) -> Precision {
        let cpuinfo = format!("vendor_id : X\ncpu family : 1\nmodel : 2\nflags : fpu {flags}\n");
        Profile::named(&cpu_name(&class_of(&cpuinfo)), wanted).precision
    }

    #[test]
    fn a_half_precision_is_used_where_the_processor_has_it() {
        use Precision::{Auto, Bfloat16, Float16, Float32};
        let avx512 = "avx2 fma avx512f avx512_vnni";
        for (flags, half, brain) in [
            ("", Float32, Float32),
            ("avx2 fma", Float32, Float32),
            (avx512, Float32, Float32),
            (&format!("{avx512} avx512_bf16"), Float32, Bfloat16),
            (&format!("{avx512} avx512_bf16 avx512_fp16"), Float16, Bfloat16),
            (&format!("{avx512} avx512_bf16 avx512_fp16 amx_tile amx_bf16"), Float16, Bfloat16),
        ] {
            let got = [Auto, Float32, Float16, Bfloat16].map(|wanted| precision(flags, wanted));
            assert_eq!(got, [Float32, Float32, half, brain], "{flags}");
        }
    }

    #[test]
    fn cuda_has_every_precision_and_takes_float16_by_itself() {
        use Precision::{Auto, Bfloat16, Float16, Float32};
        let named = |wanted| Profile::named("cuda sm 9.0 x132 libtorch 1 cudnn 2", wanted);
        for (wanted, used) in
            [(Auto, Float16), (Float32, Float32), (Float16, Float16), (Bfloat16, Bfloat16)]
        {
            let profile = named(wanted);
            assert_eq!((profile.precision, profile.device()), (used, "cuda"));
            assert_eq!(profile.replaced(wanted), None);
        }
    }

    #[test]
    fn a_replaced_precision_is_said() {
        let profile = |wanted| Profile::named(&cpu_name("AuthenticAMD 25-17 avx512-bf16"), wanted);
        insta::assert_snapshot!(
            profile(Precision::Float16).replaced(Precision::Float16).unwrap(),
            @"`simulation.precision: float16` runs in float32, under the keys of float32: the CPU (AuthenticAMD 25-17 avx512-bf16) has no instructions for float16, and imitating them takes far longer"
        );
        for wanted in [Precision::Auto, Precision::Float32, Precision::Bfloat16] {
            assert_eq!(profile(wanted).replaced(wanted), None);
        }
    }

    #[test]
    fn the_cpu_class_names_vendor_model_and_instruction_set() {
        let text = "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 143\n\
                    model name\t: Xeon\nflags\t\t: fpu avx2 fma avx512f avx512_vnni avx512_bf16\n";
        assert_eq!(class_of(text), "GenuineIntel 6-143 avx512-bf16");
        assert_eq!(class_of(""), "unknown unknown-unknown sse2");
    }

    /// A changed name here means that all rollouts and features of CPUs are stale.
    #[test]
    fn the_cpu_profile_names_class_libtorch_and_method() {
        let name = cpu_name("GenuineIntel 6-143 avx512-amx");
        assert_eq!(name, "cpu GenuineIntel 6-143 avx512-amx libtorch 2.11.0 method 2");
        assert_eq!(class_in(&name), "GenuineIntel 6-143 avx512-amx");
        let this = Profile::cpu(Precision::Auto).unwrap();
        assert_eq!(*this.name, cpu_name(&cpu_class().unwrap()));
        assert_eq!((this.precision, this.device()), (Precision::Float32, "cpu"));
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
        assert_eq!(&*profile.name, "cuda sm 9.0 x132 libtorch 2.11.0 cudnn 91900 method 2");
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
