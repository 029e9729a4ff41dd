//! Faults on demand: which site fails, when, and how, as `SPINLOCK_FAILPOINTS` says.
//!
//! ```text
//! cache.publish.rename=kill@3          the third time
//! *.write=error:ENOSPC@17+             from the seventeenth time on, any site that ends so
//! exec.worker.spawn=delay:200%0.5:7    every other time, drawn with the seed 7
//! *.clock=skew:-86400                  always
//! list:/tmp/hits                       write down every hit
//! ```
//!
//! Several stand with commas between them. Hits are counted for each rule in each process. Invariant: with
//! the same rules and the same order of hits, the same happens. Knows nothing of what the sites do.

use std::fs::File;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_current_process_group, kill_process};

use super::SITES;
use crate::error::{Error, IoContext, Result};

/// The variable of the environment; workers inherit it.
pub const VARIABLE: &str = "SPINLOCK_FAILPOINTS";

/// What a site is told to do instead of its effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// To fail with this number of the system.
    Error(i32),
    /// To write half and fail for want of room.
    Short,
}

impl Fault {
    pub(super) fn error(self) -> io::Error {
        match self {
            Fault::Error(code) => io::Error::from_raw_os_error(code),
            Fault::Short => io::Error::from_raw_os_error(libc::ENOSPC),
        }
    }
}

/// What happens at a hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    /// This process dies, as by `kill -9`.
    Kill,
    /// Its whole process group dies.
    KillGroup,
    Fault(Fault),
    Delay(Duration),
    /// Seconds that the clock is off.
    Skew(i64),
}

/// At which hits.
#[derive(Debug, Clone, Copy, PartialEq)]
enum When {
    Always,
    At(u64),
    From(u64),
    /// With this probability, by this seed.
    Drawn(f64, u64),
}

#[derive(Debug)]
struct Rule {
    /// A site, or several: `*` is any text.
    pattern: String,
    action: Action,
    when: When,
    hits: AtomicU64,
}

/// Faults that can be asked for by name.
const ERRORS: [(&str, i32); 12] = [
    ("EACCES", libc::EACCES),
    ("EDQUOT", libc::EDQUOT),
    ("EINTR", libc::EINTR),
    ("EIO", libc::EIO),
    ("EMFILE", libc::EMFILE),
    ("ENOENT", libc::ENOENT),
    ("ENOLCK", libc::ENOLCK),
    ("ENOMEM", libc::ENOMEM),
    ("ENOSPC", libc::ENOSPC),
    ("EPERM", libc::EPERM),
    ("EROFS", libc::EROFS),
    ("ESTALE", libc::ESTALE),
];

const ACTIONS: &str = "kill, kill-group, error:NAME, short, delay:MILLISECONDS, skew:SECONDS";

/// Everything that was asked for.
#[derive(Debug)]
struct Points {
    rules: Vec<Rule>,
    list: Option<Mutex<File>>,
}

static ARMED: AtomicBool = AtomicBool::new(false);
static POINTS: OnceLock<Points> = OnceLock::new();

/// Reads the variable; to be called once when a program begins.
///
/// # Errors
/// [`crate::error::ErrorKind::Usage`] if it cannot be understood.
pub fn arm() -> Result<()> {
    let Some(text) = std::env::var_os(VARIABLE) else { return Ok(()) };
    let points = Points::parse(&text.to_string_lossy()).map_err(|e| e.at(VARIABLE))?;
    if POINTS.set(points).is_ok() {
        ARMED.store(true, Ordering::Relaxed);
    }
    Ok(())
}

fn armed() -> Option<&'static Points> {
    if ARMED.load(Ordering::Relaxed) { POINTS.get() } else { None }
}

/// What becomes of a hit; nothing comes back from one that kills.
#[inline]
pub(super) fn at(site: &'static str) -> Option<Fault> {
    armed()?.hit(site)
}

/// Seconds that the clock is off.
pub(super) fn skew(site: &'static str) -> i64 {
    armed().map_or(0, |points| points.skew(site))
}

impl Points {
    fn parse(text: &str) -> Result<Self> {
        let mut points = Self { rules: Vec::new(), list: None };
        for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            if let Some(path) = item.strip_prefix("list:") {
                let file = File::options().append(true).create(true).open(path);
                points.list = Some(Mutex::new(file.io("write", path)?));
            } else {
                points.rules.push(Rule::parse(item)?);
            }
        }
        Ok(points)
    }

    fn hit(&self, site: &'static str) -> Option<Fault> {
        if let Some(list) = &self.list {
            let mut file = list.lock().unwrap_or_else(PoisonError::into_inner);
            // One call, so that lines of several processes do not mix.
            let _ = file.write_all(format!("{} {site}\n", getpid()).as_bytes());
        }
        let due = self.rules.iter().filter(|rule| !matches!(rule.action, Action::Skew(_)));
        // Every rule counts, also one behind the rule that acts.
        let due: Vec<&Rule> = due.filter(|rule| rule.is_due(site)).collect();
        for rule in due {
            match rule.action {
                Action::Kill => die(kill_process(getpid(), Signal::KILL)),
                Action::KillGroup => die(kill_current_process_group(Signal::KILL)),
                Action::Delay(time) => thread::sleep(time),
                Action::Fault(fault) => return Some(fault),
                Action::Skew(_) => {}
            }
        }
        None
    }

    fn skew(&self, site: &'static str) -> i64 {
        let of = |rule: &Rule| match rule.action {
            Action::Skew(seconds) if rule.is_due(site) => seconds,
            _ => 0,
        };
        self.rules.iter().map(of).sum()
    }
}

/// Waits for the signal that was sent.
fn die(sent: rustix::io::Result<()>) {
    while sent.is_ok() {
        thread::sleep(Duration::from_secs(1));
    }
}

impl Rule {
    fn parse(item: &str) -> Result<Self> {
        let wrong = |why: String| {
            Error::usage(format!("`{item}`: {why}")).help(
                "a rule is SITE=ACTION, then nothing, @N, @N+ or %PROBABILITY:SEED; \
                 docs/development.md lists sites and actions",
            )
        };
        let (pattern, rest) =
            item.split_once('=').ok_or_else(|| wrong("there is no `=` in it".to_owned()))?;
        if !SITES.iter().any(|site| matches(pattern, site)) {
            return Err(wrong(format!("no site is called `{pattern}`")));
        }
        let (action, when) = match rest.find(['@', '%']) {
            Some(end) => (&rest[..end], &rest[end..]),
            None => (rest, ""),
        };
        let known = action_of(action)
            .ok_or_else(|| wrong(format!("`{action}` is no action; there are {ACTIONS}")))?;
        let when = when_of(when).ok_or_else(|| wrong(format!("`{when}` does not say when")))?;
        let endless = matches!(when, When::Always | When::From(_));
        if known == Action::Fault(Fault::Error(libc::EINTR)) && endless {
            return Err(wrong("it would be tried again for ever; name a hit with @N".to_owned()));
        }
        let hits = AtomicU64::new(0);
        Ok(Self { pattern: pattern.to_owned(), action: known, when, hits })
    }

    /// Counts a hit if it is one of this rule, and says whether something is to happen.
    fn is_due(&self, site: &str) -> bool {
        if !matches(&self.pattern, site) {
            return false;
        }
        let hit = self.hits.fetch_add(1, Ordering::Relaxed) + 1;
        match self.when {
            When::Always => true,
            When::At(n) => hit == n,
            When::From(n) => hit >= n,
            When::Drawn(probability, seed) => {
                let hash = blake3::hash(&[seed.to_le_bytes(), hit.to_le_bytes()].concat());
                let first = u32::from_le_bytes(hash.as_bytes()[..4].try_into().expect("4 bytes"));
                f64::from(first) < probability * 2_f64.powi(32)
            }
        }
    }
}

fn action_of(text: &str) -> Option<Action> {
    let (name, value) = text.split_once(':').unwrap_or((text, ""));
    Some(match (name, value) {
        ("kill", "") => Action::Kill,
        ("kill-group", "") => Action::KillGroup,
        ("short", "") => Action::Fault(Fault::Short),
        ("error", name) => {
            Action::Fault(Fault::Error(ERRORS.iter().find(|(known, _)| *known == name)?.1))
        }
        ("delay", ms) => Action::Delay(Duration::from_millis(ms.parse().ok()?)),
        ("skew", seconds) => Action::Skew(seconds.parse().ok()?),
        _ => return None,
    })
}

fn when_of(text: &str) -> Option<When> {
    if text.is_empty() {
        return Some(When::Always);
    }
    if let Some(drawn) = text.strip_prefix('%') {
        let (probability, seed) = drawn.split_once(':')?;
        let probability = probability.parse().ok().filter(|p| (0.0..=1.0).contains(p))?;
        return Some(When::Drawn(probability, seed.parse().ok()?));
    }
    let number = text.strip_prefix('@')?;
    let from = number.strip_suffix('+');
    let n = from.unwrap_or(number).parse().ok().filter(|n| *n > 0)?;
    Some(if from.is_some() { When::From(n) } else { When::At(n) })
}

/// Whether a name fits a pattern, in which `*` is any text.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|name| {
            (0..=name.len()).any(|i| name.is_char_boundary(i) && matches(rest, &name[i..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITE: &str = "cache.publish.rename";

    fn points(text: &str) -> Points {
        Points::parse(text).unwrap()
    }

    #[test]
    fn a_rule_acts_at_the_hits_that_it_names() {
        let acts = |when: &str| -> Vec<bool> {
            let points = points(&format!("{SITE}=error:EIO{when}"));
            (0..6).map(|_| points.hit(SITE).is_some()).collect()
        };
        assert_eq!(acts(""), [true; 6]);
        assert_eq!(acts("@3"), [false, false, true, false, false, false]);
        assert_eq!(acts("@5+"), [false, false, false, false, true, true]);
        assert_eq!(acts("%0:1"), [false; 6]);
        assert_eq!(acts("%1:1"), [true; 6]);
        let drawn = acts("%0.5:3");
        assert_eq!(acts("%0.5:3"), drawn, "the same seed, the same draws");
        assert!((0..9).any(|seed| acts(&format!("%0.5:{seed}")) != drawn));
    }

    #[test]
    fn patterns_match_several_sites_and_count_them_together() {
        let points = points("cache.*=error:ENOSPC@2,*.sync=short");
        assert_eq!(points.hit(SITE), None);
        assert_eq!(points.hit("exec.log.write"), None);
        assert_eq!(points.hit("cache.entry.write"), Some(Fault::Error(libc::ENOSPC)));
        assert_eq!(points.hit("cache.flush.sync"), Some(Fault::Short));
        assert!(matches("*.publish.*", SITE) && matches("*", SITE) && matches(SITE, SITE));
        assert!(!matches("*.publish", SITE) && !matches("publish*", SITE));
    }

    #[test]
    fn clocks_are_off_by_what_all_rules_say() {
        let points = points("*.clock=skew:-60,cache.*=skew:5@2");
        assert_eq!(points.skew("cache.gc.clock"), -60);
        assert_eq!(points.skew("cache.gc.clock"), -55);
        assert_eq!(points.skew("exec.log.clock"), -60);
        assert_eq!(points.hit(SITE), None, "a clock that is off fails nothing");
    }

    #[test]
    fn what_cannot_be_understood_is_refused() {
        for (text, says) in [
            ("cache.publish.rename", "no `=`"),
            ("cache.publish.renam=kill", "no site is called `cache.publish.renam`"),
            ("cache.publish.rename=explode", "`explode` is no action"),
            ("cache.publish.rename=error:E2", "`error:E2` is no action"),
            ("cache.publish.rename=kill@0", "`@0` does not say when"),
            ("cache.publish.rename=kill@x", "`@x` does not say when"),
            ("cache.publish.rename=kill%2:1", "`%2:1` does not say when"),
            ("cache.publish.rename=error:EINTR", "for ever"),
            ("cache.publish.rename=delay:soon", "`delay:soon` is no action"),
        ] {
            let error = Points::parse(text).unwrap_err();
            assert_eq!(error.kind.exit_code(), 2);
            assert!(error.message.contains(says), "{error}");
        }
    }

    #[test]
    fn hits_are_written_down() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hits");
        let points = points(&format!("list:{}", path.display()));
        assert_eq!((points.hit(SITE), points.hit("cache.gc.rename")), (None, None));
        let pid = std::process::id();
        let expected = format!("{pid} {SITE}\n{pid} cache.gc.rename\n");
        assert_eq!(std::fs::read_to_string(path).unwrap(), expected);
    }
}
