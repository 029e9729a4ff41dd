//! Inks: what a mark is for, and the colour this has on light and on dark paper.
//!
//! Series take the colours of Okabe and Ito (*Color Universal Design*, 2008), which people who do not
//! tell red from green apart as well; on dark paper the same hues, lighter. Series also differ by
//! dashes or markers, so that no chart rests on hue alone.

use std::fmt::Write as _;

use crate::picture::Rgb;

/// What a mark is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// Names and whatever is read first.
    Text,
    /// Numbers beside axes, notes.
    Muted,
    /// Axes and frames.
    Axis,
    /// Lines that lead the eye.
    Grid,
    /// What is as it should be: there, but not to be looked at.
    Quiet,
    /// The ground that a chart stands on.
    Paper,
    /// The n-th of what is compared. Colours come again after eight.
    Series(usize),
}

/// Where a document is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// White paper.
    Light,
    /// Dark paper.
    Dark,
    /// As the reader has set it, light where nobody asks. A PNG file is light.
    Reader,
}

/// One ink: its name in style sheets, on light, on dark paper.
type Row = (&'static str, Rgb, Rgb);

const ROWS: [Row; 14] = [
    ("text", [0x1c, 0x21, 0x28], [0xe3, 0xe7, 0xec]),
    ("muted", [0x57, 0x60, 0x6a], [0x9a, 0xa4, 0xaf]),
    ("axis", [0x8c, 0x95, 0x9f], [0x6b, 0x75, 0x80]),
    ("grid", [0xe4, 0xe7, 0xeb], [0x2b, 0x31, 0x39]),
    ("quiet", [0xd3, 0xd9, 0xdf], [0x3e, 0x46, 0x50]),
    ("paper", [0xff, 0xff, 0xff], [0x14, 0x17, 0x1b]),
    // Blue, vermilion, bluish green, reddish purple, orange, sky blue, yellow, black.
    ("1", [0x00, 0x72, 0xb2], [0x4a, 0x9f, 0xd8]),
    ("2", [0xd5, 0x5e, 0x00], [0xf0, 0x80, 0x3c]),
    ("3", [0x00, 0x9e, 0x73], [0x2d, 0xbe, 0x93]),
    ("4", [0xcc, 0x79, 0xa7], [0xdd, 0x94, 0xbd]),
    ("5", [0xe6, 0x9f, 0x00], [0xf2, 0xb1, 0x34]),
    ("6", [0x56, 0xb4, 0xe9], [0x8c, 0xcd, 0xf5]),
    ("7", [0xc9, 0xbc, 0x1e], [0xf0, 0xe4, 0x42]),
    ("8", [0x2b, 0x2b, 0x2b], [0xd5, 0xd9, 0xde]),
];
/// Colours of series, the last of [`ROWS`].
const SERIES: usize = 8;

impl Ink {
    fn row(self) -> &'static Row {
        match self {
            Ink::Text => &ROWS[0],
            Ink::Muted => &ROWS[1],
            Ink::Axis => &ROWS[2],
            Ink::Grid => &ROWS[3],
            Ink::Quiet => &ROWS[4],
            Ink::Paper => &ROWS[5],
            Ink::Series(n) => &ROWS[ROWS.len() - SERIES + n % SERIES],
        }
    }

    /// The colour on this paper.
    pub fn color(self, theme: Theme) -> Rgb {
        if theme == Theme::Dark { self.row().2 } else { self.row().1 }
    }

    /// Name in style sheets: classes `f-…` fill and `s-…` stroke with it.
    pub(super) fn name(self) -> &'static str {
        self.row().0
    }
}

/// A colour as style sheets write it.
fn hex([r, g, b]: Rgb) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// The style sheet for pages that hold charts ([`Chart::inline`](super::Chart::inline)). Colours are
/// custom properties `--chart-…` of the root: light, dark where the reader prefers that, and either
/// where the root says so by `data-theme`. A page may set them to its own.
pub fn page_style() -> String {
    let properties = |dark: bool| -> String {
        let color = |row: &Row| hex(if dark { row.2 } else { row.1 });
        ROWS.iter()
            .fold(String::new(), |text, row| text + &format!("--chart-{}:{};", row.0, color(row)))
    };
    let (light, dark) = (properties(false), properties(true));
    let rules = rules(".chart ", |row| format!("var(--chart-{})", row.0));
    format!(
        ":root{{{light}}}\n@media (prefers-color-scheme:dark){{:root{{{dark}}}}}\n\
         :root[data-theme=light]{{{light}}}\n:root[data-theme=dark]{{{dark}}}\n\
         svg.chart{{display:block;width:100%;height:auto;max-width:40rem;overflow:visible}}\n{rules}"
    )
}

/// The style sheet of a document that stands alone. Colours are literal: many readers of SVG files
/// know no custom properties.
pub(super) fn document_style(theme: Theme) -> String {
    let literal = |theme: Theme| {
        rules("", move |row: &Row| hex(if theme == Theme::Dark { row.2 } else { row.1 }))
    };
    let fonts = "text{font-family:\"DejaVu Sans\",Verdana,sans-serif}\n";
    match theme {
        Theme::Light | Theme::Dark => format!("{fonts}{}", literal(theme)),
        Theme::Reader => format!(
            "{fonts}{}@media (prefers-color-scheme:dark){{\n{}}}\n",
            literal(Theme::Light),
            literal(Theme::Dark)
        ),
    }
}

fn rules(scope: &str, color: impl Fn(&Row) -> String) -> String {
    let mut out = String::new();
    for row in &ROWS {
        let (name, color) = (row.0, color(row));
        let _ = writeln!(out, "{scope}.f-{name}{{fill:{color}}}{scope}.s-{name}{{stroke:{color}}}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance (WCAG 2).
    fn luminance(color: Rgb) -> f64 {
        let linear = |v: u8| {
            let v = f64::from(v) / 255.0;
            if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(color[0]) + 0.7152 * linear(color[1]) + 0.0722 * linear(color[2])
    }

    #[test]
    fn text_is_readable_and_series_are_seen_on_either_paper() {
        for theme in [Theme::Light, Theme::Dark] {
            let contrast = |ink: Ink| {
                let (a, b) = (luminance(ink.color(theme)), luminance(Ink::Paper.color(theme)));
                (a.max(b) + 0.05) / (a.min(b) + 0.05)
            };
            assert!(contrast(Ink::Text) > 12.0 && contrast(Ink::Muted) > 5.0);
            assert!(contrast(Ink::Axis) > 2.9);
            for n in 0..SERIES {
                assert!(contrast(Ink::Series(n)) > 1.9, "{n} {theme:?}");
            }
        }
        assert_eq!(Ink::Series(9).color(Theme::Light), Ink::Series(1).color(Theme::Light));
    }

    #[test]
    fn pages_get_properties_and_documents_colours() {
        let page = page_style();
        assert!(page.contains("--chart-1:#0072b2;") && page.contains("--chart-1:#4a9fd8;"));
        assert!(page.contains(".chart .s-1{stroke:var(--chart-1)}"));
        assert!(page.matches("--chart-text:#").count() == 4);
        let reader = document_style(Theme::Reader);
        assert!(!reader.contains("var("));
        let (light, dark) = reader.split_once("@media (prefers-color-scheme:dark)").unwrap();
        assert!(light.contains(".f-text{fill:#1c2128}") && dark.contains(".f-text{fill:#e3e7ec}"));
        assert!(!document_style(Theme::Dark).contains("@media"));
    }
}
