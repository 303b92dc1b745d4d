//! What people give `demo --events`: each input with its exit code and what is said of it, as `docs/replay.md` shows it.
//! `UPDATE_DOCS=1 cargo test --test it event_inputs` writes that table anew.

mod cases;
mod states;

use std::path::Path;
use std::process::Stdio;

use futures::StreamExt as _;
use tokio::process::Command;

use cases::{Case, cases};

use crate::stage::PATIENCE;

const DOCUMENT: &str = "docs/replay.md";
const BEGIN: &str = "<!-- inputs: made by `UPDATE_DOCS=1 cargo test --test it event_inputs` -->\n";
const END: &str = "<!-- end of inputs -->\n";
/// Demos that run at a time.
const TOGETHER: usize = 4;

/// What a demo of this input came to.
struct Ended {
    code: i32,
    told: String,
}

async fn run(case: &Case, folder: &Path) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_policy-remediator"));
    // Reading is what this is about: the plan is made sooner than all of it is done.
    command.args(["demo", "--mode", "plan", "--events"]).current_dir(folder).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let file = folder.join(case.file);
    match &case.bytes {
        None => drop(command.arg(case.file)),
        Some(bytes) => {
            std::fs::write(&file, bytes).unwrap();
            if case.by_stdin {
                command.arg("-").stdin(std::fs::File::open(&file).unwrap());
            } else {
                command.arg(case.file);
            }
        }
    }
    let ended = tokio::time::timeout(PATIENCE, command.output()).await.unwrap().unwrap();
    let (out, err) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(!err.contains("panicked"), "{}: {err}", case.name);
    Ended { code: ended.status.code().unwrap(), told: decisive(&out, &err) }
}

/// The decisive words: what was counted of the events and why some were refused, or the error.
fn decisive(out: &str, err: &str) -> String {
    let row = |line: &str| {
        let row = line.strip_prefix('│')?.trim_end_matches('│').trim();
        let is_of_events = ["events ", "of them", "rejected", "ignored"].iter().any(|name| row.starts_with(name));
        (is_of_events && !row.ends_with(" 0")).then(|| row.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    let counts = out.lines().filter_map(row);
    let reasons = out.lines().filter(|line| line.starts_with("rejected: ")).map(str::to_owned);
    let errors = err.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty());
    counts.chain(reasons).chain(errors).collect::<Vec<_>>().join("; ")
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn each_input_ends_as_the_document_says() {
    let cases = cases();
    assert!(cases.len() >= 45, "{}", cases.len());
    let runs = cases.iter().map(|case| async move {
        let folder = tempfile::tempdir().unwrap();
        run(case, folder.path()).await
    });
    let ended: Vec<Ended> = futures::stream::iter(runs).buffered(TOGETHER).collect().await;
    let mut table = "| input | exit code | what it says |\n|---|---|---|\n".to_owned();
    for (case, ended) in cases.iter().zip(&ended) {
        assert_eq!(ended.code, case.code, "{}: {}", case.name, ended.told);
        for words in case.words {
            assert!(ended.told.contains(words), "{} lacks {words}: {}", case.name, ended.told);
        }
        let told = ended.told.replace('|', "\\|").replace('<', "&lt;");
        table.push_str(&format!("| {} | {} | {told} |\n", case.name, ended.code));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(DOCUMENT);
    let document = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = document.split_once(BEGIN).expect("the document has a place for the table");
    let (there, after) = rest.split_once(END).expect("that place has an end");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}\n{table}\n{END}{after}")).unwrap();
    } else {
        assert_eq!(there.trim(), table.trim(), "{DOCUMENT} shows something else");
    }
}
