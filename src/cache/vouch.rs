//! Whether parts hold what their sidecars say, before they become an entry.
//!
//! A part is somebody's word: a worker with broken memory, a full disk or a fault of its own may vouch for
//! bytes that are not there. Invariant: parts that pass are consistent in themselves and with each other, every
//! stored byte is what its digests say, and so is every leaf of arrays that are stored as they are. Of encoded
//! arrays a share is decoded, chosen by key and name. Knows nothing of what the arrays mean.

use std::collections::BTreeMap;
use std::path::Path;

use super::encoding::{Dtype, Encoding};
use super::piece::Piece;
use super::read::{decoded, read_at};
use super::sealed::Trouble;
use super::staging::Part;
use super::{Cache, layout, plain};
use crate::error::{ErrorKind, Result};
use crate::key::{Digest, Key};

/// One in so many encoded arrays is decoded.
const SAMPLE: u8 = 8;
/// How many times longer than its stream a decoded array can be, with some bytes to spare: no stream of
/// deflate says more, so a larger claim needs no memory to be refused.
const MOST: usize = 1040;

/// A part that is not what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Its name.
    pub part: String,
    /// What is wrong.
    pub why: String,
}

/// A part that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its name.
    pub name: String,
    /// Numbers that the name of some array must have in it each: `fields/12` has 12.
    pub numbers: Vec<u64>,
}

impl Cache {
    /// The parts of these names, if all of them hold what they say; else what is wrong, and those parts are
    /// gone. Hold the lock of the key.
    ///
    /// # Errors
    /// If the machine cannot read them.
    pub fn vouched_parts(
        &self,
        kind: &str,
        key: &Key,
        wanted: &[Wanted],
    ) -> Result<Result<Vec<Part>, Vec<Fault>>> {
        let (mut parts, mut faults) = (Vec::with_capacity(wanted.len()), Vec::new());
        for Wanted { name, numbers } in wanted {
            let mut refuse = |why: String| faults.push(Fault { part: name.clone(), why });
            match self.finished_part(kind, key, name) {
                Err(error) if error.kind == ErrorKind::Integrity => refuse(error.message),
                Err(error) => return Err(error),
                Ok(part) if part.name != *name => refuse(format!("it is the part `{}`", part.name)),
                Ok(part) => match check(&part, key).and_then(|()| complete(&part, numbers)) {
                    Ok(()) => parts.push(part),
                    Err(Trouble::Failed(error)) => return Err(error),
                    Err(Trouble::Damaged(why)) => refuse(why),
                    Err(Trouble::Absent) => refuse("its data are missing".to_owned()),
                },
            }
        }
        contradictions(&parts, &mut faults);
        if faults.is_empty() {
            return Ok(Ok(parts));
        }
        let folder = layout::staging(self.root(), kind, key);
        for fault in &faults {
            // First what vouches for the data.
            for extension in ["json", "part"] {
                let name = format!("{}.{extension}", layout::file_name(&fault.part));
                layout::remove(&folder.join(name))?;
            }
        }
        Ok(Err(faults))
    }
}

/// Whether a part holds what its sidecar says.
fn check(part: &Part, key: &Key) -> Result<(), Trouble> {
    let wrong = |name: &str, why: &str| Trouble::Damaged(format!("`{name}`: {why}"));
    let mut end = 0_u64;
    let mut stems: BTreeMap<&str, (Dtype, usize)> = BTreeMap::new();
    for piece in &part.pieces {
        piece.check().map_err(|why| wrong(&piece.name, &why))?;
        if piece.offset != end {
            return Err(wrong(&piece.name, "it does not lie behind the array before it"));
        }
        end = end
            .checked_add(piece.bytes)
            .filter(|end| *end <= part.bytes)
            .ok_or_else(|| wrong(&piece.name, "it does not lie within the data"))?;
        let bytes = usize::try_from(piece.bytes).unwrap_or(usize::MAX);
        let fits = match piece.encoding {
            Encoding::Raw => piece.decoded_bytes() == bytes,
            Encoding::ShuffleDeflate { .. } => piece.decoded_bytes() <= bytes.saturating_mul(MOST),
        };
        if !fits {
            let why = format!("{bytes} bytes do not hold the shape {:?}", piece.shape);
            return Err(wrong(&piece.name, &why));
        }
        // Arrays of one sort, one for each operator or frame, are alike.
        let form = (piece.dtype, piece.shape.len());
        if let Some(stem) = stem(&piece.name)
            && *stems.entry(stem).or_insert(form) != form
        {
            return Err(wrong(&piece.name, "it has another type or rank than those beside it"));
        }
    }
    if end != part.bytes {
        return Err(Trouble::Damaged("its data hold more than its arrays".to_owned()));
    }
    let data =
        plain::open("cache.part.open", &part.path).map_err(|e| Trouble::reading(&part.path, e))?;
    let mut whole = blake3::Hasher::new();
    for piece in &part.pieces {
        let stored = read_at(&data, &part.path, piece)?;
        // One array is the whole file: its digest was compared already.
        if part.pieces.len() > 1 {
            whole.update(&stored);
        }
        check_bytes(piece, stored, key).map_err(Trouble::Damaged)?;
    }
    let digest = match part.pieces.as_slice() {
        [only] => only.stored,
        _ => whole.finalize().into(),
    };
    if digest == part.digest {
        Ok(())
    } else {
        Err(Trouble::Damaged("its data have another digest".to_owned()))
    }
}

fn check_bytes(piece: &Piece, stored: Vec<u8>, key: &Key) -> Result<(), String> {
    if Digest::of(&stored) != piece.stored {
        return Err(format!("`{}` is not what was written", piece.name));
    }
    match piece.encoding {
        // One leaf of all the bytes: they were just hashed.
        Encoding::Raw if piece.is_full() && piece.leaves.len() == 1 => {
            if piece.leaves[0] == piece.stored {
                Ok(())
            } else {
                Err(format!("leaf 0 of `{}` is not what was written", piece.name))
            }
        }
        Encoding::Raw => piece.verify(&stored),
        Encoding::ShuffleDeflate { .. } if is_sampled(key, &piece.name) => {
            decoded(piece, stored).map(drop)
        }
        Encoding::ShuffleDeflate { .. } => Ok(()),
    }
}

fn is_sampled(key: &Key, name: &str) -> bool {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&key.0).update(name.as_bytes());
    hasher.finalize().as_bytes()[0].is_multiple_of(SAMPLE)
}

/// `fields` of `fields/12`.
fn stem(name: &str) -> Option<&str> {
    let (stem, number) = name.split_once('/')?;
    number.bytes().all(|byte| byte.is_ascii_digit()).then_some(stem)
}

/// Whether some array is there for each number.
fn complete(part: &Part, numbers: &[u64]) -> Result<(), Trouble> {
    let mut found: Vec<u64> =
        part.pieces.iter().flat_map(|p| p.name.split('/')).filter_map(|n| n.parse().ok()).collect();
    found.sort_unstable();
    match numbers.iter().find(|number| found.binary_search(number).is_err()) {
        None => Ok(()),
        Some(number) => Err(Trouble::Damaged(format!("it has no array of operator {number}"))),
    }
}

/// Finds parts that say something else than one before them.
fn contradictions(parts: &[Part], faults: &mut Vec<Fault>) {
    let mut arrays: BTreeMap<&str, &Piece> = BTreeMap::new();
    let mut documents = BTreeMap::new();
    for part in parts {
        let mut differs = |what: &str, name: &str| {
            let why = format!("the {what} `{name}` differs from that of another part");
            faults.push(Fault { part: part.name.clone(), why });
        };
        let array = part.pieces.iter().find(|piece| {
            let first = arrays.entry(&piece.name).or_insert(piece);
            (first.dtype, &first.shape, &first.leaves) != (piece.dtype, &piece.shape, &piece.leaves)
        });
        let document = part
            .documents
            .iter()
            .find(|(name, value)| *documents.entry(*name).or_insert(*value) != *value);
        match (array, document) {
            (Some(piece), _) => differs("array", &piece.name),
            (_, Some((name, _))) => differs("document", name),
            _ => {}
        }
        if let Some(file) = &part.file
            && Path::new(file).file_name().is_none_or(|name| name != file.as_str())
        {
            let why = format!("`{file}` is no name of a file");
            faults.push(Fault { part: part.name.clone(), why });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::sealed;
    use super::super::{Documents, PartWriter};
    use super::*;

    const KEY: Key = Key([7; 32]);

    struct Space {
        folder: tempfile::TempDir,
        cache: Cache,
    }

    impl Space {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let cache = Cache::open(folder.path()).unwrap();
            Self { folder, cache }
        }

        /// A part with an array stored as it is, and one that is encoded, for each number.
        fn write(&self, name: &str, numbers: &[u64]) {
            let mut part = PartWriter::create(&self.cache, "test", &KEY, name).unwrap();
            for number in numbers {
                let bytes: Vec<u8> = (0..96).map(|i| (i + number) as u8).collect();
                let name = format!("fields/{number}");
                part.push(&name, Dtype::F32, &[4, 6], 6, 3, &bytes, None).unwrap();
                let zeros = vec![0; 8000];
                let name = format!("codes/{number}");
                part.push(&name, Dtype::U8, &[8000], 8000, 1, &zeros, Some(4)).unwrap();
            }
            part.finish(Documents::new()).unwrap();
        }

        fn part(&self) -> Part {
            self.cache.finished_part("test", &KEY, "u0-2").unwrap()
        }

        fn vouched(&self) -> Result<Vec<Part>, Vec<Fault>> {
            let wanted = Wanted { name: "u0-2".to_owned(), numbers: vec![0, 1] };
            self.cache.vouched_parts("test", &KEY, &[wanted]).unwrap()
        }

        /// What is said of a part whose sidecar was changed by somebody who seals it again.
        fn lie(&self, change: impl FnOnce(&mut Part)) -> String {
            self.write("u0-2", &[0, 1]);
            let mut part = self.part();
            let path = part.path.with_extension("json");
            change(&mut part);
            fs::write(&path, sealed::seal("part", &part).unwrap()).unwrap();
            let mut faults = self.vouched().unwrap_err();
            assert_eq!((faults.len(), faults[0].part.as_str()), (1, "u0-2"));
            assert!(!path.exists() && !path.with_extension("part").exists(), "it is gone");
            faults.remove(0).why
        }
    }

    #[test]
    fn parts_that_hold_what_they_say_pass() {
        let space = Space::new();
        space.write("u0-2", &[0, 1]);
        assert_eq!(space.vouched().unwrap(), [space.part()]);
    }

    #[test]
    fn every_lie_about_a_part_is_found() {
        let space = Space::new();
        let other = Digest([1; 32]);
        let found = [
            space.lie(|part| part.digest = other),
            space.lie(|part| part.pieces[0].stored = other),
            space.lie(|part| part.pieces[2].leaves[1] = other),
            space.lie(|part| part.pieces[2].shape = vec![6, 6]),
            space.lie(|part| part.pieces[1].shape = vec![8000, 1 << 30]),
            space.lie(|part| part.pieces[2].dtype = Dtype::F64),
            space.lie(|part| part.pieces[2].leaf = 5),
            space.lie(|part| part.pieces[1].offset = 0),
            space.lie(|part| part.pieces[3].bytes += 1),
            space.lie(|part| part.pieces[3].bytes -= 1),
            space.lie(|part| part.pieces[2].shape = vec![24]),
            space.lie(|part| {
                for piece in &mut part.pieces {
                    piece.name = piece.name.replace("/1", "/7");
                }
            }),
            space.lie(|part| part.file = Some("../x".to_owned())),
            space.lie(|part| part.name = "u0-1".to_owned()),
            space.lie(|part| part.bytes -= 1),
        ];
        let words = [
            "another digest",
            "`fields/0` is not what was written",
            "leaf 1 of `fields/1`",
            "96 bytes do not hold the shape [6, 6]",
            "do not hold the shape",
            "do not hold the shape",
            "do not divide the shape",
            "does not lie behind",
            "does not lie within",
            "more than its arrays",
            "another type or rank",
            "no array of operator 1",
            "its data are no file",
            "it is the part `u0-1`",
            "have not their length",
        ];
        for (why, words) in found.iter().zip(words) {
            // What the sidecar alone gives away is found before its data are looked at.
            let at_once = why.contains("its arrays are not in its data");
            assert!(at_once || why.to_lowercase().contains(words), "`{words}` in `{why}`");
        }
        assert!(found.iter().filter(|why| why.contains("its arrays are not in")).count() < 8);
    }

    #[test]
    fn what_is_missing_or_damaged_is_found_and_a_share_of_encoded_arrays_is_decoded() {
        let space = Space::new();
        assert!(space.vouched().unwrap_err()[0].why.contains("is missing"));
        space.write("u0-2", &[0]);
        assert_eq!(space.vouched().unwrap_err()[0].why, "it has no array of operator 1");
        space.write("u0-2", &[0, 1]);
        let path = space.part().path;
        let mut bytes = fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&path, bytes).unwrap();
        assert_eq!(space.vouched().unwrap_err()[0].why, "`codes/1` is not what was written");
        let wanted: Vec<u64> = (0..64).collect();
        space.write("u0-64", &wanted);
        let mut part = space.cache.finished_part("test", &KEY, "u0-64").unwrap();
        for piece in part.pieces.iter_mut().filter(|piece| piece.encoding != Encoding::Raw) {
            piece.leaves[0] = Digest([1; 32]);
        }
        let path = part.path.with_extension("json");
        fs::write(path, sealed::seal("part", &part).unwrap()).unwrap();
        let wanted = Wanted { name: "u0-64".to_owned(), numbers: wanted };
        let faults = space.cache.vouched_parts("test", &KEY, &[wanted]).unwrap().unwrap_err();
        assert!(faults[0].why.contains("leaf 0 of `codes/"), "{}", faults[0].why);
    }

    #[test]
    fn parts_that_contradict_each_other_are_found() {
        let space = Space::new();
        space.write("u0-1", &[0]);
        let mut part = PartWriter::create(&space.cache, "test", &KEY, "u1-2").unwrap();
        part.push("fields/0", Dtype::F32, &[4, 6], 6, 3, &[0; 96], None).unwrap();
        part.finish(Documents::new()).unwrap();
        let wanted = ["u0-1", "u1-2"].map(|name| Wanted { name: name.into(), numbers: vec![0] });
        let faults = space.cache.vouched_parts("test", &KEY, &wanted).unwrap().unwrap_err();
        let why = "the array `fields/0` differs from that of another part".to_owned();
        assert_eq!(faults, [Fault { part: "u1-2".to_owned(), why }]);
        assert!(space.folder.path().join("staging").exists());
    }
}
