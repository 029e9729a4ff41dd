//! One fuzzer for all targets of `spinlock::fuzz`; the variable `SPINLOCK_FUZZ` names the one to run.

#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use spinlock::fuzz::{TARGETS, Target, target};

/// The target that is asked for.
fn chosen() -> &'static Target {
    static CHOSEN: OnceLock<&Target> = OnceLock::new();
    CHOSEN.get_or_init(|| {
        let name = std::env::var("SPINLOCK_FUZZ").unwrap_or_default();
        target(&name).unwrap_or_else(|| {
            let known = TARGETS.map(|target| target.name).join(", ");
            panic!("SPINLOCK_FUZZ names no target, but one of these: {known}")
        })
    })
}

fuzz_target!(|bytes: &[u8]| (chosen().run)(bytes));
