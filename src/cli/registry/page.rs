//! `docs/features.md`, out of the registry.

use std::fmt::Write;

use super::{Registered, features};
use crate::config::schema::{self, KEYS};
use crate::features::{CATEGORIES, Set, Undefined};
use crate::operator::sensitivity;

const HEAD: &str = include_str!("head.md");
const TAIL: &str = include_str!("tail.md");

/// The page, as Markdown.
pub fn document() -> String {
    let all = features();
    let mut out = HEAD.to_owned();
    out.push_str("\n## Sets and categories\n\n");
    sets(&mut out, &all);
    out.push_str("\n## Values that are not there\n\n");
    out.push_str(
        "Beside every table lies an array of codes. Where the code is not 0, the value is NaN, and nowhere \
         else.\n\n| code | what it means |\n| --- | --- |\n",
    );
    row(&mut out, &["0", "a value"]);
    for reason in Undefined::ALL {
        row(&mut out, &[&(reason as u8).to_string(), reason.name()]);
    }
    out.push('\n');
    out.push_str(TAIL);
    for (name, about) in abouts() {
        section(&mut out, name, about, &all);
    }
    out
}

/// Every category with what it looks at.
fn abouts() -> impl Iterator<Item = (&'static str, &'static str)> {
    let own = CATEGORIES.iter().map(|category| (category.name(), category.about()));
    own.chain([(sensitivity::CATEGORY, sensitivity::ABOUT)])
}

fn sets(out: &mut String, all: &[Registered]) {
    let names: Vec<String> = Set::ALL.iter().map(|set| format!("`{}`", set.name())).collect();
    let _ = writeln!(out, "| category | of each | {} |", names.join(" | "));
    out.push_str("| --- | --- | --: | --: | --: |\n");
    let counts = |of: &dyn Fn(&Registered) -> bool| {
        Set::ALL.map(|set| all.iter().filter(|f| of(f) && f.feature.set <= set).count().to_string())
    };
    for (name, _) in abouts() {
        let first = all.iter().find(|f| f.category == name).expect("no category is empty");
        let each = match (first.stage, first.scope) {
            ("timestep", "channel") => "state and channel",
            ("timestep", _) => "state",
            ("trajectory", "channel") => "trajectory and channel",
            ("trajectory", _) => "trajectory",
            _ => "operator",
        };
        let [a, b, c] = counts(&|f| f.category == name);
        row(out, &[&format!("[`{name}`](#{name})"), each, &a, &b, &c]);
    }
    let [a, b, c] = counts(&|_| true);
    row(out, &["all", "", &a, &b, &c]);
    let constant = all.iter().filter(|f| f.constant_compat.is_some()).count();
    let standard = all.iter().filter(|f| f.feature.constant.is_some()).count();
    let _ = writeln!(
        out,
        "\nWith the default settings. {standard} of them are constant whatever the states, and {constant} \
         under `compat`; the tables say why."
    );
}

fn section(out: &mut String, name: &str, about: &str, all: &[Registered]) {
    let _ = write!(out, "\n### `{name}`\n\n{about}\n\n");
    let prefix = format!("features.{name}.");
    let settings: Vec<&schema::Key> =
        KEYS.iter().filter(|key| key.path.starts_with(&prefix)).collect();
    if !settings.is_empty() {
        out.push_str("| setting | allowed | what it is |\n| --- | --- | --- |\n");
        for key in settings {
            row(out, &[&format!("`{}`", key.path), &key.allowed(), key.about]);
        }
        out.push('\n');
    }
    out.push_str(
        "| identity | set | definition | under `compat`, where it differs | not there | source |\n\
         | --- | --- | --- | --- | --- | --- |\n",
    );
    for registered in all.iter().filter(|f| f.category == name) {
        let f = &registered.feature;
        let with = |text: &str, constant: Option<&str>| match constant {
            Some(why) if text.is_empty() => format!("**constant**: {why}"),
            Some(why) => format!("{text}; **constant**: {why}"),
            None => text.to_owned(),
        };
        // What is constant under both is said once.
        let other = registered.constant_compat.filter(|_| f.constant.is_none());
        row(
            out,
            &[
                &format!("`{}`", registered.identity()),
                f.set.name(),
                &with(f.formula, f.constant),
                &with(f.compat.unwrap_or_default(), other),
                f.undefined,
                f.source,
            ],
        );
    }
}

fn row(out: &mut String, cells: &[&str]) {
    let escaped =
        |cell: &&str| cell.replace('|', "\\|").replace('*', "\\*").replace("\\*\\*", "**");
    let cells: Vec<String> = cells.iter().map(escaped).collect();
    let _ = writeln!(out, "| {} |", cells.join(" | "));
}
