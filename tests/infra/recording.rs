//! The recorder of the moving picture in the README makes an SVG of what a command shows. Without python3 there is nothing to record with.

use std::process::Command;

use crate::snapshot::path;

#[test]
fn what_a_command_shows_becomes_a_picture_that_moves() {
    if Command::new("python3").arg("--version").output().is_err() {
        return println!("skipped: no python3");
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    let record = |script: &str| {
        let mut recorder = Command::new("python3");
        recorder.arg(path("scripts/record-demo")).args(["--title", "a <test>", "--output"]).arg(file.path());
        recorder.args(["--", "sh", "-c", script]).output().unwrap()
    };
    // A bar that is drawn over, a line that is wider than the terminal, and more lines than are seen at a time.
    let shown = record("printf 'half\\r\\033[2Kdone & <gone>\\n'; printf '%085d\\n' 7; seq 100 140");
    assert!(shown.status.success(), "{}", String::from_utf8_lossy(&shown.stderr));
    let picture = std::fs::read_to_string(file.path()).unwrap();
    let lines: Vec<&str> = picture.split("<text ").skip(1).filter_map(|text| text.split(['>', '<']).nth(1)).collect();
    for line in ["$ a &lt;test&gt;", "done &amp; &lt;gone&gt;", "00007", "100", "140"] {
        assert!(lines.contains(&line), "{line}: {lines:?}");
    }
    assert!(picture.starts_with("<svg ") && picture.trim_end().ends_with("</svg>"), "it is whole");
    assert!(picture.matches("translateY(").count() > 10, "it moves");
    assert!(!picture.contains("http://") || picture.matches("http://").count() == 1, "it asks nobody for anything");
    let failed = record("echo oh; exit 3");
    assert!(!failed.status.success() && String::from_utf8_lossy(&failed.stderr).contains("ended with 3"));
}

#[test]
fn the_picture_in_the_readme_shows_the_end_of_a_demo() {
    let picture = std::fs::read_to_string(path("docs/demo.svg")).unwrap();
    assert!(std::fs::read_to_string(path("README.md")).unwrap().contains("](docs/demo.svg)"));
    for words in ["policy-remediator demo", "resources fixed", "identity lacks a role"] {
        assert!(picture.contains(words), "docs/demo.svg lacks {words}: make it anew with scripts/record-demo");
    }
}
