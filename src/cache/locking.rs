//! Whether locks can be relied on where a cache lies: asked of the kernel once, before the first key is
//! locked.
//!
//! Two things are needed. A second open file must be refused a lock that a first one holds; this is tried. And
//! locks must hold between all hosts that share the cache; this cannot be tried from one of them, so the mount
//! options are read. Invariant: where either is known to be missing, nothing is locked and nothing is written.

use std::fs::{OpenOptions, TryLockError};
use std::path::Path;

use super::layout::TempFile;
use super::{Cache, mount};
use crate::effect;
use crate::error::{Error, IoContext, Result};

/// Set to 1 by somebody who knows that only this host uses the cache.
const ONE_HOST: &str = "SPINLOCK_ONE_HOST";

/// Numbers by which the kernel knows file systems that several hosts may share, or that a process serves.
const SHARED: [u32; 15] = [
    0x6969,      // NFS
    0xff53_4d42, // CIFS
    0xfe53_4d42, // SMB 2 and 3
    0x517b,      // the old SMB
    0x0102_1997, // 9P
    0x6573_5546, // FUSE
    0x0bd0_0bd0, // Lustre
    0x00c3_6400, // CephFS
    0x4750_4653, // GPFS
    0x5346_414f, // OpenAFS
    0x6b41_4653, // the kernel's AFS
    0x7375_7245, // Coda
    0x0116_1970, // GFS2
    0x7461_636f, // OCFS2
    0x1983_0326, // BeeGFS
];

impl Cache {
    /// Finds out whether locks can be relied on here; asked once for each cache of a process.
    ///
    /// # Errors
    /// [`crate::error::ErrorKind::Environment`] if they cannot.
    pub fn require_locks(&self) -> Result<()> {
        if self.locks.get().is_some() {
            return Ok(());
        }
        let folder = self.root().join("locks");
        effect::create_folder("cache.lock.folder", &folder).io("create", &folder)?;
        if std::env::var_os(ONE_HOST).is_none_or(|value| value != "1") {
            between_hosts(self.root())?;
        }
        try_out(&folder)?;
        let _ = self.locks.set(());
        Ok(())
    }
}

/// Refuses mounts that are known to keep locks to one host.
fn between_hosts(root: &Path) -> Result<()> {
    let about = rustix::fs::statfs(root).map_err(Into::into).io("look at", root)?;
    // Some of these numbers are negative where the field has a sign.
    if !SHARED.contains(&(about.f_type as u32)) {
        return Ok(());
    }
    // Without a list of mounts nothing is known, and nothing is refused.
    let mounts = effect::read_text("cache.mounts.read", Path::new("/proc/self/mountinfo"))
        .unwrap_or_default();
    let path = root.canonicalize().io("find", root)?;
    refuse(root, &mounts, &path)
}

fn refuse(root: &Path, mounts: &str, path: &Path) -> Result<()> {
    let Some(mount) = mount::mount_of(mounts, path) else { return Ok(()) };
    let Some((why, help)) = mount::fault(&mount) else { return Ok(()) };
    Err(Error::environment(format!(
        "locks of the cache `{}` would not hold on other hosts: `{}` is a mount of type {}, and {why}",
        root.display(),
        mount.point.display(),
        mount.kind
    ))
    .help(format!(
        "{help}; or name a cache on a local disk with --cache DIR; or, if no other host uses this \
         cache while a build runs, set {ONE_HOST}=1"
    )))
}

/// Whether a second open file is refused a lock that a first one holds.
fn try_out(folder: &Path) -> Result<()> {
    let useless = |why: &str| {
        Error::environment(format!("locks do not work under `{}`: {why}", folder.display())).help(
            "builds at the same time would damage each other's work; name a cache on another disk \
             with --cache DIR, or mount this one with locks",
        )
    };
    // It is locked from its beginning.
    let first = TempFile::create_in(folder).map_err(|error| match error.source.as_ref() {
        Some(source) if is_no_lock(source.as_ref()) => useless(&source.to_string()),
        _ => error,
    })?;
    let how = OpenOptions::new().read(true).write(true).clone();
    let second = effect::open_as("cache.lock.open", &how, &first.path).io("open", &first.path)?;
    match effect::try_lock("cache.locking.lock", &second) {
        Err(TryLockError::WouldBlock) => Ok(()),
        Ok(()) => Err(useless("a file could be locked twice")),
        Err(TryLockError::Error(e)) => Err(useless(&e.to_string())),
    }
}

/// Whether an error says that there are no locks here.
fn is_no_lock(error: &(dyn std::error::Error + 'static)) -> bool {
    let code = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::raw_os_error);
    let known = [libc::ENOLCK, libc::ENOSYS, libc::EOPNOTSUPP];
    code.is_some_and(|code| known.contains(&code))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn on_a_disk_with_locks_nothing_is_said_and_nothing_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path()).unwrap();
        cache.require_locks().unwrap();
        cache.require_locks().unwrap();
        assert_eq!(fs::read_dir(folder.path().join("locks")).unwrap().count(), 0);
    }

    #[test]
    fn a_mount_whose_locks_stay_on_one_host_is_refused_with_what_to_do() {
        let mounts = "90 28 0:45 / /data rw - nfs store:/data rw,vers=3,nolock";
        let error = refuse(Path::new("/data/c"), mounts, Path::new("/data/c")).unwrap_err();
        assert_eq!(error.kind.exit_code(), 3);
        assert_eq!(
            error.message,
            "locks of the cache `/data/c` would not hold on other hosts: `/data` is a mount of type \
             nfs, and it is mounted with `nolock`, which keeps locks to one host"
        );
        let help = error.help.unwrap();
        for what in ["without `nolock`", "--cache DIR", "SPINLOCK_ONE_HOST=1"] {
            assert!(help.contains(what), "{help}");
        }
        assert!(refuse(Path::new("/c"), mounts, Path::new("/c")).is_ok());
    }

    #[test]
    fn what_the_kernel_says_where_there_are_no_locks_is_known() {
        let error = |code| std::io::Error::from_raw_os_error(code);
        assert!(is_no_lock(&error(libc::ENOLCK)) && is_no_lock(&error(libc::EOPNOTSUPP)));
        assert!(!is_no_lock(&error(libc::ENOSPC)));
    }
}
