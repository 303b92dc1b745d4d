//! What goes wrong in a storm: each fault at each of the six writes that open a task. A fault is a rule over the wire; where
//! a fault is more than that (two instances, a lost acknowledgement), it says what else the storm needs.

use std::time::Duration;

use simulator::Service;
use simulator::faults::{Kind, Rule, Which};

/// A fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// 429 with Retry-After.
    Throttled,
    /// 503.
    Failing,
    /// The connection is cut before the service has the request.
    CutBefore,
    /// The connection is cut after the service has done its work.
    CutAfter,
    /// The answer comes late.
    Slow,
    /// SIGKILL of the worker when the service has done its work.
    Killed,
    /// Two instances, and writes slow enough that they meet.
    Raced,
    /// The host never learns that the invocation, in which the write was made, has ended.
    Unacknowledged,
}

/// All faults; one is paired with the fourth after it in a storm.
pub(crate) const FAULTS: [Fault; 8] = [
    Fault::Throttled,
    Fault::Failing,
    Fault::CutBefore,
    Fault::CutAfter,
    Fault::Slow,
    Fault::Killed,
    Fault::Raced,
    Fault::Unacknowledged,
];

/// One of the six writes, by how it looks on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Write {
    pub(crate) name: &'static str,
    service: Service,
    method: &'static str,
    path: &'static str,
    body: &'static str,
}

/// The six writes, in their order.
pub(crate) const WRITES: [Write; 6] = [
    Write { name: "opening", service: Service::Blob, method: "PUT", path: "targets%2F", body: r#""phase":"opening""# },
    Write { name: "claim", service: Service::Blob, method: "PUT", path: "subscriptions%2F", body: r#""task":"pr-"# },
    Write { name: "put", service: Service::ResourceManager, method: "PUT", path: "/remediations/pr-", body: "" },
    Write { name: "open", service: Service::Blob, method: "PUT", path: "targets%2F", body: r#""phase":"open""# },
    Write { name: "wake-up", service: Service::ServiceBus, method: "POST", path: "/wake-ups/", body: "" },
    Write { name: "acknowledgement", service: Service::Functions, method: "POST", path: "/remediate", body: "" },
];

/// The acknowledgement, which a lost one needs besides its own write.
const ACKNOWLEDGEMENT: Write = WRITES[5];

impl Write {
    fn rule(self, name: &str, which: Which, kind: Kind) -> Rule {
        let rule = Rule::new(name, self.service, which, kind).method(self.method).path_contains(self.path);
        if self.body.is_empty() { rule } else { rule.body_contains(self.body) }
    }
}

/// A fault at a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) fault: Fault,
    pub(crate) write: Write,
}

impl Trouble {
    /// The rule that must have struck in the end.
    pub(crate) fn name(self) -> String {
        format!("{:?} at {}", self.fault, self.write.name)
    }

    /// Whether it needs a second instance.
    pub(crate) fn is_race(self) -> bool {
        self.fault == Fault::Raced
    }

    /// Whether writes are held until one of them has lost its race.
    pub(crate) fn races_until_lost(self) -> bool {
        self.is_race() && matches!(self.write.name, "opening" | "claim" | "open")
    }

    /// The rules; they strike so many times.
    pub(crate) fn rules(self, times: u64) -> Vec<Rule> {
        let (name, first) = (self.name(), Which::First(times));
        let here = |kind| vec![self.write.rule(&name, first, kind)];
        match self.fault {
            Fault::Throttled => here(Kind::Throttle { retry_after: 1 }),
            Fault::Failing => here(Kind::Status(503)),
            Fault::CutBefore => here(Kind::CutBefore),
            Fault::CutAfter => here(Kind::CutAfter),
            Fault::Slow => here(Kind::Delay(Duration::from_millis(700))),
            // The host gives itself up at the third death.
            Fault::Killed => vec![self.write.rule(&name, Which::First(times.min(2)), Kind::KillAfter)],
            // Longer than an opening is its owner's, and wake-ups of all targets come again and again: hardly one that is held
            // here does not lose.
            // All targets of the subscription write their claims to one document: there they meet by themselves.
            Fault::Raced if self.races_until_lost() => {
                let held = Duration::from_millis(if self.write.name == "claim" { 150 } else { 4_000 });
                vec![self.write.rule(&name, Which::Always, Kind::Delay(held))]
            }
            Fault::Raced => {
                vec![self.write.rule(&name, Which::First(4 * times), Kind::Delay(Duration::from_millis(150)))]
            }
            Fault::Unacknowledged if self.write == ACKNOWLEDGEMENT => here(Kind::CutAfter),
            // The first only marks the write, so that the ledger tells when its acknowledgement is among the lost ones.
            Fault::Unacknowledged => vec![
                self.write.rule(&name, Which::Always, Kind::Delay(Duration::ZERO)),
                ACKNOWLEDGEMENT.rule(&self.lost(), Which::Always, Kind::CutAfter),
            ],
        }
    }

    /// Whether acknowledgements are to be lost until one is that of an invocation with the write.
    pub(crate) fn loses_acknowledgements(self) -> bool {
        self.fault == Fault::Unacknowledged && self.write != ACKNOWLEDGEMENT
    }

    /// The rule that loses acknowledgements for it.
    pub(crate) fn lost(self) -> String {
        format!("lost after {}", self.write.name)
    }
}
