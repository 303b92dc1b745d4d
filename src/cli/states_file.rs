//! Policy states in a file, as people have them: from `az policy state list`, from `az graph query` over `policyresources`, or from the API
//! itself. Only what is needed of a state is kept; what is none is counted.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, bail};
use json_values::{Values, Wrapping};
use remediation::report::StateRow;

/// What wraps them: `value` in the API, `data` in Resource Graph.
const OF_STATES: Wrapping = Wrapping { lists: &["value", "data"], marks: &["policyAssignmentId", "properties"] };

/// Takes each state of a file, or of the standard input where it is `-`, in. How many things of it are no states that can be read.
///
/// # Errors
/// When it cannot be read, is something else, or holds no state at all, with the name of the file.
pub(super) fn read(path: &Path, mut take: impl FnMut(StateRow)) -> anyhow::Result<usize> {
    let (name, from): (_, Box<dyn Read + Send>) = if path.as_os_str() == "-" {
        ("the standard input".to_owned(), Box::new(std::io::stdin()))
    } else {
        let name = path.display().to_string();
        let file = File::open(path).with_context(|| format!("{name} cannot be read"))?;
        (name, Box::new(file))
    };
    let mut any = false;
    let read = read_all(from, |row| {
        any = true;
        take(row);
    });
    let what = if any { "cannot be read to its end" } else { "holds no policy states" };
    read.with_context(|| format!("{name} {what}"))
}

fn read_all(from: impl Read + Send + 'static, mut take: impl FnMut(StateRow)) -> anyhow::Result<usize> {
    let (mut states, mut others) = (0, 0);
    for value in Values::of(from, OF_STATES)? {
        match StateRow::read(&value?) {
            Some(row) => {
                states += 1;
                take(row);
            }
            None => others += 1,
        }
    }
    if states == 0 {
        bail!(
            "of {others} things in it none can be read as one; wanted is what az policy state list or az graph query prints as JSON"
        );
    }
    Ok(others)
}

#[cfg(test)]
mod tests {
    use super::*;
    use remediation::fixture::{resource, target};
    use serde_json::{Value, json};

    fn row(n: usize) -> Value {
        json!({
            "resourceId": resource(n).to_string(),
            "policyAssignmentId": target().policy_assignment_id.to_string(),
            "complianceState": "NonCompliant",
        })
    }

    fn found(raw: &[u8]) -> anyhow::Result<(Vec<StateRow>, usize)> {
        let mut rows = Vec::new();
        let others = read_all(std::io::Cursor::new(raw.to_vec()), |row| rows.push(row))?;
        Ok((rows, others))
    }

    #[test]
    fn each_form_in_which_people_have_states_is_read() {
        let graph = json!({ "id": "x", "name": "y", "properties": row(1) });
        for text in [
            json!([row(0), row(1)]).to_string(),
            format!("{:#}", json!([row(0), row(1)])),
            json!({ "value": [row(0), row(1)], "@odata.count": 2 }).to_string(),
            json!({ "count": 2, "data": [row(0), graph], "total_records": 2 }).to_string(),
            format!("\u{feff}{}\r\n{}\r\n", row(0), row(1)),
        ] {
            // PowerShell writes what `>` gets as UTF-16.
            let units = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
            for raw in [text.as_bytes(), &units] {
                let (rows, others) = found(raw).unwrap_or_else(|error| panic!("{error:#}: {text}"));
                let resources: Vec<_> = rows.iter().map(|row| row.resource.clone()).collect();
                assert_eq!((resources, others), (vec![resource(0), resource(1)], 0), "{text}");
            }
        }
    }

    #[test]
    fn what_is_no_state_is_counted_and_a_file_without_any_is_refused() {
        let mut odd = row(0);
        odd["policyAssignmentId"] = json!("nonsense");
        let (rows, others) = found(json!([odd, row(1), 7, null]).to_string().as_bytes()).unwrap();
        assert_eq!((rows.len(), others), (1, 3));
        for text in ["", "[]", "{}", "[7]", "nonsense", &json!({ "error": { "code": "x" } }).to_string()] {
            assert!(found(text.as_bytes()).is_err(), "{text}");
        }
    }
}
