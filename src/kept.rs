//! Values by key, with the time when they were read. What is kept has a limit in bytes, by estimate: what was read longest ago
//! goes first. Without one an instance that serves thousands of subscriptions would keep all that it ever read.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Values that are kept for a while.
#[derive(Debug)]
pub(crate) struct Kept<K, V> {
    all: Mutex<All<K, V>>,
    most: usize,
}

#[derive(Debug)]
struct All<K, V> {
    values: HashMap<K, Value<V>>,
    /// In the order of their reading; what was read again stands there twice.
    order: VecDeque<(K, u64)>,
    reading: u64,
    size: usize,
}

#[derive(Debug)]
struct Value<V> {
    read_at: Instant,
    reading: u64,
    size: usize,
    value: V,
}

impl<K: Hash + Eq + Clone, V: Clone> Kept<K, V> {
    /// Keeps at most so many bytes.
    pub(crate) fn at_most(most: usize) -> Self {
        let all = All { values: HashMap::new(), order: VecDeque::new(), reading: 0, size: 0 };
        Self { all: Mutex::new(all), most }
    }

    /// The value, if it was read no longer ago than `ttl`.
    pub(crate) fn get(&self, key: &K, ttl: Duration) -> Option<V> {
        self.all().values.get(key).filter(|kept| kept.read_at.elapsed() < ttl).map(|kept| kept.value.clone())
    }

    /// Keeps a value of this size.
    pub(crate) fn keep(&self, key: &K, value: V, size: usize) -> V {
        let mut all = self.all();
        all.forget(key);
        (all.size, all.reading) = (all.size + size, all.reading + 1);
        let reading = all.reading;
        all.values.insert(key.clone(), Value { read_at: Instant::now(), reading, size, value: value.clone() });
        all.order.push_back((key.clone(), reading));
        while all.size > self.most || all.order.len() > 2 * all.values.len() + 16 {
            let Some((oldest, reading)) = all.order.pop_front() else { break };
            if all.values.get(&oldest).is_some_and(|kept| kept.reading == reading) {
                all.forget(&oldest);
            }
        }
        value
    }

    /// Keeps it no longer.
    pub(crate) fn forget(&self, key: &K) {
        self.all().forget(key);
    }

    fn all(&self) -> MutexGuard<'_, All<K, V>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq, V> All<K, V> {
    fn forget(&mut self, key: &K) {
        if let Some(kept) = self.values.remove(key) {
            self.size -= kept.size;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_was_read_longest_ago_goes_first_and_what_is_too_large_is_not_kept() {
        let (kept, ttl) = (Kept::at_most(100), Duration::from_secs(60));
        for name in ["a", "b", "c", "a"] {
            kept.keep(&name, name, 40);
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert_eq!((kept.get(&"a", ttl), kept.get(&"b", ttl), kept.get(&"c", ttl)), (Some("a"), None, Some("c")));
        assert_eq!(kept.keep(&"d", "d", 101), "d");
        assert_eq!((kept.get(&"d", ttl), kept.all().size), (None, 0));
        assert_eq!(kept.get(&"a", Duration::ZERO), None);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_is_read_again_and_again_leaves_nothing_behind() {
        let kept = Kept::at_most(100);
        (0..10_000).for_each(|n| assert_eq!(kept.keep(&"a", n, 40), n));
        let all = kept.all();
        assert!((all.values.len(), all.size) == (1, 40) && all.order.len() < 20, "{}", all.order.len());
    }
}
