//! The table of resources in `docs/deployment.md` is made of the snapshot of the default deployment.
//! `UPDATE_DOCS=1 cargo test --test infra resource_table` writes it anew.

use std::fs;

use crate::snapshot::{last, path, resources, text};

const DOCUMENT: &str = "docs/deployment.md";
const BEGIN: &str = "<!-- resources: made by `UPDATE_DOCS=1 cargo test --test infra resource_table` -->\n";
const END: &str = "<!-- end of resources -->\n";

/// A name without the end that is unique to a deployment.
fn general(name: &str, token: &str) -> String {
    name.split('/').map(|part| part.replace(token, "…")).collect::<Vec<_>>().join("/")
}

fn table() -> String {
    let all = resources("default");
    let plan = all.iter().find(|resource| resource["type"] == "Microsoft.Web/serverfarms").unwrap();
    let token = plan["name"].as_str().unwrap().strip_prefix("plan-").unwrap();
    let mut rows: Vec<(String, Vec<String>)> = Vec::new();
    for resource in &all {
        let kind = resource["type"].as_str().unwrap();
        let name = match kind {
            // Their names are GUIDs; the table of permissions has what they are about.
            "Microsoft.Authorization/roleAssignments" => continue,
            "Microsoft.Authorization/roleDefinitions" => resource["properties"]["roleName"].as_str().unwrap(),
            _ => last(resource["name"].as_str().unwrap()),
        };
        let name = format!("`{}`", general(name, token));
        match rows.iter_mut().find(|(of, _)| of == kind) {
            Some((_, names)) => names.push(name),
            None => rows.push((kind.to_owned(), vec![name])),
        }
    }
    let mut text = String::from("| type | names |\n|---|---|\n");
    for (kind, names) in rows {
        text += &format!("| `{kind}` | {} |\n", names.join(", "));
    }
    let assignments =
        all.iter().filter(|resource| resource["type"] == "Microsoft.Authorization/roleAssignments").count();
    text + &format!("| `Microsoft.Authorization/roleAssignments` | {assignments}, see [permissions](#permissions) |\n")
}

#[test]
pub(crate) fn the_table_in_the_document_is_that_of_the_snapshot() {
    let file = path(DOCUMENT);
    let text = text(DOCUMENT);
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (written, after) = rest.split_once(END).unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&file, format!("{before}{BEGIN}\n{}\n{END}{after}", table())).unwrap();
        return;
    }
    assert_eq!(written.trim(), table().trim(), "UPDATE_DOCS=1 cargo test --test infra resource_table");
}
