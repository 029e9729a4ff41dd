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
    for target in ["bin=spinlock-worker", "tests"] {
        let (scope, name) = target.split_once('=').map_or((target, ""), |(s, n)| (s, n));
        let prefix = if name.is_empty() {
            format!("cargo:rustc-link-arg-{scope}=")
        } else {
            format!("cargo:rustc-link-arg-{scope}={name}=")
        };
        println!("{prefix}-ltorch_cpu");
        println!("{prefix}-lc10");
        println!("{prefix}-Wl,-rpath,{}", lib.display());
        println!("{prefix}-Wl,-rpath,$ORIGIN/../lib");
    }
}
