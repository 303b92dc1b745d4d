//! How Azure compares ids and names: as .NET's `OrdinalIgnoreCase`, each character by its upper case where that is one
//! character. What it answers in lower case still names the same thing. Written on its own: the worker's folding is judged by it.

/// The lower case that all casings of a name share, and no other name: ς, σ and Σ become σ; ß, ẞ, İ, ı, ſ and the Kelvin
/// sign stay as they are.
pub fn lower(text: &str) -> String {
    text.chars().map(|c| back_if_same(upper(c))).collect()
}

/// Whether two texts name the same thing.
pub fn is_same(a: &str, b: &str) -> bool {
    // Nearly all ids are ASCII, and very many are compared.
    if a.is_ascii() && b.is_ascii() {
        return a.eq_ignore_ascii_case(b);
    }
    a.chars().map(upper).eq(b.chars().map(upper))
}

fn upper(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_uppercase();
    }
    match only(c.to_uppercase()) {
        Some(up) if !up.is_ascii() => up,
        _ => c,
    }
}

/// The lower case of an upper case, unless that would be another name.
fn back_if_same(up: char) -> char {
    if up.is_ascii() {
        return up.to_ascii_lowercase();
    }
    only(up.to_lowercase()).filter(|low| upper(*low) == up).unwrap_or(up)
}

fn only(mut chars: impl Iterator<Item = char>) -> Option<char> {
    chars.next().filter(|_| chars.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn casings_of_a_name_are_the_same_and_other_names_are_not() {
        for (a, b) in [("ΣΊΣΥΦΟΣ", "σίσυφος"), ("RG-MÜNCHEN", "rg-münchen"), ("ЖЁ", "жё")] {
            assert!(is_same(a, b) && lower(a) == lower(b), "{a}");
        }
        for (a, b) in [("ß", "ẞ"), ("straße", "STRASSE"), ("İ", "i̇"), ("ı", "i"), ("ſ", "s"), ("\u{212A}", "k")]
        {
            assert!(!is_same(a, b) && lower(a) != lower(b), "{a}");
        }
        assert_eq!(lower("RG-MÜNCHEN"), "rg-münchen");
        assert!(('\0'..=char::MAX).all(|c| is_same(&lower(&c.to_string()), &c.to_string())));
    }
}
