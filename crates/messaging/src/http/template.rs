//! Templates: a text with `{placeholders}`, parsed once.
//!
//! A template yields the plain value; whoever puts it into a query, a form or JSON
//! escapes it there. So nothing that a message says can change the request's shape.

use std::collections::BTreeMap;

use domain::Secret;

/// Secrets by the name that templates use.
pub(super) type Secrets = BTreeMap<String, Secret>;

/// What fills the placeholders of one message.
pub(super) struct Words<'a> {
    pub to: &'a str,
    pub text: &'a str,
    pub code: &'a str,
    pub sender: &'a str,
    pub id: &'a str,
}

/// A parsed template.
#[derive(Debug, Clone)]
pub(super) struct Template(Vec<Part>);

#[derive(Debug, Clone)]
enum Part {
    Literal(String),
    To,
    Text,
    Code,
    Sender,
    Id,
    Secret(Secret),
}

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum TemplateError {
    #[error(
        "has the unknown placeholder `{{{0}}}`; known are {{to}}, {{text}}, {{code}}, {{sender}}, \
         {{id}} and {{secret.NAME}}"
    )]
    Unknown(String),
    #[error("uses the secret `{0}`, which is not listed under `secrets`")]
    NoSuchSecret(String),
    #[error("has a brace without its partner; a brace itself is written twice")]
    Brace,
}

impl Template {
    /// Whether it holds the words of the message.
    pub(super) fn holds_text(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Text))
    }

    /// Parses `text` and puts the secrets in.
    pub(super) fn parse(text: &str, secrets: &Secrets) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, brace) = rest.split_at(at);
            literal.push_str(before);
            if let Some(after) = brace.strip_prefix("{{") {
                literal.push('{');
                rest = after;
            } else if let Some(after) = brace.strip_prefix("}}") {
                literal.push('}');
                rest = after;
            } else {
                let inside = brace.strip_prefix('{').ok_or(TemplateError::Brace)?;
                let (name, after) = inside.split_once('}').ok_or(TemplateError::Brace)?;
                parts.push(Part::Literal(std::mem::take(&mut literal)));
                parts.push(Part::named(name, secrets)?);
                rest = after;
            }
        }
        literal.push_str(rest);
        parts.push(Part::Literal(literal));
        Ok(Self(parts))
    }

    /// The value for one message, not escaped for anything.
    pub(super) fn fill(&self, words: &Words<'_>) -> String {
        self.0
            .iter()
            .map(|part| match part {
                Part::Literal(text) => text,
                Part::To => words.to,
                Part::Text => words.text,
                Part::Code => words.code,
                Part::Sender => words.sender,
                Part::Id => words.id,
                Part::Secret(secret) => secret.expose(),
            })
            .collect()
    }
}

impl Part {
    fn named(name: &str, secrets: &Secrets) -> Result<Self, TemplateError> {
        match name {
            "to" => Ok(Self::To),
            "text" => Ok(Self::Text),
            "code" => Ok(Self::Code),
            "sender" => Ok(Self::Sender),
            "id" => Ok(Self::Id),
            _ => match name.strip_prefix("secret.") {
                Some(secret) => secrets
                    .get(secret)
                    .cloned()
                    .map(Self::Secret)
                    .ok_or_else(|| TemplateError::NoSuchSecret(secret.to_owned())),
                None => Err(TemplateError::Unknown(name.to_owned())),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: Words<'_> = Words {
        to: "966512345678",
        text: "رمز {to} 482913",
        code: "482913",
        sender: "AlAhsa",
        id: "7",
    };

    #[test]
    fn placeholders_are_filled_once_and_braces_can_be_written() {
        let secrets = Secrets::from([("key".to_owned(), "k-1".parse().unwrap())]);
        let check = |text: &str, expected: Result<&str, TemplateError>| {
            let filled = Template::parse(text, &secrets).map(|template| template.fill(&WORDS));
            assert_eq!(filled, expected.map(str::to_owned), "{text}");
        };
        check("", Ok(""));
        check("+{to}", Ok("+966512345678"));
        check("{text}", Ok("رمز {to} 482913"));
        check("{sender}/{id}.", Ok("AlAhsa/7."));
        check("{code}", Ok("482913"));
        check("Bearer {secret.key}", Ok("Bearer k-1"));
        check("{{to}}", Ok("{to}"));
        check("{To}", Err(TemplateError::Unknown("To".to_owned())));
        check("{secret.pin}", Err(TemplateError::NoSuchSecret("pin".to_owned())));
        check("{to", Err(TemplateError::Brace));
        check("to}", Err(TemplateError::Brace));
    }

    #[test]
    fn a_secret_in_a_template_is_not_shown() {
        let secrets = Secrets::from([("key".to_owned(), "hidden-thing".parse().unwrap())]);
        let template = Template::parse("{secret.key}", &secrets).unwrap();
        assert!(!format!("{template:?}").contains("hidden"));
    }
}
