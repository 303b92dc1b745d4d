//! The same work by a Python handler on aiohttp (`benches/peers/handler.py`), beside the worker: one event an invocation with 64 on
//! their way, and batches by queue.

use std::path::Path;

use crate::peer::{MISSING, Peer};
use crate::{batches, receive_event};

/// On their way at once.
const PARALLEL: usize = 64;

/// Rates of one handler, and what of a processor an event costs it.
struct Rates {
    one_by_one: (f64, f64),
    batched: (f64, f64),
}

impl Rates {
    async fn of(handler: &Path, events: usize, queued: usize) -> anyhow::Result<Self> {
        let (rounds, processors) = receive_event::measure(handler, PARALLEL, events, 3).await?;
        let [_, median, _] = rounds.summary();
        let worked = batches::receive(handler, queued, 1).await?;
        let rate = worked.events as f64 / worked.took.as_secs_f64();
        Ok(Self {
            one_by_one: (1.0 / median.as_secs_f64(), processors * 1e6),
            batched: (rate, worked.processors * 1e6 / worked.events as f64),
        })
    }
}

/// Both, in a line; so many events one by one a round, and so many by queue.
pub(crate) async fn measure(worker: &Path, events: usize, queued: usize) -> anyhow::Result<String> {
    let Some(peer) = Peer::find()? else {
        return Ok(MISSING.to_owned());
    };
    let theirs = Rates::of(peer.path(), events, queued).await?;
    let ours = Rates::of(worker, events, queued).await?;
    let line = |rates: &Rates| {
        format!(
            "{:.0} events/s and {:.0} µs of a processor each one by one, {:.0} events/s and {:.0} µs by queue",
            rates.one_by_one.0, rates.one_by_one.1, rates.batched.0, rates.batched.1
        )
    };
    let times = |ours: f64, theirs: f64| format!("{:.1}", ours / theirs);
    Ok(format!(
        "aiohttp: {}; the worker: {}; times as fast: {} one by one, {} by queue, {} by queue against one by one; processor an event: \
         theirs is {} times ours one by one, {} by queue, {} one by one against ours by queue",
        line(&theirs),
        line(&ours),
        times(ours.one_by_one.0, theirs.one_by_one.0),
        times(ours.batched.0, theirs.batched.0),
        times(ours.batched.0, theirs.one_by_one.0),
        times(theirs.one_by_one.1, ours.one_by_one.1),
        times(theirs.batched.1, ours.batched.1),
        times(theirs.one_by_one.1, ours.batched.1),
    ))
}
