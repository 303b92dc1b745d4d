//! `docs/settings.md` is made of the table. `UPDATE_DOCS=1 cargo test -p remediation settings_document` writes it anew.

use std::path::Path;

use super::table::{GROUPS, Setting, Unset};

const HEAD: &str = "<!-- Made of core/src/settings/table.rs by `UPDATE_DOCS=1 cargo test -p remediation settings_document`; do not edit it here. -->

# Settings

App settings, read once at the start; the log line `started` tells the guard rails and whatever is not the default. A setting that is missing, wrong or
misspelt stops the start: the line `start_failed` has its name, its value (but for what may be a secret in it) and what is allowed.

* **Durations** are written like `30s`, `10m`, `1h`, `7d`. Zero is allowed for `SETTLE_DELAY` and `COALESCE_WINDOW` only.
* **Globs** are separated by commas, semicolons or line ends. `*` is any text and `?` any character, both `/` too; `[a-z]`, `[!a-z]` and `{a,b}` are
  understood; `\\` takes away the meaning of the sign after it. Case does not matter, nor does a slash at the end of an id. One that cannot be read or can never
  match, such as a type without a `/` or an id without its first `/`, stops the start.
* **Blank** counts as not set. Where not set would let everything through (`INCLUDE_ASSIGNMENTS`, `ACT_ASSIGNMENTS`, `CHANGE_WINDOW`) it stops the start.
* **Misspelt** is a name that differs from one of these with 8 or more letters in at most two, in case only, or that begins with `INCLUDE_`, `EXCLUDE_`,
  `REMEDIA`, `ACT_` or `MAX_` and is not here. Names that begin with `AZURE_`, `WEBSITE_`, `FUNCTIONS_`, `APPSETTING_` or `AzureWebJobs` are the platform's
  and never judged.

`FUNCTIONS_CUSTOMHANDLER_PORT`, `IDENTITY_ENDPOINT` and `IDENTITY_HEADER` come from the platform.
";

fn document() -> String {
    let mut text = HEAD.to_owned();
    for group in GROUPS {
        text += &format!("\n## {}\n\n| name | default | allowed | meaning |\n|---|---|---|---|\n", group.title);
        for Setting { name, default, form, meaning } in group.settings {
            let default = match default {
                Unset::Required => "required".to_owned(),
                Unset::Value(value) | Unset::Open(value) => format!("`{value}`"),
                Unset::Else(words) => (*words).to_owned(),
            };
            text += &format!("| `{name}` | {default} | {} | {meaning} |\n", form.allowed());
        }
    }
    text
}

#[test]
#[expect(clippy::disallowed_methods, reason = "it reads a document, and writes it where it is told so")]
fn the_settings_document_is_that_of_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/settings.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, document()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == document(),
        "docs/settings.md is not that of the table: UPDATE_DOCS=1 cargo test -p remediation settings_document"
    );
}
