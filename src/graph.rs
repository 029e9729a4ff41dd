//! The build graph: recipes as nodes, inputs as edges.
//!
//! Recipes are typed when they are added and erased inside. An input is added before what uses it,
//! so a cycle cannot be written. The graph knows neither cache nor devices.

use std::any::Any;
use std::collections::HashMap;

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::artifact::{Artifact, Handle};
use crate::key::{Inputs, Key, Kind, Manifest, RecipeText};

/// A recipe without its type.
pub trait Recipe: std::fmt::Debug + Send + Sync {
    /// See [`Artifact::describe`].
    fn describe(&self, m: &mut dyn Manifest);
    /// See [`Artifact::label`].
    fn label(&self) -> String;
    /// For the kernel that knows the type.
    fn as_any(&self) -> &dyn Any;
}

impl<A: Artifact> Recipe for A {
    fn describe(&self, m: &mut dyn Manifest) {
        Artifact::describe(self, m);
    }

    fn label(&self) -> String {
        Artifact::label(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// How heavy an artifact is to make, from shapes alone.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Cost {
    /// Floating-point operations of convolutions and of everything else, in rough GFLOP.
    pub gflop: f64,
    /// Bytes of content before encoding.
    pub bytes: u64,
}

/// One artifact to be.
#[derive(Debug)]
pub struct Node {
    /// Its key.
    pub key: Key,
    /// Its kind.
    pub kind: Kind,
    /// Its recipe.
    pub recipe: Box<dyn Recipe>,
    /// Its weight.
    pub cost: Cost,
}

impl Node {
    /// What a person calls it.
    pub fn label(&self) -> String {
        self.recipe.label()
    }

    /// One line per field of the recipe.
    pub fn recipe_text(&self) -> String {
        let mut text = RecipeText::default();
        self.recipe.describe(&mut text);
        text.0
    }

    /// The recipe, if it is of this type.
    pub fn recipe_as<A: Artifact>(&self) -> Option<&A> {
        self.recipe.as_any().downcast_ref()
    }
}

/// All artifacts of one experiment.
#[derive(Debug, Default)]
pub struct Graph {
    nodes: DiGraph<Node, ()>,
    by_key: HashMap<Key, usize>,
}

impl Graph {
    /// Adds an artifact; its inputs must be there. A recipe that is there already is not added again.
    pub fn add<A: Artifact>(&mut self, recipe: A, cost: Cost) -> Handle<A> {
        let key = recipe.key();
        if let Some(node) = self.by_key.get(&key) {
            return Handle::new(key, *node);
        }
        let mut inputs = Inputs::default();
        Artifact::describe(&recipe, &mut inputs);
        let node = self.nodes.add_node(Node { key, kind: A::KIND, recipe: Box::new(recipe), cost });
        for input in inputs.0 {
            let from = self.by_key[&input];
            self.nodes.add_edge(NodeIndex::new(from), node, ());
        }
        self.by_key.insert(key, node.index());
        Handle::new(key, node.index())
    }

    /// Number of artifacts.
    pub fn len(&self) -> usize {
        self.nodes.node_count()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The artifact at a place. Places are a topological order: inputs come before their users.
    pub fn node(&self, at: usize) -> &Node {
        &self.nodes[NodeIndex::new(at)]
    }

    /// Every artifact with its place, inputs first.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &Node)> {
        self.nodes.node_weights().enumerate()
    }

    /// The artifact with this key.
    pub fn find(&self, key: &Key) -> Option<usize> {
        self.by_key.get(key).copied()
    }

    /// What an artifact is made from.
    pub fn inputs(&self, at: usize) -> impl Iterator<Item = usize> {
        self.neighbours(at, Direction::Incoming)
    }

    /// What is made from an artifact.
    pub fn users(&self, at: usize) -> impl Iterator<Item = usize> {
        self.neighbours(at, Direction::Outgoing)
    }

    fn neighbours(&self, at: usize, direction: Direction) -> impl Iterator<Item = usize> {
        self.nodes.neighbors_directed(NodeIndex::new(at), direction).map(NodeIndex::index)
    }
}
