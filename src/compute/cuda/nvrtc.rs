//! Compiling CUDA C for one device with NVRTC, as IEEE arithmetic.

use std::ffi::{CString, c_char, c_int};

use super::library::Library;
use crate::error::{Error, Result};

/// `nvrtcProgram`.
type Program = *mut std::ffi::c_void;
type Size = unsafe extern "C" fn(Program, *mut usize) -> c_int;
type Text = unsafe extern "C" fn(Program, *mut c_char) -> c_int;

/// The machine code of `source` for a device of this compute capability, such as `(9, 0)`.
///
/// Code for the device itself and not PTX: then no bit depends on the driver's own compiler.
///
/// # Errors
/// If the compiler refuses, with its words.
#[expect(unsafe_code, reason = "NVRTC is a C interface")]
pub fn compile(nvrtc: &Library, source: &str, capability: (u32, u32)) -> Result<Vec<u8>> {
    type Create = unsafe extern "C" fn(
        *mut Program,
        *const c_char,
        *const c_char,
        c_int,
        *const *const c_char,
        *const *const c_char,
    ) -> c_int;
    type Compile = unsafe extern "C" fn(Program, c_int, *const *const c_char) -> c_int;
    type Destroy = unsafe extern "C" fn(*mut Program) -> c_int;
    // SAFETY: the types of nvrtc.h, unchanged since CUDA 7 (`nvrtcGetCUBIN` since 11.1); results are
    // enumerations of which 0 is success.
    let (create, compile, destroy, log_size, log, code_size, code) = unsafe {
        (
            nvrtc.function::<Create>(c"nvrtcCreateProgram")?,
            nvrtc.function::<Compile>(c"nvrtcCompileProgram")?,
            nvrtc.function::<Destroy>(c"nvrtcDestroyProgram")?,
            nvrtc.function::<Size>(c"nvrtcGetProgramLogSize")?,
            nvrtc.function::<Text>(c"nvrtcGetProgramLog")?,
            nvrtc.function::<Size>(c"nvrtcGetCUBINSize")?,
            nvrtc.function::<Text>(c"nvrtcGetCUBIN")?,
        )
    };
    let failed = |what: &str| Error::environment(format!("NVRTC cannot {what}"));
    let text = CString::new(source).expect("the kernels hold no NUL");
    let options = options(capability);
    let options: Vec<*const c_char> = options.iter().map(|o| o.as_ptr()).collect();
    let mut program: Program = std::ptr::null_mut();
    // SAFETY: source and name end with NUL and outlive the call; there are no headers.
    let status = unsafe {
        let name = c"noise.cu".as_ptr();
        create(&raw mut program, text.as_ptr(), name, 0, std::ptr::null(), std::ptr::null())
    };
    if status != 0 {
        return Err(failed("take the kernels"));
    }
    let read = |size: Size, get: Text| -> Option<Vec<u8>> {
        let mut length = 0;
        // SAFETY: the program lives; the buffer has the length that NVRTC asked for.
        unsafe {
            if size(program, &raw mut length) != 0 {
                return None;
            }
            let mut bytes = vec![0_u8; length];
            (get(program, bytes.as_mut_ptr().cast()) == 0).then_some(bytes)
        }
    };
    // SAFETY: the options end with NUL and outlive the call.
    let status = unsafe { compile(program, options.len() as c_int, options.as_ptr()) };
    let result = if status == 0 {
        read(code_size, code).ok_or_else(|| failed("give the code of the kernels"))
    } else {
        let words = read(log_size, log).unwrap_or_default();
        let words = String::from_utf8_lossy(&words);
        let words = words.trim_end_matches('\0').trim();
        Err(failed(&format!(
            "compile the kernels for sm_{}{}: {words}",
            capability.0, capability.1
        ))
        .help("is the device older or newer than the pinned CUDA libraries know?"))
    };
    // SAFETY: created above and used no more.
    unsafe { destroy(&raw mut program) };
    result
}

fn options((major, minor): (u32, u32)) -> Vec<CString> {
    [
        format!("--gpu-architecture=sm_{major}{minor}"),
        // IEEE arithmetic in the order written: the bits of the CPU.
        "--fmad=false".to_owned(),
        "--ftz=false".to_owned(),
        "--prec-div=true".to_owned(),
        "--prec-sqrt=true".to_owned(),
        "--std=c++17".to_owned(),
    ]
    .into_iter()
    .map(|option| CString::new(option).expect("no NUL"))
    .collect()
}
