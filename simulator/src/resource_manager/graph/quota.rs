//! The budget of queries that each principal has: so many in a window that begins with the first of them, then as many anew
//! ("Guidance for throttled requests in Azure Resource Graph", Microsoft documentation).

use super::super::allowance::Allowance;
use std::collections::HashMap;
use time::OffsetDateTime;

/// What principals have used up.
#[derive(Debug, Default)]
pub(crate) struct GraphQuota {
    windows: HashMap<String, Window>,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    began_at: OffsetDateTime,
    used: u32,
}

impl GraphQuota {
    /// Takes a query of a principal: whether there was room, and the headers that tell what is left until when.
    pub(super) fn take(
        &mut self,
        principal: &str,
        allowance: &Allowance,
        now: OffsetDateTime,
    ) -> (bool, [(String, String); 2]) {
        let length = allowance.graph_window;
        let window = self.windows.entry(principal.to_lowercase()).or_insert(Window { began_at: now, used: 0 });
        if window.began_at + length <= now {
            *window = Window { began_at: now, used: 0 };
        }
        let has_room = window.used < allowance.graph_queries;
        window.used += u32::from(has_room);
        let left = allowance.graph_queries - window.used;
        let seconds = (window.began_at + length - now).as_seconds_f64().ceil().max(0.0) as u64;
        let until = format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
        let headers = [("x-ms-user-quota-remaining", left.to_string()), ("x-ms-user-quota-resets-after", until)];
        (has_room || !allowance.refuses, headers.map(|(name, value)| (name.to_owned(), value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_principal_has_so_many_queries_until_its_window_ends() {
        let allowance = Allowance { graph_queries: 2, graph_window: Duration::from_secs(5), ..Allowance::recorded() };
        let mut quota = GraphQuota::default();
        let start = OffsetDateTime::UNIX_EPOCH;
        let mut take = |who: &str, seconds: i64| {
            let (is_in, [(_, left), (_, until)]) =
                quota.take(who, &allowance, start + time::Duration::seconds(seconds));
            (is_in, left, until)
        };
        for (who, at, expected) in [
            ("a", 0, (true, "1", "00:00:05")),
            ("A", 2, (true, "0", "00:00:03")),
            ("a", 4, (false, "0", "00:00:01")),
            ("b", 4, (true, "1", "00:00:05")),
            ("a", 5, (true, "1", "00:00:05")),
        ] {
            let (is_in, left, until) = take(who, at);
            assert_eq!((is_in, left.as_str(), until.as_str()), expected, "{who} at {at}");
        }
    }
}
