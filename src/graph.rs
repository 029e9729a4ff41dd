//! The build graph: recipes as nodes, inputs as edges.
//!
//! Recipes are typed when they are added and erased inside. An input is added before what uses it,
//! so a cycle cannot be written. The graph knows neither cache nor devices.

use std::any::Any;
use std::collections::hash_map;

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::artifact::{Artifact, Handle};
use crate::key::{Key, KeyHasher, KeyMap, Kind, Manifest, RecipeText};

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
///
/// Places are 32-bit numbers: an experiment of a million operators has hundreds of thousands of nodes.
#[derive(Debug, Default)]
pub struct Graph {
    nodes: DiGraph<Node, ()>,
    by_key: KeyMap<NodeIndex>,
    /// What the last recipe was encoded in.
    buffer: Vec<u8>,
}

impl Graph {
    /// Adds an artifact; its inputs must be there. A recipe that is there already is not added again.
    pub fn add<A: Artifact>(&mut self, recipe: A, cost: Cost) -> Handle<A> {
        let mut hasher = KeyHasher::reusing(A::KIND, std::mem::take(&mut self.buffer));
        Artifact::describe(&recipe, &mut hasher);
        let (key, inputs, buffer) = hasher.finish_with_inputs();
        self.buffer = buffer;
        if let hash_map::Entry::Vacant(free) = self.by_key.entry(key) {
            let node = Node { key, kind: A::KIND, recipe: Box::new(recipe), cost };
            let place = *free.insert(self.nodes.add_node(node));
            for input in inputs {
                self.nodes.add_edge(self.by_key[&input], place, ());
            }
        }
        Handle::new(key)
    }

    /// Adds the artifacts of a graph that was made apart, in their order.
    pub fn append(&mut self, other: Graph) {
        let (nodes, edges) = other.nodes.into_nodes_edges();
        self.nodes.reserve_nodes(nodes.len());
        self.nodes.reserve_edges(edges.len());
        self.by_key.reserve(nodes.len());
        let first = self.nodes.node_count();
        let mut places = Vec::with_capacity(nodes.len());
        for node in nodes {
            let place = match self.by_key.entry(node.weight.key) {
                hash_map::Entry::Occupied(there) => *there.get(),
                hash_map::Entry::Vacant(free) => *free.insert(self.nodes.add_node(node.weight)),
            };
            places.push(place);
        }
        // In the order of adding: edges into one node follow each other as they did.
        for edge in edges {
            let (from, to) = (places[edge.source().index()], places[edge.target().index()]);
            // What was there before has its inputs already.
            if to.index() >= first {
                self.nodes.add_edge(from, to, ());
            }
        }
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
        self.by_key.get(key).map(|at| at.index())
    }

    /// The artifact that a handle of this graph names.
    pub fn placed<A>(&self, handle: Handle<A>) -> Placed<A> {
        let node = self.find(&handle.key()).expect("a handle is given out with its node");
        Placed { handle, node }
    }

    /// The artifact that a handle of this graph names.
    pub fn node_of<A>(&self, handle: Handle<A>) -> &Node {
        self.node(self.placed(handle).node())
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

/// A handle and its place in a graph that is finished.
pub struct Placed<A> {
    handle: Handle<A>,
    node: usize,
}

impl<A> Placed<A> {
    /// Its key.
    pub fn key(&self) -> Key {
        self.handle.key()
    }

    /// Its place in the graph.
    pub fn node(&self) -> usize {
        self.node
    }
}

impl<A> Clone for Placed<A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A> Copy for Placed<A> {}

impl<A> std::fmt::Debug for Placed<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Placed({}, {})", self.handle.key(), self.node)
    }
}
