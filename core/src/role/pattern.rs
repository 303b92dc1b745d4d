//! Patterns of actions: `*` stands for any text, `/` included, and case does not matter.

use crate::id::fold;

/// Whether everything that `inner` stands for, `outer` does too: `outer` matches the text of `inner`, its `*` taken as a character.
pub(super) fn covers(outer: &str, inner: &str) -> bool {
    let (outer, inner): (Vec<char>, Vec<char>) = (fold(outer).chars().collect(), fold(inner).chars().collect());
    // The places of `outer` that can be reached after each character of `inner`: no pattern makes this slow.
    let mut reached = vec![false; outer.len() + 1];
    reached[0] = true;
    pass_stars(&outer, &mut reached);
    for letter in inner {
        let mut next = vec![false; outer.len() + 1];
        for (place, wanted) in outer.iter().enumerate().filter(|(place, _)| reached[*place]) {
            match wanted {
                '*' => next[place] = true,
                wanted if *wanted == letter => next[place + 1] = true,
                _ => {}
            }
        }
        pass_stars(&outer, &mut next);
        reached = next;
    }
    reached[outer.len()]
}

/// A `*` may stand for nothing.
fn pass_stars(pattern: &[char], reached: &mut [bool]) {
    for place in 0..pattern.len() {
        if reached[place] && pattern[place] == '*' {
            reached[place + 1] = true;
        }
    }
}

/// Whether there is a text that both stand for.
pub(super) fn overlap(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (fold(one).chars().collect(), fold(other).chars().collect());
    // What is left of both, from their ends: `meets[j]` for the rest of `one` from the row's place and of `other` from `j`.
    let mut below: Vec<bool> = Vec::new();
    for i in (0..=one.len()).rev() {
        let mut row = vec![false; other.len() + 1];
        for j in (0..=other.len()).rev() {
            let (a, b) = (one.get(i), other.get(j));
            row[j] = match (a, b) {
                (None, None) => true,
                // A star stands for nothing, or for one more of the other's.
                (Some('*'), _) => below[j] || (b.is_some() && row[j + 1]),
                (_, Some('*')) => row[j + 1] || (a.is_some() && below[j]),
                (Some(a), Some(b)) => a == b && below[j + 1],
                (None, Some(_)) | (Some(_), None) => false,
            };
        }
        below = row;
    }
    below[0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_star_goes_over_slashes_and_stands_for_nothing_too() {
        for (outer, inner, expected) in [
            ("*", "Microsoft.Storage/storageAccounts/write", true),
            ("*/read", "microsoft.storage/storageAccounts/READ", true),
            ("*/read", "Microsoft.Storage/*/read", true),
            ("*/read", "Microsoft.Storage/*", false),
            ("Microsoft.Storage/*", "Microsoft.Storage/storageAccounts/*/write", true),
            ("Microsoft.Storage/*/write", "Microsoft.Storage/write", false),
            ("Microsoft.Storage*/write", "Microsoft.Storage/write", true),
            ("Microsoft.Storage/storageAccounts/*", "Microsoft.Storage/*", false),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(covers(outer, inner), expected, "{outer} over {inner}");
        }
    }

    #[test]
    fn two_patterns_overlap_where_one_text_is_meant_by_both() {
        for (one, other, expected) in [
            ("Microsoft.Authorization/*/Write", "*/write", true),
            ("Microsoft.Authorization/*/Write", "Microsoft.Authorization/write", false),
            ("Microsoft.Authorization/*/Write", "Microsoft.Storage/*", false),
            ("Microsoft.Authorization/*", "*/read", true),
            ("*/read", "*/write", false),
            ("a*b", "*c", false),
            ("*", "", true),
            ("", "a", false),
        ] {
            assert_eq!((overlap(one, other), overlap(other, one)), (expected, expected), "{one} and {other}");
        }
    }

    fn pattern() -> impl Strategy<Value = String> {
        proptest::collection::vec(prop_oneof![Just('*'), Just('a'), Just('b'), Just('/')], 0..8)
            .prop_map(|letters| letters.into_iter().collect())
    }

    proptest! {
        #[test]
        fn what_is_covered_overlaps_and_covering_goes_on(a in pattern(), b in pattern(), c in pattern()) {
            prop_assert!(covers(&a, &a) && covers("*", &a) && overlap(&a, &a));
            prop_assert_eq!(overlap(&a, &b), overlap(&b, &a));
            if covers(&a, &b) {
                prop_assert!(overlap(&a, &b));
                if covers(&b, &c) {
                    prop_assert!(covers(&a, &c));
                }
            }
            // A text without a star is meant by a pattern, or it is not.
            if !b.contains('*') {
                prop_assert_eq!(covers(&a, &b), overlap(&a, &b));
            }
        }
    }
}
