//! As whom: a person who is logged in with the Azure CLI at the local Entra ID, and a local Azure that is a copy of another cloud.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use reqwest::{Certificate, Client};
use serde_json::Value;
use simulator_demo::judgement;

use crate::stage::{Simulation, until};

fn client(simulation: &Simulation) -> Client {
    let authority = std::fs::read(simulation.place("caFile")).unwrap();
    Client::builder().add_root_certificate(Certificate::from_pem(&authority).unwrap()).build().unwrap()
}

/// A token of the owner, got as an application gets one.
async fn token(simulation: &Simulation, secret: &str, resource: &str) -> Result<String, Value> {
    let url = format!("{}/{}/oauth2/v2.0/token", simulation.place("entra"), simulation.place("tenant"));
    let asked = [
        ("grant_type", "client_credentials".to_owned()),
        ("client_id", simulation.place("operatorClientId")),
        ("client_secret", secret.to_owned()),
        ("scope", format!("{resource}/.default")),
    ];
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(asked).finish();
    let request = client(simulation).post(url).header("content-type", "application/x-www-form-urlencoded").body(form);
    let answer: Value = serde_json::from_str(&request.send().await.unwrap().text().await.unwrap()).unwrap();
    answer["access_token"].as_str().map(str::to_owned).ok_or(answer)
}

/// Puts a command in a folder that answers as `az account get-access-token` does, and tells what it was asked for.
fn az(folder: &Path, token: &str) {
    let script = format!(
        "#!/bin/sh\necho \"$@\" >> {0}/asked\necho '{{\"accessToken\":\"{token}\",\"expires_on\":4102444800,\"tokenType\":\"Bearer\"}}'\n",
        folder.display()
    );
    let file = folder.join("az");
    std::fs::write(&file, script).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_acts_as_whoever_is_logged_in_with_the_azure_cli() {
    let simulation = Simulation::start().await;
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("local.env");
    let wanted =
        ["ServiceBus__fullyQualifiedNamespace", "STATE_BLOB_ENDPOINT", "RESOURCE_MANAGER_ENDPOINT", "SSL_CERT_FILE"];
    let line = |name: &&str| format!("{name}={}\n", simulation.places["env"][*name].as_str().unwrap());
    std::fs::write(&settings, wanted.iter().map(line).collect::<String>()).unwrap();
    let status = async || {
        let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_policy-remediator"));
        command
            .args(["status", "--json", "--env-file"])
            .arg(&settings)
            .env("PATH", path)
            .env_remove("IDENTITY_ENDPOINT");
        let ended = command.output().await.unwrap();
        (ended.status.code(), String::from_utf8(ended.stdout).unwrap(), String::from_utf8(ended.stderr).unwrap())
    };
    let secret = simulation.place("operatorClientSecret");
    az(folder.path(), &token(&simulation, &secret, "https://storage.azure.com").await.unwrap());
    let (code, told, words) = status().await;
    assert_eq!(code, Some(0), "{words}");
    assert_eq!(serde_json::from_str::<Value>(&told).unwrap()["targets"], 0);
    let asked = std::fs::read_to_string(folder.path().join("asked")).unwrap();
    assert!(asked.contains("get-access-token") && asked.contains("https://storage.azure.com/.default"), "{asked}");
    // A login for something else opens nothing.
    az(folder.path(), &token(&simulation, &secret, "https://management.azure.com").await.unwrap());
    let (code, _, words) = status().await;
    assert_eq!(code, Some(1), "{words}");
    let refused = token(&simulation, "wrong", "https://storage.azure.com").await.unwrap_err();
    assert_eq!(refused["error_codes"][0], 7_000_215, "{refused}");
    simulation.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_cloud_takes_tokens_for_its_own_audiences_only() {
    let simulation = Simulation::with(&["--set", "AZURE_CLOUD=usgovernment"]).await;
    let (secret, manager) = (simulation.place("operatorClientSecret"), simulation.place("resourceManager"));
    let own = "https://management.usgovcloudapi.net";
    let client = client(&simulation);
    let refused = token(&simulation, &secret, "https://management.azure.com").await.unwrap_err();
    assert_eq!(refused["error"], "invalid_resource", "{refused}");
    let foreign = token(&simulation, &secret, "https://storage.azure.com").await.unwrap();
    let own_token = token(&simulation, &secret, own).await.unwrap();
    for (bearer, status) in [(&foreign, 401), (&own_token, 200)] {
        let asked = client.get(format!("{manager}/subscriptions?api-version=2022-12-01")).bearer_auth(bearer);
        let answer = asked.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status);
        if status == 401 {
            assert!(answer.text().await.unwrap().contains(own), "it names its own audiences");
        }
    }
    let told = client.get(format!("{manager}/metadata/endpoints?api-version=2022-09-01")).send().await.unwrap();
    let told: Value = serde_json::from_str(&told.text().await.unwrap()).unwrap();
    assert_eq!(
        (&told["name"], &told["authentication"]["loginEndpoint"]),
        (&"AzureUSGovernment".into(), &simulation.places["entra"])
    );
    // The worker of that cloud works there.
    let estate: simulator::estate::Estate =
        serde_json::from_str(&std::fs::read_to_string(simulation.place("estate")).unwrap()).unwrap();
    assert!(!judgement::fixable(&estate).is_empty());
    let events = std::fs::read_to_string(simulation.place("events")).unwrap();
    let url = format!("{}/runtime/webhooks/eventgrid?functionName=receive-event", simulation.place("functions"));
    let posted = client.post(url).header("aeg-event-type", "Notification").body(events).send().await.unwrap();
    assert_eq!(posted.status().as_u16(), 202);
    until("resources are fixed", || simulation.stderr().contains("resource_fixed")).await;
    simulation.terminate().await;
}
