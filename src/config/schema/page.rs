//! `docs/experiment-file.md`, out of the table, the vocabulary and the catalogue.

use std::fmt::Write;

use super::{Class, Default, KEYS, Key, Type};
use crate::config::tree::OTHER_NAMES;
use crate::ic;
use crate::operator::{architectures, blocks::BLOCKS};
use crate::space::{Group, Setting, VOCABULARY};

const HEAD: &str = include_str!("page.md");

/// The page about experiment files.
pub fn document() -> String {
    let mut out = HEAD.to_owned();
    out.push_str("\n## Keys that act\n\n| key | allowed | default | what it says |\n| --- | --- | --- | --- |\n");
    for key in KEYS.iter().filter(|key| key.class == Class::Acts) {
        let allowed = match key.ty {
            Type::Section | Type::Open => "section".to_owned(),
            _ => key.allowed(),
        };
        row(&mut out, &[&code(key.path), &allowed, &default(key), key.about]);
    }
    out.push_str("\nOther names: ");
    let other: Vec<String> =
        OTHER_NAMES.iter().map(|(other, place)| format!("`{other}` for `{place}`")).collect();
    writeln!(out, "{}.", other.join(", ")).expect("writing to a string");
    out.push_str(
        "\n## Keys without meaning here\n\nAccepted, because files of the Python reference have \
         them; each is answered with a note.\n\n| key | allowed | why it has no meaning |\n| --- | --- \
         | --- |\n",
    );
    for key in KEYS {
        if let Class::Noted(reason) = key.class {
            row(&mut out, &[&code(key.path), &key.allowed(), reason]);
        }
    }
    out.push_str("\n## Refused\n\n| what | why |\n| --- | --- |\n");
    for key in KEYS {
        if let Class::Refused(reason) = key.class {
            row(&mut out, &[&code(key.path), reason]);
        }
        for (value, reason) in key.refused {
            row(&mut out, &[&format!("`{}: {value}`", key.path), reason]);
        }
    }
    for (what, why) in REFUSED {
        row(&mut out, &[what, why]);
    }
    out.push_str("\n## Parameters\n\n");
    for group in Group::ALL {
        write!(out, "### `parameter_space.{}`\n\n", group.name()).expect("writing to a string");
        out.push_str(
            "| parameter | allowed | default | what it does |\n| --- | --- | --- | --- |\n",
        );
        for p in VOCABULARY.iter().filter(|p| p.group == group) {
            let default = match p.default {
                // Zero is below what may be written: without the key there is no noise.
                v if !p.domain.contains(v) => "none".to_owned(),
                Setting::Int(v) => v.to_string(),
                Setting::Float(v) => format!("{v:?}"),
                Setting::Name(v) => v.to_owned(),
            };
            row(&mut out, &[&code(p.name), &p.domain.describe(), &code(&default), p.summary]);
        }
        out.push('\n');
    }
    write!(out, "## Networks\n\n{}\n", architectures::ABOUT).expect("writing to a string");
    out.push_str("| block | what it does | its output y from its input x |\n| --- | --- | --- |\n");
    for block in BLOCKS {
        row(&mut out, &[&code(block.name), block.summary, &code(block.formula)]);
    }
    out.push_str(
        "\n`∗` is convolution on the torus, `N` the normalisation, `φ` the activation, `D` dropout; the \
         bias `b` is there only without a normalisation, but always in the output layer.\n\n",
    );
    let names: Vec<String> = ic::FAMILIES.iter().map(|family| code(family.name)).collect();
    write!(
        out,
        "## Initial conditions\n\nTypes: {}. Their settings, formulas and pictures are in \
         [initial-conditions.md](initial-conditions.md).\n\n",
        names.join(", ")
    )
    .expect("writing to a string");
    let aliases: Vec<String> =
        ic::ALIASES.iter().map(|(other, name)| format!("`{other}` for `{name}`")).collect();
    writeln!(out, "Other names: {}.", aliases.join(", ")).expect("writing to a string");
    out
}

/// What is refused for a reason that is no matter of one key.
const REFUSED: &[(&str, &str)] = &[
    (
        "`use_batch_norm: true`",
        "batch normalisation of an untrained network does nothing; `normalization` chooses",
    ),
    ("`noise_type: uniform`", "the Python reference names this law and does not draw it"),
    ("`noise_type: dropout` with `noise_scale` above 0.95", "there the scale is a probability"),
    (
        "even kernels, kernels larger than the grid",
        "a convolution keeps the grid and wraps around once at most",
    ),
    (
        "grids that 4 does not divide, and kernels above a quarter of the grid, where an operator may be an `encoder_decoder`",
        "its lowest level has a quarter of the side",
    ),
    (
        "sampled channels, `input_channels` other than `output_channels`",
        "an operator maps a state to a state of the same form",
    ),
    (
        "`type: array`, a parameter without `type`",
        "a parameter is one number or one name, and a guess at its type could be wrong",
    ),
    ("`log_scale: true` with a low end of 0 or less", "it has no logarithm"),
    (
        "unknown parameters, one parameter twice, values outside the vocabulary",
        "they would be sampled and do nothing",
    ),
];

fn code(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("`{text}`") }
}

fn default(key: &Key) -> String {
    match key.default {
        Default::None => String::new(),
        Default::Bool(v) => code(&v.to_string()),
        Default::Int(v) => code(&v.to_string()),
        Default::Float(v) => code(&format!("{v:?}")),
        Default::Name(v) | Default::Yaml(v) => code(v),
        Default::Derived(words) => words.to_owned(),
    }
}

fn row(out: &mut String, cells: &[&str]) {
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    writeln!(out, "| {} |", cells.join(" | ")).expect("writing to a string");
}
