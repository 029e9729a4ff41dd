//! Workers that hang, flood, close their output, answer what nobody asked, or vouch for what is not there. None
//! of them makes a build hang, takes its memory, or gets anything into the cache.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::faults::{build_with_worker, failing_worker, key};
use crate::space::{BASE_ARTIFACTS, Built, SPINLOCK, TestSpace, files, finish, worker};

/// A worker that greets, and then does as the script says with `$job` read.
fn fake(space: &TestSpace, script: &str) -> PathBuf {
    let text = format!("#!/bin/bash\nread -r hello\necho '\"ready\"'\nread -r job\n{script}\n");
    space.script("worker.sh", &text)
}

/// Nothing was published, and the cache is whole.
fn is_empty(space: &TestSpace) {
    assert!(
        !space.path("cache/objects").exists() || files(&space.path("cache/objects")).is_empty()
    );
    space.run(&["cache", "fsck", "--deep"]).ok();
}

/// The events of this name in the newest log.
fn events(space: &TestSpace, name: &str) -> Vec<Value> {
    let mut logs = files(&space.path("cache/log"));
    logs.retain(|path| path.extension().is_some_and(|e| e == "jsonl"));
    logs.sort();
    let text = fs::read_to_string(logs.last().unwrap()).unwrap();
    let events = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    events.filter(|event| event["event"] == name).collect()
}

#[test]
fn a_worker_that_is_never_ready_is_stopped_and_ends_the_build() {
    let space = TestSpace::new();
    let hangs = space.script("worker.sh", "#!/bin/sh\necho still thinking >&2\nexec sleep 100\n");
    let start = Instant::now();
    build_with_worker(&space, &hangs, &["-j1", "--stall", "1"]).fails(
        3,
        &["was not ready after 1 s", "it was stopped", "still thinking", "--stall SECONDS"],
    );
    assert!(start.elapsed() < Duration::from_mins(1));
    is_empty(&space);
}

#[test]
fn a_worker_that_hangs_at_every_job_ends_the_build() {
    let space = TestSpace::new();
    let hangs = fake(&space, "exec sleep 100");
    let ran = build_with_worker(&space, &hangs, &["-j1", "-k", "--stall", "1"]);
    ran.fails(3, &["a worker made no progress for 1 s in", "it was stopped", "keep hanging"]);
    let stalled = events(&space, "worker_stalled");
    assert_eq!(stalled.len(), 4);
    assert_eq!(
        (&stalled[0]["worker"], &stalled[0]["seconds"]),
        (&Value::from(0), &Value::from(1.0))
    );
    assert!(stalled[0]["job"].is_u64() && stalled[0]["doing"].is_string(), "{}", stalled[0]);
    is_empty(&space);
}

#[test]
fn an_operator_at_which_a_worker_hangs_twice_is_named_and_the_rest_is_made() {
    let space = TestSpace::new();
    let label = "rollout/ops4-7/m0-1/t0-3";
    failing_worker(&space, &key(&space, label), 2);
    let script = space.read("worker.sh").replace("exit 5", "sleep 20; exit 5");
    let broken = space.script("worker.sh", &script);
    let ran = build_with_worker(&space, &broken, &["-j1", "-k", "--stall", "4"]);
    let ran = ran.fails(1, &["made no progress for 4 s", "trying once more", label]);
    let report = Built(ran.json());
    let error = report.0["failed"][0]["error"].as_str().unwrap();
    assert!(error.contains("operator 6") && error.contains("it was stopped"), "{error}");
    report.is("parameters 8, weights 2, initial_conditions 2, rollout 2", "");
    assert_eq!(space.build().digest(), TestSpace::new().build().digest());
}

#[test]
fn a_worker_that_is_slow_but_goes_on_is_left_alone() {
    let space = TestSpace::new();
    let slow = fake(
        &space,
        "id=${job#*:}; id=${id%%,*}\n\
         for i in 1 2 3 4 5 6 7 8; do\n\
         echo '{\"alive\":{\"id\":'$id',\"marks\":'$i',\"doing\":\"soup, operator 3, step '$i' of 8\"}}'\n\
         sleep 0.5\ndone\nexit 9",
    );
    let ran = build_with_worker(&space, &slow, &["-j1", "--stall", "2"]);
    ran.says(&["a worker died in soup, operator 3, step 8 of 8: exit status: 9"]);
    // And one whose marks stand still is not, whatever it says.
    let still = fake(
        &space,
        "id=${job#*:}; id=${id%%,*}\nfor i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do\n\
         echo '{\"alive\":{\"id\":'$id',\"marks\":1,\"doing\":\"soup\"}}'\nsleep 0.5\ndone\nexit 9",
    );
    let ran = build_with_worker(&space, &still, &["-j1", "--stall", "2"]);
    ran.says(&["a worker made no progress for 2 s in soup; it was stopped"]);
}

#[test]
fn a_flood_of_garbage_takes_no_memory() {
    let space = TestSpace::new();
    let floods = fake(
        &space,
        "head -c 1000000000 /dev/zero >&2 &\nhead -c 1000000000 /dev/zero\nwait\nexit 9",
    );
    let script = "ulimit -v 900000; exec \"$@\"";
    let args = ["-c", script, "sh", SPINLOCK, "build", "experiments/x", "-j1"];
    let mut command = space.program("sh", &args);
    command.env("SPINLOCK_WORKER", floods);
    finish(command).fails(1, &["a worker died", "exit status: 9"]);
    is_empty(&space);
}

#[test]
fn a_worker_that_closes_its_output_and_lives_on_counts_as_dead() {
    let space = TestSpace::new();
    let closed = fake(&space, "exec >&-\nexec sleep 100");
    let start = Instant::now();
    build_with_worker(&space, &closed, &["-j1"])
        .says(&["a worker died in", "closed its standard output and lived on"]);
    assert!(start.elapsed() < Duration::from_secs(80));
    is_empty(&space);
}

#[test]
fn answers_that_nobody_asked_for_are_named() {
    let space = TestSpace::new();
    let with_job = |answer: &str| {
        fake(&space, &format!("id=${{job#*:}}; id=${{id%%,*}}\necho {answer}\nexec sleep 100"))
    };
    for (answer, why) in [
        (r#"'{"done":{"id":77,"parts":[],"seconds":0}}'"#, "answers a job 77, and was given job 1"),
        (r#"'{"done":{"id":'$id',"parts":[],"seconds":0}}'"#, "names 0 parts for"),
        (
            r#"'{"failed":{"id":99,"error":{"code":1,"message":"no","help":null}}}'"#,
            "answers a job 99, and was given job 1",
        ),
    ] {
        build_with_worker(&space, &with_job(answer), &["-j1"]).says(&[
            "a worker",
            why,
            "it was stopped in",
        ]);
        is_empty(&space);
    }
    let many = r#"'{"failed":{"id":99,"error":{"code":1,"message":"no","help":null}}}'"#;
    let floods = fake(&space, &format!("yes {many}"));
    build_with_worker(&space, &floods, &["-j1"]).says(&["it was stopped in"]);
    is_empty(&space);
}

#[test]
fn parts_that_are_not_there_are_no_parts() {
    let space = TestSpace::new();
    let text = r#"#!/bin/bash
read -r hello
echo '"ready"'
while read -r job; do
  [[ $job =~ \"id\":([0-9]+) ]]; id=${BASH_REMATCH[1]}
  [[ $job =~ \"units\":\[([0-9]+),([0-9]+)\] ]]; part="\"u${BASH_REMATCH[1]}-${BASH_REMATCH[2]}\""
  keys=$(grep -oE '[0-9a-f]{64}' <<< "${job%%\"units*}" | wc -l)
  parts=$part
  for ((i = 1; i < keys; i++)); do parts="$parts,$part"; done
  echo "{\"done\":{\"id\":$id,\"parts\":[$parts],\"seconds\":1e300}}"
done
"#;
    let worker = space.script("worker.sh", text);
    let ran = build_with_worker(&space, &worker, &["-j1"]);
    let ran =
        ran.fails(1, &["is not what it says", "by worker 0", "is missing", "trying once more"]);
    assert!(ran.json()["failed"][0]["error"].as_str().unwrap().contains("is not what it says"));
    is_empty(&space);
}

/// The real worker, whose parts of the artifact under `key` change behind its back before it reports them:
/// always, or the first time.
fn lying_worker(space: &TestSpace, kind: &str, key: &str, once: bool) -> PathBuf {
    let only = if once { "[ ! -e lied ]" } else { "true" };
    let text = format!(
        r#"#!/bin/bash
'{}' | while IFS= read -r line; do
  if [[ $line == *done* ]]; then
    for part in cache/staging/{kind}/{key}/*.part; do
      if [ -e "$part" ] && {only}; then
        printf x | dd of="$part" bs=1 seek=100 conv=notrunc status=none
        touch lied
      fi
    done
  fi
  printf '%s\n' "$line"
done
"#,
        worker().display()
    );
    space.script("worker.sh", &text)
}

#[test]
fn a_part_that_is_not_what_its_worker_says_is_made_again_by_another() {
    let space = TestSpace::new();
    let label = "rollout/ops4-7/m0-1/t0-3";
    let lies = lying_worker(&space, "rollout", &key(&space, label), true);
    let ran = build_with_worker(&space, &lies, &["-j2"]).ok();
    let ran = ran.says(&[label, "by worker", "is not what was written", "trying once more"]);
    assert!(space.path("lied").exists());
    let report = Built(ran.json());
    report.is(BASE_ARTIFACTS, "");
    assert_eq!(report.digest(), TestSpace::new().build().digest());
    let refused = events(&space, "part_refused");
    assert_eq!((refused.len(), &refused[0]["label"]), (1, &Value::from(label)));
    let workers: Vec<&Value> = vec![&refused[0]["worker"]];
    let again = events(&space, "job_started");
    let again = again.iter().rfind(|event| event["labels"][0] == label).unwrap();
    assert!(!workers.contains(&&again["worker"]), "{again}");
    space.run(&["cache", "fsck", "--deep"]).ok();
}

#[test]
fn a_worker_that_lies_twice_fails_the_artifact_and_nothing_of_it_reaches_the_cache() {
    let space = TestSpace::new();
    let label = "rollout/ops4-7/m0-1/t0-3";
    let key = key(&space, label);
    let lies = lying_worker(&space, "rollout", &key, false);
    let ran =
        build_with_worker(&space, &lies, &["-j1", "-k"]).fails(1, &[label, "is not what it says"]);
    let report = Built(ran.json());
    assert_eq!(report.0["failed"][0]["label"], label);
    report.is("parameters 8, weights 2, initial_conditions 2, rollout 2", "");
    let entries = files(&space.path("cache/objects"));
    assert!(!entries.iter().any(|path| path.to_string_lossy().contains(&key)));
    space.run(&["cache", "fsck", "--deep"]).ok();
    assert_eq!(space.build().digest(), TestSpace::new().build().digest());
}

#[test]
fn workers_that_die_at_random_cost_time_and_nothing_else() {
    let space = TestSpace::new();
    let text = format!(
        "#!/bin/bash\nset -o pipefail\n{{\n  while IFS= read -r line; do\n    (( RANDOM % 6 == 0 )) && exit 5\n    \
         printf '%s\\n' \"$line\"\n  done\n}} | '{}'\n",
        worker().display()
    );
    let dies = space.script("worker.sh", &text);
    let digest = (0..40).find_map(|_| {
        let ran = build_with_worker(&space, Path::new(&dies), &["-j2"]);
        assert!(matches!(ran.code, Some(0 | 1 | 3)), "{ran:?}");
        (ran.code == Some(0)).then(|| Built(ran.json()).digest())
    });
    assert_eq!(digest, Some(TestSpace::new().build().digest()));
    space.run(&["cache", "fsck", "--deep"]).ok();
}
