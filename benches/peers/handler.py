"""What a good Python engineer would deploy for the same job: a custom handler on aiohttp that stores a message for each event.

It does what `receive-event` and `receive-queued-events` do: reads the host's envelope and either event schema, keeps what does not
comply, and stores a message with an id that is the same for the same evaluation before it answers. Connections are kept, tokens are
kept, many requests go at a time. A batch is sent in one request. With PEER_PUTS=1 it creates a remediation task for each event
instead, as scripts do that people put up.
"""

import asyncio
import hashlib
import json
import os
import ssl
import time

import aiohttp
from aiohttp import web

NAMESPACE = "https://" + os.environ["ServiceBus__fullyQualifiedNamespace"]
MANAGEMENT = os.environ["RESOURCE_MANAGER_ENDPOINT"].rstrip("/")
QUEUE = NAMESPACE + "/noncompliant-resources/messages"
BATCH = "application/vnd.microsoft.servicebus.json"
PUTS = os.environ.get("PEER_PUTS") == "1"
OK = json.dumps({"Outputs": {}, "Logs": [], "ReturnValue": None})


class Tokens:
    """Tokens of the managed identity, each asked for once."""

    def __init__(self, session):
        self.session, self.known, self.lock = session, {}, asyncio.Lock()

    async def get(self, resource):
        async with self.lock:
            token, until = self.known.get(resource, ("", 0))
            if until < time.time() + 300:
                query = {"resource": resource, "api-version": "2019-08-01"}
                headers = {"X-IDENTITY-HEADER": os.environ["IDENTITY_HEADER"]}
                async with self.session.get(os.environ["IDENTITY_ENDPOINT"], params=query, headers=headers) as answer:
                    answer.raise_for_status()
                    told = await answer.json()
                token, until = told["access_token"], float(told["expires_on"])
                self.known[resource] = (token, until)
            return token


def seen(event):
    """The resource, the assignment and the message of an event; none where it is not worth one."""
    kind = event.get("eventType") or event.get("type") or ""
    data = event.get("data") or {}
    if not kind.startswith("Microsoft.PolicyInsights.PolicyState") or data.get("complianceState") != "NonCompliant":
        return None
    resource, assignment = event.get("subject") or "", data.get("policyAssignmentId") or ""
    if not resource or not assignment:
        return None
    reference = (data.get("policyDefinitionReferenceId") or "").lower()
    message = {
        "version": 1,
        "seen": "nonCompliant",
        "resourceId": resource.lower(),
        "policyAssignmentId": assignment.lower(),
        "observedAt": data.get("timestamp"),
        "origin": "event",
    }
    if reference:
        message["policyDefinitionReferenceId"] = reference
    return message


def identity_of(message):
    parts = [message["policyAssignmentId"], message["resourceId"], str(message["observedAt"]), message["seen"]]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


async def store(app, messages):
    headers = {"Authorization": "Bearer " + await app["tokens"].get("https://servicebus.azure.net"), "Content-Type": BATCH}
    body = [
        {"Body": json.dumps(m), "BrokerProperties": {"MessageId": identity_of(m), "ContentType": "application/json"}}
        for m in messages
    ]
    async with app["session"].post(QUEUE, data=json.dumps(body), headers=headers) as answer:
        answer.raise_for_status()


async def put(app, message):
    scope = "/".join(message["resourceId"].split("/")[:3])
    name = "peer-" + identity_of(message)
    url = f"{MANAGEMENT}{scope}/providers/Microsoft.PolicyInsights/remediations/{name}?api-version=2024-10-01"
    headers = {"Authorization": "Bearer " + await app["tokens"].get("https://management.azure.com")}
    wanted = {"policyAssignmentId": message["policyAssignmentId"], "filters": {"resourceIds": [message["resourceId"]]}}
    if "policyDefinitionReferenceId" in message:
        wanted["policyDefinitionReferenceId"] = message["policyDefinitionReferenceId"]
    async with app["session"].put(url, json={"properties": wanted}, headers=headers) as answer:
        answer.raise_for_status()


async def do(app, events):
    messages = [message for message in map(seen, events) if message]
    if PUTS:
        await asyncio.gather(*(put(app, message) for message in messages))
    elif messages:
        await store(app, messages)


async def receive_event(request):
    event = (await request.json())["Data"]["event"]
    event = json.loads(event) if isinstance(event, str) else event
    await do(request.app, event if isinstance(event, list) else [event])
    return web.Response(text=OK, content_type="application/json")


async def receive_queued_events(request):
    bodies = (await request.json())["Data"]["events"]
    bodies = json.loads(bodies) if isinstance(bodies, str) else bodies
    read = [json.loads(body) if isinstance(body, str) else body for body in bodies]
    await do(request.app, [event for body in read for event in (body if isinstance(body, list) else [body])])
    return web.Response(text=OK, content_type="application/json")


async def ready(_):
    return web.Response(text="ok")


async def clients(app):
    connector = aiohttp.TCPConnector(limit=0, ssl=ssl.create_default_context())
    app["session"] = aiohttp.ClientSession(connector=connector)
    app["tokens"] = Tokens(app["session"])
    yield
    await app["session"].close()


def main():
    app = web.Application(client_max_size=64 << 20)
    app.add_routes([
        web.get("/", ready),
        web.post("/receive-event", receive_event),
        web.post("/receive-queued-events", receive_queued_events),
    ])
    app.cleanup_ctx.append(clients)
    web.run_app(app, host="127.0.0.1", port=int(os.environ["FUNCTIONS_CUSTOMHANDLER_PORT"]), print=None, access_log=None)


main()
