//! The service's words go into documents and logs, so they are cut where they come in.

/// Longest text that is kept, in bytes.
const LONGEST: usize = 4 << 10;

/// The text, or its beginning with a note of how long it was.
pub(super) fn cut(text: String) -> String {
    cut_to(text, LONGEST)
}

/// The texts as one. Where they are too long, each keeps its share: the last of them often says most.
pub(super) fn join(texts: Vec<String>) -> String {
    let all: usize = texts.iter().map(|text| text.len() + 1).sum();
    let most = if all > LONGEST { LONGEST / texts.len() } else { LONGEST };
    texts.into_iter().map(|text| cut_to(text, most)).collect::<Vec<_>>().join(" ")
}

/// The text, or its beginning up to so many bytes with a note of how long it was.
#[must_use]
pub fn cut_to(mut text: String, most: usize) -> String {
    let bytes = text.len();
    if bytes > most {
        let end = (0..=most).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
        text.push_str(&format!("… (cut, {bytes} bytes)"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_at_a_character_and_says_so() {
        let fits = "x".repeat(LONGEST);
        assert_eq!(cut(fits.clone()), fits);
        assert_eq!(cut(format!("{fits}y")), format!("{fits}… (cut, 4097 bytes)"));
        let odd = format!("x{}", "ü".repeat(LONGEST));
        assert_eq!(cut(odd.clone()), format!("{}… (cut, 8193 bytes)", &odd[..LONGEST - 1]));
    }

    #[test]
    fn of_several_texts_the_last_is_not_lost() {
        let joined = join(vec!["x".repeat(5_000), "y".repeat(5_000), "cause".to_owned()]);
        assert!(joined.len() < LONGEST && joined.ends_with(" cause"), "{joined}");
        assert_eq!(joined.matches("(cut, 5000 bytes)").count(), 2);
        assert_eq!(join(vec!["a".to_owned(), "b".to_owned()]), "a b");
        assert_eq!(join(Vec::new()), "");
    }
}
