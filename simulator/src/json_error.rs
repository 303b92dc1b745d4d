//! What services say of JSON that they cannot read: in the words of the reader that .NET services use, with the place, and
//! never in those of the reader that this simulator uses.

use serde_json::error::Category;

/// The words for an error of the reader, which was to read an object or an array.
pub(crate) fn words(error: &serde_json::Error) -> String {
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
    }
}
