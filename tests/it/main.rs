//! Tests of the whole: the library's public interface, and the programs as a person runs them.

// Benchmarks: figures that fit each other.
mod bench;
// Entries of the cache in one file, there and back.
mod archive;
// Artifacts made once more, and compared.
mod check;
// Every command: what it prints, in which form, and how it exits.
mod commands;
// The documents: generated pages are current, links lead somewhere, commands shown are commands.
mod docs;
// Why something is to be built: edits, and what is none.
mod explain;
// Reading experiment files: what they resolve to, and every message about what is wrong in them.
mod experiment_files;
// Features of data sets that exist, whoever made them.
mod features_file;
// Figures of a report: which there are, and their numbers.
mod figures;
// What goes wrong outside the program, and how it is said.
mod faults;
// Features as artifacts.
mod features;
// Who may import whom, and which outer library lives where.
mod floors;
// Making room beside builds.
mod gc;
// Initial conditions in whole experiments.
mod ics;
// Contact sheets and pages of initial conditions.
mod gallery;
// What a data set's digest does not depend on.
mod invariance;
// Outputs that must come out as the lock file says.
mod locked;
// Data sets of the real programs, read and computed again by scripts in Python.
mod oracle;
// What an edit costs: what is rebuilt and, above all, what is not.
mod rebuild;
// Renders: pictures as artifacts, and of data sets.
mod renders;
// Reports: pages about builds and data sets, opened in a browser.
mod report;
// Operators of a data set computed again from the file alone.
mod replay;
// Data sets built again from a lock file alone.
mod rerun;
// The local page: who may ask for what, and what it shows.
mod serve;
// Statistics of features, and the cleaning recipe.
mod statistics;
// Builds seen from outside.
mod status;
// Faults on purpose, the short form of `make soak`.
mod soak;
// A temporary project in which the programs run.
mod space;
// What fuzzers start from and what they found.
mod fuzz;
// Paths and links that lead elsewhere.
mod outside;
// Files from strangers: nothing in them ends the tool, or writes elsewhere.
mod hostile;
// Builds that start again when a file is saved.
mod watch;
// Workers that hang, flood or lie.
mod watchdog;
