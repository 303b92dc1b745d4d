//! Reads a scenario file. An error says where it is and what would be allowed.

use anyhow::{Context, ensure};
use serde::Deserialize;

use super::format::{Answer, Scenario, VERSION};

/// As much as any version has.
#[derive(Deserialize)]
struct Versioned {
    version: Option<u32>,
}

impl Scenario {
    /// Reads the text of a scenario file.
    ///
    /// # Errors
    /// When it is no JSON, of another version, or says something that cannot be; with the place where it can be told.
    pub fn read(text: &str) -> anyhow::Result<Self> {
        // First of all: another version has other fields.
        let version = serde_json::from_str::<Versioned>(text).context("this is no scenario")?.version;
        ensure!(
            version == Some(VERSION),
            "a scenario begins with \"version\": {VERSION}; this one has {}",
            version.map_or("none".to_owned(), |version| version.to_string())
        );
        let scenario: Self = serde_json::from_str(text).context("this is no scenario")?;
        scenario.check()?;
        Ok(scenario)
    }

    /// What the form of the file does not tell.
    fn check(&self) -> anyhow::Result<()> {
        for (place, answer) in self.all_answers().iter().enumerate() {
            answer.check().with_context(|| format!("answer {}, {}", place + 1, answer.label()))?;
        }
        for (place, deployments) in self.deployments.iter().enumerate() {
            ensure!(!deployments.end.is_empty(), "deployments {}: 'end' says nothing", place + 1);
        }
        ensure!(self.instances > 0, "'instances' is 0: somebody must work");
        let is_time = |seconds: f64| seconds.is_finite() && (0.0..=86_400.0).contains(&seconds);
        ensure!(is_time(self.longest_run) && self.longest_run > 0.0, "'longestRun' is no time in seconds");
        ensure!(self.later.iter().all(|step| is_time(step.at)), "an 'at' in 'later' is no time in seconds");
        for value in self.lags.values().chain(self.latency.values()) {
            ensure!(is_time(value), "{value} is no time in seconds");
        }
        Ok(())
    }
}

impl Answer {
    /// What a person calls it.
    pub(super) fn label(&self) -> String {
        let method = self.method.as_deref().unwrap_or("any call");
        let body = if self.body_has.is_empty() { String::new() } else { format!(" with {}", self.body_has) };
        self.name.clone().unwrap_or_else(|| format!("{method} {}{body}", self.path))
    }

    fn check(&self) -> anyhow::Result<()> {
        let changes = !self.replace.is_empty() || !self.append.is_empty();
        ensure!(self.give.is_some() != changes, "it has either 'give', or 'replace' and 'append'");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        format!("{:#}", Scenario::read(text).expect_err("it is wrong"))
    }

    #[test]
    fn a_typo_is_an_error_that_says_where_and_what_is_known() {
        let words = error("{\n \"version\": 1,\n \"title\": \"x\",\n \"expect\": { \"taskss\": {} }\n}");
        assert!(words.contains("taskss") && words.contains("`tasks`") && words.contains("line 4"), "{words}");
        let words = error(r#"{"version":1,"title":"x","expect":{},"answers":[{"path":"/a","giv":{"status":404}}]}"#);
        assert!(words.contains("giv") && words.contains("line 1"), "{words}");
        let words = error(r#"{"version":1,"title":"x","expect":{},"deployments":[{"of":"a","end":["suceed"]}]}"#);
        assert!(words.contains("suceed") && words.contains("`succeed`"), "{words}");
    }

    #[test]
    fn another_version_is_told_before_its_fields_are() {
        let words = error(r#"{"version":2,"name":"x"}"#);
        assert!(words.contains("version") && words.contains('2') && !words.contains("name"), "{words}");
        assert!(error(r#"{"title":"x","expect":{}}"#).contains("none"));
        assert!(error("{").contains("no scenario"));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (field, words) in [
            (r#""answers":[{"path":"/a"}]"#, "give"),
            (r#""answers":[{"path":"/a","give":{"status":404},"append":[1]}]"#, "answer 1, any call /a"),
            (r#""later":[{"do":[{"answer":{"name":"n"}}]}]"#, "answer 1, n"),
            (r#""deployments":[{"of":"a","end":[]}]"#, "end"),
            (r#""instances":0"#, "instances"),
            (r#""longestRun":0"#, "longestRun"),
            (r#""lags":{"states":-1}"#, "-1"),
        ] {
            let text = format!(r#"{{"version":1,"title":"x","expect":{{}},{field}}}"#);
            assert!(error(&text).contains(words), "{field}: {}", error(&text));
        }
    }
}
