//! A gallery as a page for browsers: one file that needs nothing else.
//!
//! Invariant: nothing is loaded. Pictures are `data:` URIs, there is no script, and a policy in the
//! page forbids everything else. Light or dark as the reader's system is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::sheet::subtitle;
use super::statistics::bounds;
use super::{Channel, Gallery, Shown, capital};
use crate::ic::{Channels, Family, Tier};
use crate::picture::{Canvas, png};

const POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";
const STYLE: &str = include_str!("page.css");

/// The page.
pub fn page(gallery: &Gallery) -> String {
    let tiers = gallery.tiers();
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="generator" content={ "spinlock " (env!("CARGO_PKG_VERSION")) };
                title { "Initial conditions" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { "Initial conditions" }
                    p.weak { (subtitle(gallery)) }
                    nav {
                        @for (tier, shown) in &tiers {
                            p {
                                a href={ "#" (tier.name()) } { (tier.title()) }
                                @for one in shown {
                                    " " a.type href={ "#" (one.family.name) } { (one.family.name) }
                                }
                            }
                        }
                    }
                }
                main {
                    @for (tier, shown) in &tiers { (section(*tier, shown)) }
                }
                footer {
                    p.weak {
                        "sd: standard deviation. ℓ: where the autocorrelation has fallen to 1/e, as a \
                         fraction of the side. The pictures of a row share their colours, whose ends are \
                         the quantiles 0.2 % and 99.8 %, about zero where both signs occur."
                    }
                }
            }
        }
    };
    page.into_string()
}

fn section(tier: Tier, shown: &[&Shown]) -> Markup {
    html! {
        section id=(tier.name()) {
            h2 { (tier.title()) }
            div.cards {
                @for one in shown { (card(one)) }
            }
        }
    }
}

fn card(shown: &Shown) -> Markup {
    let family = shown.family;
    html! {
        article id=(family.name) {
            h3 { (family.name) }
            p { (capital(family.summary)) "." }
            @for channel in &shown.channels { (figure(family, channel)) }
            p.formula { (family.formula) }
            details {
                summary { "Settings and sources" }
                p { "Channels: " (channels(family)) ". Cost: " (family.cost.name()) "." }
                @if !family.parameters.is_empty() { (settings(family)) }
                @if !family.references.is_empty() {
                    ul { @for reference in family.references { li { (reference) } } }
                }
            }
        }
    }
}

/// What the channels of a family are, in words.
pub fn channels(family: &Family) -> String {
    match family.channels {
        Channels::Scalar(what) => format!("any number ({what})"),
        Channels::Named(names) => names.join(", "),
    }
}

fn figure(family: &Family, channel: &Channel) -> Markup {
    let (low, high) = bounds(&channel.scale.bounds);
    let caption = channel.statistics.captions().swap_remove(0);
    html! {
        figure {
            div.cells {
                @for (i, field) in channel.fields.iter().enumerate() {
                    @let side = field.len().isqrt();
                    @let alt = format!("{} {} variation {}", family.name, channel.name, i + 1);
                    img src=(data(&Canvas::of_values(field, side, |v| channel.scale.color(v))))
                        width=(side) height=(side) alt=(alt);
                }
            }
            figcaption {
                @if !channel.name.is_empty() { b { (channel.name) } }
                span.weak { (caption) }
                span.bar.weak {
                    (low)
                    img src=(data(&Canvas::bar(256, 1, channel.scale.map)))
                        width="72" height="8" alt=(channel.scale.map.name);
                    (high)
                }
            }
        }
    }
}

/// As a list and not as a table, which would not fit beside other cards, nor on a phone.
fn settings(family: &Family) -> Markup {
    html! {
        dl {
            @for p in family.parameters {
                dt { code { (p.name()) } " = " code { (p.default()) } }
                dd { (p.meaning()) span.weak { "; " (p.allowed()) } }
            }
        }
    }
}

fn data(picture: &Canvas) -> String {
    format!("data:image/png;base64,{}", STANDARD.encode(png::encode(picture, &[])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gallery::{Settings, draw};
    use crate::ic::FAMILIES;

    fn small() -> Gallery {
        let families = FAMILIES.iter().filter(|f| f.tier == Tier::Baseline).collect();
        let settings =
            Settings { families, variations: 2, grid: 48, seed: 1, channels: None, colormap: None };
        draw(settings).unwrap()
    }

    #[test]
    fn a_page_needs_nothing_else() {
        let page = page(&small());
        let text = page.to_lowercase();
        for word in ["http:", "https:", "<script", "<link", "url(", "@import", "<iframe"] {
            assert!(!text.contains(word), "{word}");
        }
        assert!(text.contains("content-security-policy"));
        let sources = text.matches(" src=\"").count();
        assert_eq!(sources, text.matches(" src=\"data:image/png;base64,").count());
        // Two variations and a colour bar of each.
        assert_eq!(sources, 3 * small().shown.len());
    }

    #[test]
    fn a_page_says_everything_about_each_family_and_always_the_same() {
        let gallery = small();
        let found = page(&gallery);
        let escaped = |text: &str| html! { (text) }.into_string();
        for shown in &gallery.shown {
            let family = shown.family;
            assert!(found.contains(&format!("<article id=\"{}\">", family.name)));
            let references = family.references.iter().map(|text| (*text).to_owned());
            let texts = [capital(family.summary), family.formula.to_owned()].into_iter();
            for text in texts.chain(references) {
                assert!(found.contains(&escaped(&text)), "{text}");
            }
            for p in family.parameters {
                assert!(found.contains(&escaped(p.meaning())), "{}", p.name());
            }
        }
        assert_eq!(page(&small()), found);
    }
}
