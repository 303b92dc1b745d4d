//! Service Bus: bodies as texts, and what the broker says of them, one by one or in lists.

use base64::{Engine, engine::general_purpose::STANDARD};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    super::{
        encoding::{full_date, offset_date, plain_date, wire},
        newtonsoft::{Json, Members, read},
        outcome::InvocationFailed,
        package::{DataType, Function},
    },
    body, leaking,
};
use crate::service_bus::Delivery;

/// One message. The members of its JSON leak into the metadata and override it.
///
/// # Errors
/// When its body is no data section.
pub(in super::super) fn service_bus_one(
    function: &Function,
    data_type: DataType,
    delivery: &Delivery,
    namespace: &str,
    now: OffsetDateTime,
) -> Result<String, InvocationFailed> {
    bound(function, delivery)?;
    let message = &delivery.message;
    let text = |text: &Option<String>| text.as_deref().map(|text| wire(Json::text(text)));
    let properties = Json::object(message.application_properties.iter().map(|(name, value)| (name, value.into())));
    let entries = [
        ("DeliveryCount", Some(wire(Json::whole(delivery.delivery_count)))),
        ("LockToken", Some(wire(Json::text(delivery.lock_token.to_string())))),
        ("ExpiresAtUtc", Some(plain_date(delivery.expires))),
        ("ExpiresAt", Some(offset_date(delivery.expires))),
        ("EnqueuedTimeUtc", Some(plain_date(delivery.enqueued))),
        ("EnqueuedTime", Some(offset_date(delivery.enqueued))),
        ("MessageId", text(&message.message_id)),
        ("ContentType", text(&message.content_type)),
        ("ReplyTo", text(&message.reply_to)),
        ("SequenceNumber", Some(wire(Json::whole(delivery.sequence_number)))),
        ("To", text(&message.to)),
        ("Subject", text(&message.subject)),
        ("Label", text(&message.subject)),
        ("CorrelationId", text(&message.correlation_id)),
        ("ApplicationProperties", Some(properties.clone())),
        ("UserProperties", Some(properties)),
        ("SessionId", text(&message.session_id)),
        ("ReplyToSessionId", text(&message.reply_to_session_id)),
        ("PartitionKey", text(&message.partition_key)),
    ];
    let present = entries.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    let metadata: Members = receivers(namespace).into_iter().chain(present).collect();
    if data_type == DataType::Binary {
        return Ok(body(function, Json::text(STANDARD.encode(&message.body)), metadata, Members::default(), now));
    }
    let leaked = read(&message.body).map(leaking).unwrap_or_default();
    Ok(body(function, wire(Json::text(decoded(&message.body))), metadata, leaked, now))
}

/// A batch.
///
/// # Errors
/// One message whose body is no data section fails the batch before the worker is called; so does, where every body is parsed
/// as JSON for want of a data type, one that is not.
pub(in super::super) fn service_bus_many(
    function: &Function,
    data_type: DataType,
    deliveries: &[Delivery],
    namespace: &str,
    now: OffsetDateTime,
) -> Result<String, InvocationFailed> {
    let element = |delivery: &Delivery| match data_type {
        DataType::Text => Ok(Json::text(decoded(&delivery.message.body))),
        DataType::Binary => Ok(Json::text(STANDARD.encode(&delivery.message.body))),
        DataType::Any => read(&delivery.message.body).map_err(|error| {
            not_bound(function, &format!("Binding parameters to complex objects uses Json.NET serialization. {error}"))
        }),
    };
    deliveries.iter().try_for_each(|delivery| bound(function, delivery))?;
    let data: Vec<Json> = deliveries.iter().map(element).collect::<Result<_, _>>()?;
    type Of<'a> = &'a dyn Fn(&Delivery) -> Json;
    let properties: Of = &|one| {
        Json::object(one.message.application_properties.iter().map(|(name, value)| (name.as_str(), value.into())))
    };
    let lists: [(&str, Of); 21] = [
        ("DeliveryCount", &|one| Json::whole(one.delivery_count)),
        // Only a dead letter that was forwarded to another queue has one.
        ("DeadLetterSource", &|_| Json::Null),
        ("LockToken", &|one| Json::text(one.lock_token.to_string())),
        ("ExpiresAtUtc", &|one| full_date(one.expires, "")),
        ("ExpiresAt", &|one| full_date(one.expires, "+00:00")),
        ("EnqueuedTimeUtc", &|one| full_date(one.enqueued, "")),
        ("EnqueuedTime", &|one| full_date(one.enqueued, "+00:00")),
        ("MessageId", &|one| Json::optional(one.message.message_id.as_ref())),
        ("ContentType", &|one| Json::optional(one.message.content_type.as_ref())),
        ("ReplyTo", &|one| Json::optional(one.message.reply_to.as_ref())),
        ("SequenceNumber", &|one| Json::whole(one.sequence_number)),
        ("To", &|one| Json::optional(one.message.to.as_ref())),
        ("Subject", &|one| Json::optional(one.message.subject.as_ref())),
        ("Label", &|one| Json::optional(one.message.subject.as_ref())),
        ("CorrelationId", &|one| Json::optional(one.message.correlation_id.as_ref())),
        ("ApplicationProperties", properties),
        ("UserProperties", properties),
        ("SessionId", &|one| Json::optional(one.message.session_id.as_ref())),
        ("ReplyToSessionId", &|one| Json::optional(one.message.reply_to_session_id.as_ref())),
        ("PartitionKey", &|one| Json::optional(one.message.partition_key.as_ref())),
        // The extension fills this one from the partition keys as well.
        ("TransactionPartitionKey", &|one| Json::optional(one.message.partition_key.as_ref())),
    ];
    let lists = lists
        .into_iter()
        .map(|(name, of)| (format!("{name}Array"), wire(Json::List(deliveries.iter().map(of).collect()))));
    let metadata: Members = receivers(namespace).into_iter().chain(lists).collect();
    Ok(body(function, wire(Json::List(data)), metadata, Members::default(), now))
}

/// A message whose body is an AMQP sequence, number or map cannot be bound, whatever the data type.
fn bound(function: &Function, delivery: &Delivery) -> Result<(), InvocationFailed> {
    match &delivery.message.foreign {
        None => Ok(()),
        Some(_) => Err(not_bound(function, "The body of the message is no data section.")),
    }
}

fn not_bound(function: &Function, words: &str) -> InvocationFailed {
    InvocationFailed::failed(format!("Exception binding parameter '{}': {words}", function.binding))
}

/// The text of a body: its reader takes a byte order mark away.
fn decoded(body: &str) -> &str {
    body.strip_prefix('\u{feff}').unwrap_or(body)
}

/// The objects of the extension that make no sense on the wire and are there all the same.
fn receivers(namespace: &str) -> Members {
    let empty = ["MessageReceiver", "MessageSession", "MessageActions", "SessionActions", "ReceiveActions"];
    let client = Json::object([
        ("FullyQualifiedNamespace", Json::text(namespace)),
        ("IsClosed", Json::Bool(false)),
        ("TransportType", Json::whole(0)),
        ("Identifier", Json::text(format!("{namespace}-{}", Uuid::new_v4()))),
    ]);
    let empty = empty.map(|name| (name, Json::Object(Members::default())));
    empty.into_iter().chain([("Client", client)]).collect()
}
