//! What services say of JSON that they cannot read: in the words of the reader that .NET services use, with the place, and
//! never in those of the reader that this simulator uses.

use serde_json::error::Category;

/// The words for an error of the reader, of text that is no JSON and of JSON that is not what was wanted.
pub(crate) fn words(error: &serde_json::Error) -> String {
    let told = error.to_string();
    // The one thing that the reader says of its own accord: what it lacks.
    let lacking = told.strip_prefix("missing field `").and_then(|rest| rest.split_once('`')).map(|(name, _)| name);
    if let Some(name) = lacking {
        return format!(
            "Required property '{name}' not found in JSON. Path '', line {}, position {}.",
            error.line(),
            error.column()
        );
    }
    let what = match error.classify() {
        Category::Eof => "Unexpected end of content while loading JSON.",
        Category::Syntax => "Unexpected character encountered while parsing value.",
        Category::Data | Category::Io => "Error reading JSON from JsonReader.",
    };
    format!("{what} Path '', line {}, position {}.", error.line(), error.column())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told_with_its_place_and_without_words_of_another_reader() {
        for (text, words_of_it) in [
            ("", "Unexpected end of content while loading JSON. Path '', line 1, position 0."),
            ("[1,", "Unexpected end of content while loading JSON. Path '', line 1, position 3."),
            ("[1,\n x]", "Unexpected character encountered while parsing value. Path '', line 2, position 2."),
        ] {
            let error = serde_json::from_str::<serde_json::Value>(text).unwrap_err();
            assert_eq!(words(&error), words_of_it, "{text}");
        }
        #[derive(Debug, serde::Deserialize)]
        struct Named {
            #[expect(dead_code, reason = "it is only missed")]
            name: String,
        }
        let error = serde_json::from_str::<Named>("{}").unwrap_err();
        assert_eq!(words(&error), "Required property 'name' not found in JSON. Path '', line 1, position 2.");
        let error = serde_json::from_str::<Named>("{\"name\":1}").unwrap_err();
        assert!(words(&error).starts_with("Error reading JSON from JsonReader."), "{}", words(&error));
    }
}
