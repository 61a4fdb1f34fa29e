//! Text messages without a code, to people who run the place: they do not wait in the outbox, which
//! visitors fill, for whoever sends them keeps them until they were taken.

use std::sync::Arc;

use domain::{Clock, MessageId, PhoneNumber, SmsText};
use sha1::{Digest, Sha1};

use crate::error::MessagingError;
use crate::routes::Routes;
use crate::settings::MessagingSettings;
use crate::transport::{Letter, SendError};

/// Hands notices over by the routes for text messages.
pub struct Notices {
    routes: Routes,
    clock: Arc<dyn Clock>,
}

impl Notices {
    /// Makes the routes of the settings; reads their secrets. Needs a tokio runtime.
    ///
    /// # Errors
    /// A wrong setting, an unreadable secret, an HTTP client that cannot be made, or no route that
    /// carries a text as it is.
    pub fn open(
        settings: &MessagingSettings,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, MessagingError> {
        settings.validate()?;
        if !settings.carries_notices() {
            return Err(MessagingError::no_route_for_notices());
        }
        Ok(Self { routes: Routes::open(settings)?, clock })
    }

    /// Tries each route in turn until one takes it. What is sent again has the same key, by which a
    /// gateway can know it again.
    ///
    /// # Errors
    /// Whether trying again has a point: unless each of them refused it.
    pub async fn send(
        &self,
        key: &str,
        phone: &PhoneNumber,
        text: &SmsText,
    ) -> Result<(), SendError> {
        let letter = Letter { id: id_of(key), phone, text, code: None };
        let mut failure = None;
        for route in self.routes.for_notices(self.clock.now()) {
            route.begin(self.clock.now());
            route.turn().await;
            let error = match route.transport.send(letter).await {
                Ok(_) => {
                    route.answered();
                    return Ok(());
                }
                Err(error) => error,
            };
            match &error {
                SendError::Later { reason, .. } => route.failed(self.clock.now(), reason),
                SendError::Busy { .. } | SendError::Permanent { .. } => route.answered(),
            }
            if failure.is_none() || !matches!(error, SendError::Permanent { .. }) {
                failure = Some(error);
            }
        }
        Err(failure.unwrap_or_else(|| SendError::Permanent { reason: "no route".to_owned() }))
    }
}

/// Made of the key as UUIDs are made of names (RFC 9562 s5.5), so that it is the same each time.
fn id_of(key: &str) -> MessageId {
    let mut octets = [0; 16];
    octets.copy_from_slice(&Sha1::digest(key)[..16]);
    MessageId::from_bytes(octets)
}

#[cfg(test)]
mod tests {
    use domain::{ManualClock, Timestamp};

    use super::*;
    use crate::fake_gateway::{FakeGateway, Reply};

    const TEXT: &str = "INC-7: the fibre of Hofuf is cut";

    /// Two gateways for text messages before one for WhatsApp, and before these one that says only codes.
    async fn send(replies: [u16; 2]) -> (Result<(), SendError>, Vec<Vec<(String, String)>>) {
        let gateway = |status| FakeGateway::start([Reply::Status(status, String::new())]);
        let mut gateways =
            [gateway(200).await, gateway(replies[0]).await, gateway(replies[1]).await];
        let route = |(number, gateway): (usize, &FakeGateway)| {
            let text = if number == 0 { "{code}" } else { "{text}" };
            format!(
                r#"
                [[routes]]
                name = "r{number}"
                [routes.http]
                url = "http://{}/send"
                method = "get"
                encoding = "query"
                fields = {{ to = "{{to}}", text = "{text}", id = "{{id}}" }}
                "#,
                gateway.address
            )
        };
        let routes = gateways.iter().enumerate().map(route).collect::<String>();
        let settings = toml::from_str(&format!("transport = \"routes\"\n{routes}")).unwrap();
        let clock = Arc::new(ManualClock::new(Timestamp::from_secs(1_000)));
        let notices = Notices::open(&settings, clock).unwrap();
        let text = SmsText::new(TEXT.to_owned());
        let sent = notices.send("inc-7/raised", &"966512345678".parse().unwrap(), &text).await;
        let asked = gateways.each_mut().map(|gateway| {
            let asked = std::iter::from_fn(|| gateway.asked.try_recv().ok());
            asked.flat_map(|asked| asked.pairs()).collect::<Vec<_>>()
        });
        (sent, asked.into())
    }

    #[tokio::test]
    async fn a_notice_goes_by_the_first_route_that_takes_its_words_with_the_same_number_each_time()
    {
        let mut numbers = Vec::new();
        for (replies, tried, outcome) in [
            ([200, 200], 1, "taken"),
            ([500, 200], 2, "taken"),
            ([400, 200], 2, "taken"),
            ([400, 500], 2, "later"),
            ([500, 400], 2, "later"),
            ([400, 400], 2, "never"),
        ] {
            let (sent, asked) = send(replies).await;
            let word = match sent {
                Ok(()) => "taken",
                Err(SendError::Permanent { .. }) => "never",
                Err(SendError::Later { .. } | SendError::Busy { .. }) => "later",
            };
            assert_eq!(word, outcome, "{replies:?}");
            assert!(asked[0].is_empty(), "it says codes alone");
            let asked: Vec<_> = asked.iter().filter(|pairs| !pairs.is_empty()).collect();
            assert_eq!(asked.len(), tried, "{replies:?}");
            for pairs in asked {
                assert!(pairs.contains(&("text".to_owned(), TEXT.to_owned())), "{pairs:?}");
                numbers.extend(pairs.iter().find(|(name, _)| name == "id").cloned());
            }
        }
        assert!(numbers.windows(2).all(|two| two[0] == two[1]), "{numbers:?}");
    }

    #[tokio::test]
    async fn where_no_route_says_what_it_is_given_there_are_no_notices() {
        let settings = r#"
            transport = "http"
            [http]
            url = "http://127.0.0.1:9/send"
            method = "get"
            encoding = "query"
            fields = { to = "{to}", code = "{code}" }
        "#;
        let clock = Arc::new(ManualClock::new(Timestamp::from_secs(1_000)));
        let outcome = Notices::open(&toml::from_str(settings).unwrap(), clock);
        assert!(outcome.err().unwrap().to_string().contains("{text}"));
    }
}
