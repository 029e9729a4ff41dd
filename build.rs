//! Link arguments of the worker and of the tests that run libtorch.
//!
//! Link arguments do not travel from a library to the binaries that use it, so each binary that
//! needs libtorch gets them here. `spinlock` itself must never load libtorch: it gets none.

use std::{env, path::PathBuf};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    if env::var_os("CARGO_FEATURE_TORCH").is_none() {
        return;
    }
    let Some(libtorch) = env::var_os("LIBTORCH").map(PathBuf::from) else {
        println!("cargo:warning=LIBTORCH is not set; run `make build`, which fetches libtorch");
        return;
    };
    let lib = libtorch.join("lib");
    println!("cargo:rustc-link-search=native={}", lib.display());
    // For every target: with this feature all of them, the library's own tests too, run libtorch.
    println!("cargo:rustc-link-arg=-ltorch_cpu");
    println!("cargo:rustc-link-arg=-lc10");
    println!("cargo:rustc-link-arg=-Wl,-rpath,{}", lib.display());
    println!("cargo:rustc-link-arg=-Wl,-rpath,$ORIGIN/../lib");
}
