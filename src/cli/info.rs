//! `spinlock info`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::common::{Overrides, load};
use super::{Global, harmless, print, print_json};
use crate::dataset;
use crate::error::{Error, Result};

/// Say what is in a data set
#[derive(Debug, clap::Args)]
pub struct InfoArgs {
    /// Data set, or the experiment that makes it
    pub(super) file: PathBuf,
    /// Everything about one operator
    #[arg(long, value_name = "INDEX")]
    row: Option<i64>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: &InfoArgs, global: &Global) -> Result<ExitCode> {
    let file = data_set(&args.file, global)?;
    if let Some(index) = args.row {
        let row = dataset::row(&file, index)?;
        return Ok(if args.json {
            print_json(&row)
        } else {
            print(&harmless(&dataset::render_row(&row)))
        });
    }
    let info = dataset::info(&file)?;
    Ok(if args.json { print_json(&info) } else { print(&harmless(&dataset::render_info(&info))) })
}

/// Whether a name is meant as a file of data rather than as an experiment.
pub fn is_data(path: &Path) -> bool {
    path.extension().is_some_and(|e| ["h5", "hdf5", "hdf"].iter().any(|known| e == *known))
}

/// The data set that a name means: itself, or the output of the experiment of that name.
fn data_set(name: &Path, global: &Global) -> Result<PathBuf> {
    if is_data(name) {
        return Ok(global.path(name));
    }
    let loaded = load(name, &Overrides::default(), global)?;
    let path = loaded.experiment.dataset.path;
    if path.exists() {
        return Ok(path);
    }
    Err(Error::usage(format!("`{}` is not built yet", path.display()))
        .help(format!("build it: spinlock build {}", name.display())))
}
