//! Tests of the whole, through the library's public interface.

// Reading experiment files: what they resolve to, and every message about what is wrong in them.
mod experiment_files;
// Data sets of the real programs, read and computed again by scripts in Python.
mod oracle;
