//! The service's words go into documents and logs, so they are cut where they come in.

/// Longest text that is kept, in bytes.
const LONGEST: usize = 4 << 10;

/// The text, or its beginning with a note of how long it was.
pub(super) fn cut(mut text: String) -> String {
    let bytes = text.len();
    if bytes > LONGEST {
        let end = (0..=LONGEST).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
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
}
