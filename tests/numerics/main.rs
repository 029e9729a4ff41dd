//! Kernels on the CPU: closed forms, invariants and sameness, each with its tolerance.
mod functions;
