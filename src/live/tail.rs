//! The lines of a file that grows.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::error::{IoContext, Result};

/// Longest line that is handed out; a longer one is no event of ours and is passed over.
const LONGEST: usize = 1 << 20;

/// Reads a file from where it stopped the last time. Only whole lines are handed out: the rest of a
/// half-written one comes with a later read.
#[derive(Debug)]
pub struct Tail {
    path: PathBuf,
    offset: u64,
    /// The beginning of a line that has no end yet.
    partial: Vec<u8>,
    /// Within a line that is too long.
    passing: bool,
}

impl Tail {
    /// From byte `offset` on, which is the beginning of a line or lies within one that is to be passed
    /// over.
    pub fn new(path: &Path, offset: u64) -> Self {
        Self { path: path.to_owned(), offset, partial: Vec::new(), passing: offset > 0 }
    }

    /// Hands out the lines that were added since the last time, at most to byte `end`.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn read_to(&mut self, end: u64, each: &mut dyn FnMut(&[u8])) -> Result<()> {
        let mut file = File::open(&self.path).io("read", &self.path)?;
        file.seek(SeekFrom::Start(self.offset)).io("read", &self.path)?;
        let mut block = vec![0; 64 << 10];
        while self.offset < end {
            let room = block.len().min(usize::try_from(end - self.offset).unwrap_or(block.len()));
            let count = file.read(&mut block[..room]).io("read", &self.path)?;
            if count == 0 {
                break;
            }
            self.offset += count as u64;
            self.take(&block[..count], each);
        }
        Ok(())
    }

    /// Hands out all lines that were added since the last time.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn read(&mut self, each: &mut dyn FnMut(&[u8])) -> Result<()> {
        self.read_to(u64::MAX, each)
    }

    fn take(&mut self, mut bytes: &[u8], each: &mut dyn FnMut(&[u8])) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            let (line, rest) = (&bytes[..end], &bytes[end + 1..]);
            if !self.passing {
                if self.partial.is_empty() {
                    each(line);
                } else {
                    self.partial.extend_from_slice(line);
                    each(&self.partial);
                }
            }
            self.partial.clear();
            self.passing = false;
            bytes = rest;
        }
        if !self.passing {
            self.partial.extend_from_slice(bytes);
        }
        if self.partial.len() > LONGEST {
            self.partial = Vec::new();
            self.passing = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn lines(tail: &mut Tail) -> Vec<String> {
        let mut out = Vec::new();
        tail.read(&mut |line| out.push(String::from_utf8(line.to_vec()).unwrap())).unwrap();
        out
    }

    #[test]
    fn lines_come_once_and_only_whole() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let mut tail = Tail::new(file.path(), 0);
        assert!(lines(&mut tail).is_empty());
        file.write_all(b"one\ntwo\nthr").unwrap();
        assert_eq!(lines(&mut tail), ["one", "two"]);
        assert!(lines(&mut tail).is_empty());
        file.write_all(b"ee\nfour\n").unwrap();
        assert_eq!(lines(&mut tail), ["three", "four"]);
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over_and_not_kept() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let mut tail = Tail::new(file.path(), 0);
        file.write_all(&vec![b'x'; 3 * LONGEST]).unwrap();
        assert!(lines(&mut tail).is_empty());
        assert!(tail.partial.is_empty() && tail.partial.capacity() == 0);
        file.write_all(b"xx\nnext\n").unwrap();
        assert_eq!(lines(&mut tail), ["next"]);
    }

    #[test]
    fn reading_may_start_in_the_middle_and_stop_before_the_end() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"one\ntwo\nthree\n").unwrap();
        assert_eq!(lines(&mut Tail::new(file.path(), 5)), ["three"]);
        let mut out = 0;
        Tail::new(file.path(), 0).read_to(9, &mut |_| out += 1).unwrap();
        assert_eq!(out, 2);
    }
}
