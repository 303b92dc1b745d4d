//! Whether the words say that something rests, or that there is no room: it can work once a person has seen to it, or with time.

/// What a thing is that rests: a machine, a cluster, a pool, a database, an agent.
const RESTING: [&str; 9] = [
    "stopped",
    "deallocated",
    "paused",
    "disconnected",
    "offline",
    "hibernated",
    "unresponsive",
    "unreachable",
    "shutdown",
];
/// What it is not, then.
const AWAKE: [&str; 9] =
    ["running", "connected", "online", "started", "responding", "ready", "reporting", "reachable", "reported"];
/// Words that a state stands behind.
const BEFORE: [&str; 8] = ["is", "are", "in", "state", "status", "powerstate", "agent", "currently"];
/// So many words behind them at most.
const NEAR: usize = 3;

/// What stands before a state that something must be in, and is not; and within how many words.
const WANTED: [(&[&str], usize); 2] = [
    (&["only when", "only while", "only if", "only be", "can only"], 14),
    (&["must be", "should be", "needs to be", "has to be", "unless", "until"], 4),
];

/// Whether something rests, by the folded words: "the VM is not running", "in 'Stopped' state", "agent not responding".
pub(super) fn rests(message: &str) -> bool {
    // A hyphen or a slash belongs to a name, which may sound like anything.
    let split = |c: char| c.is_whitespace() || "()[]{},:;=<>".contains(c);
    let words: Vec<&str> = message
        .split(split)
        .map(|word| word.trim_matches(['\'', '"', '.', '!']))
        .filter(|word| !word.is_empty())
        .collect();
    let is_behind = |at: usize| words[at.saturating_sub(NEAR)..at].iter().any(|word| BEFORE.contains(word));
    let is_wanted = |at: usize| {
        WANTED.iter().any(|(wanted, near)| {
            let before = words[at.saturating_sub(*near)..at].join(" ");
            wanted.iter().any(|wanted| before.contains(wanted))
        })
    };
    let is_denied = |at: usize| words[at.saturating_sub(NEAR)..at].contains(&"not");
    words.iter().enumerate().any(|(at, word)| {
        is_behind(at)
            && if RESTING.contains(word) {
                !is_denied(at) && !is_wanted(at)
            } else {
                is_denied(at) && AWAKE.contains(word) && is_of_it(&words[..at])
            }
    })
}

/// Whether the words before "not …" speak of something that runs or connects, and not of a value that is not ready.
fn is_of_it(before: &[&str]) -> bool {
    const THINGS: [&str; 12] = [
        "vm", "vms", "machine", "machines", "agent", "cluster", "server", "pool", "database", "instance", "host",
        "device",
    ];
    before.iter().any(|word| THINGS.contains(word))
}

/// Whether the folded words list what a value may be.
pub(super) fn names_values(message: &str) -> bool {
    let kinds =
        ["allowed value", "possible value", "valid value", "accepted value", "supported value", "must be one of"];
    kinds.iter().any(|words| message.contains(words))
}

/// Whether the folded words tell of another operation: then it is ready in minutes.
pub(super) fn is_busy(message: &str) -> bool {
    ["another operation", "in progress"].iter().any(|words| message.contains(words))
}

/// Whether a quota is used up, by the folded words.
pub(super) fn is_full(message: &str) -> bool {
    message.contains("quota")
        && ["exceed", "reached", "used up", "not enough", "insufficient"].iter().any(|word| message.contains(word))
}
