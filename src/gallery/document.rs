//! `docs/initial-conditions.md` and its pictures, out of the catalogue.

use std::fmt::Write;

use super::draw::{channels, stream, with_defaults};
use super::{capital, page};
use crate::ic::{ALIASES, Channels, Cost, FAMILIES, Family, Request, Tier};
use crate::picture::{Canvas, Scale};

const HEAD: &str = include_str!("document.md");

/// Side of a picture's cells.
const GRID: usize = 96;
/// Cells of a picture, if they are samples; channels, if those have names, at most.
const CELLS: usize = 3;
const SEED: u64 = 42;
const GAP: usize = 2;
/// Colours of a scale: with those of all cells and of the gaps, a palette, which keeps the files small.
const COLORS: u16 = 85;

/// Where the picture of a family lies, seen from the page.
pub fn path(family: &Family) -> String {
    format!("images/ic/{}.png", family.name)
}

/// A row of cells: samples of the first channel, which share their colours, or the channels of one
/// sample, each in colours of its own.
///
/// # Panics
/// If the family refuses the grid of the pictures.
pub fn picture(family: &Family) -> Canvas {
    let made = with_defaults(family);
    let named = matches!(family.channels, Channels::Named(_));
    let channels = if named { channels(family, Some(CELLS)) } else { 1 };
    family.check(&*made, GRID, channels).expect("every family draws on the grid of the pictures");
    let samples = if named { 1 } else { CELLS };
    let fields: Vec<Vec<f32>> = (0..samples)
        .map(|i| Request { stream: stream(SEED, family, i), grid: GRID, channels })
        .flat_map(|request| {
            let drawn = made.draw(&request).fields;
            drawn.chunks_exact(GRID * GRID).map(<[f32]>::to_vec).collect::<Vec<_>>()
        })
        .collect();
    let shared = Scale::of(fields.iter().flatten().copied(), None);
    let mut strip = Canvas::new(fields.len() * (GRID + GAP) - GAP, GRID, [255; 3]);
    for (i, field) in fields.iter().enumerate() {
        let scale = if named { Scale::of(field.iter().copied(), None) } else { shared };
        let cell = Canvas::of_values(field, GRID, |v| scale.coarse(v, COLORS));
        strip.put(&cell, i * (GRID + GAP), 0);
    }
    strip
}

/// The page, as Markdown.
pub fn document() -> String {
    let mut out = HEAD.to_owned();
    out.push_str("| cost | what it means |\n| --- | --- |\n");
    for cost in [Cost::Cheap, Cost::Moderate, Cost::Integrated] {
        row(&mut out, &[cost.name(), cost.about()]);
    }
    out.push_str("\n| type | tier | cost | what it is |\n| --- | --- | --- | --- |\n");
    for family in FAMILIES {
        let link = format!("[`{0}`](#{0})", family.name);
        row(&mut out, &[&link, family.tier.name(), family.cost.name(), family.summary]);
    }
    let aliases: Vec<String> =
        ALIASES.iter().map(|(other, name)| format!("`{other}` for `{name}`")).collect();
    let _ = writeln!(out, "\nOther names: {}.", aliases.join(", "));
    for tier in Tier::ALL {
        let mut of_tier = FAMILIES.iter().filter(|family| family.tier == tier).peekable();
        if of_tier.peek().is_some() {
            let _ = writeln!(out, "\n## {}", tier.title());
        }
        of_tier.for_each(|family| section(&mut out, family));
    }
    out
}

fn section(out: &mut String, family: &Family) {
    let _ = write!(out, "\n### `{0}`\n\n![{0}]({1})\n\n", family.name, path(family));
    let _ = write!(out, "{}.\n\n```text\n{}\n```\n\n", capital(family.summary), family.formula);
    let channels = page::channels(family);
    let _ = writeln!(out, "Channels: {channels}. Cost: {}.", family.cost.name());
    if !family.parameters.is_empty() {
        out.push_str("\n| setting | allowed | default | what it is |\n| --- | --- | --- | --- |\n");
        for p in family.parameters {
            row(out, &[&code(p.name()), &p.allowed(), &code(&p.default()), p.meaning()]);
        }
    }
    if !family.refused.is_empty() {
        out.push_str("\n| refused | why | instead |\n| --- | --- | --- |\n");
        for refused in family.refused {
            row(out, &[&code(refused.name), refused.why, refused.instead]);
        }
    }
    if !family.references.is_empty() {
        out.push_str("\nSources:\n\n");
        for reference in family.references {
            let _ = writeln!(out, "- {reference}");
        }
    }
}

fn code(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("`{text}`") }
}

fn row(out: &mut String, cells: &[&str]) {
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    let _ = writeln!(out, "| {} |", cells.join(" | "));
}
