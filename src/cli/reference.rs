//! The page `docs/cli.md`, made from the command line itself.

use std::fmt::Write;

use super::command;

/// The page, as Markdown.
pub fn document() -> String {
    let mut out = String::from(
        "# Command line\n\nGenerated from the program; `spinlock help COMMAND` says the same. Data go to \
         standard output, messages and progress to standard error.\n\n\
         | exit code | meaning |\n| --- | --- |\n\
         | 0 | done |\n| 1 | some artifacts failed |\n| 2 | wrong use, or a fault in an experiment file |\n\
         | 3 | the machine: device, disk, missing worker |\n| 4 | something stored is damaged |\n\
         | 5 | not reproducible |\n| 130 | interrupted |\n",
    );
    let mut root = command();
    root.build();
    section(&mut out, &mut root, "spinlock");
    out
}

fn section(out: &mut String, command: &mut clap::Command, path: &str) {
    let help = command.clone().disable_help_subcommand(true).term_width(100).render_long_help();
    let text: Vec<String> = help.to_string().lines().map(|l| l.trim_end().to_owned()).collect();
    let _ = write!(out, "\n## `{path}`\n\n```text\n{}\n```\n", text.join("\n").trim_end());
    let names: Vec<String> = command
        .get_subcommands()
        .filter(|c| c.get_name() != "help")
        .map(|c| c.get_name().to_owned())
        .collect();
    for name in names {
        if let Some(sub) = command.find_subcommand_mut(&name) {
            section(out, sub, &format!("{path} {name}"));
        }
    }
}
