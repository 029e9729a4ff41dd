//! The build graph: recipes as nodes, inputs as edges.
//!
//! Recipes are typed when they are added and erased inside. An input is added before what uses it,
//! so a cycle cannot be written. The graph knows neither cache nor devices.

use std::any::Any;
use std::collections::hash_map;
use std::sync::OnceLock;

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
/// Places are 32-bit numbers, and the inputs of all nodes lie in one list: an experiment of a million
/// operators has hundreds of thousands of nodes.
#[derive(Debug, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    /// Inputs of the nodes one after another.
    inputs: Vec<u32>,
    /// Where the inputs of each node end.
    ends: Vec<u32>,
    by_key: KeyMap<u32>,
    /// Filled when somebody first asks for it.
    users: OnceLock<Users>,
    /// What the last recipe was encoded in.
    buffer: Vec<u8>,
}

/// What is made from each node: the inputs turned round.
#[derive(Debug)]
struct Users {
    list: Vec<u32>,
    ends: Vec<u32>,
}

impl Graph {
    /// Adds an artifact; its inputs must be there. A recipe that is there already is not added again.
    pub fn add<A: Artifact>(&mut self, recipe: A, cost: Cost) -> Handle<A> {
        let mut hasher = KeyHasher::reusing(A::KIND, std::mem::take(&mut self.buffer));
        Artifact::describe(&recipe, &mut hasher);
        let (key, inputs, buffer) = hasher.finish_with_inputs();
        self.buffer = buffer;
        let place = self.nodes.len() as u32;
        if let hash_map::Entry::Vacant(free) = self.by_key.entry(key) {
            free.insert(place);
            self.nodes.push(Node { key, kind: A::KIND, recipe: Box::new(recipe), cost });
            let by_key = &self.by_key;
            self.inputs.extend(inputs.iter().map(|input| by_key[input]));
            self.ends.push(self.inputs.len() as u32);
        }
        Handle::new(key)
    }

    /// Adds the artifacts of a graph that was made apart, in their order.
    pub fn append(&mut self, other: Graph) {
        self.nodes.reserve(other.nodes.len());
        self.by_key.reserve(other.nodes.len());
        let (mut places, mut begin) = (Vec::with_capacity(other.nodes.len()), 0);
        for (node, end) in other.nodes.into_iter().zip(other.ends) {
            let next = self.nodes.len() as u32;
            let place = *self.by_key.entry(node.key).or_insert(next);
            places.push(place);
            if place == next {
                self.nodes.push(node);
                let inputs = &other.inputs[begin as usize..end as usize];
                self.inputs.extend(inputs.iter().map(|input| places[*input as usize]));
                self.ends.push(self.inputs.len() as u32);
            }
            begin = end;
        }
    }

    /// Number of artifacts.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The artifact at a place. Places are a topological order: inputs come before their users.
    pub fn node(&self, at: usize) -> &Node {
        &self.nodes[at]
    }

    /// Every artifact with its place, inputs first.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &Node)> {
        self.nodes.iter().enumerate()
    }

    /// The artifact with this key.
    pub fn find(&self, key: &Key) -> Option<usize> {
        self.by_key.get(key).map(|at| *at as usize)
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
        part(&self.inputs, &self.ends, at)
    }

    /// What is made from an artifact.
    pub fn users(&self, at: usize) -> impl Iterator<Item = usize> {
        let users = self.users.get_or_init(|| self.turned_round());
        part(&users.list, &users.ends, at)
    }

    fn turned_round(&self) -> Users {
        let mut ends = vec![0_u32; self.len()];
        self.inputs.iter().for_each(|input| ends[*input as usize] += 1);
        let mut sum = 0;
        for end in &mut ends {
            // For now where they begin: each user moves it on by one.
            (*end, sum) = (sum, sum + *end);
        }
        let mut list = vec![0; self.inputs.len()];
        for user in 0..self.len() {
            for input in self.inputs(user) {
                list[ends[input] as usize] = user as u32;
                ends[input] += 1;
            }
        }
        Users { list, ends }
    }
}

/// The part of a list that belongs to one node, the last first: what was added last is nearest to it.
fn part(list: &[u32], ends: &[u32], at: usize) -> impl Iterator<Item = usize> {
    let begin = if at == 0 { 0 } else { ends[at - 1] };
    list[begin as usize..ends[at] as usize].iter().rev().map(|at| *at as usize)
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
