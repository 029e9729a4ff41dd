//! How operators are rolled out: settings shared by all operators of an experiment.
