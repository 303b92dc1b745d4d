//! The body of an invocation: `{"Data": {binding: value}, "Metadata": {…}}`, and what a trigger put into it.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::encoding::{list, number, unwrapped};

/// The body of an invocation.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Envelope {
    data: Map<String, Value>,
    #[serde(default)]
    metadata: Map<String, Value>,
}

/// A message of a Service Bus trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The body, exactly as it was sent.
    pub body: String,
    /// The broker's id of the message; empty when the host does not tell.
    pub message_id: String,
    /// How often it has been delivered, this time included; 1 when the host does not tell.
    pub delivery_count: u32,
}

/// Why an invocation cannot be understood.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// Not the body of an invocation.
    #[error("the invocation is not {{\"Data\":…,\"Metadata\":…}}")]
    Body(#[source] serde_json::Error),
    /// The trigger's value is not there.
    #[error("the invocation has no data of its trigger")]
    NoData,
    /// The trigger's value is not of the form that function.json asks for.
    #[error("the trigger's data is not {0}; see dataType and cardinality in function.json")]
    Form(&'static str),
}

impl Envelope {
    /// Reads the body of an invocation.
    ///
    /// # Errors
    /// When it is not JSON of that form.
    pub fn read(body: &[u8]) -> Result<Self, EnvelopeError> {
        serde_json::from_slice(body).map_err(EnvelopeError::Body)
    }

    /// The events of an eventGridTrigger: one object, or a list of them in whatever wrapping.
    ///
    /// # Errors
    /// When there is no data.
    pub fn events(&self) -> Result<Vec<Value>, EnvelopeError> {
        let value = unwrapped(self.trigger()?);
        Ok(match value {
            Value::Array(events) => events.iter().map(unwrapped).collect(),
            event => vec![event],
        })
    }

    /// The messages of a serviceBusTrigger with `cardinality: many` and `dataType: string`.
    ///
    /// # Errors
    /// When the data is not a list of texts.
    pub fn items(&self) -> Result<Vec<Item>, EnvelopeError> {
        let bodies = list(self.trigger()?).ok_or(EnvelopeError::Form("a list of message bodies"))?;
        let ids = self.metadata_list("MessageIdArray");
        let counts = self.metadata_list("DeliveryCountArray");
        let item = |(index, body): (usize, Value)| Item {
            // With another dataType the host hands parsed bodies; their text is as good.
            body: body.as_str().map_or_else(|| body.to_string(), str::to_owned),
            message_id: ids.get(index).and_then(Value::as_str).unwrap_or_default().to_owned(),
            delivery_count: counts.get(index).and_then(number).unwrap_or(1),
        };
        Ok(bodies.into_iter().enumerate().map(item).collect())
    }

    fn trigger(&self) -> Result<&Value, EnvelopeError> {
        self.data.values().next().ok_or(EnvelopeError::NoData)
    }

    fn metadata_list(&self, name: &str) -> Vec<Value> {
        self.metadata.get(name).and_then(list).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn envelope(value: &Value) -> Envelope {
        Envelope::read(value.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_batch_of_strings_keeps_its_bodies_exactly() {
        let bodies = ["{\"a\": 1}", "not json", "", "7"];
        let invocation = envelope(&json!({
            "Data": {"messages": json!(bodies).to_string()},
            "Metadata": {"DeliveryCountArray": "[1,5,20,1]", "MessageIdArray": "[\"a\",\"b\",null,\"d\"]", "sys": {"MethodName": "collect"}}
        }));
        let items = invocation.items().unwrap();
        assert_eq!(items.iter().map(|i| i.body.as_str()).collect::<Vec<_>>(), bodies);
        assert_eq!(items.iter().map(|i| i.delivery_count).collect::<Vec<_>>(), [1, 5, 20, 1]);
        assert_eq!((items[1].message_id.as_str(), items[2].message_id.as_str()), ("b", ""));
    }

    #[test]
    fn an_event_comes_alone_or_in_a_list() {
        let event = json!({"id": "1"});
        for data in [event.clone(), json!([event]), json!(json!([event]).to_string()), json!(event.to_string())] {
            assert_eq!(
                envelope(&json!({"Data": {"event": data}, "Metadata": {}})).events().unwrap(),
                vec![event.clone()]
            );
        }
    }

    #[test]
    fn what_is_no_invocation_is_an_error() {
        for body in ["", "null", "[]", "{}", "{\"Data\":7}"] {
            assert!(Envelope::read(body.as_bytes()).is_err(), "{body}");
        }
        assert!(matches!(envelope(&json!({"Data": {}})).items(), Err(EnvelopeError::NoData)));
        assert!(matches!(envelope(&json!({"Data": {"m": "text"}})).items(), Err(EnvelopeError::Form(_))));
    }
}
