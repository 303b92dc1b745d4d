//! The one folding of case, for ids, names, references and patterns, and under every hash: two texts name the same thing when
//! they fold to the same. Azure compares as .NET's `OrdinalIgnoreCase` does, character by character and without a language, and
//! so does this. Lower-casing a text would not do: it makes two characters of `İ`, and looks around itself at a `Σ`.

/// The text with its case folded. A character whose upper case is one character becomes that, others stay, and so do `ı` and
/// `ſ`; ASCII letters end in lower case. So ς = σ = Σ, while ß, ẞ, İ, ı, ſ and the Kelvin sign are only themselves.
#[must_use]
pub fn fold(text: &str) -> String {
    text.chars().map(fold_char).collect()
}

/// The same of one character: folding never changes how many there are.
pub(crate) fn fold_char(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    // Their upper case is an ASCII letter, which .NET does not take for the same.
    if matches!(c, 'ı' | 'ſ') {
        return c;
    }
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_folds_to_one_that_stays_and_only_ascii_letters_become_ascii() {
        for c in '\0'..=char::MAX {
            let folded = fold_char(c);
            assert_eq!(fold_char(folded), folded, "{c:?}");
            assert!(c.is_ascii() == folded.is_ascii(), "{c:?}");
            assert!(!folded.is_ascii_uppercase(), "{c:?}");
        }
    }

    #[test]
    fn what_is_the_same_in_azure_is_the_same_here_and_nothing_else() {
        for same in [["ÄÖÜ", "äöü"], ["ΣΊΣΥΦΟΣ", "σίσυφος"], ["σ", "ς"], ["ЖЁ", "жё"], ["Größe_ÄNDERN", "größe_ändern"]]
        {
            assert_eq!(fold(same[0]), fold(same[1]));
        }
        let alone = ["ß", "ẞ", "ss", "İ", "i̇", "ı", "i", "ſ", "s", "\u{212A}", "k", "ŉ", "ﬁ", "fi", "å", "\u{212B}"];
        for (at, one) in alone.iter().enumerate() {
            assert!(alone[at + 1..].iter().all(|other| fold(one) != fold(other)), "{one}");
        }
    }

    proptest::proptest! {
        #[test]
        fn folding_twice_is_folding_once_and_joins_with_the_text_around(a in "\\PC{0,40}", b in "\\PC{0,40}") {
            assert_eq!(fold(&fold(&a)), fold(&a));
            assert_eq!(fold(&a) + &fold(&b), fold(&format!("{a}{b}")));
        }
    }
}
