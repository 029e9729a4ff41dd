//! Tests of the whole, through the library's public interface.

// The documents: generated pages are current, links lead somewhere, commands shown are commands.
mod docs;
// Reading experiment files: what they resolve to, and every message about what is wrong in them.
mod experiment_files;
// Who may import whom, and which outer library lives where.
mod floors;
