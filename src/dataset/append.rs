//! Tables of features into a data set that exists, or into a file of their own.
//!
//! Invariants: the data set is copied, the copy is changed, and takes its place by rename, so that the
//! old file or the new one lies there at every moment, whole. One that this program wrote is
//! verified before anything is done with it, and its digest is that of its content again afterwards.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use hdf5::file::LibraryVersion;
use hdf5::filters::Filter;
use hdf5_metno as hdf5;

use super::digest::{Object, content, objects};
use super::ffi;
use super::file::{Array, Attribute};
use super::hdf::{array, exists, open, read_error};
use super::reader::Reader;
use super::staging::Staged;
use super::tables::{GROUP, Note};
use super::validate::Scan;
use super::writer::{
    DIGEST, Failure, GENERATOR, Writer, create, finish, generator, group, write_attribute,
};
use crate::effect;
use crate::error::{Error, IoContext, Result};
use crate::key::Digest;
use crate::operator::sensitivity;

/// Deflate level of tables in files of other programs, and in files of their own.
const LEVEL: u8 = 4;

/// A data set that is given tables.
pub struct Appending {
    target: PathBuf,
    /// The target as it was copied: length, time of change, inode.
    before: (u64, i64, i64, u64),
    copy: Staged,
    /// What the digest of a data set of ours is taken of, without the tables.
    ours: Option<BTreeMap<String, Object>>,
    compression: Option<u8>,
}

impl Appending {
    /// Copies the data set at `target`. Tables that it has are an error without `overwrite`.
    ///
    /// # Errors
    /// Usage, if it has tables; environment, if there is no such file, or no room for a copy;
    /// integrity, if it is damaged.
    pub fn begin(target: &Path, overwrite: bool) -> Result<Self> {
        refuse_append(target, overwrite)?;
        let shown = target.display();
        let target = target.canonicalize().io("open", target)?;
        let about = fs::metadata(&target).io("open", &target)?;
        let copy = Staged::create(&target)?;
        effect::copy("dataset.file.copy", &target, copy.path()).io("write", copy.path())?;
        let (mut ours, mut compression) = (None, Some(LEVEL));
        if super::is_ours(copy.path()) {
            let reader = Reader::open(copy.path())?;
            let found = verified(&reader, &shown.to_string())?;
            ours = Some(found.into_iter().filter(|(path, _)| !is_replaced(path)).collect());
            compression = level(&reader);
        }
        Ok(Self { before: identity(&about), target, copy, ours, compression })
    }

    /// The copy, to read from.
    pub fn path(&self) -> &Path {
        self.copy.path()
    }

    /// The digest of the content without tables, if this program wrote the data set.
    pub fn digest(&self) -> Option<Digest> {
        self.ours.as_ref().map(content)
    }

    /// Puts tables into the copy, and the copy in the place of the data set. Nobody may have the copy
    /// open. Gives the digest of the content, if it has one, and the size.
    ///
    /// # Errors
    /// Environment, if the disk is full, or the data set was changed meanwhile; then it is as it was.
    pub fn finish(
        self,
        arrays: &[Array],
        attributes: &[Note],
        provenance: &str,
    ) -> Result<(Option<Digest>, u64)> {
        let digest = self.ours.as_ref().map(|kept| {
            let mut all = kept.clone();
            all.extend(objects(arrays, attributes));
            content(&all)
        });
        self.fill(arrays, attributes, provenance, digest).map_err(|e| e.of(&self.target))?;
        let now = fs::metadata(&self.target).io("open", &self.target)?;
        if identity(&now) != self.before {
            let shown = self.target.display();
            return Err(Error::environment(format!("`{shown}` was changed by somebody else"))
                .help("nothing was written; run the same command again"));
        }
        Ok((digest, self.copy.publish()?))
    }

    fn fill(
        &self,
        arrays: &[Array],
        attributes: &[Note],
        provenance: &str,
        digest: Option<Digest>,
    ) -> Result<(), Failure> {
        let hdf = hdf5::File::with_options()
            .with_fapl(|p| {
                p.libver_bounds(LibraryVersion::V110, LibraryVersion::V110).file_locking(false)
            })
            .open_rw(self.copy.path())?;
        clear(&hdf)?;
        let mut groups = BTreeMap::new();
        let mut writer = Writer { progress: &|_| (), written: 0 };
        writer.arrays(&hdf, &mut groups, arrays, self.compression)?;
        about(&hdf, &mut groups, attributes, provenance)?;
        if let Some(digest) = digest {
            for array in arrays {
                let dataset = hdf.dataset(&array.path)?;
                for (axis, scale) in scales(&hdf, array) {
                    ffi::attach_scale(&dataset, axis, &scale)?;
                }
            }
            hdf.delete_attr(DIGEST)?;
            write_attribute(&hdf, DIGEST, &Attribute::Text(digest.to_string()))?;
        }
        drop(groups);
        finish(hdf)
    }
}

/// Writes tables into a file of their own; gives its size. One that is there is replaced with
/// `overwrite`, if it holds nothing but features.
///
/// # Errors
/// Usage, if the file may not be replaced; environment, if the disk is full or refuses.
pub fn write_tables(
    target: &Path,
    arrays: &[Array],
    attributes: &[Note],
    provenance: &str,
) -> Result<u64> {
    let staged = Staged::create(target)?;
    let fill = || -> Result<(), Failure> {
        let hdf = create(staged.path())?;
        let mut groups = BTreeMap::new();
        let mut writer = Writer { progress: &|_| (), written: 0 };
        writer.arrays(&hdf, &mut groups, arrays, Some(LEVEL))?;
        about(&hdf, &mut groups, attributes, provenance)?;
        write_attribute(&hdf, GENERATOR, &generator())?;
        drop(groups);
        finish(hdf)
    };
    fill().map_err(|failure| failure.of(target))?;
    staged.publish()
}

/// Refuses to put tables into the data set at `target` if it may not be written, or has some that
/// `overwrite` does not permit to lose.
///
/// # Errors
/// Usage, in that case; environment and integrity, if it cannot be read.
pub fn refuse_append(target: &Path, overwrite: bool) -> Result<()> {
    let shown = target.display();
    if fs::metadata(target).io("open", target)?.permissions().readonly() {
        return Err(Error::usage(format!("`{shown}` is write-protected"))
            .help("write the features into a file of their own with -o, or allow writing"));
    }
    if has_tables(target)? && !overwrite {
        return Err(Error::usage(format!("`{shown}` has features already, in `{GROUP}`"))
            .help("replace them with --overwrite, or write others to a file with -o"));
    }
    Ok(())
}

/// Refuses to write tables to `target`, a file of their own, if something lies there that `overwrite` does
/// not permit to lose.
///
/// # Errors
/// Usage, in that case.
pub fn refuse_tables(target: &Path, overwrite: bool) -> Result<()> {
    if !target.exists() {
        return Ok(());
    }
    let shown = target.display();
    if !overwrite {
        return Err(Error::usage(format!("`{shown}` exists"))
            .help("replace it with --overwrite, or name another file"));
    }
    let alone = open(target).ok().and_then(|file| file.member_names().ok());
    if alone.is_some_and(|names| names.iter().all(|name| name == "features")) {
        return Ok(());
    }
    Err(Error::usage(format!("`{shown}` holds other things than features, which would be lost"))
        .help("name another file"))
}

/// Attributes of groups, and where the tables come from.
fn about(
    hdf: &hdf5::File,
    groups: &mut BTreeMap<String, hdf5::Group>,
    attributes: &[Note],
    provenance: &str,
) -> Result<(), Failure> {
    for (path, name, value) in attributes {
        write_attribute(group(hdf, groups, path)?, name, value)?;
    }
    let provenance = Attribute::Text(provenance.to_owned());
    write_attribute(group(hdf, groups, GROUP)?, "provenance", &provenance)
}

fn identity(about: &fs::Metadata) -> (u64, i64, i64, u64) {
    (about.len(), about.mtime(), about.mtime_nsec(), about.ino())
}

/// Whether what lies at a path makes way for tables: all below the group but the operator sensitivity, which
/// cannot be computed from states.
fn is_replaced(path: &str) -> bool {
    let Some(rest) = path.strip_prefix(GROUP) else { return false };
    match rest.strip_prefix('/') {
        None => rest.is_empty(),
        Some(rest) => rest.split('/').next() != Some(sensitivity::CATEGORY),
    }
}

/// Whether there is a group for tables. One that is a link may lie in another file, and is not written to.
fn has_group(hdf: &hdf5::File) -> hdf5::Result<bool> {
    for path in ["features", GROUP] {
        if !hdf.link_exists(path) {
            return Ok(false);
        }
        if !exists(hdf, path) {
            return Err(hdf5::Error::Internal(format!("`{path}` is a link to somewhere else")));
        }
    }
    Ok(true)
}

/// The members of the group that make way for tables.
fn replaced(hdf: &hdf5::File) -> hdf5::Result<Vec<String>> {
    if !has_group(hdf)? {
        return Ok(Vec::new());
    }
    let mut names = hdf.group(GROUP)?.member_names()?;
    names.retain(|name| name != sensitivity::CATEGORY);
    Ok(names)
}

fn has_tables(path: &Path) -> Result<bool> {
    let found =
        replaced(&open(path)?).map_err(|e| read_error(&format!("`{}`", path.display()), &e))?;
    Ok(!found.is_empty())
}

/// What the digest is taken of, if it is the one that the data set says it has.
fn verified(reader: &Reader, shown: &str) -> Result<BTreeMap<String, Object>> {
    let scan = Scan::of(reader, &|_| ());
    let said = reader.text("/", DIGEST).unwrap_or_default();
    let damage = scan.damage.first().map(|error| error.message.clone()).or_else(|| {
        let found = scan.digest.to_string();
        (found != said).then(|| format!("its content has the digest {found}, it says {said}"))
    });
    match damage {
        None => Ok(scan.objects),
        Some(why) => Err(Error::integrity(format!("`{shown}` is damaged: {why}")).help(
            "`spinlock validate` says what is wrong; `spinlock build` makes it again from the cache",
        )),
    }
}

/// The deflate level of a data set of ours.
fn level(reader: &Reader) -> Option<u8> {
    let arrays = reader.objects.values().filter_map(|entry| entry.array.as_ref());
    arrays.filter(|array| array.filtered).find_map(|array| {
        array.handle.dcpl().ok()?.filters().into_iter().find_map(|filter| match filter {
            Filter::Deflate(level) => Some(level),
            _ => None,
        })
    })
}

/// Takes the tables out of a file, and what the group says of them.
fn clear(hdf: &hdf5::File) -> Result<(), Failure> {
    let names = replaced(hdf)?;
    if !has_group(hdf)? {
        return Ok(());
    }
    let parent = hdf.group(GROUP)?;
    for name in names {
        // Scales remember who uses them.
        let tables = parent.group(&name).and_then(|folder| folder.datasets()).unwrap_or_default();
        for table in tables {
            for scale in known_scales(hdf) {
                for axis in 0..table.ndim() {
                    ffi::detach_scale(&table, axis, &scale)?;
                }
            }
        }
        parent.unlink(&name)?;
    }
    for name in parent.attr_names()? {
        parent.delete_attr(&name)?;
    }
    Ok(())
}

const SCALES: [(&str, &str); 3] = [
    ("operator", "/metadata/operator"),
    ("realization", "/metadata/axes/realization"),
    ("time", "/metadata/axes/time"),
];

fn known_scales(hdf: &hdf5::File) -> Vec<hdf5::Dataset> {
    SCALES.iter().filter_map(|(_, path)| array(hdf, path).ok()).collect()
}

/// The scales of the axes of a table, in a data set of ours.
fn scales(hdf: &hdf5::File, table: &Array) -> Vec<(usize, hdf5::Dataset)> {
    let of = |(axis, label): (usize, &&str)| {
        let (_, path) = SCALES.iter().find(|(known, _)| known == label)?;
        let scale = array(hdf, path).ok()?;
        (scale.shape() == [table.shape[axis]]).then_some((axis, scale))
    };
    table.labels.iter().enumerate().filter_map(of).collect()
}
