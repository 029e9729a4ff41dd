use spinlock::artifact::{Artifact, InitialConditions};
use spinlock::config::{self, Request};
use spinlock::exec::protocol::{Hello, Job, Reply};
use spinlock::operator::rollout::Precision;
use spinlock::plan::expand;
use spinlock::profile::Profile;
use spinlock::worker::serve;

const DEVICE: &str = "cuda 9.0, of another machine";

/// What a worker answers to a greeting and one job: the initial conditions of an experiment planned
/// for a device.
fn answers(portable: bool) -> Vec<Reply> {
    let folder = tempfile::tempdir().unwrap();
    let text = "sampling: {total_samples: 2}\nparameter_space: {operator: {grid_size: 16}}\n";
    std::fs::write(folder.path().join("tiny.yaml"), text).unwrap();
    let request =
        Request { path: "tiny.yaml".into(), root: folder.path().to_owned(), ..Request::default() };
    let experiment = config::load(&request).unwrap_or_else(|error| panic!("{error}"));
    let graph = expand(&experiment, &Profile::named(DEVICE, Precision::Float32)).graph;
    let kind = InitialConditions::KIND;
    let (_, node) = graph.iter().find(|(_, node)| node.kind == kind).unwrap();
    let hello = Hello {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        root: folder.path().to_owned(),
        snapshot: config::snapshot(&experiment),
        profile: DEVICE.to_owned(),
        precision: "float32".to_owned(),
        encoder: None,
        cuda: None,
        portable,
        threads: 1,
        cache: folder.path().join("cache"),
        compression: None,
    };
    let job = Job { id: 7, keys: vec![node.key], units: (0, 1), looks: Vec::new() };
    let lines =
        [serde_json::to_string(&hello).unwrap(), serde_json::to_string(&job).unwrap()].join("\n");
    let mut output = Vec::new();
    serve(lines.as_bytes(), &mut output).unwrap();
    let lines = String::from_utf8(output).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_worker_beside_a_device_draws_inputs_without_having_one() {
    let answers = answers(true);
    assert!(
        matches!(&answers[..], [Reply::Ready, Reply::Done { id: 7, parts, .. }] if parts.len() == 1),
        "{answers:?}"
    );
}

#[test]
fn a_worker_for_everything_refuses_the_profile_of_another_machine() {
    let answers = answers(false);
    assert!(
        matches!(&answers[..], [Reply::Failed { id: None, error }] if error.message.contains(DEVICE)),
        "{answers:?}"
    );
}
