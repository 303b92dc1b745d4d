//! One glob, held against folded text character by character. It is made of units, so that it can also be asked whether any
//! text at all fits both it and a shape: a guard rail that can never match is an open gate.
//!
//! `*` is any text, `?` any character, both `/` too; `[a-z]` one of these and `[!a-z]` none of these; `\` takes away the meaning
//! of the sign after it. `{a,b}` is taken apart before.

use std::collections::BTreeSet;
use std::str::Chars;

use crate::id::{fold, fold_char};

/// Most characters of a range such as `a-z`.
const WIDEST_RANGE: u32 = 1_000;

/// Why a glob cannot be read.
pub(crate) type Unreadable = &'static str;

/// A set of folded characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Set {
    /// One of these.
    Of(BTreeSet<char>),
    /// Any but these.
    Not(BTreeSet<char>),
}

impl Set {
    pub(crate) fn of(c: char) -> Self {
        Self::Of([c].into())
    }

    pub(crate) fn any() -> Self {
        Self::Not(BTreeSet::new())
    }

    pub(crate) fn holds(&self, c: char) -> bool {
        match self {
            Self::Of(those) => those.contains(&c),
            Self::Not(those) => !those.contains(&c),
        }
    }

    /// Whether a character is in both.
    fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Of(those), set) | (set, Self::Of(those)) => those.iter().any(|c| set.holds(*c)),
            (Self::Not(_), Self::Not(_)) => true,
        }
    }
}

/// A part of a glob or of a shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unit {
    /// One character.
    One(Set),
    /// Any number of characters, none included.
    Many(Set),
}

impl Unit {
    /// Which characters, and how many of them at least.
    fn parts(&self) -> (&Set, usize) {
        match self {
            Self::One(set) => (set, 1),
            Self::Many(set) => (set, 0),
        }
    }
}

/// A glob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Glob {
    units: Vec<Unit>,
    /// A name may hold brackets: what is the pattern letter by letter matches, too.
    pub(crate) literal: String,
}

impl Glob {
    /// Reads one glob without braces.
    pub(crate) fn parse(text: &str) -> Result<Self, Unreadable> {
        let mut units = Vec::new();
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            units.push(match c {
                '*' => Unit::Many(Set::any()),
                '?' => Unit::One(Set::any()),
                '[' => Unit::One(set(&mut rest)?),
                '\\' => Unit::One(Set::of(fold_char(rest.next().ok_or("it ends in a \\")?))),
                c => Unit::One(Set::of(fold_char(c))),
            });
        }
        Ok(Self { units, literal: fold(text) })
    }

    pub(crate) fn units(&self) -> &[Unit] {
        &self.units
    }

    /// Whether the text, which is folded, is what the glob says, from its beginning to its end.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let (mut at, mut rest) = (0, text.chars());
        // Where to go on when it fails: the last `*` then takes one character more.
        let mut again: Option<(usize, Chars<'_>)> = None;
        loop {
            match self.units.get(at) {
                Some(Unit::Many(_)) => {
                    at += 1;
                    again = Some((at, rest.clone()));
                    continue;
                }
                Some(Unit::One(set)) if rest.next().is_some_and(|c| set.holds(c)) => {
                    at += 1;
                    continue;
                }
                None if rest.as_str().is_empty() => return true,
                Some(Unit::One(_)) | None => {}
            }
            let Some((after, mut from)) = again.take() else { break };
            if from.next().is_none() {
                break;
            }
            (at, rest) = (after, from.clone());
            again = Some((after, from));
        }
        self.literal == text
    }
}

/// Reads the characters of a set, up to its `]`.
fn set(rest: &mut Chars<'_>) -> Result<Set, Unreadable> {
    let end = end_of_set(rest.as_str()).ok_or("it has a [ without a ]")?;
    let (inside, after) = rest.as_str().split_at(end);
    *rest = after[1..].chars();
    let (is_none_of, inside) = match inside.strip_prefix(['!', '^']) {
        Some(inside) => (true, inside),
        None => (false, inside),
    };
    let mut those = BTreeSet::new();
    let mut rest = inside.chars().peekable();
    while let Some(first) = rest.next() {
        let mut ahead = rest.clone();
        let last = match (ahead.next(), ahead.next()) {
            (Some('-'), Some(last)) => {
                rest = ahead;
                last
            }
            _ => first,
        };
        if last < first || u32::from(last) - u32::from(first) > WIDEST_RANGE {
            return Err("it has a range in brackets that is empty or too long");
        }
        // Each on its own: the folded ends of a range do not bound what is between them.
        those.extend((first..=last).map(fold_char));
    }
    Ok(if is_none_of { Set::Not(those) } else { Set::Of(those) })
}

/// Where the set ends whose text begins after a `[`. A `]` that comes first is one of its characters.
pub(crate) fn end_of_set(text: &str) -> Option<usize> {
    let sign = text.len() - text.trim_start_matches(['!', '^']).len();
    let skipped = sign.min(1) + usize::from(text[sign.min(1)..].starts_with(']'));
    text[skipped..].find(']').map(|at| skipped + at)
}

/// Whether some text fits both.
pub(crate) fn can_agree(a: &[Unit], b: &[Unit]) -> bool {
    // `fits[j]`: what is left of `a` from here on and of `b` from `j` on can agree.
    let is_many = |unit: &Unit| matches!(unit, Unit::Many(_));
    let mut after = vec![false; b.len() + 1];
    for i in (0..=a.len()).rev() {
        let mut fits = vec![false; b.len() + 1];
        for j in (0..=b.len()).rev() {
            fits[j] = match (a.get(i), b.get(j)) {
                (None, None) => true,
                (Some(one), None) => is_many(one) && after[j],
                (None, Some(other)) => is_many(other) && fits[j + 1],
                (Some(one), Some(other)) => {
                    let ((mine, step), (its, its_step)) = (one.parts(), other.parts());
                    let together = match (step, its_step) {
                        (1, 1) => after[j + 1],
                        (1, _) => after[j],
                        (_, 1) => fits[j + 1],
                        // Two of any number need no character of each other.
                        _ => false,
                    };
                    is_many(one) && after[j] || is_many(other) && fits[j + 1] || together && mine.meets(its)
                }
            };
        }
        after = fits;
    }
    after[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glob(text: &str) -> Glob {
        Glob::parse(text).unwrap()
    }

    #[test]
    fn signs_mean_what_they_mean_in_any_glob() {
        for (pattern, fits, does_not) in [
            ("", "", "a"),
            ("*", "/a/b", "\0never"),
            ("a*b*c", "aXbbYc", "aXcYb"),
            ("Deploy-?", "deploy-Ü", "deploy-"),
            ("RG-M?NCHEN", "rg-mÜnchen", "rg-mUEnchen"),
            ("x[äö]", "xÄ", "xü"),
            ("x[а-я]", "xЖ", "xz"),
            ("x[ß-ÿ]", "xä", "xa"),
            ("x[!0-9]", "xa", "x1"),
            ("x[^]a]", "xb", "x]"),
            ("x[]-]", "x-", "xa"),
            ("a\\*", "a*", "ab"),
            ("a\\[b", "a[b", "ab"),
            ("Deploy [prod]", "deploy [prod]", "deploy q"),
        ] {
            assert!(glob(pattern).matches(&fold(fits)), "{pattern} {fits}");
            assert!(pattern == "*" || !glob(pattern).matches(&fold(does_not)), "{pattern} {does_not}");
        }
        for unreadable in ["a[", "a[]", "a[!]", "a\\", "[z-a]", "[\0-\u{ffff}]"] {
            assert!(Glob::parse(unreadable).is_err(), "{unreadable}");
        }
    }

    #[test]
    fn what_can_agree_has_a_text_in_common() {
        for (a, b, expected) in [
            ("a*", "*b", true),
            ("a*c", "ab*", true),
            ("a?", "a", false),
            ("*", "", true),
            ("a*", "b*", false),
            ("x[ab]", "x[!ab]", false),
            ("x[!a]*", "*[!b]", true),
            ("*/a", "/b*", true),
        ] {
            assert_eq!(can_agree(glob(a).units(), glob(b).units()), expected, "{a} {b}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_glob_matches_what_a_plain_recursion_matches(pattern in "[ab*?]{0,8}", text in "[ab]{0,10}") {
            fn fits(pattern: &[u8], text: &[u8]) -> bool {
                match (pattern.split_first(), text.split_first()) {
                    (None, None) => true,
                    (Some((b'*', rest)), _) if fits(rest, text) => true,
                    (Some((b'*', _)), Some((_, later))) => fits(pattern, later),
                    (Some((p, rest)), Some((t, later))) if *p == b'?' || p == t => fits(rest, later),
                    _ => false,
                }
            }
            let expected = fits(pattern.as_bytes(), text.as_bytes());
            assert_eq!(glob(&pattern).matches(&text), expected);
            assert_eq!(can_agree(glob(&pattern).units(), glob(&text).units()), expected);
        }

        #[test]
        fn no_pattern_makes_it_panic(pattern in "[\\PC\\[\\]!^\\\\*?-]{0,12}", text in "\\PC{0,12}") {
            if let Ok(glob) = Glob::parse(&pattern) {
                glob.matches(&fold(&text));
            }
        }
    }
}
