//! A file of settings: a line NAME=VALUE each, with or without quotes, as `azd env get-values`, `docker --env-file` and `export` lines
//! have them. Nothing in it is expanded or run.

/// The names and values, in their order.
///
/// # Errors
/// The first line that is none, by its number; never its text, which may hold a secret.
pub(super) fn read(text: &str) -> anyhow::Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim().trim_start_matches('\u{feff}');
        let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let setting = line.split_once('=').filter(|(name, _)| is_name(name.trim_end()));
        let Some((name, value)) = setting else { anyhow::bail!("line {} is not NAME=VALUE", number + 1) };
        let Some(value) = value_of(value.trim()) else { anyhow::bail!("line {}: a quote is not closed", number + 1) };
        found.push((name.trim_end().to_owned(), value));
    }
    Ok(found)
}

fn is_name(name: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '.' | '-');
    !name.is_empty() && name.chars().all(is_letter)
}

/// What stands between quotes. Double quotes know `\"`, `\\`, `\n` and `\$`; single ones nothing, but `'\''` in a word of the shell.
fn value_of(text: &str) -> Option<String> {
    if let Some(inner) = text.strip_prefix('\'') {
        return inner.replace("'\\''", "\u{0}").strip_suffix('\'').map(|inner| inner.replace('\u{0}', "'"));
    }
    let Some(inner) = text.strip_prefix('"') else { return Some(text.to_owned()) };
    let (mut value, mut signs) = (String::new(), inner.chars());
    loop {
        match signs.next()? {
            '"' => return signs.as_str().trim().is_empty().then_some(value),
            '\\' => match signs.next()? {
                'n' => value.push('\n'),
                sign @ ('"' | '\\' | '$' | '`') => value.push(sign),
                other => value.extend(['\\', other]),
            },
            sign => value.push(sign),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_azd_and_shells_and_docker_write_is_read() {
        let text = "# of azd\nAZURE_ENV_NAME=\"prod\"\n\n  export EXCLUDE_SCOPES='/a/o'\\''neil;/b'\nREMEDIATION_MODE=act\r\nEVENT_TOPIC_IDS=\"[\\\"/subscriptions/x\\\"]\"\nSTATE_BLOB_ENDPOINT = \"https://a.blob/\"\nEMPTY=\nWITH=a=b\n";
        let found = read(text).unwrap();
        let found: Vec<_> = found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(
            found,
            [
                ("AZURE_ENV_NAME", "prod"),
                ("EXCLUDE_SCOPES", "/a/o'neil;/b"),
                ("REMEDIATION_MODE", "act"),
                ("EVENT_TOPIC_IDS", "[\"/subscriptions/x\"]"),
                ("STATE_BLOB_ENDPOINT", "https://a.blob/"),
                ("EMPTY", ""),
                ("WITH", "a=b"),
            ]
        );
    }

    #[test]
    fn a_line_that_is_none_is_named_by_its_number_and_not_shown() {
        for (text, words) in [
            ("A=1\nsecret", "line 2 is not NAME=VALUE"),
            ("=secret", "line 1 is not"),
            ("A B=secret", "line 1 is not"),
            ("A=\"secret", "line 1: a quote is not closed"),
            ("A='secret", "line 1: a quote is not closed"),
            ("A=\"a\" secret", "line 1: a quote is not closed"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.starts_with(words) && !error.contains("secret"), "{error}");
        }
    }
}
