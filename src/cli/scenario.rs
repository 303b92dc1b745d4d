//! `demo --scenario`: the demo on a situation from a file, with a verdict for each expectation.

use std::io::Write;
use std::path::Path;

use anyhow::Context;
use simulator_demo::scenario::{Outcome, Scenario, Verdict, play};

use super::exit::{ATTENTION as UNFIXED, DONE};

use super::print::print;
use super::progress::{progress_bar, show};
use super::table::Told;
use super::table::table;

/// Reads a scenario file.
pub(super) fn read(path: &Path) -> anyhow::Result<Scenario> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    Scenario::read(&text).with_context(|| path.display().to_string())
}

/// Plays it and prints the report, and a line for each verdict.
pub(super) async fn demo(
    path: &Path,
    package: &Path,
    log: Option<Box<dyn Write + Send>>,
    json: bool,
) -> anyhow::Result<u8> {
    let scenario = read(path)?;
    let bar = progress_bar(json);
    let played = play(&scenario, package.to_owned(), 1.0, log, &mut |progress| show(&bar, progress)).await;
    let played = played.with_context(|| path.display().to_string())?;
    bar.finish_and_clear();
    if json {
        print(&serde_json::to_string(&played.report)?)?;
    } else {
        let told = Told { mode: scenario.acting(), storm: false, verbose: false };
        let head = format!("{}\n\n{}", table(&played.report, told), scenario.title);
        let marked = marked(played.outcome, scenario.failing.as_deref()).map(|words| format!("\n{words}"));
        let lines = std::iter::once(head).chain(played.report.verdicts.iter().map(line)).chain(marked);
        print(&lines.collect::<Vec<_>>().join("\n"))?;
    }
    Ok(if played.report.verdicts.iter().all(|verdict| verdict.holds) { DONE } else { UNFIXED })
}

fn line(verdict: &Verdict) -> String {
    let word = if verdict.holds { "ok   " } else { "WRONG" };
    format!("{word}  {} (found: {})", verdict.what, verdict.found)
}

/// What the file's mark comes to, where it has one.
fn marked(outcome: Outcome, failing: Option<&str>) -> Option<String> {
    let why = failing?;
    Some(match outcome {
        Outcome::WrongAsMarked => format!("It is marked as failing: {why}"),
        Outcome::RightThoughMarked => format!("It is marked as failing and ends right: take the mark away ({why})"),
        Outcome::Right | Outcome::Wrong => {
            format!("It is marked as failing ({why}), which does not excuse what is wrong here")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_a_line_and_a_mark_is_told() {
        let verdict = |holds| Verdict {
            what: "at most 2 tasks".to_owned(),
            holds,
            found: "3".to_owned(),
            of_the_scenario: false,
        };
        assert_eq!(line(&verdict(false)), "WRONG  at most 2 tasks (found: 3)");
        assert!(line(&verdict(true)).starts_with("ok "));
        assert_eq!(marked(Outcome::Wrong, None), None);
        for (outcome, words) in [
            (Outcome::WrongAsMarked, "failing: why"),
            (Outcome::RightThoughMarked, "take the mark away"),
            (Outcome::Wrong, "does not excuse"),
        ] {
            assert!(marked(outcome, Some("why")).unwrap().contains(words));
        }
    }
}
