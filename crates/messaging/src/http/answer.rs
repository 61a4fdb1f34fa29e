//! Reading a gateway's answer: accepted, later, or never. A pure function of the
//! status, the body and the rules of the settings.
//!
//! A gateway's own words may repeat the number or the text, so only its short error
//! code is passed on, with longer runs of digits struck out.

use std::time::Duration;

use serde_json::Value;

use super::settings::{AnswerRules, FieldRule};
use crate::transport::{Accepted, SendError};

/// The longest reference and error code that are kept, in characters.
const LONGEST_WORD: usize = 80;

/// Too Many Requests (RFC 6585 §4).
const TOO_MANY: u16 = 429;

/// Runs of so many digits may be a code or a number.
const TELLING_DIGITS: usize = 4;

/// What came back.
pub(super) struct Answer<'a> {
    pub status: u16,
    pub retry_after: Option<Duration>,
    pub body: &'a [u8],
}

/// The rules, ready to be applied.
pub(super) struct Judge(AnswerRules);

impl Judge {
    pub(super) fn new(rules: AnswerRules) -> Self {
        Self(rules)
    }

    /// What the answer means for the message.
    pub(super) fn judge(&self, answer: &Answer<'_>) -> Result<Accepted, SendError> {
        let rules = &self.0;
        let json = serde_json::from_slice::<Value>(answer.body).ok();
        let holds = |rule: &FieldRule| json.as_ref().is_some_and(|json| rule.holds(json));
        let reason = || self.reason(answer.status, json.as_ref());
        let later = |reason| SendError::Later { after: answer.retry_after, reason };
        let is_later = rules.later_status.contains(&answer.status);
        let says_later = rules.later_when.as_ref().is_some_and(holds);
        if says_later || (is_later && answer.status == TOO_MANY) {
            return Err(SendError::Busy { after: answer.retry_after, reason: reason() });
        }
        if is_later {
            return Err(later(reason()));
        }
        if !rules.accepted_status.contains(&answer.status) {
            return Err(SendError::Permanent { reason: reason() });
        }
        match &rules.accepted_when {
            // An error page with status 200 comes from something that stands in the way.
            Some(_) if json.is_none() => Err(later("the answer is not JSON".to_owned())),
            Some(rule) if !holds(rule) => Err(SendError::Permanent { reason: reason() }),
            _ => Ok(Accepted { reference: self.reference(json.as_ref()) }),
        }
    }

    fn reference(&self, json: Option<&Value>) -> Option<String> {
        let text = scalar_text(json?.pointer(self.0.reference.as_deref()?)?)?;
        Some(printable(&text)).filter(|text| !text.is_empty())
    }

    fn reason(&self, status: u16, json: Option<&Value>) -> String {
        let code = self
            .0
            .reason
            .as_deref()
            .and_then(|pointer| json?.pointer(pointer))
            .and_then(scalar_text)
            .map(|text| without_long_numbers(&printable(&text)))
            .filter(|text| !text.is_empty());
        match code {
            Some(code) => format!("the gateway answered {status}: {code}"),
            None => format!("the gateway answered {status}"),
        }
    }
}

impl FieldRule {
    fn holds(&self, json: &Value) -> bool {
        json.pointer(&self.pointer)
            .and_then(scalar_text)
            .is_some_and(|text| self.equals.contains(&text))
    }
}

pub(super) fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

pub(super) fn printable(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(LONGEST_WORD).collect()
}

fn without_long_numbers(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from_digit) = rest.split_at(start);
        let length = from_digit.find(|c: char| !c.is_ascii_digit()).unwrap_or(from_digit.len());
        let (digits, after) = from_digit.split_at(length);
        kept.push_str(before);
        kept.push_str(if length > TELLING_DIGITS { "…" } else { digits });
        rest = after;
    }
    kept + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> AnswerRules {
        let rule = |pointer: &str, equals: &[&str]| FieldRule {
            pointer: pointer.to_owned(),
            equals: equals.iter().map(|text| (*text).to_owned()).collect(),
        };
        AnswerRules {
            accepted_when: Some(rule("/success", &["true"])),
            later_when: Some(rule("/code", &["BUSY", "17"])),
            reference: Some("/data/id".to_owned()),
            reason: Some("/code".to_owned()),
            ..AnswerRules::default()
        }
    }

    fn accepted(reference: Option<&str>) -> Result<Accepted, SendError> {
        Ok(Accepted { reference: reference.map(str::to_owned) })
    }

    fn later(reason: &str) -> Result<Accepted, SendError> {
        Err(SendError::Later { after: None, reason: reason.to_owned() })
    }

    fn busy(reason: &str) -> Result<Accepted, SendError> {
        Err(SendError::Busy { after: None, reason: reason.to_owned() })
    }

    fn never(reason: &str) -> Result<Accepted, SendError> {
        Err(SendError::Permanent { reason: reason.to_owned() })
    }

    #[test]
    fn status_and_fields_decide_together() {
        let judge = Judge::new(rules());
        let check = |status, body: &str, expected| {
            let answer = Answer { status, retry_after: None, body: body.as_bytes() };
            assert_eq!(judge.judge(&answer), expected, "{status} {body}");
        };
        check(200, r#"{"success":true,"data":{"id":77}}"#, accepted(Some("77")));
        check(200, r#"{"success":"true","data":{"id":"a-1"}}"#, accepted(Some("a-1")));
        check(201, r#"{"success":true}"#, accepted(None));
        check(200, r#"{"success":false,"code":"ER-08"}"#, never("the gateway answered 200: ER-08"));
        check(200, r#"{"success":false,"code":"BUSY"}"#, busy("the gateway answered 200: BUSY"));
        check(400, r#"{"code":17}"#, busy("the gateway answered 400: 17"));
        check(200, "<html>log in first</html>", later("the answer is not JSON"));
        check(401, "", never("the gateway answered 401"));
        check(302, "", never("the gateway answered 302"));
        check(503, "", later("the gateway answered 503"));
        check(429, r#"{"success":true}"#, busy("the gateway answered 429"));
    }

    #[test]
    fn without_field_rules_the_status_alone_decides() {
        let judge = Judge::new(AnswerRules::default());
        let answer = Answer { status: 202, retry_after: None, body: b"0: Accepted for delivery" };
        assert_eq!(judge.judge(&answer), accepted(None));
    }

    #[test]
    fn a_gateway_says_how_long_it_wants_rest() {
        let judge = Judge::new(rules());
        let after = Some(Duration::from_secs(7));
        let answer = Answer { status: 429, retry_after: after, body: b"" };
        let reason = "the gateway answered 429".to_owned();
        assert_eq!(judge.judge(&answer), Err(SendError::Busy { after, reason }));
    }

    #[test]
    fn neither_number_nor_code_comes_back_in_a_reason() {
        let judge = Judge::new(rules());
        let body = r#"{"code":"bad 966512345678: رمز 482913 \u0007(E1061)"}"#;
        let answer = Answer { status: 400, retry_after: None, body: body.as_bytes() };
        assert_eq!(judge.judge(&answer), never("the gateway answered 400: bad …:  … (E1061)"));
    }
}
