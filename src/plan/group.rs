//! Groups of artifacts: those of one kind that differ in their ranges only.
//!
//! A group is called as its artifacts' labels are, without the ranges. It knows every kind.

use std::borrow::Cow;

use crate::artifact::{
    FeatureTable, Parameters, RenderFile, RenderFrames, RenderTally, RolloutChunk, StateFeatures,
    Weights,
};
use crate::graph::Node;

/// What artifacts of a group have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Group<'a> {
    /// Their kind.
    pub kind: &'static str,
    /// What tells them from other groups of the kind; often empty.
    pub detail: Cow<'a, str>,
}

impl std::fmt::Display for Group<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let slash = if self.detail.is_empty() { "" } else { "/" };
        write!(f, "{}{slash}{}", self.kind, self.detail)
    }
}

/// The group of an artifact.
pub fn group(node: &Node) -> Group<'_> {
    Group { kind: node.kind.name, detail: detail(node) }
}

fn detail(node: &Node) -> Cow<'_, str> {
    if let Some(recipe) = node.recipe_as::<RolloutChunk>() {
        // `/grid32/annealing`
        return recipe.group.trim_start_matches('/').into();
    }
    if let Some(recipe) = node.recipe_as::<Parameters>() {
        return recipe.group.name().into();
    }
    if let Some(recipe) = node.recipe_as::<StateFeatures>() {
        return match &*recipe.group {
            "" => recipe.category.name().into(),
            group => format!("{}{group}", recipe.category.name()).into(),
        };
    }
    if let Some(recipe) = node.recipe_as::<Weights>() {
        return if recipe.stored { "stored" } else { "" }.into();
    }
    if node.recipe_as::<FeatureTable>().is_some() {
        return FeatureTable::CATEGORY.into();
    }
    if let Some(recipe) = node.recipe_as::<RenderTally>() {
        return format!("{}/tally", recipe.picture.name).into();
    }
    if let Some(recipe) = node.recipe_as::<RenderFrames>() {
        let what = if recipe.picture.spec.is_strip() { "strip" } else { "frames" };
        return format!("{}/{what}", recipe.picture.name).into();
    }
    if let Some(recipe) = node.recipe_as::<RenderFile>() {
        return recipe.path().display().to_string().into();
    }
    "".into()
}
