//! The order of a batch of which not all have their turn at once. Pure.

use std::collections::HashMap;
use std::hash::Hash;

/// First one of each owner, then another of each, and so on; those of one owner, and the first of all owners, as they came.
pub(super) fn in_turns<T, K: Hash + Eq>(items: Vec<T>, owner: impl Fn(&T) -> K) -> Vec<T> {
    let mut counts: HashMap<K, usize> = HashMap::new();
    let mut all: Vec<_> = items
        .into_iter()
        .map(|item| {
            let before = counts.entry(owner(&item)).or_default();
            *before += 1;
            (*before, item)
        })
        .collect();
    all.sort_by_key(|(place, _)| *place);
    all.into_iter().map(|(_, item)| item).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_has_a_second_turn_before_all_had_their_first() {
        let items = ["a1", "a2", "a3", "b1", "c1", "c2"];
        let ordered = in_turns(items.to_vec(), |item| item.as_bytes()[0]);
        assert_eq!(ordered, ["a1", "b1", "c1", "a2", "c2", "a3"]);
        assert!(in_turns(Vec::<u8>::new(), |item| *item).is_empty());
    }
}
