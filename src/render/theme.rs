//! Colours and letters of a frame.

use crate::picture::Rgb;
use crate::picture::text::Style;

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// As paper.
    #[default]
    Light,
    /// As a screen at night.
    Dark,
}

impl Theme {
    /// The names.
    pub const NAMES: [&'static str; 2] = ["light", "dark"];

    /// The theme of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        match name {
            "light" => Some(Self::Light),
            "dark" => Some(Self::Dark),
            _ => None,
        }
    }

    /// As in recipes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    fn pick(self, light: Rgb, dark: Rgb) -> Rgb {
        match self {
            Self::Light => light,
            Self::Dark => dark,
        }
    }

    /// The ground.
    pub fn paper(self) -> Rgb {
        self.pick([255; 3], [15, 18, 23])
    }

    /// What is read first.
    pub fn ink(self) -> Rgb {
        self.pick([28, 33, 40], [230, 235, 240])
    }

    /// What is read second.
    pub fn weak(self) -> Rgb {
        self.pick([87, 96, 106], [150, 160, 171])
    }

    /// Lines.
    pub fn rule(self) -> Rgb {
        self.pick([208, 215, 222], [52, 59, 68])
    }

    /// Warnings; not told by hue alone, they are bold.
    pub fn alert(self) -> Rgb {
        self.pick([179, 58, 0], [255, 166, 87])
    }

    /// The two greys of a cell that has no value.
    pub fn hatch(self) -> [Rgb; 2] {
        [self.pick([240; 3], [33, 38, 45]), self.pick([222; 3], [48, 54, 62])]
    }

    /// How a text of a role looks: as others of its role; but regular if bold letters do not have all
    /// of its characters.
    pub fn style(self, role: Role, words: &str) -> Style {
        let style = self.usual(role);
        let is_bold = style.bold && words.chars().all(|c| style.has(c));
        Style { bold: is_bold, ..style }
    }

    fn usual(self, role: Role) -> Style {
        match role {
            Role::Heading | Role::Title | Role::Now => Style::bold(12.0, self.ink()),
            Role::Unit => Style::regular(12.0, self.ink()),
            Role::Shows => Style::regular(11.0, self.ink()),
            Role::Caption | Role::About => Style::regular(10.5, self.weak()),
            Role::Badge => Style::bold(10.5, self.alert()),
            Role::Name => Style::regular(10.0, self.ink()),
            Role::Number | Role::Note => Style::regular(10.0, self.weak()),
            Role::Why => Style::regular(11.0, self.weak()),
        }
    }
}

/// What a text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Above a column.
    Heading,
    /// Its unit.
    Unit,
    /// The first line beside a row.
    Title,
    /// What the row shows, below it.
    Shows,
    /// A line below those.
    Caption,
    /// A warning below those.
    Badge,
    /// What a colour bar is of.
    Name,
    /// The end of a colour bar.
    Number,
    /// The time, in the footer.
    Now,
    /// What the frame was drawn from, in the footer.
    About,
    /// Below a cell.
    Note,
    /// On a cell that has no value.
    Why,
}

impl Role {
    /// From one line to the next.
    pub const fn line(self) -> usize {
        match self {
            Role::Heading | Role::Unit | Role::Title | Role::Now => 16,
            _ => 14,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_bold_letters_lack_is_regular() {
        assert!(Theme::Light.style(Role::Title, "op 42").bold);
        assert!(!Theme::Light.style(Role::Title, "α = 1").bold);
        for name in Theme::NAMES {
            assert_eq!(Theme::of_name(name).unwrap().name(), name);
        }
    }
}
