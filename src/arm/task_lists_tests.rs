//! However long the list of tasks is, it is read in parts and seldom, each page once, and none where few calls are left.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use azure_core::http::headers::Headers;
use azure_core::http::{AsyncRawResponse, HttpClient, Request, StatusCode};

use remediation::fact::ActiveTasks;
use remediation::fixture::target;

use crate::azure::Deadline;

use super::patience_tests::client_over;
use super::remediations::list_tasks;
use super::task_lists::TaskLists;

/// A service with a list of so many pages, each of which takes a second. It remembers which were asked for: none is the list of one
/// assignment.
#[derive(Debug)]
struct Service {
    pages: usize,
    /// Whether its answers tell that few calls are left.
    low: bool,
    asked: Mutex<Vec<Option<usize>>>,
}

impl Service {
    fn new(pages: usize, low: bool) -> Arc<Self> {
        Arc::new(Self { pages, low, asked: Mutex::default() })
    }

    /// The pages of the whole list that were asked for, in order.
    fn of_whole_list(&self) -> Vec<usize> {
        self.asked.lock().unwrap().iter().flatten().copied().collect()
    }
}

#[async_trait::async_trait]
impl HttpClient for Service {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let query = |name: &str| request.url().query_pairs().find(|(known, _)| known == name).map(|(_, value)| value);
        let page = query("page").map_or(1, |page| page.parse::<usize>().unwrap());
        let place = query("$filter").is_none().then_some(page);
        self.asked.lock().unwrap().push(place);
        tokio::time::sleep(Duration::from_secs(1)).await;
        let next =
            place.filter(|page| *page < self.pages).map(|page| format!("https://localhost/list?page={}", page + 1));
        let mut headers = Headers::new();
        if self.low {
            headers.insert("x-ms-ratelimit-remaining-subscription-reads", "7");
        }
        let body = serde_json::json!({ "value": [], "nextLink": next }).to_string();
        Ok(AsyncRawResponse::from_bytes(StatusCode::Ok, headers, body.into_bytes()))
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_list_is_read_in_parts_page_by_page_and_seldom() {
    for pages in [1, 3, 10, 60, 200] {
        let (service, lists) = (Service::new(pages, false), TaskLists::fresh_for(Duration::from_secs(600)));
        let client = client_over(service.clone());
        let (begun, mut wholes) = (tokio::time::Instant::now(), 0);
        while begun.elapsed() < Duration::from_secs(3_600) {
            // Every pass has an answer, whatever there is still to be read.
            let (_, tasks) = lists.active(&client, &target(), Deadline::after(Duration::from_secs(20))).await.unwrap();
            wholes += usize::from(matches!(tasks, ActiveTasks::All(_)));
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
        let asked = service.of_whole_list();
        let readings = asked.iter().filter(|page| **page == 1).count();
        println!("{pages} pages: {} asked for in an hour, {readings} readings, {wholes} passes had all", asked.len());
        // Each page once, then the next: what was read is kept.
        assert!(asked.iter().enumerate().all(|(place, page)| *page == place % pages + 1), "{pages}: {asked:?}");
        assert!(asked.len() <= 3_600 / 20 + pages.min(20), "{pages}: {} pages in an hour", asked.len());
        assert!(pages < 40 || readings <= 5, "{readings} readings");
        assert!(wholes > 0 || pages > 150, "{pages}: never read as a whole");
    }
}

#[tokio::test]
async fn where_few_calls_are_left_no_further_page_is_read() {
    let (service, lists) = (Service::new(10, true), TaskLists::fresh_for(Duration::from_secs(600)));
    let client = client_over(service.clone());
    let (_, tasks) = lists.active(&client, &target(), Deadline::after(Duration::from_secs(20))).await.unwrap();
    assert_eq!(tasks, ActiveTasks::Some(Vec::new()), "the tasks of the assignment are known");
    assert_eq!(*service.asked.lock().unwrap(), [Some(1), None]);
}

#[tokio::test(start_paused = true)]
async fn no_page_is_begun_after_the_time() {
    for (seconds, pages) in [(1, 1), (3, 3), (9, 9), (60, 10)] {
        let service = Service::new(10, false);
        let client = client_over(service.clone());
        let deadline = Deadline::after(Duration::from_secs(seconds));
        let all = client.send_paged(&list_tasks(target().subscription()), deadline).await;
        assert_eq!(all.is_ok(), pages == 10 && seconds > 10, "{seconds}: {all:?}");
        assert_eq!(service.of_whole_list(), (1..=pages).collect::<Vec<_>>(), "{seconds}");
    }
}
