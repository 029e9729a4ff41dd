//! The list of an archive, as far as it may be believed.
//!
//! Invariant: a list that passes has known kinds, keys of 64 digits and plain file names only, so that any path
//! made of them lies where entries lie.

use std::collections::BTreeSet;
use std::io::{self, Read};

use super::{FORMAT, LIST, Listed, MOST_LIST, Manifest, SEAL};
use crate::cache::entry::ENTRY;
use crate::cache::sealed;
use crate::error::{Error, Result};

pub(super) fn unreadable(error: &io::Error) -> Error {
    not_ours(&plain_reason(error))
}

pub(super) fn plain_reason(error: &io::Error) -> String {
    format!("it cannot be read on: {error}")
}

pub(super) fn not_ours(why: &str) -> Error {
    Error::integrity(format!("this is no archive of spinlock, or it is damaged: {why}"))
        .help("`spinlock cache export` writes archives; copy it again, and compare its checksum")
}

/// The list: the first member.
pub(super) fn list(first: Option<io::Result<tar::Entry<'_, impl Read>>>) -> Result<Manifest> {
    let mut first = first.ok_or_else(|| not_ours("it is empty"))?.map_err(|e| unreadable(&e))?;
    let is_list = first.path_bytes().as_ref() == LIST.as_bytes()
        && first.header().entry_type() == tar::EntryType::Regular;
    if !is_list || first.size() > MOST_LIST {
        return Err(not_ours(&format!("its first member is not `{LIST}`")));
    }
    let mut text = Vec::new();
    first.read_to_end(&mut text).map_err(|e| unreadable(&e))?;
    let value: serde_json::Value =
        sealed::unseal(SEAL, &text).map_err(|_| not_ours("its list is not what was written"))?;
    if value["format"] != FORMAT {
        return Err(Error::usage(format!(
            "the archive has the format {}, and this program knows {FORMAT}",
            value["format"]
        ))
        .help(format!("use the version of spinlock that wrote it ({})", value["spinlock"])));
    }
    serde_json::from_value(value).map_err(|e| not_ours(&format!("its list: {e}")))
}

/// Whether an entry of the list has names that may become paths.
pub(super) fn plain(listed: &Listed, kinds: &[&str]) -> Result<()> {
    if !kinds.contains(&listed.kind.as_str()) {
        let kind = listed.kind.escape_debug();
        return Err(not_ours(&format!("`{kind}` is no kind of artifact"))
            .help("a newer version of spinlock may have written it"));
    }
    let is_plain = |name: &str| {
        let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        !name.is_empty() && name.len() <= 128 && !name.starts_with('.') && name.chars().all(fits)
    };
    let mut names = BTreeSet::new();
    for file in &listed.files {
        if !is_plain(&file.name) || !names.insert(&file.name) {
            return Err(not_ours(&format!(
                "`{}` is no file of an entry",
                file.name.escape_debug()
            )));
        }
    }
    match listed.files.first() {
        Some(head) if head.name == ENTRY && head.bytes <= MOST_LIST => Ok(()),
        _ => Err(not_ours(&format!("{} {} has no `{ENTRY}`", listed.kind, listed.key))),
    }
}
