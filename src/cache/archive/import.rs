//! Takes entries out of archives, which anybody may have written.
//!
//! Members must be exactly those of the list, in its order: plain files with the names and lengths that it
//! says. So nothing decides where bytes go but kind, key and file name, each of which is checked. An entry
//! gets its place after all of it was verified; one that is there already stays, and is compared.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::Serialize;

use super::list::{list, not_ours, plain, plain_reason, unreadable};
use super::{Listed, Manifest, member};
use crate::cache::durable::Flush;
use crate::cache::entry::{self, ENTRY, Entry};
use crate::cache::fsck::check_payload;
use crate::cache::publish::Half;
use crate::cache::sealed::Trouble;
use crate::cache::{Cache, KeyLock, layout};
use crate::effect;
use crate::error::{Error, IoContext, Result};
use crate::key::{Digest, Key};

/// The recipe that belongs to each key.
pub type Recipes = BTreeMap<Key, String>;

/// Hears the list, and says what is known of its recipes.
pub type Expect<'a> = &'a mut dyn FnMut(&Manifest) -> Result<Option<Recipes>>;

/// Entries that share flushes to the disk.
const BATCH: usize = 64;
/// Deflate cannot shrink by more than this factor: an array that claims to is not what it claims.
const MOST_RATIO: u64 = 1100;
/// Bytes that are copied at a time.
const STEP: usize = 1 << 20;

/// An entry whose key is taken here by other content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unlike {
    /// Its kind.
    pub kind: String,
    /// Its key.
    pub key: Key,
    /// Digest of what is here, and stays.
    pub here: Digest,
    /// Digest of what is in the archive.
    pub there: Digest,
}

/// An entry that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unsound {
    /// Its kind.
    pub kind: String,
    /// Its key.
    pub key: Key,
    /// What is wrong with it.
    pub what: String,
}

/// What was taken out of an archive.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// Entries in the list.
    pub entries: usize,
    /// Entries that are new here.
    pub imported: usize,
    /// Bytes of their files.
    pub bytes: u64,
    /// Entries that were here already, with the same content.
    pub kept: usize,
    /// Entries that are here with other content.
    pub differing: Vec<Unlike>,
    /// Entries that were not taken.
    pub damaged: Vec<Unsound>,
    /// Why the rest of the archive could not be read.
    pub stopped: Option<String>,
}

/// Takes the entries of an archive into `cache`. `expect` hears the list before anything is done, and says
/// which recipe belongs to each key, if that can be known. Entries may only be of `kinds`.
///
/// # Errors
/// Of kind integrity or usage if the list is not one of ours, or names what it must not: then nothing was
/// done. Damage further on is in the report.
pub fn import(
    cache: &Cache,
    input: impl Read,
    kinds: &[&str],
    expect: Expect<'_>,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<(Manifest, Imported)> {
    let mut archive = tar::Archive::new(input);
    let mut members = archive.entries().map_err(|e| unreadable(&e))?.raw(true);
    let manifest = list(members.next())?;
    manifest.entries.iter().try_for_each(|one| plain(one, kinds))?;
    let twice =
        manifest.entries.windows(2).any(|w| (&w[0].kind, w[0].key) >= (&w[1].kind, w[1].key));
    if twice {
        return Err(not_ours("its entries are not sorted"));
    }
    let recipes = expect(&manifest)?;
    let mut import = Import { cache, recipes, batch: Vec::new(), report: Imported::default() };
    import.report.entries = manifest.entries.len();
    let all = manifest.entries.len();
    let mut stopped = None;
    for (i, one) in manifest.entries.iter().enumerate() {
        if let Err(stop) = import.entry(one, &mut members) {
            match stop {
                Stop::Stream(why) => {
                    stopped = Some(why);
                    break;
                }
                Stop::Machine(error) => return Err(error),
            }
        }
        progress(i + 1, all);
    }
    import.flush()?;
    if stopped.is_none() {
        stopped = match members.next() {
            None => None,
            Some(Ok(_)) => Some("it holds more than its list names".to_owned()),
            Some(Err(e)) => Some(plain_reason(&e)),
        };
    }
    import.report.stopped = stopped;
    Ok((manifest, import.report))
}

/// What ends the reading.
enum Stop {
    /// The archive is cut short, or not what its list says.
    Stream(String),
    /// The machine cannot write.
    Machine(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Stop::Machine(error)
    }
}

struct Import<'a> {
    cache: &'a Cache,
    recipes: Option<Recipes>,
    /// Verified, and waiting for the disk.
    batch: Vec<(KeyLock, Half, Entry, u64)>,
    report: Imported,
}

impl Import<'_> {
    /// Takes one entry.
    fn entry<'m, R: Read + 'm>(
        &mut self,
        listed: &Listed,
        members: &mut impl Iterator<Item = io::Result<tar::Entry<'m, R>>>,
    ) -> Result<(), Stop> {
        let (kind, key) = (&listed.kind, &listed.key);
        let lock = self.cache.lock(kind, key)?;
        let here = self.cache.entry_or_quarantine(kind, key)?;
        let mut half = None;
        if here.is_none() {
            let staging = layout::staging(self.cache.root(), kind, key);
            let folder = staging.join(layout::unique(layout::HALF_ENTRY));
            effect::create_folder("cache.import.folder", &folder).io("create", &folder)?;
            let home = layout::object(self.cache.root(), kind, key);
            half = Some(Half { folder, home });
        }
        let mut wrong = None;
        for record in &listed.files {
            let name = member(listed, record);
            let mut found = match members.next() {
                None => return Err(Stop::Stream(format!("it ends before `{name}`"))),
                Some(Err(e)) => return Err(Stop::Stream(plain_reason(&e))),
                Some(Ok(found)) => found,
            };
            let is_it = found.path_bytes().as_ref() == name.as_bytes()
                && found.header().entry_type() == tar::EntryType::Regular
                && found.size() == record.bytes;
            if !is_it {
                let other = String::from_utf8_lossy(&found.path_bytes()).escape_debug().to_string();
                return Err(Stop::Stream(format!("`{other}` stands where `{name}` should")));
            }
            let Some(half) = &half else { continue };
            let digest = copy(&mut found, &half.folder.join(&record.name), record.bytes)?;
            if digest != record.digest {
                wrong.get_or_insert(format!("`{}` is not what was written", record.name));
            }
        }
        match (here, half) {
            (Some(here), _) if here.digest == listed.digest => self.report.kept += 1,
            (Some(here), _) => self.report.differing.push(Unlike {
                kind: kind.clone(),
                key: *key,
                here: here.digest,
                there: listed.digest,
            }),
            (None, Some(half)) => {
                let verified = match wrong {
                    Some(why) => Err(Trouble::Damaged(why)),
                    None => self.verified(listed, &half.folder),
                };
                match verified {
                    Ok(entry) => {
                        let bytes = listed.files.iter().map(|file| file.bytes).sum();
                        self.batch.push((lock, half, entry, bytes));
                    }
                    Err(Trouble::Failed(error)) => return Err(error.into()),
                    Err(Trouble::Absent) => self.unsound(listed, "it is not whole".to_owned()),
                    Err(Trouble::Damaged(why)) => self.unsound(listed, why),
                }
            }
            (None, None) => {}
        }
        if self.batch.len() >= BATCH {
            self.flush()?;
        }
        Ok(())
    }

    fn unsound(&mut self, listed: &Listed, what: String) {
        self.report.damaged.push(Unsound { kind: listed.kind.clone(), key: listed.key, what });
    }

    /// The entry in a folder, if all of it is sound and what the list says.
    fn verified(&self, listed: &Listed, folder: &Path) -> Result<Entry, Trouble> {
        let damaged = |why: &str| Err(Trouble::Damaged(why.to_owned()));
        let entry = entry::load(folder, &listed.kind, &listed.key)?;
        let mut names: Vec<&str> = entry.files.iter().map(|file| file.name.as_str()).collect();
        names.push(ENTRY);
        names.sort_unstable();
        let mut there: Vec<&str> = listed.files.iter().map(|file| file.name.as_str()).collect();
        there.sort_unstable();
        if names != there || entry.digest != listed.digest {
            return damaged("it is not the entry that the list describes");
        }
        let claims = entry.pieces.iter().any(|piece| {
            piece.decoded_bytes() as u64 > piece.bytes.saturating_mul(MOST_RATIO).max(1 << 16)
        });
        if claims {
            return damaged("an array claims to be larger than it can be");
        }
        if let Some(recipes) = &self.recipes
            && recipes.get(&listed.key) != Some(&entry.recipe)
        {
            return damaged("its recipe is not the one that its key stands for");
        }
        check_payload(folder, &entry, true)?;
        Ok(entry)
    }

    /// Gives what was verified its place.
    fn flush(&mut self) -> Result<()> {
        let batch = std::mem::take(&mut self.batch);
        let mut flush = Flush::default();
        for (_, half, ..) in &batch {
            for file in layout::children(&half.folder)? {
                let path = file.path();
                let mut permissions = file.metadata().io("look at", &path)?.permissions();
                permissions.set_readonly(true);
                effect::permit("cache.publish.permit", &path, &permissions).io("protect", &path)?;
                flush.add(path);
            }
            flush.add(&half.folder);
        }
        flush.now(self.cache.root())?;
        let mut homes = Flush::default();
        for (_lock, half, entry, bytes) in batch {
            self.cache.place(&entry.kind, &entry.key, &half)?;
            half.home.ancestors().skip(1).take(4).for_each(|folder| homes.add(folder));
            self.report.imported += 1;
            self.report.bytes += bytes;
            // Fails where parts of a build that was cut off lie in it; `fsck` looks after those.
            let staging = half.folder.parent().expect("it lies in staging");
            let _ = effect::remove_folder("cache.import.remove", staging);
        }
        homes.now(self.cache.root())
    }
}

/// Writes a member to a new file; the digest of what it holds.
fn copy(from: &mut impl Read, to: &Path, bytes: u64) -> Result<Digest, Stop> {
    let how = File::options().write(true).create_new(true).clone();
    let mut file = effect::open_as("cache.import.create", &how, to).io("write", to)?;
    let mut hasher = blake3::Hasher::new();
    let mut rest = bytes;
    let mut buffer = vec![0; STEP.min(usize::try_from(bytes).unwrap_or(STEP)).max(1)];
    loop {
        let count = from.read(&mut buffer).map_err(|e| Stop::Stream(plain_reason(&e)))?;
        if count == 0 {
            break;
        }
        rest = rest.saturating_sub(count as u64);
        hasher.update(&buffer[..count]);
        effect::write_all("cache.import.write", &mut file, &buffer[..count]).io("write", to)?;
    }
    match rest {
        0 => Ok(hasher.finalize().into()),
        _ => Err(Stop::Stream(format!(
            "it ends within `{}`",
            to.file_name().unwrap_or_default().display()
        ))),
    }
}
