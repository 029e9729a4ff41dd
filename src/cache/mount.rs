//! What is known of the file system a cache lies on, from the list of mounts: whether its locks hold between
//! the hosts that share it.
//!
//! Invariant: what is said follows from texts alone, and a file system that is not known is taken for one of
//! this host. Knows nothing of caches.

use std::path::{Path, PathBuf};

/// A line of `/proc/self/mountinfo`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mount {
    /// Where it is mounted.
    pub(super) point: PathBuf,
    /// The name of the file system, such as `nfs4`.
    pub(super) kind: String,
    /// All options, of the mount and of the file system.
    pub(super) options: Vec<String>,
}

/// The mount that a path lies on; `path` is absolute and without links.
pub(super) fn mount_of(mounts: &str, path: &Path) -> Option<Mount> {
    // Of mounts at one point the last one covers those before.
    mounts
        .lines()
        .filter_map(parse)
        .filter(|mount| path.starts_with(&mount.point))
        .max_by_key(|mount| mount.point.components().count())
}

/// `36 35 98:0 /root /point rw,noatime master:1 - ext3 /dev/root rw,errors=continue`; the fields before the
/// dash may be more or fewer.
fn parse(line: &str) -> Option<Mount> {
    let (about, of_system) = line.split_once(" - ")?;
    let mut about = about.split(' ');
    let point = plain(about.nth(4)?);
    let own = about.next()?;
    let mut of_system = of_system.split(' ');
    let kind = of_system.next()?.to_owned();
    let all = of_system.nth(1).unwrap_or_default();
    let options = own.split(',').chain(all.split(',')).map(str::to_owned).collect();
    Some(Mount { point: PathBuf::from(point), kind, options })
}

/// A path as the kernel writes it: `\040` for a space, and three more like it.
fn plain(text: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(text.to_owned(), |text, (code, plain)| text.replace(code, plain))
}

/// File systems that other hosts may see too, and that keep locks to this host, whatever the options: by the
/// beginning of the name that follows `fuse.`.
const LOCAL_LOCKS: [&str; 11] = [
    "sshfs",
    "s3fs",
    "rclone",
    "gcsfuse",
    "goofys",
    "curlftpfs",
    "davfs",
    "mount-s3",
    "blobfuse",
    "afuse",
    "hdfs",
];

/// Why locks on this mount do not hold between hosts, and what to do; nothing if they do, or if only this
/// host can see it.
pub(super) fn fault(mount: &Mount) -> Option<(String, &'static str)> {
    let has = |name: &str| mount.options.iter().any(|option| option == name);
    let found =
        |name: &str| Some(format!("it is mounted with `{name}`, which keeps locks to one host"));
    let first = |names: &[&str]| names.iter().find(|name| has(name)).and_then(|name| found(name));
    let kind = mount.kind.as_str();
    let (why, help) = match kind {
        "nfs" | "nfs4" => (
            first(&["nolock", "local_lock=all", "local_lock=flock"])?,
            "mount it without `nolock` and `local_lock` (NFS 4, or NFS 3 with a lock manager)",
        ),
        "cifs" | "smb3" | "smbfs" => {
            (first(&["nobrl"])?, "mount it without `nobrl`, so that locks reach the server")
        }
        "lustre" => {
            let why = if has("flock") { None } else { first(&["localflock", "noflock"]) };
            (why?, "mount it with `flock`")
        }
        "ocfs2" | "gfs2" => (first(&["localflocks"])?, "mount it without `localflocks`"),
        _ => {
            let name = kind.strip_prefix("fuse.")?;
            LOCAL_LOCKS.iter().find(|known| name.starts_with(**known))?;
            (
                format!("`{kind}` keeps locks to one host"),
                "use a file system whose locks reach the server, such as NFS 4",
            )
        }
    };
    Some((why, help))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
22 28 0:21 / /proc rw,nosuid,nodev,noexec,relatime shared:5 - proc proc rw
28 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro
90 28 0:45 / /data rw,relatime shared:50 - nfs4 store:/data rw,vers=4.2,rsize=1048576,local_lock=none
91 28 0:46 / /data/old\\040things rw,relatime - nfs store:/old rw,vers=3,nolock,proto=tcp,local_lock=all
92 28 0:47 / /smb rw,relatime master:1 - cifs //store/x rw,vers=3.1.1,nobrl,uid=0
93 28 0:48 / /home/ada/far rw,nosuid - fuse.sshfs ada@far: rw,user_id=1000
94 28 0:49 / /scratch rw,relatime - lustre 10.0.0.1@tcp:/scratch rw,flock,lazystatfs
95 28 0:50 / /work rw,relatime - lustre 10.0.0.1@tcp:/work rw,localflock
96 28 0:51 / /gluster rw,relatime - fuse.glusterfs store:/g rw,user_id=0
97 90 8:2 / /data/new rw - xfs /dev/sdb1 rw
98 90 0:52 / /data/new rw - nfs store:/new rw,vers=3,local_lock=flock
99 28 0:53 / /posix rw - nfs store:/new rw,vers=3,local_lock=posix
a line that is none";

    fn said(path: &str) -> Option<String> {
        fault(&mount_of(MOUNTS, Path::new(path)).unwrap()).map(|(why, _)| why)
    }

    #[test]
    fn a_path_lies_on_the_nearest_mount_and_the_last_of_several() {
        let kind = |path| mount_of(MOUNTS, Path::new(path)).unwrap().kind;
        assert_eq!(kind("/home/ada/cache"), "ext4");
        assert_eq!(kind("/data/x/cache"), "nfs4");
        assert_eq!(kind("/database"), "ext4");
        assert_eq!(kind("/data/new/cache"), "nfs");
        let old = mount_of(MOUNTS, Path::new("/data/old things/cache")).unwrap();
        assert_eq!(old.point, Path::new("/data/old things"));
        assert!(old.options.contains(&"nolock".to_owned()) && old.options[0] == "rw");
        assert_eq!(mount_of("", Path::new("/x")), None);
    }

    #[test]
    fn options_that_keep_locks_to_one_host_are_found_and_no_others() {
        for path in ["/x", "/data/x", "/scratch/x", "/gluster/x", "/posix/x", "/proc/x"] {
            assert_eq!(said(path), None, "{path}");
        }
        for (path, word) in [
            ("/data/old things/x", "`nolock`"),
            ("/data/new", "`local_lock=flock`"),
            ("/smb/x", "`nobrl`"),
            ("/work/x", "`localflock`"),
            ("/home/ada/far/cache", "`fuse.sshfs`"),
        ] {
            assert!(said(path).is_some_and(|why| why.contains(word)), "{path}: {:?}", said(path));
        }
    }
}
