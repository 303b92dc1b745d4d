//! The answers of a scenario as the local Azure's fakes.

use serde_json::Value;
use simulator::fakes::{Answer as Given, Fake, How};

use super::format::{Answer, Whole};

impl Answer {
    /// What the local Azure answers instead.
    pub(super) fn fake(&self) -> Fake {
        let pairs = |all: &std::collections::BTreeMap<String, String>| {
            all.iter().map(|(name, value)| (name.clone(), value.clone())).collect::<Vec<_>>()
        };
        let how = match &self.give {
            Some(Whole { status, headers, body }) => {
                let body = match body {
                    None | Some(Value::Null) => String::new(),
                    Some(Value::String(text)) => text.clone(),
                    Some(json) => json.to_string(),
                };
                How::Instead(Given { status: *status, headers: pairs(headers), body })
            }
            None => How::Changed { replace: pairs(&self.replace), append: self.append.clone() },
        };
        Fake {
            name: self.label(),
            method: self.method.clone(),
            path: self.path.clone(),
            body: self.body_has.clone(),
            times: self.times,
            how,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_sent_as_it_is_and_json_as_json() {
        let body = |text: &str| {
            let answer: Answer = serde_json::from_str(&format!(r#"{{"give":{{"status":200{text}}}}}"#)).unwrap();
            match answer.fake().how {
                How::Instead(given) => given.body,
                How::Changed { .. } => panic!("it is a whole answer"),
            }
        };
        assert_eq!(body(""), "");
        assert_eq!(body(r#","body":"<html>""#), "<html>");
        assert_eq!(body(r#","body":{"a":null}"#), r#"{"a":null}"#);
    }
}
