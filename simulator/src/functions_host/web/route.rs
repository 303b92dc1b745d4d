//! Routes of functions with HTTP triggers.

use percent_encoding::percent_decode_str;

/// The route's parameters, if the path is one of it.
pub(super) fn matched(prefix: &str, route: &str, path: &str) -> Option<Vec<(String, String)>> {
    let prefix = prefix.split('/');
    let wanted: Vec<&str> = prefix.chain(route.split('/')).filter(|part| !part.is_empty()).collect();
    let found: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let mut parameters = Vec::new();
    let mut rest = found.iter();
    for part in wanted {
        match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            None => rest.next().filter(|found| found.eq_ignore_ascii_case(part)).map(|_| ())?,
            Some(name) => {
                let plain = name.trim_start_matches('*').split([':', '?']).next().unwrap_or_default().to_owned();
                if name.starts_with('*') {
                    let tail: Vec<&str> = rest.by_ref().copied().collect();
                    parameters.push((plain, decoded(&tail.join("/"))));
                } else if let Some(value) = rest.next() {
                    parameters.push((plain, decoded(value)));
                } else if !name.ends_with('?') {
                    return None;
                }
            }
        }
    }
    rest.next().is_none().then_some(parameters)
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_match_without_case_and_give_their_parameters() {
        let cases = [
            ("api", "status", "/api/Status", Some("")),
            ("api", "status", "/api/status/x", None),
            ("", "status", "/status", Some("")),
            ("api", "runs/{id}", "/api/runs/7", Some("id=7")),
            ("api", "runs/{id:int}", "/api/runs", None),
            ("api", "runs/{id?}", "/api/runs", Some("")),
            ("api", "a/{id}/{name}", "/api/a/7/x%20y", Some("id=7name=x y")),
            ("api", "files/{*rest}", "/api/files/a/b", Some("rest=a/b")),
        ];
        for (prefix, route, path, expected) in cases {
            let found = matched(prefix, route, path);
            let found =
                found.map(|pairs| pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<String>());
            assert_eq!(found.as_deref(), expected, "{prefix} {route} {path}");
        }
    }
}
