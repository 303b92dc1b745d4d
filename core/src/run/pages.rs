//! Pages that lead nowhere: a service whose links go round in a circle must not keep a run going for ever.

use crate::document::Work;

use super::Answer;

/// Most pages of one place: far more than any service has of what the policies of a tenant find.
pub(super) const MOST: u64 = 100_000;

/// Why the answer is no way on, if it is none.
pub(super) fn refusal(work: &Work, answer: &Answer) -> Option<String> {
    let (asked, pages) = match work {
        Work::Expand { next, pages, .. } => (next, *pages),
        Work::Count { next, found, .. } | Work::List { next, found, .. } => (next, found.sums.questions),
        Work::See { .. } => return None,
    };
    let next = match answer {
        Answer::Descendants(page) => &page.next,
        Answer::Counts(page) => &page.next,
        Answer::Resources(page) => &page.next,
        Answer::Visible(_) | Answer::Refused(_) | Answer::Unanswered(..) => return None,
    };
    if next.is_some() && next == asked {
        return Some("the link to the next page leads back to the page itself".to_owned());
    }
    (next.is_some() && pages >= MOST).then(|| format!("there are more than {MOST} pages, as if their links went round"))
}
