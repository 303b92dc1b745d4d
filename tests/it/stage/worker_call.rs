//! Calls that a test makes to the worker itself, as the host would.

use reqwest::{Method, Url};
use simulator::functions_host::Phase;

use super::Stage;

impl Stage {
    /// Asks the worker and gives status, content type and body of the answer.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: &str) -> (u16, String, String) {
        let phase = self.host().phase(0).unwrap().borrow().clone();
        let Phase::Ready { port } = phase else { panic!("the worker is not ready: {phase:?}") };
        let url: Url = format!("http://127.0.0.1:{port}{path}").parse().unwrap();
        let request = reqwest::Client::new().request(Method::from_bytes(method.as_bytes()).unwrap(), url);
        let answer = request.header("content-type", "application/json").body(body.to_owned()).send().await.unwrap();
        let kind = answer.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
        (answer.status().as_u16(), kind.unwrap_or_default(), answer.text().await.unwrap())
    }
}
