//! Situations from files: each file below `tests/scenarios` is played on a local Azure of its own, some at a time, and must
//! end as it says. One that is marked as failing must not: then its mark is taken away. Those that take long are played where
//! `LONG_SCENARIOS` is set, as CI sets it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use simulator_demo::scenario::{Outcome, Played, Scenario, play};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::stage::stage_package;

/// A scenario with a longer run than so many seconds takes long.
const LONG: f64 = 30.0;

/// Times the longest run: on a busy machine a run may end before the worker is through.
const LONGER_AND_LONGER: [f64; 3] = [1.0, 4.0, 16.0];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

/// All files, by kind and name.
fn files() -> Vec<PathBuf> {
    let list = |folder: &Path| -> Vec<PathBuf> {
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
    };
    let mut files: Vec<PathBuf> = list(&folder()).iter().flat_map(|kind| list(kind)).collect();
    files.sort();
    files
}

fn read(path: &Path) -> Scenario {
    let text = std::fs::read_to_string(path).unwrap();
    Scenario::read(&text).unwrap_or_else(|error| panic!("{}: {error:#}", path.display()))
}

/// Plays it until its verdicts are no matter of time.
async fn told(scenario: &Scenario, package: &Path) -> Played {
    let mut last = None;
    for longer in LONGER_AND_LONGER {
        let played = play(scenario, package.to_owned(), longer, None, &mut |_| {}).await.unwrap();
        let is_final = match played.outcome {
            Outcome::Right | Outcome::WrongAsMarked | Outcome::RightThoughMarked => true,
            Outcome::Wrong => !played.report.timed_out,
        };
        if is_final {
            return played;
        }
        last = Some(played);
    }
    last.unwrap()
}

/// What is wrong with how it ended, in words.
fn complaint(scenario: &Scenario, played: &Played) -> Option<String> {
    let wrong = played.report.verdicts.iter().filter(|verdict| !verdict.holds);
    let wrong: Vec<String> = wrong.map(|one| format!("\n    {} (found: {})", one.what, one.found)).collect();
    let title = &scenario.title;
    match played.outcome {
        Outcome::Right | Outcome::WrongAsMarked => None,
        Outcome::Wrong => Some(format!("{title}{}", wrong.concat())),
        Outcome::RightThoughMarked => Some(format!("{title}\n    ends right: take the mark 'failing' away")),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_scenario_ends_as_its_file_says() {
    let package = Arc::new(stage_package());
    let is_patient = std::env::var_os("LONG_SCENARIOS").is_some();
    // A worker waits most of its time.
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let (places, mut played) = (Arc::new(Semaphore::new(4 * cores)), JoinSet::new());
    for path in files() {
        let scenario = read(&path);
        if scenario.longest_run > LONG && !is_patient {
            println!("{} takes long: played where LONG_SCENARIOS is set", path.display());
            continue;
        }
        let (places, package) = (Arc::clone(&places), Arc::clone(&package));
        played.spawn(async move {
            let _place = places.acquire().await.unwrap();
            let played = told(&scenario, package.path()).await;
            println!("{:5.1} s  {:?}  {}", played.report.seconds, played.outcome, path.display());
            complaint(&scenario, &played).map(|words| format!("{}: {words}", path.display()))
        });
    }
    let complaints: Vec<String> = played.join_all().await.into_iter().flatten().collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn each_scenario_fits_the_published_schema() {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/scenario.schema.json");
    let (mut schemas, mut compiler) = (boon::Schemas::new(), boon::Compiler::new());
    let schema = compiler.compile(schema.to_str().unwrap(), &mut schemas).unwrap();
    let all = files();
    assert!(all.len() >= 29, "{} files", all.len());
    for path in all {
        let value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let fits = schemas.validate(&value, schema);
        assert!(fits.is_ok(), "{}: {:#}", path.display(), fits.err().unwrap());
    }
}
