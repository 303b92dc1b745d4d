//! What is told once, and not with every call that meets it again.

use std::collections::{HashSet, VecDeque};
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

/// Most that is remembered. The oldest is forgotten first, so it may be told again.
const MOST: usize = 10_000;

/// What has been told by this process.
#[derive(Debug)]
pub struct Told<K>(Mutex<(HashSet<K>, VecDeque<K>)>);

impl<K> Default for Told<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Hash + Eq + Clone> Told<K> {
    /// Whether this is to be told now: the first time that it is met.
    pub fn is_news(&self, what: K) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (known, order) = &mut *told;
        if !known.insert(what.clone()) {
            return false;
        }
        order.push_back(what);
        if order.len() > MOST
            && let Some(oldest) = order.pop_front()
        {
            known.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_told_once_and_the_memory_is_bounded() {
        let told = Told::default();
        assert!(told.is_news(0) && !told.is_news(0) && told.is_news(1));
        for n in 2..=MOST {
            assert!(told.is_news(n));
        }
        assert!(told.is_news(0) && !told.is_news(2), "the oldest is forgotten, no more");
        assert_eq!(told.0.lock().unwrap().0.len(), MOST);
    }
}
