//! Asks the question of a step: which call it is, of whom, and what its answer means.

use remediation::document::Place;
use remediation::run::{Answer, Question, Rows};

use crate::app::App;
use crate::arm::{ArmError, Call, Descendant, GraphPage, Item, Page, Row, calls};
use crate::azure::Deadline;

/// The answer to a question. Whatever went wrong is one.
pub async fn ask(app: &App, question: &Question, deadline: Deadline) -> Answer {
    let now = crate::azure::now();
    let answer = match question {
        Question::Descendants(group, next) => {
            let page = page(app, &calls::descendants(group), next.as_deref(), deadline).await;
            page.map(|Rows { rows, unreadable, next }| {
                let subscription = |below| match below {
                    Descendant::Subscription(id) => Some(id),
                    Descendant::Group => None,
                };
                Answer::Descendants(Rows {
                    rows: rows.into_iter().filter_map(subscription).collect(),
                    unreadable,
                    next,
                })
            })
        }
        Question::Visible(subscriptions) => {
            let call = calls::visible_in_graph(subscriptions, None);
            graph(app, &call, None, deadline).await.map(|page| Answer::Visible(page.rows))
        }
        Question::Counts(Place::Graph { subscriptions }, filter, next) => {
            let call = calls::counts_in_graph(subscriptions, filter, next.as_deref());
            graph(app, &call, next.as_deref(), deadline).await.map(Answer::Counts)
        }
        Question::Counts(place, filter, next) => {
            page(app, &calls::counts(place, filter, now), next.as_deref(), deadline).await.map(Answer::Counts)
        }
        Question::Resources(Place::Graph { subscriptions }, filter, next) => {
            let call = calls::resources_in_graph(subscriptions, filter, next.as_deref());
            graph(app, &call, next.as_deref(), deadline).await.map(Answer::Resources)
        }
        Question::Resources(place, filter, next) => {
            page(app, &calls::resources(place, filter, now), next.as_deref(), deadline).await.map(Answer::Resources)
        }
    };
    answer.unwrap_or_else(unanswered)
}

fn unanswered(error: ArmError) -> Answer {
    match error {
        ArmError::Throttled { until, .. } | ArmError::Held { until, .. } => {
            Answer::Unanswered(error.to_string(), Some(until))
        }
        ArmError::NotFound { .. } | ArmError::Refused { .. } | ArmError::Unreadable { .. } => {
            Answer::Refused(error.to_string())
        }
        ArmError::Unauthorized { .. } | ArmError::NotSent { .. } | ArmError::Lost { .. } => {
            Answer::Unanswered(error.to_string(), None)
        }
    }
}

async fn page<T>(
    app: &App,
    call: &Call<Page<Row<T>>>,
    from: Option<&str>,
    deadline: Deadline,
) -> Result<Rows<T>, ArmError>
where
    Row<T>: Item,
{
    let (rows, next) = app.reconciler.arm.send_some(call, from, 1, deadline).await?;
    Ok(read(rows, next))
}

async fn graph<T>(
    app: &App,
    call: &Call<GraphPage<Row<T>>>,
    from: Option<&str>,
    deadline: Deadline,
) -> Result<Rows<T>, ArmError>
where
    Row<T>: Item,
{
    let page = app.reconciler.arm.send(call, deadline).await?;
    let next = page.next(from);
    Ok(read(page.rows, next))
}

fn read<T>(rows: Vec<Row<T>>, next: Option<String>) -> Rows<T> {
    let all = rows.len();
    let rows: Vec<T> = rows.into_iter().filter_map(|Row(row)| row).collect();
    Rows { unreadable: (all - rows.len()) as u64, rows, next }
}
