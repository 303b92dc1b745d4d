//! Faults on demand: rules, scripted or seeded, that every service asks for every request. Rules decide only *that*
//! and *how* an exchange fails; `front` applies it. The same rules and requests always give the same faults.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::Service;

/// One way to fail.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// 429 with `Retry-After`, in the service's own words.
    Throttle {
        /// Whole seconds of `Retry-After`.
        retry_after: u64,
    },
    /// An answer with this HTTP status instead of the service's.
    Status(u16),
    /// This answer instead of the service's, which never sees the request.
    Answer {
        /// The HTTP status.
        status: u16,
        /// The body, sent as JSON.
        body: &'static str,
    },
    /// The service's own answer, with a text in its body replaced wherever it stands.
    Replace {
        /// What stands there.
        from: &'static str,
        /// What is sent instead.
        to: &'static str,
    },
    /// The connection is cut; the service never sees the request.
    CutBefore,
    /// The service does its work, then the connection is cut: the answer is lost.
    CutAfter,
    /// The answer comes late: the service begins only after this time. Other faults still apply.
    Delay(Duration),
    /// The worker dies while the request is on its way: the service never sees it. See [`Faults::on_kill`].
    KillBefore,
    /// The service does its work, and the worker dies before it has the answer. See [`Faults::on_kill`].
    KillAfter,
}

/// Which of the requests that a rule matches it strikes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Which {
    /// All.
    Always,
    /// The first n.
    First(u64),
    /// The n-th, 2n-th, …; 0 strikes none.
    EveryNth(u64),
    /// Each with this probability, drawn from a generator of its own with this seed.
    Share {
        /// From 0 to 1.
        probability: f64,
        /// The same seed strikes the same matches.
        seed: u64,
    },
}

/// A rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// By which it is removed and counted. A rule added under a known name replaces the old one.
    pub name: String,
    /// The service that it applies to.
    pub service: Service,
    /// Only this HTTP method, in any case.
    pub method: Option<String>,
    /// Only paths that contain this, in any case.
    pub path_contains: Option<String>,
    /// Only queries that contain this, in any case.
    pub query_contains: Option<String>,
    /// Only bodies that contain this.
    pub body_contains: Option<String>,
    /// Which of the matching requests it strikes.
    pub which: Which,
    /// What happens to them.
    pub kind: Kind,
}

impl Rule {
    /// A rule for every path and method of a service.
    pub fn new(name: impl Into<String>, service: Service, which: Which, kind: Kind) -> Self {
        let (method, path_contains, query_contains, body_contains) = (None, None, None, None);
        Self { name: name.into(), service, method, path_contains, query_contains, body_contains, which, kind }
    }

    /// Narrows it to a method.
    #[must_use]
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.method = Some(method.into());
        self
    }

    /// Narrows it to paths that contain a text.
    #[must_use]
    pub fn path_contains(mut self, part: impl Into<String>) -> Self {
        self.path_contains = Some(part.into());
        self
    }

    /// Narrows it to requests whose query contains a text.
    #[must_use]
    pub fn query_contains(mut self, part: impl Into<String>) -> Self {
        self.query_contains = Some(part.into());
        self
    }

    /// Narrows it to requests whose body contains a text.
    #[must_use]
    pub fn body_contains(mut self, part: impl Into<String>) -> Self {
        self.body_contains = Some(part.into());
        self
    }

    fn matches(&self, service: Service, method: &str, target: &str, body: &[u8]) -> bool {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let holds = |text: &str, part: &str| text.to_ascii_lowercase().contains(&part.to_ascii_lowercase());
        self.service == service
            && self.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && self.path_contains.as_deref().is_none_or(|part| holds(path, part))
            && self.query_contains.as_deref().is_none_or(|part| holds(query, part))
            && self.body_contains.as_deref().is_none_or(|part| String::from_utf8_lossy(body).contains(part))
    }
}

/// What is to happen to one request.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Verdict {
    /// How late the service begins: the delays of all rules that struck.
    pub delay: Duration,
    /// The fault of the first rule that struck with something else than a delay.
    pub kind: Option<Kind>,
    /// The rules that struck, by name.
    pub rules: Vec<String>,
}

/// The set of rules. Clones share it.
#[derive(Clone, Default)]
pub struct Faults {
    rules: Arc<Mutex<Vec<Armed>>>,
    kill: Arc<Mutex<Option<Arc<Kill>>>>,
}

/// Kills the worker and comes back when it can do nothing any more.
type Kill = dyn Fn() + Send + Sync;

struct Armed {
    rule: Rule,
    matched: u64,
    hits: u64,
    generator: u64,
}

impl Faults {
    /// No rules: everything works.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a rule at the end, or replaces the one of that name and its counts.
    pub fn add(&self, rule: Rule) {
        let seed = match rule.which {
            Which::Share { seed, .. } => seed,
            Which::Always | Which::First(_) | Which::EveryNth(_) => 0,
        };
        let armed = Armed { rule, matched: 0, hits: 0, generator: seed };
        let mut rules = self.lock();
        match rules.iter_mut().find(|known| known.rule.name == armed.rule.name) {
            Some(known) => *known = armed,
            None => rules.push(armed),
        }
    }

    /// Removes a rule; says whether there was one.
    pub fn remove(&self, name: &str) -> bool {
        let mut rules = self.lock();
        let before = rules.len();
        rules.retain(|armed| armed.rule.name != name);
        rules.len() < before
    }

    /// Removes all rules.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// How many requests a rule has struck; 0 when there is no such rule.
    pub fn hits(&self, name: &str) -> u64 {
        self.lock().iter().find(|armed| armed.rule.name == name).map_or(0, |armed| armed.hits)
    }

    /// All rules with the number of requests they have struck.
    pub fn all_hits(&self) -> Vec<(String, u64)> {
        self.lock().iter().map(|armed| (armed.rule.name.clone(), armed.hits)).collect()
    }

    /// Says how a worker is killed: what [`Kind::KillBefore`] and [`Kind::KillAfter`] do. Without it they only cut.
    pub fn on_kill(&self, kill: impl Fn() + Send + Sync + 'static) {
        *self.kill.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(kill));
    }

    pub(crate) fn kill(&self) {
        let kill = self.kill.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(kill) = kill {
            kill();
        }
    }

    /// The verdict on one request; `target` is its path, with the query if it has one. Rules are asked in the order in which they were added, until one ends the matter.
    pub fn judge(&self, service: Service, method: &str, target: &str, body: &[u8]) -> Verdict {
        let mut verdict = Verdict::default();
        for armed in self.lock().iter_mut().filter(|armed| armed.rule.matches(service, method, target, body)) {
            if !armed.strikes() {
                continue;
            }
            verdict.rules.push(armed.rule.name.clone());
            match armed.rule.kind {
                Kind::Delay(time) => verdict.delay += time,
                kind @ (Kind::Throttle { .. }
                | Kind::Status(_)
                | Kind::Answer { .. }
                | Kind::Replace { .. }
                | Kind::CutBefore
                | Kind::CutAfter
                | Kind::KillBefore
                | Kind::KillAfter) => {
                    verdict.kind = Some(kind);
                    break;
                }
            }
        }
        verdict
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Armed>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Armed {
    fn strikes(&mut self) -> bool {
        self.matched += 1;
        let strikes = match self.rule.which {
            Which::Always => true,
            Which::First(n) => self.matched <= n,
            Which::EveryNth(n) => self.matched.is_multiple_of(n),
            Which::Share { probability, .. } => self.draw() < probability,
        };
        self.hits += u64::from(strikes);
        strikes
    }

    /// SplitMix64 (Steele, Lea, Flood 2014): good enough here, and the same on every platform.
    fn draw(&mut self) -> f64 {
        self.generator = self.generator.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.generator;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        (z >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn struck(which: Which, asked: usize) -> Vec<usize> {
        let faults = Faults::new();
        faults.add(Rule::new("r", Service::Blob, which, Kind::CutBefore));
        (1..=asked).filter(|_| faults.judge(Service::Blob, "PUT", "/x", b"").kind.is_some()).collect()
    }

    #[test]
    fn a_rule_can_be_narrowed_to_a_query() {
        let faults = Faults::new();
        let rule = Rule::new("rest", Service::ResourceManager, Which::Always, Kind::CutBefore);
        faults.add(rule.path_contains("/states").query_contains("$skiptoken="));
        let hit = |target| faults.judge(Service::ResourceManager, "POST", target, b"").kind.is_some();
        assert!(hit("/a/States?x=1&$skipToken=2"));
        assert!(!hit("/a/states") && !hit("/a/states?x=1") && !hit("/a/states/$skiptoken="));
    }

    #[test]
    fn a_rule_strikes_exactly_the_requests_it_names() {
        assert_eq!(struck(Which::Always, 3), [1, 2, 3]);
        assert_eq!(struck(Which::First(2), 5), [1, 2]);
        assert_eq!(struck(Which::EveryNth(3), 7), [3, 6]);
        assert_eq!(struck(Which::EveryNth(0), 3), [0_usize; 0]);
        assert_eq!(struck(Which::Share { probability: 0.0, seed: 1 }, 50), [0_usize; 0]);
        assert_eq!(struck(Which::Share { probability: 1.0, seed: 1 }, 50).len(), 50);
    }

    #[test]
    fn a_share_is_near_its_probability_and_the_same_for_the_same_seed() {
        let share = |seed| struck(Which::Share { probability: 0.3, seed }, 2000);
        assert_eq!(share(7), share(7));
        assert_ne!(share(7), share(8));
        assert!((500..700).contains(&share(7).len()), "{}", share(7).len());
    }

    #[test]
    fn a_rule_looks_at_service_method_and_path_in_any_case() {
        let faults = Faults::new();
        let rule = Rule::new("r", Service::ResourceManager, Which::Always, Kind::Status(503));
        faults.add(rule.method("put").path_contains("/Remediations/"));
        let cases = [
            (Service::ResourceManager, "PUT", "/subscriptions/x/providers/remediations/a", true),
            (Service::ResourceManager, "GET", "/subscriptions/x/providers/remediations/a", false),
            (Service::ResourceManager, "PUT", "/subscriptions/x", false),
            (Service::Blob, "PUT", "/remediations/a", false),
        ];
        for (service, method, path, hit) in cases {
            assert_eq!(faults.judge(service, method, path, b"").kind.is_some(), hit, "{service} {method} {path}");
        }
        assert_eq!(faults.hits("r"), 1);
    }

    #[test]
    fn a_rule_can_look_into_the_body() {
        let faults = Faults::new();
        faults.add(Rule::new("r", Service::Blob, Which::Always, Kind::KillAfter).body_contains("\"open\""));
        assert_eq!(faults.judge(Service::Blob, "PUT", "/", b"{\"phase\":\"opening\"}").kind, None);
        assert_eq!(faults.judge(Service::Blob, "PUT", "/", b"{\"phase\":\"open\"}").kind, Some(Kind::KillAfter));
    }

    #[test]
    fn delays_add_up_and_the_first_other_fault_ends_the_matter() {
        let faults = Faults::new();
        for (name, kind) in [
            ("slow", Kind::Delay(Duration::from_millis(5))),
            ("slower", Kind::Delay(Duration::from_millis(7))),
            ("busy", Kind::Throttle { retry_after: 3 }),
            ("cut", Kind::CutAfter),
        ] {
            faults.add(Rule::new(name, Service::Blob, Which::Always, kind));
        }
        let verdict = faults.judge(Service::Blob, "GET", "/", b"");
        assert_eq!(verdict.delay, Duration::from_millis(12));
        assert_eq!(verdict.kind, Some(Kind::Throttle { retry_after: 3 }));
        assert_eq!(verdict.rules, ["slow", "slower", "busy"]);
        assert_eq!((faults.hits("busy"), faults.hits("cut")), (1, 0));
        assert!(faults.remove("busy") && !faults.remove("busy"));
        assert_eq!(faults.judge(Service::Blob, "GET", "/", b"").kind, Some(Kind::CutAfter));
        faults.add(Rule::new("cut", Service::Blob, Which::First(1), Kind::CutBefore));
        assert_eq!(faults.judge(Service::Blob, "GET", "/", b"").kind, Some(Kind::CutBefore));
        assert_eq!(faults.all_hits().last(), Some(&("cut".to_owned(), 1)));
    }
}
