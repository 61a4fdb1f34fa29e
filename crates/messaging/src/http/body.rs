//! What is sent: the table of the settings with its texts as templates.
//!
//! The shape is fixed when the settings are read; a message only fills leaves, and
//! the encoder of the format escapes them.

use serde_json::{Map, Value};

use super::settings::Encoding;
use super::template::{Secrets, Template, Words};
use crate::error::MessagingError;

/// The fields of a request.
#[derive(Debug, Clone)]
pub(super) struct Body(Vec<(String, Node)>);

#[derive(Debug, Clone)]
enum Node {
    Text(Template),
    Fixed(Value),
    List(Vec<Node>),
    Table(Vec<(String, Node)>),
}

impl Body {
    /// Reads the table of the settings.
    ///
    /// # Errors
    /// A text that is no template, or a nested table where the format is flat.
    pub(super) fn compile(
        fields: &Value,
        encoding: Encoding,
        secrets: &Secrets,
    ) -> Result<Self, MessagingError> {
        let Value::Object(fields) = fields else {
            return Err(MessagingError::setting("http.fields", "must be a table"));
        };
        let mut nodes = Vec::new();
        for (name, value) in fields {
            let setting = format!("http.fields.{name}");
            if encoding != Encoding::Json && (value.is_array() || value.is_object()) {
                let reason = "must be a plain value; only `encoding = \"json\"` takes more";
                return Err(MessagingError::setting(setting, reason));
            }
            nodes.push((name.clone(), Node::compile(&setting, value, secrets)?));
        }
        Ok(Self(nodes))
    }

    /// Names and values for a query or form, not escaped.
    pub(super) fn pairs(&self, words: &Words<'_>) -> Vec<(&str, String)> {
        let text = |node: &Node| match node.fill(words) {
            Value::String(text) => text,
            other => other.to_string(),
        };
        self.0.iter().map(|(name, node)| (name.as_str(), text(node))).collect()
    }

    /// Whether the words of the message are in it.
    pub(super) fn holds_text(&self) -> bool {
        self.0.iter().any(|(_, node)| node.holds_text())
    }

    /// The whole as a JSON object.
    pub(super) fn json(&self, words: &Words<'_>) -> Value {
        table(&self.0, words)
    }
}

impl Node {
    fn compile(setting: &str, value: &Value, secrets: &Secrets) -> Result<Self, MessagingError> {
        Ok(match value {
            Value::String(text) => Self::Text(
                Template::parse(text, secrets)
                    .map_err(|error| MessagingError::setting(setting, error.to_string()))?,
            ),
            Value::Array(values) => {
                let nodes = values.iter().map(|value| Self::compile(setting, value, secrets));
                Self::List(nodes.collect::<Result<_, _>>()?)
            }
            Value::Object(fields) => {
                let node = |(name, value): (&String, &Value)| {
                    let setting = format!("{setting}.{name}");
                    Ok((name.clone(), Self::compile(&setting, value, secrets)?))
                };
                Self::Table(fields.iter().map(node).collect::<Result<_, MessagingError>>()?)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => Self::Fixed(value.clone()),
        })
    }

    fn holds_text(&self) -> bool {
        match self {
            Self::Text(template) => template.holds_text(),
            Self::Fixed(_) => false,
            Self::List(nodes) => nodes.iter().any(Self::holds_text),
            Self::Table(nodes) => nodes.iter().any(|(_, node)| node.holds_text()),
        }
    }

    fn fill(&self, words: &Words<'_>) -> Value {
        match self {
            Self::Text(template) => Value::String(template.fill(words)),
            Self::Fixed(value) => value.clone(),
            Self::List(nodes) => nodes.iter().map(|node| node.fill(words)).collect(),
            Self::Table(nodes) => table(nodes, words),
        }
    }
}

fn table(nodes: &[(String, Node)], words: &Words<'_>) -> Value {
    let fields = nodes.iter().map(|(name, node)| (name.clone(), node.fill(words)));
    Value::Object(fields.collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const WORDS: Words<'_> = Words {
        to: "966512345678",
        text: "رمز \"1\" & {x}",
        code: "1",
        sender: "Al Ahsa",
        id: "7",
    };

    #[test]
    fn only_leaves_are_filled_and_the_shape_stays() {
        let fields = json!({
            "to": ["{to}"], "body": "{text}", "unicode": true, "n": 3, "from": {"name": "{sender}"}
        });
        let body = Body::compile(&fields, Encoding::Json, &Secrets::new()).unwrap();
        assert_eq!(
            body.json(&WORDS),
            json!({
                "to": ["966512345678"], "body": "رمز \"1\" & {x}", "unicode": true, "n": 3,
                "from": {"name": "Al Ahsa"}
            })
        );
    }

    #[test]
    fn flat_formats_take_plain_values_only() {
        let flat = json!({"to": "{to}", "coding": 2, "async": false});
        let body = Body::compile(&flat, Encoding::Query, &Secrets::new()).unwrap();
        let expected = [("async", "false"), ("coding", "2"), ("to", "966512345678")];
        assert_eq!(body.pairs(&WORDS), expected.map(|(name, value)| (name, value.to_owned())));
        let refusal = Body::compile(&json!({"to": ["{to}"]}), Encoding::Form, &Secrets::new());
        assert!(refusal.unwrap_err().to_string().contains("`messaging.http.fields.to`"));
    }

    #[test]
    fn a_broken_template_is_named_with_its_place() {
        let fields = json!({"from": {"name": "{nobody}"}});
        let refusal = Body::compile(&fields, Encoding::Json, &Secrets::new()).unwrap_err();
        assert!(refusal.to_string().contains("`messaging.http.fields.from.name`"), "{refusal}");
    }
}
