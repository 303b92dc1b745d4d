"""After azd has deployed the code: names each function that the host does not know, and connects Event Grid with the function where
EVENT_DELIVERY=function. The host tells nobody of a function whose file or setting is wrong: it is simply absent.

Needs the Azure CLI, logged in. Without it nothing is checked, and this says so."""

import json
import os
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PATIENCE = float(os.environ.get("POSTDEPLOY_PATIENCE", "300"))
PAUSE = float(os.environ.get("POSTDEPLOY_PAUSE", "10"))


def az(*arguments: str) -> str:
    """What the Azure CLI prints; its own words when it fails."""
    # On Windows it is a script, which only its whole name finds.
    ran = subprocess.run([shutil.which("az") or "az", *arguments], check=False, capture_output=True, text=True)
    if ran.returncode != 0:
        raise RuntimeError(f"az {' '.join(arguments[:3])}: {ran.stderr.strip()}")
    return ran.stdout


def wanted() -> set[str]:
    folder = os.path.join(ROOT, "functions")
    return {name for name in os.listdir(folder) if os.path.isfile(os.path.join(folder, name, "function.json"))}


def known(group: str, app: str) -> set[str]:
    names = az("functionapp", "function", "list", "--resource-group", group, "--name", app, "--query", "[].name", "--output", "tsv")
    return {name.rsplit("/", 1)[-1] for name in names.split()}


def missing(group: str, app: str) -> set[str]:
    """The functions that the host does not know, after it had time to find them."""
    end = time.monotonic() + PATIENCE
    while True:
        absent, error = wanted(), None
        try:
            absent -= known(group, app)
        except RuntimeError as failed:
            error = failed
        if not absent or time.monotonic() >= end:
            if error:
                raise error
            return absent
        time.sleep(PAUSE)


def connect(topic: str) -> None:
    """Makes the event subscriptions of a topic, with the function as their destination."""
    _, _, subscription, _, group, *_, name = topic.split("/")
    template = os.path.join(ROOT, "infra", "events", "event-subscriptions.bicep")
    values = {
        "topicName": name,
        "token": os.environ["EVENT_SUBSCRIPTION_TOKEN"],
        "queueId": "",
        "functionId": os.environ["FUNCTION_APP_ID"] + "/functions/receive-event",
        "storageId": os.environ["STORAGE_ACCOUNT_ID"],
    }
    parameters = [f"{key}={value}" for key, value in values.items()]
    az("deployment", "group", "create", "--subscription", subscription, "--resource-group", group, "--template-file", template,
       "--name", "policy-remediator-events", "--parameters", *parameters)
    print(f"Event Grid delivers the events of {name} to receive-event.")


def main() -> int:
    to_function = os.environ.get("EVENT_DELIVERY") == "function"
    if shutil.which("az") is None:
        print("No Azure CLI: the deployed functions are NOT checked.")
        if to_function:
            print("EVENT_DELIVERY=function needs it: no event is delivered until this ran with it.", file=sys.stderr)
        return 1 if to_function else 0
    try:
        absent = missing(os.environ["AZURE_RESOURCE_GROUP"], os.environ["FUNCTION_APP_NAME"])
        if absent:
            print(f"The host does not know these functions: {', '.join(sorted(absent))}. See docs/deployment.md.", file=sys.stderr)
            return 1
        print(f"The host knows all functions: {', '.join(sorted(wanted()))}.")
        for topic in json.loads(os.environ.get("EVENT_TOPIC_IDS") or "[]") if to_function else []:
            connect(topic)
    except RuntimeError as failed:
        print(failed, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
