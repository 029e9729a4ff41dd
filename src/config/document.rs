//! From files to one merged document: `extends`, `--set`, interpolation.
//!
//! Invariant: fragments first, in the order listed, then the file itself, then `--set`; later wins.
//! It does not know which keys exist.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::interpolate::interpolate;
use super::locate::{self, Bounds};
use super::source::Sources;
use super::tree::{canonical_path, canonicalise, make, merge};
use crate::error::{IoContext, Result};
use crate::node::{Content, Fault, Faults, Node, Span};
use crate::yaml;

/// Most files that one experiment may draw together.
const MOST_FILES: usize = 64;

/// A value from the command line.
#[derive(Debug)]
pub struct Override {
    /// What messages call it: `--set`, `--device`.
    pub option: &'static str,
    /// `a.b=value`.
    pub text: String,
}

/// Reads files into one document.
pub struct Loader<'a> {
    /// Where files may lie.
    pub bounds: Bounds<'a>,
    /// Every text read.
    pub sources: &'a mut Sources,
    /// What is wrong so far.
    pub faults: &'a Faults,
    chain: Vec<(PathBuf, String)>,
    done: HashMap<PathBuf, Node>,
}

impl<'a> Loader<'a> {
    /// A loader that has read nothing.
    pub fn new(bounds: Bounds<'a>, sources: &'a mut Sources, faults: &'a Faults) -> Self {
        Self { bounds, sources, faults, chain: Vec::new(), done: HashMap::new() }
    }

    /// The document in `file`, with what it extends and the values of `sets`.
    pub fn load(mut self, file: &Path, shown: &Path, sets: &[Override]) -> Result<Node> {
        let tree = self.file(file, &shown.display().to_string())?;
        Ok(self.finished(tree, sets))
    }

    /// The document in a text that is shown as this file, with what it extends and the values of `sets`.
    pub fn text(mut self, text: &[u8], shown: &Path, sets: &[Override]) -> Result<Node> {
        let file = self.bounds.root.join(shown);
        let tree = self.read(text, file.clone(), &file, &shown.display().to_string())?;
        Ok(self.finished(tree, sets))
    }

    /// A fixed document, with the values of `sets`.
    pub fn of(mut self, text: &str, sets: &[Override]) -> Node {
        let source = self.sources.add("", text.as_bytes());
        let tree = yaml::parse(source, text.as_bytes()).expect("a fixed text");
        self.finished(tree, sets)
    }

    fn finished(&mut self, mut tree: Node, sets: &[Override]) -> Node {
        for set in sets {
            self.set(&mut tree, set);
        }
        interpolate(&tree, self.faults)
    }

    /// One file with what it extends.
    fn file(&mut self, file: &Path, shown: &str) -> Result<Node> {
        let real = file.canonicalize().unwrap_or_else(|_| file.to_owned());
        if let Some(tree) = self.done.get(&real) {
            return Ok(tree.clone());
        }
        self.sources.files.push(file.to_owned());
        let mut bytes = Vec::new();
        // One byte more than is read tells that it is too long.
        std::fs::File::open(file)
            .and_then(|text| text.take(yaml::MAX_BYTES as u64 + 1).read_to_end(&mut bytes))
            .io("read", file)?;
        self.read(&bytes, real, file, shown)
    }

    /// The text of one file with what it extends.
    fn read(&mut self, bytes: &[u8], real: PathBuf, file: &Path, shown: &str) -> Result<Node> {
        let mut tree = match self.sources.parse(shown, bytes) {
            Ok(tree) => tree,
            Err(fault) => {
                self.faults.push(*fault);
                Node { value: Content::Null, span: Span::default() }
            }
        };
        if !matches!(tree.value, Content::Map(_) | Content::Null) {
            self.faults.report(
                &tree,
                "",
                format!("expected settings, found {}", tree.describe()),
                Some("an experiment is a mapping: `sampling: {total_samples: 128}`".to_owned()),
            );
            tree.value = Content::Null;
        }
        let extends = take(&mut tree, "extends");
        canonicalise(&mut tree, self.faults);
        let mut base = Node { value: Content::Map(Vec::new()), span: tree.span };
        self.chain.push((real.clone(), shown.to_owned()));
        for item in extends.iter().flat_map(items) {
            if let Some(fragment) = self.fragment(item, file)? {
                merge(&mut base, fragment);
            }
        }
        self.chain.pop();
        merge(&mut base, tree);
        self.done.insert(real, base.clone());
        Ok(base)
    }

    /// The fragment that one item of `extends` names.
    fn fragment(&mut self, item: &Node, from: &Path) -> Result<Option<Node>> {
        let fault = |message: String, help: Option<String>| {
            self.faults.report(item, "extends", message, help);
        };
        let Content::Text(name) = &item.value else {
            fault(
                format!("{} is not the name of a file", item.describe()),
                Some("allowed: a file, or a list of files".to_owned()),
            );
            return Ok(None);
        };
        let name = Path::new(name);
        let folder = from.parent().unwrap_or(Path::new(""));
        let found = [folder, self.bounds.root]
            .iter()
            .find_map(|base| locate::complete(base, name).map(|name| base.join(name)));
        let Some(found) = found else {
            for base in [folder, self.bounds.root] {
                self.sources.files.extend(locate::completions(name).map(|name| base.join(name)));
            }
            fault(
                format!("there is no file `{}`", name.display()),
                Some("it is looked for beside this file, then in the project".to_owned()),
            );
            return Ok(None);
        };
        let full = std::path::absolute(&found).io("find", &found)?;
        // Fragments beside an experiment that a person named are as good as that experiment.
        let beside = self.chain.first().and_then(|(first, _)| first.parent());
        let real = full.canonicalize().io("find", &full)?;
        if let Err(why) = self.bounds.resolve(&full)
            && !beside.is_some_and(|folder| real.starts_with(folder))
        {
            fault(why, Some("`--allow-outside` permits it".to_owned()));
            return Ok(None);
        }
        let shown = real
            .strip_prefix(self.bounds.root.canonicalize().io("find", self.bounds.root)?)
            .unwrap_or(&found)
            .display()
            .to_string();
        if let Some(at) = self.chain.iter().position(|(path, _)| *path == real) {
            let mut chain: Vec<&str> =
                self.chain[at..].iter().map(|(_, name)| name.as_str()).collect();
            chain.push(&shown);
            fault(format!("`extends` runs in a circle: {}", chain.join(" → ")), None);
            return Ok(None);
        }
        if self.done.len() + self.chain.len() >= MOST_FILES {
            fault(format!("more than {MOST_FILES} files extend one another"), None);
            return Ok(None);
        }
        self.file(&full, &shown).map(Some)
    }

    /// One value from the command line.
    fn set(&mut self, tree: &mut Node, set: &Override) {
        let source = self.sources.add(set.option, set.text.as_bytes());
        let length = |text: &str| text.chars().count() as u32;
        let mut fault = Fault {
            span: Some(Span { source, line: 1, column: 1, length: length(&set.text).max(1) }),
            path: String::new(),
            message: format!("`{}` is not of the form `a.b=value`", set.text),
            help: Some("for example `--set simulation.num_realizations=5`".to_owned()),
        };
        let Some((path, value)) = set.text.split_once('=') else {
            return self.faults.push(fault);
        };
        let path = path.trim();
        if path.is_empty() || path.split('.').any(str::is_empty) {
            return self.faults.push(fault);
        }
        if path.matches('.').count() >= yaml::MAX_DEPTH {
            "the path is too deep".clone_into(&mut fault.message);
            fault.help = None;
            return self.faults.push(fault);
        }
        if path == "extends" {
            "`extends` is read before anything is set".clone_into(&mut fault.message);
            fault.help = Some("write it into an experiment file".to_owned());
            return self.faults.push(fault);
        }
        let shift = length(&set.text[..set.text.len() - value.len()]);
        let mut node = match yaml::parse(source, value.as_bytes()) {
            Ok(node) => node,
            Err(mut wrong) => {
                if let Some(span) = wrong.span.as_mut().filter(|span| span.line == 1) {
                    span.column += shift;
                }
                path.clone_into(&mut wrong.path);
                return self.faults.push(*wrong);
            }
        };
        shift_columns(&mut node, shift);
        let span = Span { source, line: 1, column: 1, length: length(path) };
        match make(tree, &canonical_path(path), span) {
            Ok(slot) => *slot = node,
            Err(holder) => {
                fault.message = format!("`{holder}` is not a mapping, so nothing is set in it");
                path.clone_into(&mut fault.path);
                fault.help = None;
                self.faults.push(fault);
            }
        }
    }
}

/// The items of a list, or the one thing that is given.
fn items(node: &Node) -> &[Node] {
    match &node.value {
        Content::Null => &[],
        Content::List(items) => items,
        _ => std::slice::from_ref(node),
    }
}

/// Takes the value under `name` out of a mapping.
fn take(tree: &mut Node, name: &str) -> Option<Node> {
    let Content::Map(entries) = &mut tree.value else { return None };
    let at = entries.iter().position(|e| e.name == name)?;
    Some(entries.remove(at).node)
}

/// Moves the places of a value to where it stands in `a.b=value`.
fn shift_columns(node: &mut Node, shift: u32) {
    let on_first = |span: &mut Span| {
        if span.line == 1 {
            span.column += shift;
        }
    };
    on_first(&mut node.span);
    match &mut node.value {
        Content::List(items) => items.iter_mut().for_each(|item| shift_columns(item, shift)),
        Content::Map(entries) => {
            for entry in entries {
                on_first(&mut entry.span);
                shift_columns(&mut entry.node, shift);
            }
        }
        _ => {}
    }
}
