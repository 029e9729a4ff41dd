//! `spinlock init`

use std::fs;
use std::io::Write;
use std::process::ExitCode;

use super::Global;
use crate::error::{Error, IoContext, Result};

/// Start a new experiment file
#[derive(Debug, clap::Args)]
pub struct InitArgs {
    /// Its name: makes `experiments/NAME.yaml`
    name: String,
}

const TEMPLATE: &str = include_str!("init.yaml");

pub fn run(args: &InitArgs, global: &Global) -> Result<ExitCode> {
    let name = args.name.trim_end_matches(".yaml");
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() || !name.chars().all(plain) {
        return Err(Error::usage(format!("`{name}` is no name for an experiment"))
            .help("use letters, digits, `_` and `-`"));
    }
    let project = global.project()?;
    let folder = project.root.join("experiments");
    let path = folder.join(format!("{name}.yaml"));
    fs::create_dir_all(&folder).io("create", &folder)?;
    let file = fs::File::options().write(true).create_new(true).open(&path);
    if file.as_ref().is_err_and(|e| e.kind() == std::io::ErrorKind::AlreadyExists) {
        return Err(Error::usage(format!("`{}` exists already", path.display()))
            .help("choose another name"));
    }
    file.and_then(|mut f| f.write_all(TEMPLATE.as_bytes())).io("write", &path)?;
    let shown = path.strip_prefix(&project.root).unwrap_or(&path).display().to_string();
    eprintln!("wrote {shown}; build it with `spinlock build {}`", shown.trim_end_matches(".yaml"));
    Ok(ExitCode::SUCCESS)
}
