//! A gallery as one picture: a contact sheet.

use super::layout::{Measures, Plan, arrange};
use super::statistics::bounds;
use super::{Channel, Gallery, Shown, capital, count};
use crate::ic::Tier;
use crate::picture::canvas::resized;
use crate::picture::text::Style;
use crate::picture::{Canvas, Rect, Rgb};

/// How a sheet looks.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Height and width of a cell; each a whole multiple or part of the grid.
    pub cell: (usize, usize),
    /// Pixels between the cells of a card.
    pub gap: usize,
    /// Whether there is text.
    pub labels: bool,
}

impl Look {
    /// With text, and cells of the grid's own pixels: each repeated until a cell is 128 pixels wide or
    /// nearly so.
    pub fn of_grid(grid: usize) -> Self {
        let side = grid * (128 / grid).max(1);
        Self { cell: (side, side), gap: 2, labels: true }
    }
}

const PAPER: Rgb = [255; 3];
const INK: Rgb = [28, 33, 40];
const WEAK: Rgb = [87, 96, 106];
const RULE: Rgb = [208, 215, 222];

const TITLE: Style = Style::bold(24.0, INK);
const SUBTITLE: Style = Style::regular(13.0, WEAK);
const HEADING: Style = Style::bold(17.0, INK);
const NAME: Style = Style::bold(13.0, INK);
const LABEL: Style = Style::regular(11.5, INK);
const NUMBERS: Style = Style::regular(11.0, WEAK);
const SUMMARY: Style = Style::regular(12.0, INK);

/// Around the sheet.
const MARGIN: usize = 32;
/// From the upper edge to the first heading.
const HEAD: usize = 72;
/// Between the last card and the margin, but for the lines of the footnote.
const FOOT: usize = 12;
/// The name of a family above its pictures.
const NAME_HEIGHT: usize = 22;
/// The line below the pictures of a channel.
const LINE: usize = 20;
/// Between that line and the pictures of the next channel.
const CHANNEL_GAP: usize = 6;
/// A line of the summary, and how many there may be.
const SUMMARY_LINE: usize = 16;
const SUMMARY_LINES: usize = 3;
/// The colour bar.
const BAR: (usize, usize) = (72, 8);
/// A card with text is at least so wide.
const LEAST_CARD: usize = 256;

/// The sheet.
pub fn sheet(gallery: &Gallery, look: &Look) -> Canvas {
    let tiers = gallery.tiers();
    let width = card_width(gallery, look);
    let heights: Vec<Vec<usize>> = tiers
        .iter()
        .map(|(_, shown)| shown.iter().map(|s| card_height(s, look, width)).collect())
        .collect();
    let measures = if look.labels {
        let around = HEAD + FOOT + SUMMARY_LINE + 2 * MARGIN;
        Measures { card: width, column_gap: 32, card_gap: 22, heading: 42, shelf_gap: 36, around }
    } else {
        let gap = 4 * look.gap;
        let (column_gap, card_gap, shelf_gap) = (gap, gap, gap);
        Measures { card: width, column_gap, card_gap, heading: 0, shelf_gap, around: 0 }
    };
    let plan = arrange(&heights, &measures);
    if look.labels {
        labelled(gallery, look, &plan, &tiers)
    } else {
        let mut canvas = Canvas::new(plan.width.max(1), plan.height.max(1), PAPER);
        for (rect, shown) in plan.cards.iter().flatten().zip(tiers.iter().flat_map(|(_, s)| s)) {
            card(&mut canvas, *rect, shown, look);
        }
        canvas
    }
}

fn labelled(gallery: &Gallery, look: &Look, plan: &Plan, tiers: &[(Tier, Vec<&Shown>)]) -> Canvas {
    let foot = FOOT + footnote(plan.width).len() * SUMMARY_LINE;
    let (width, height) = (plan.width + 2 * MARGIN, HEAD + plan.height + foot + 2 * MARGIN);
    let mut canvas = Canvas::new(width, height, PAPER);
    TITLE.draw(&mut canvas, MARGIN, MARGIN + 20, &TITLE.fitted("Initial conditions", plan.width));
    let about = SUBTITLE.fitted(&subtitle(gallery), plan.width);
    SUBTITLE.draw(&mut canvas, MARGIN, MARGIN + 42, &about);
    let moved = |r: &Rect| Rect { x: r.x + MARGIN, y: r.y + MARGIN + HEAD, ..*r };
    for ((rect, cards), (tier, shown)) in plan.headings.iter().zip(&plan.cards).zip(tiers) {
        let rect = moved(rect);
        let title = HEADING.fitted(tier.title(), rect.w);
        HEADING.draw(&mut canvas, rect.x, rect.y + 16, &title);
        canvas.fill(Rect { y: rect.y + 24, h: 1, ..rect }, RULE);
        for (rect, shown) in cards.iter().zip(shown) {
            card(&mut canvas, moved(rect), shown, look);
        }
    }
    let mut baseline = MARGIN + HEAD + plan.height + 34;
    for text in footnote(plan.width) {
        NUMBERS.draw(&mut canvas, MARGIN, baseline, &text);
        baseline += SUMMARY_LINE;
    }
    canvas
}

fn footnote(width: usize) -> Vec<String> {
    NUMBERS.wrapped(FOOTNOTE, width, usize::MAX)
}

const FOOTNOTE: &str = "sd: standard deviation · ℓ: where the autocorrelation has fallen to 1/e, as a \
                        fraction of the side · colours of a row are the same for all its pictures; their \
                        ends are the quantiles 0.2 % and 99.8 %, about zero where both signs occur";

/// What a gallery was drawn with.
pub fn subtitle(gallery: &Gallery) -> String {
    let s = &gallery.settings;
    format!(
        "{} · {} · grid {n} × {n} · seed {} · default settings · spinlock {}",
        count(s.families.len(), "type"),
        count(s.variations, "variation"),
        s.seed,
        env!("CARGO_PKG_VERSION"),
        n = s.grid,
    )
}

fn row_width(gallery: &Gallery, look: &Look) -> usize {
    let count = gallery.settings.variations;
    count * look.cell.1 + (count - 1) * look.gap
}

fn card_width(gallery: &Gallery, look: &Look) -> usize {
    let row = row_width(gallery, look);
    if !look.labels {
        return row;
    }
    let names = gallery.settings.families.iter().map(|family| NAME.width(family.name));
    row.max(LEAST_CARD).max(names.max().unwrap_or(0))
}

fn summary(shown: &Shown, width: usize) -> Vec<String> {
    SUMMARY.wrapped(&capital(shown.family.summary), width, SUMMARY_LINES)
}

fn card_height(shown: &Shown, look: &Look, width: usize) -> usize {
    let count = shown.channels.len();
    if !look.labels {
        return count * look.cell.0 + (count - 1) * look.gap;
    }
    NAME_HEIGHT
        + count * (look.cell.0 + LINE)
        + (count - 1) * CHANNEL_GAP
        + summary(shown, width).len() * SUMMARY_LINE
}

/// Draws a card into its place.
fn card(canvas: &mut Canvas, rect: Rect, shown: &Shown, look: &Look) {
    let Rect { x, mut y, w, .. } = rect;
    if look.labels {
        NAME.draw(canvas, x, y + 13, shown.family.name);
        y += NAME_HEIGHT;
    }
    for channel in &shown.channels {
        for (i, field) in channel.fields.iter().enumerate() {
            let side = field.len().isqrt();
            let values = resized(field, (side, side), look.cell);
            let picture = Canvas::of_values(&values, look.cell.1, |v| channel.scale.color(v));
            canvas.put(&picture, x + i * (look.cell.1 + look.gap), y);
        }
        y += look.cell.0;
        if look.labels {
            line(canvas, Rect { x, y, w, h: LINE }, channel);
            y += LINE + CHANNEL_GAP;
        } else {
            y += look.gap;
        }
    }
    if look.labels {
        y -= CHANNEL_GAP;
        for text in summary(shown, w) {
            SUMMARY.draw(canvas, x, y + 12, &text);
            y += SUMMARY_LINE;
        }
    }
}

/// The line below the pictures of a channel: its name, its statistics, its colour bar with bounds.
fn line(canvas: &mut Canvas, rect: Rect, channel: &Channel) {
    let baseline = rect.y + 14;
    let (low, high) = bounds(&channel.scale.bounds);
    let mut right = rect.x + rect.w - NUMBERS.width(&high);
    NUMBERS.draw(canvas, right, baseline, &high);
    right -= BAR.0 + 4;
    canvas.put(&Canvas::bar(BAR.0, BAR.1, channel.scale.map), right, baseline - BAR.1);
    right -= NUMBERS.width(&low) + 4;
    NUMBERS.draw(canvas, right, baseline, &low);
    let mut left = rect.x;
    let room = (right - left).saturating_sub(12);
    if !channel.name.is_empty() {
        let name = LABEL.fitted(&channel.name, room);
        LABEL.draw(canvas, left, baseline, &name);
        left += LABEL.width(&name) + 10;
    }
    let room = right.saturating_sub(left + 12);
    let fitting = channel.statistics.captions().into_iter().find(|c| NUMBERS.width(c) <= room);
    NUMBERS.draw(canvas, left, baseline, &fitting.unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gallery::{Settings, draw};
    use crate::ic::{Channels, FAMILIES};

    fn settings(variations: usize, grid: usize) -> Settings {
        let families = FAMILIES.iter().filter(|f| f.tier == Tier::Baseline).collect();
        Settings { families, variations, grid, seed: 3, channels: None, colormap: None }
    }

    /// Everything that is drawn of a card stays in the card's place, whatever its width.
    #[test]
    fn ink_stays_on_its_card() {
        for (variations, channels, cell) in [(1, 1, 12), (3, 2, 96), (2, 1, 48), (5, 3, 48)] {
            let asked = Settings { channels: Some(channels), ..settings(variations, 48) };
            let mut gallery = draw(asked).unwrap();
            gallery.shown[0].channels[0].name =
                "a channel with a name that is far too long".repeat(3);
            let look = Look { cell: (cell, cell), ..Look::of_grid(48) };
            let width = card_width(&gallery, &look);
            for shown in &gallery.shown {
                let rect = Rect { x: 40, y: 30, w: width, h: card_height(shown, &look, width) };
                let mut canvas = Canvas::new(rect.w + 80, rect.h + 60, PAPER);
                card(&mut canvas, rect, shown, &look);
                // The first letter may reach a fraction of a pixel before its place.
                canvas.fill(Rect { x: rect.x - 1, w: rect.w + 1, ..rect }, PAPER);
                assert!(canvas.pixels().iter().all(|p| *p == PAPER), "{}", shown.family.name);
            }
        }
    }

    #[test]
    fn a_sheet_shows_the_data_pixel_by_pixel() {
        let gallery = draw(settings(2, 48)).unwrap();
        let picture = sheet(&gallery, &Look { cell: (48, 48), gap: 0, labels: false });
        assert!(picture.width().is_multiple_of(96) && picture.height().is_multiple_of(48));
        let channel = &gallery.shown[0].channels[0];
        for y in 0..48 {
            let row = &picture.pixels()[y * picture.width()..];
            for (x, value) in channel.fields[0][y * 48..][..48].iter().enumerate() {
                assert_eq!(row[x], channel.scale.color(*value));
            }
        }
        let twice = [0, 1].map(|_| sheet(&gallery, &Look::of_grid(48)));
        assert!(twice[0] == twice[1]);
    }

    #[test]
    fn cells_are_about_128_pixels_wide() {
        let sides = [8, 32, 48, 64, 100, 128, 200].map(|grid| Look::of_grid(grid).cell.0);
        assert_eq!(sides, [128, 128, 96, 128, 100, 128, 200]);
    }

    #[test]
    fn the_fonts_have_every_letter_of_the_catalogue() {
        for family in FAMILIES {
            let names = if let Channels::Named(names) = family.channels { names } else { &[] };
            for text in names.iter().copied().chain([family.summary, family.formula]) {
                for c in text.chars() {
                    assert!(SUMMARY.has(c), "{}: `{c}` of `{text}`", family.name);
                }
            }
            let bold = family.name.chars().chain(family.tier.title().chars());
            assert!(bold.into_iter().all(|c| NAME.has(c)), "{}", family.name);
        }
        assert!(FOOTNOTE.chars().all(|c| NUMBERS.has(c)));
    }
}
