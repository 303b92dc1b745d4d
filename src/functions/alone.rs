//! Items that have come too often are handled one by one, so that each fails alone: one that fails by its own fault, or that
//! the worker died of, is rejected, and the rest of its batch is done. Storage or a queue that does not serve is nobody's
//! fault: then the invocation fails, and nothing is rejected for it.

use super::Failure;
use super::rejection::reject;
use crate::app::App;
use crate::host::Item;
use crate::transport::{Deadline, causes};

/// From this delivery on an item is handled alone.
const FROM_DELIVERY: u32 = 5;
/// So many deaths of the worker while it handled the item alone, and it is rejected.
pub(super) const DEATHS: u32 = 2;

/// Parts items that are handled together from those that are handled alone.
pub(super) fn part(items: Vec<Item>) -> (Vec<Item>, Vec<Item>) {
    items.into_iter().partition(|item| item.delivery_count < FROM_DELIVERY)
}

/// Handles each item alone.
pub(super) async fn one_by_one<F>(
    app: &App,
    function: &'static str,
    items: Vec<Item>,
    deadline: Deadline,
    handle: impl Fn(Item) -> F,
) -> Result<(), Failure>
where
    F: Future<Output = Result<(), Failure>>,
{
    let store = &app.reconciler.store;
    for item in items {
        let (body, deliveries) = (item.body.clone(), item.delivery_count);
        let deaths = store.begin_alone(function, &body, deadline).await?;
        if deaths >= DEATHS {
            let reason =
                format!("the worker died {deaths} times while it handled only this item (delivery {deliveries})");
            reject(app, function, reason, &body, deadline).await?;
        } else {
            match handle(item).await {
                Err(failure) if failure.is_of_the_item() => {
                    let reason = format!("failed by itself at delivery {deliveries}: {}", causes(&failure));
                    reject(app, function, reason, &body, deadline).await?;
                }
                Err(failure) => {
                    store.end_alone(function, &body, deadline).await?;
                    return Err(failure);
                }
                Ok(()) => {}
            }
        }
        store.end_alone(function, &body, deadline).await?;
    }
    Ok(())
}
