//! The body of an invocation, `Data` and `Metadata`, for every kind of trigger. Pure: names, values and the time come in.
//! Source: the binding data of the Service Bus, Event Grid, timer and HTTP extensions.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    encoding::{full_date, offset_date, plain_date, set, through_newtonsoft, wire},
    outcome::InvocationFailed,
    package::{DataType, Function},
    schedule::Schedule,
};
use crate::service_bus::Delivery;

/// One Event Grid event.
pub(super) fn event_grid_one(
    function: &Function,
    event: Value,
    now: OffsetDateTime,
) -> Result<Value, InvocationFailed> {
    let event = through_newtonsoft(event);
    let data = match &event {
        Value::Object(members) => members.get("data").cloned(),
        _ => return Err(InvocationFailed("The event is not a JSON object.".to_owned())),
    };
    let metadata =
        data.filter(|data| !data.is_null()).map(|data| ("data".to_owned(), wire(data))).into_iter().collect();
    Ok(body(function, event, metadata, now))
}

/// All events of a delivery.
pub(super) fn event_grid_many(function: &Function, events: Vec<Value>, now: OffsetDateTime) -> Value {
    let events: Vec<Value> = events.into_iter().map(through_newtonsoft).collect();
    let data = events.iter().map(|event| event.get("data").cloned().unwrap_or_default()).collect();
    let metadata = [("data".to_owned(), wire(Value::Array(data)))].into_iter().collect();
    body(function, wire(Value::Array(events)), metadata, now)
}

/// A timer that is due.
pub(super) fn timer(
    function: &Function,
    schedule: &Schedule,
    last: Option<OffsetDateTime>,
    now: OffsetDateTime,
) -> Value {
    let next = schedule.next(now);
    // Schedules that are due more than once a minute keep no status.
    let frequent = next
        .and_then(|next| schedule.next(next))
        .zip(next)
        .is_none_or(|(after, next)| after - next < time::Duration::MINUTE);
    let date = |time: Option<OffsetDateTime>| time.map_or(json!("0001-01-01T00:00:00"), |time| full_date(time, "Z"));
    let status = if frequent {
        Value::Null
    } else {
        json!({ "Last": date(last), "Next": date(next), "LastUpdated": date(last) })
    };
    let timer = json!({ "Schedule": { "AdjustForDST": true }, "ScheduleStatus": status, "IsPastDue": false });
    body(function, timer, Map::new(), now)
}

/// One Service Bus message. Its JSON properties leak into the metadata and override it.
///
/// # Errors
/// When its body is no data section.
pub(super) fn service_bus_one(
    function: &Function,
    data_type: DataType,
    delivery: &Delivery,
    namespace: &str,
    now: OffsetDateTime,
) -> Result<Value, InvocationFailed> {
    bound(function, delivery)?;
    let message = &delivery.message;
    let mut metadata = receivers(namespace);
    let texts = [
        ("DeadLetterSource", delivery.dead_letter.as_ref().map(|dead| &dead.source)),
        ("MessageId", message.message_id.as_ref()),
        ("ContentType", message.content_type.as_ref()),
        ("ReplyTo", message.reply_to.as_ref()),
        ("To", message.to.as_ref()),
        ("Subject", message.subject.as_ref()),
        ("Label", message.subject.as_ref()),
        ("CorrelationId", message.correlation_id.as_ref()),
        ("SessionId", message.session_id.as_ref()),
        ("ReplyToSessionId", message.reply_to_session_id.as_ref()),
        ("PartitionKey", message.partition_key.as_ref()),
    ];
    let values = [
        ("DeliveryCount", wire(json!(delivery.delivery_count))),
        ("LockToken", wire(json!(delivery.lock_token.to_string()))),
        ("ExpiresAtUtc", plain_date(delivery.expires)),
        ("ExpiresAt", offset_date(delivery.expires)),
        ("EnqueuedTimeUtc", plain_date(delivery.enqueued)),
        ("EnqueuedTime", offset_date(delivery.enqueued)),
        ("SequenceNumber", wire(json!(delivery.sequence_number))),
        ("ApplicationProperties", Value::Object(message.application_properties.clone())),
        ("UserProperties", Value::Object(message.application_properties.clone())),
    ];
    metadata.extend(values.map(|(name, value)| (name.to_owned(), value)));
    let present = texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), wire(json!(text?)))));
    metadata.extend(present);
    if data_type == DataType::Binary {
        let data = Value::String(STANDARD.encode(&message.body));
        return Ok(body(function, data, metadata, now));
    }
    let mut body = body(function, wire(json!(message.body)), metadata, now);
    if let (Some(Value::Object(metadata)), Ok(Value::Object(leaked))) =
        (body.get_mut("Metadata"), serde_json::from_str::<Value>(&message.body))
    {
        leak(metadata, leaked);
    }
    Ok(body)
}

/// A message whose body is an AMQP sequence, number or map cannot be bound, whatever the data type.
fn bound(function: &Function, delivery: &Delivery) -> Result<(), InvocationFailed> {
    match &delivery.message.foreign {
        None => Ok(()),
        Some(_) => Err(InvocationFailed(format!(
            "Exception binding parameter '{}': The body of the message is no data section.",
            function.binding
        ))),
    }
}

/// A batch of Service Bus messages.
///
/// # Errors
/// One message whose body is no data section fails the batch before the worker is called; so does, where every body is parsed
/// as JSON for want of a data type, one that is not.
pub(super) fn service_bus_many(
    function: &Function,
    data_type: DataType,
    deliveries: &[Delivery],
    namespace: &str,
    now: OffsetDateTime,
) -> Result<Value, InvocationFailed> {
    let element = |delivery: &Delivery| match data_type {
        DataType::Text => Ok(Value::String(delivery.message.body.clone())),
        DataType::Binary => Ok(Value::String(STANDARD.encode(&delivery.message.body))),
        DataType::Any => serde_json::from_str(&delivery.message.body).map(through_newtonsoft).map_err(|error| {
            InvocationFailed(format!(
                "Exception binding parameter '{}': the message is not JSON: {error}",
                function.binding
            ))
        }),
    };
    deliveries.iter().try_for_each(|delivery| bound(function, delivery))?;
    let data: Vec<Value> = deliveries.iter().map(element).collect::<Result<_, _>>()?;
    let mut metadata = receivers(namespace);
    let mut array = |name: &str, of: &dyn Fn(&Delivery) -> Value| {
        metadata.insert(format!("{name}Array"), wire(Value::Array(deliveries.iter().map(of).collect())));
    };
    array("DeliveryCount", &|one| json!(one.delivery_count));
    array("DeadLetterSource", &|one| json!(one.dead_letter.as_ref().map(|dead| &dead.source)));
    array("LockToken", &|one| json!(one.lock_token.to_string()));
    array("ExpiresAtUtc", &|one| full_date(one.expires, ""));
    array("ExpiresAt", &|one| full_date(one.expires, "+00:00"));
    array("EnqueuedTimeUtc", &|one| full_date(one.enqueued, ""));
    array("EnqueuedTime", &|one| full_date(one.enqueued, "+00:00"));
    array("MessageId", &|one| json!(one.message.message_id));
    array("ContentType", &|one| json!(one.message.content_type));
    array("ReplyTo", &|one| json!(one.message.reply_to));
    array("SequenceNumber", &|one| json!(one.sequence_number));
    array("To", &|one| json!(one.message.to));
    array("Subject", &|one| json!(one.message.subject));
    array("Label", &|one| json!(one.message.subject));
    array("CorrelationId", &|one| json!(one.message.correlation_id));
    array("ApplicationProperties", &|one| Value::Object(one.message.application_properties.clone()));
    array("UserProperties", &|one| Value::Object(one.message.application_properties.clone()));
    array("SessionId", &|one| json!(one.message.session_id));
    array("ReplyToSessionId", &|one| json!(one.message.reply_to_session_id));
    array("PartitionKey", &|one| json!(one.message.partition_key));
    // The extension fills this one from the partition keys as well.
    array("TransactionPartitionKey", &|one| json!(one.message.partition_key));
    Ok(body(function, wire(Value::Array(data)), metadata, now))
}

/// An HTTP request, as the host hands it on when it does not forward it.
pub(super) struct HttpRequest {
    pub(super) url: String,
    pub(super) method: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) parameters: Vec<(String, String)>,
    pub(super) body: Option<String>,
}

/// A request to an HTTP function.
pub(super) fn http(function: &Function, request: HttpRequest, now: OffsetDateTime) -> Value {
    let texts = |pairs: &[(String, String)]| {
        pairs.iter().map(|(name, value)| (name.clone(), json!(value))).collect::<Map<String, Value>>()
    };
    let lists = request.headers.iter().map(|(name, value)| (name.clone(), json!([value]))).collect::<Map<_, _>>();
    let mut data = json!({
        "Url": request.url,
        "Method": request.method,
        "Query": texts(&request.query),
        "Headers": lists,
        "Params": texts(&request.parameters),
        "Identities": [],
    });
    let mut metadata = Map::new();
    metadata.insert("Query".to_owned(), Value::Object(texts(&request.query)));
    metadata.insert("Headers".to_owned(), Value::Object(texts(&request.headers)));
    for (name, value) in request.parameters.iter().chain(&request.query) {
        set(&mut metadata, name, wire(json!(value)));
    }
    let leaked = request.body.as_deref().and_then(|body| serde_json::from_str(body).ok());
    if let (Some(text), Some(members)) = (request.body, data.as_object_mut()) {
        members.insert("Body".to_owned(), Value::String(text));
    }
    let mut body = body(function, data, metadata, now);
    if let (Some(Value::Object(metadata)), Some(Value::Object(leaked))) = (body.get_mut("Metadata"), leaked) {
        leak(metadata, leaked);
    }
    body
}

fn body(function: &Function, data: Value, mut metadata: Map<String, Value>, now: OffsetDateTime) -> Value {
    let sys = json!({
        "MethodName": function.name,
        "UtcNow": full_date(now, "Z"),
        "RandGuid": Uuid::new_v4().to_string(),
    });
    metadata.insert("sys".to_owned(), sys);
    json!({ "Data": { function.binding.clone(): data }, "Metadata": metadata })
}

/// The objects of the extension that make no sense on the wire and are there all the same.
fn receivers(namespace: &str) -> Map<String, Value> {
    let empty = ["MessageReceiver", "MessageSession", "MessageActions", "SessionActions", "ReceiveActions"];
    let mut metadata: Map<String, Value> = empty.iter().map(|name| (name.to_string(), json!({}))).collect();
    let identifier = format!("{namespace}-{}", Uuid::new_v4());
    let client = json!({
        "FullyQualifiedNamespace": namespace,
        "IsClosed": false,
        "TransportType": 0,
        "Identifier": identifier,
    });
    metadata.insert("Client".to_owned(), client);
    metadata
}

/// Every property of a JSON body that is no array becomes binding data: objects as they are, the rest as text.
fn leak(metadata: &mut Map<String, Value>, leaked: Map<String, Value>) {
    for (name, value) in leaked {
        if name.to_ascii_lowercase().ends_with("trigger") {
            continue;
        }
        let value = match value {
            Value::Null | Value::Array(_) => continue,
            Value::Object(_) => value,
            Value::String(text) => wire(Value::String(text)),
            Value::Bool(true) => wire(json!("True")),
            Value::Bool(false) => wire(json!("False")),
            Value::Number(number) => wire(json!(number.to_string())),
        };
        set(metadata, &name, value);
    }
}

#[cfg(test)]
#[path = "invocation_tests.rs"]
mod tests;
