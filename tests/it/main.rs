//! Tests of the whole: the library's public interface, and the programs as a person runs them.

// Reading experiment files: what they resolve to, and every message about what is wrong in them.
mod experiment_files;
// What an edit costs: what is rebuilt and, above all, what is not.
mod rebuild;
// A temporary project in which the programs run.
mod space;
