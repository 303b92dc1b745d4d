"""Makes the containers, sends the events (`demo`: each once; `storm`: often, in disorder), and waits until the worker has nothing more to
do. Arguments: which of the two, the file with the line that `simulate` printed, the storage account, a folder, the binary."""

import json
import os
import random
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request

kind = sys.argv[1]
places = json.load(open(sys.argv[2], encoding="utf-8"))
account, folder, binary = sys.argv[3:6]
trusted = ssl.create_default_context(cafile=f"{folder}/cert.pem")
seed = int(os.environ.get("SEED", "1"))


def token(resource):
    url = f"{places['identity']}?api-version=2019-08-01&resource={resource}&client_id={places['operatorClientId']}"
    asked = urllib.request.Request(url, headers={"X-IDENTITY-HEADER": places["env"]["IDENTITY_HEADER"]})
    return json.load(urllib.request.urlopen(asked))["access_token"]


bearer = {"Authorization": f"Bearer {token('https://storage.azure.com')}", "x-ms-version": "2025-11-05"}
for container in ["state", "rejected", "events-dead-letter"]:
    asked = urllib.request.Request(f"{account}/{container}?restype=container", method="PUT", headers=bearer, data=b"")
    for attempt in range(50):
        try:
            urllib.request.urlopen(asked, context=trusted)
            break
        except urllib.error.HTTPError as error:
            raise SystemExit(f"Azurite refuses {container}: {error.code} {error.read()!r}") from error
        except urllib.error.URLError:
            time.sleep(0.2)

events = json.load(open(places["events"], encoding="utf-8"))
url = f"{places['functions']}/runtime/webhooks/eventgrid?functionName=receive-event"
both = f"{folder}/status.pem"
with open(both, "w", encoding="utf-8") as joined:
    joined.write(open(places["caFile"], encoding="utf-8").read() + open(f"{folder}/cert.pem", encoding="utf-8").read())
env = {**os.environ, **places["env"], "STATE_BLOB_ENDPOINT": account, "SSL_CERT_FILE": both}


def deliver(some):
    for start in range(0, len(some), 25):
        body = json.dumps(some[start : start + 25]).encode()
        headers = {"aeg-event-type": "Notification", "content-type": "application/json"}
        urllib.request.urlopen(urllib.request.Request(url, method="POST", headers=headers, data=body))


def status():
    said = subprocess.run([binary, "status", "--json"], env=env, capture_output=True, text=True, check=False)
    if said.returncode not in (0, 3):
        raise SystemExit(f"status: {said.returncode} {said.stderr}")
    return json.loads(said.stdout)


def settle(name, sent):
    begun = time.monotonic()
    calm = 0
    while calm < 3:
        if time.monotonic() - begun > 400:
            raise SystemExit(f"WRONG  {name}: not at rest after 400 s: {status()}")
        time.sleep(1)
        found = status()
        is_calm = found["waiting"] == 0 and found["inTask"] == 0 and found["fixed"] + found["parked"] + found["skipped"] > 0
        calm = calm + 1 if is_calm else 0
    kept = {name: found[name] for name in ("targets", "waiting", "inTask", "fixed", "parked", "skipped") if name in found}
    print(f"Azurite, {name}: {sent} events, {time.monotonic() - begun:.0f} s, {kept}")


if kind == "storm":
    events = events * 8
    random.Random(seed).shuffle(events)
deliver(events)
settle(kind, len(events))
lines = [json.loads(line) for line in open(f"{folder}/worker.jsonl", encoding="utf-8") if line.startswith("{")]
failed = [line for line in lines if line.get("level") == "ERROR" or line.get("event") == "panicked"]
for line in failed[:10]:
    print(f"WRONG  {line}")
sys.exit(1 if failed else 0)
