//! Shared libraries opened at run time, and the functions in them.

use std::ffi::{CStr, CString, c_void};

use crate::error::{Error, Result};

/// An open library; never closed, so its functions stay valid.
#[derive(Debug, Clone)]
pub struct Library {
    handle: usize,
    name: String,
}

impl Library {
    /// Opens the library called `name`: a path, or a name that the loader looks up.
    ///
    /// # Errors
    /// If there is none, with what the loader says.
    #[expect(unsafe_code, reason = "opening a library is a C call")]
    pub fn open(name: &str) -> Result<Self> {
        let text = CString::new(name).expect("names of libraries hold no NUL");
        // SAFETY: the constructors that run are those of CUDA's own libraries, or of a test's.
        let handle = unsafe { libc::dlopen(text.as_ptr(), libc::RTLD_NOW) };
        if handle.is_null() {
            // SAFETY: after a failure the loader gives a string that lives until its next call on
            // this thread.
            let why = unsafe {
                let text = libc::dlerror();
                if text.is_null() { c"unknown".into() } else { CStr::from_ptr(text).to_owned() }
            };
            return Err(Error::environment(format!(
                "cannot open `{name}`: {}",
                why.to_string_lossy()
            ))
            .help(
                "CUDA needs an NVIDIA driver and the CUDA libraries of libtorch: run `make setup`",
            ));
        }
        Ok(Self { handle: handle as usize, name: name.to_owned() })
    }

    /// The function called `name` as type `F`, a function pointer.
    ///
    /// # Safety
    /// `F` must be the type that the library's documentation gives the function.
    ///
    /// # Errors
    /// If the library has no such function.
    #[expect(unsafe_code, reason = "the type of a C function cannot be checked")]
    pub unsafe fn function<F: Copy>(&self, name: &CStr) -> Result<F> {
        assert_eq!(size_of::<F>(), size_of::<*mut c_void>(), "F is a function pointer");
        // SAFETY: the handle is open for ever, and the name ends with NUL.
        let symbol = unsafe { libc::dlsym(self.handle as *mut c_void, name.as_ptr()) };
        if symbol.is_null() {
            return Err(Error::environment(format!(
                "`{}` has no function `{}`",
                self.name,
                name.to_string_lossy()
            ))
            .help("update the NVIDIA driver, or run `make setup` again"));
        }
        // SAFETY: of equal size, not null, and of the right type by the caller's promise.
        Ok(unsafe { std::mem::transmute_copy::<*mut c_void, F>(&symbol) })
    }
}
