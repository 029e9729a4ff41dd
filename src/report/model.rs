//! What a report says, as plain data: filled by [`super::of_experiment`], shown by [`super::page()`].

use crate::chart::Chart;
use crate::dataset::Info;

/// A report.
#[derive(Debug, Default)]
pub struct Report {
    /// Name of the experiment, or of the data set.
    pub title: String,
    /// What the experiment says of itself.
    pub description: String,
    /// The file that it is about.
    pub subject: String,
    /// The last build that did something, if its log is there.
    pub build: Option<Build>,
    /// What there is to make, by kind; empty without an experiment.
    pub kinds: Vec<Kind>,
    /// Which kinds are made from which, as places in `kinds`: from, to.
    pub arrows: Vec<(usize, usize)>,
    /// Files that were written.
    pub outputs: Vec<OutputFile>,
    /// What the person should know.
    pub notes: Vec<String>,
    /// Where everything comes from: what, and which.
    pub provenance: Vec<(String, String)>,
    /// The experiment as YAML.
    pub configuration: String,
    /// The data set, if it is there.
    pub data: Option<Info>,
    /// The data set in a few numbers: what, and how many.
    pub facts: Vec<(String, String)>,
    /// How many operators have each value of a column, most first.
    pub composition: Vec<(String, Vec<(String, usize)>)>,
    /// Charts.
    pub figures: Vec<Figure>,
    /// Rendered pictures.
    pub pictures: Vec<Picture>,
    /// Initial conditions, by type.
    pub inputs: Vec<Strip>,
    /// Rollouts.
    pub rollouts: Option<Rollouts>,
    /// The operators.
    pub operators: Option<Table>,
    /// The artifacts.
    pub artifacts: Option<Table>,
    /// Statistics of features.
    pub features: Option<Table>,
}

/// A build, as its log tells it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Build {
    /// Name of its log.
    pub id: String,
    /// When it began, in UTC.
    pub when: String,
    /// The numerics profile.
    pub profile: String,
    /// How it ended.
    pub end: End,
    /// Seconds from the start to the last event.
    pub wall: f64,
    /// Seconds of the stages that are over.
    pub stages: Vec<(String, f64)>,
    /// Worker processes started.
    pub workers: u64,
    /// Jobs that were tried a second time.
    pub retries: u64,
    /// What could not be made, and why.
    pub failed: Vec<(String, String)>,
    /// Seconds and bytes as predicted, and as they were.
    pub score: Option<[(f64, u64); 2]>,
}

/// How a build ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum End {
    /// All was made.
    Complete,
    /// Some artifacts failed.
    Failed,
    /// Ctrl-C.
    Interrupted,
    /// Its log has no end: it runs still, or was killed, or the machine failed it.
    #[default]
    Open,
}

/// The artifacts of a kind.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Kind {
    /// Its name.
    pub name: String,
    /// Made by the build.
    pub built: u64,
    /// There before.
    pub cached: u64,
    /// Given up by the build.
    pub failed: u64,
    /// Still to be made.
    pub left: u64,
    /// Seconds of workers in the build.
    pub seconds: f64,
    /// Bytes that the build made.
    pub bytes: u64,
    /// Estimated cost of what is still to be made.
    pub gflop: f64,
}

/// A file.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputFile {
    /// Where it lies, within the project.
    pub path: String,
    /// What it is.
    pub kind: String,
    /// Digest of its content.
    pub digest: String,
    /// Its length, if it is there.
    pub bytes: Option<u64>,
}

/// A chart of a report.
#[derive(Debug, Clone)]
pub struct Figure {
    /// What its files are called; another one for each figure of a report.
    pub name: String,
    /// What it is about.
    pub topic: Topic,
    /// What it shows.
    pub chart: Chart,
    /// How to read it.
    pub note: String,
}

/// What figures are about, in the order of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// The parameters of operators.
    Sampling,
    /// Their states.
    Rollouts,
    /// Their features.
    Features,
    /// How the data set was built.
    Build,
}

impl Topic {
    /// As a heading.
    pub fn title(self) -> &'static str {
        match self {
            Topic::Sampling => "Sampling",
            Topic::Rollouts => "Rollouts",
            Topic::Features => "Features",
            Topic::Build => "Build",
        }
    }
}

/// A picture that a build rendered.
#[derive(Debug, Clone, Default)]
pub struct Picture {
    /// What it shows.
    pub title: String,
    /// The PNG file; empty of what is only linked to.
    pub png: Vec<u8>,
    /// Width and height in pixels.
    pub size: (usize, usize),
    /// What file it is.
    pub note: String,
    /// Where the file lies, from the page.
    pub link: String,
}

/// What colours stand for.
#[derive(Debug, Clone, PartialEq)]
pub struct Colors {
    /// Name of the table.
    pub map: &'static str,
    /// A bar from the first colour to the last, as a PNG file.
    pub bar: Vec<u8>,
    /// Whether 0 is in the middle.
    pub is_signed: bool,
}

/// Pictures side by side that share their colours.
#[derive(Debug, Clone, PartialEq)]
pub struct Strip {
    /// What they are of.
    pub title: String,
    /// Of how many.
    pub of: usize,
    /// Their colours.
    pub colors: Colors,
    /// Values of the first and the last colour.
    pub bounds: (f64, f64),
    /// The pictures.
    pub tiles: Vec<Tile>,
}

/// One picture, or one of each step side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct Tile {
    /// Index of the operator.
    pub operator: i64,
    /// What to say of it.
    pub labels: Vec<String>,
    /// The PNG file: the frames from left to right.
    pub png: Vec<u8>,
    /// Width and height of a frame.
    pub size: (usize, usize),
    /// Values of the first and the last colour.
    pub bounds: (f64, f64),
    /// What is wrong with it, if anything.
    pub flag: String,
}

/// Rollouts over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Rollouts {
    /// Which states.
    pub steps: Vec<usize>,
    /// Their colours.
    pub colors: Colors,
    /// What of the data set is shown, in sentences.
    pub about: Vec<String>,
    /// Whether a value is not finite.
    pub has_not_finite: bool,
    /// An operator each.
    pub tiles: Vec<Tile>,
}

/// A table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// What it is called on the page, for links.
    pub id: &'static str,
    /// What it shows.
    pub caption: String,
    /// Its columns.
    pub columns: Vec<Head>,
    /// Its rows.
    pub rows: Vec<Vec<Cell>>,
    /// What was left out, if anything.
    pub note: String,
}

/// The head of a column.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Head {
    /// Its name.
    pub name: String,
    /// Whether its cells are numbers.
    pub is_number: bool,
}

/// A cell.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cell {
    /// What it shows.
    pub text: String,
    /// What it is sorted by, if not by its text.
    pub value: Option<f64>,
    /// How it looks.
    pub look: Look,
}

/// How a cell looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Look {
    /// As text.
    #[default]
    Plain,
    /// As a state: built, cached, failed, left.
    State,
    /// As a key or digest: its beginning, all of it to copy.
    Hash,
}

impl Cell {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// A number as it is shown.
    pub fn number(value: f64, text: impl Into<String>) -> Self {
        Self { text: text.into(), value: Some(value), look: Look::Plain }
    }

    /// Something of this look.
    pub fn looking(text: impl Into<String>, look: Look) -> Self {
        Self { text: text.into(), value: None, look }
    }
}
