//! Alerts by e-mail, handed to an SMTP server (RFC 5321).
//!
//! Each attempt has the same Message-ID, by which servers and readers know that it is the same mail.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use domain::Timestamp;
use lettre::message::header::{
    ContentTransferEncoding, ContentType, Header, HeaderName, HeaderValue,
};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use super::settings::{MailSettings, MailTls};
use super::{
    Alert, AlertChannel, AlertChannelError, AlertError, AlertSeverity, Attachment, read_secret,
};

/// The longest subject.
const SUBJECT: usize = 120;

/// Hands mails to a server.
#[derive(Debug)]
pub struct Mail {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mail {
    /// Reads the password and the certificate; connects to nobody yet.
    ///
    /// # Errors
    /// [`AlertChannelError`] when one of them cannot be used.
    pub fn open(settings: &MailSettings) -> Result<Self, AlertChannelError> {
        let setting = |reason: String| AlertChannelError::Setting { channel: "mail", reason };
        let from = settings.from.parse::<Mailbox>().map_err(|error| setting(error.to_string()))?;
        let tls = match settings.tls {
            MailTls::None => Tls::None,
            MailTls::Starttls => Tls::Required(parameters(settings)?),
            MailTls::Wrapped => Tls::Wrapper(parameters(settings)?),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.server)
            .port(settings.port())
            .timeout(Some(settings.timeout()))
            .tls(tls);
        if let Some((user, path)) = settings.user.as_ref().zip(settings.password_file.as_ref()) {
            let password = String::from_utf8(read_secret(path)?)
                .map_err(|_| setting(format!("{} is no text", path.display())))?;
            builder = builder.credentials(Credentials::new(user.clone(), password));
        }
        Ok(Self { transport: builder.build(), from })
    }

    fn message(&self, alert: &Alert<'_>) -> Result<Message, AlertError> {
        let never = |reason: String| AlertError::Never(reason);
        let to = alert.recipient.parse::<Mailbox>();
        let to = to.map_err(|error| never(format!("the recipient is no address: {error}")))?;
        let first = alert.text.lines().next().unwrap_or_default();
        let subject: String = first.chars().take(SUBJECT).collect();
        let subject = format!("[{}] {subject}", alert.severity.as_str());
        let id = format!("<{}@{}>", alert.key.as_str(), self.from.email.domain());
        let message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .date(time_of(alert.at))
            .subject(subject)
            .message_id(Some(id))
            .header(AutoSubmitted)
            .header(Importance(alert.severity));
        let message = match alert.attachment {
            None => message
                .header(ContentType::TEXT_PLAIN)
                .header(ContentTransferEncoding::Base64)
                .body(alert.text.to_owned()),
            Some(Attachment { name, html }) => {
                let page = html.as_bytes().to_vec();
                let page = lettre::message::Attachment::new(name.to_owned())
                    .body(page, ContentType::TEXT_HTML);
                let text = SinglePart::builder()
                    .header(ContentType::TEXT_PLAIN)
                    .header(ContentTransferEncoding::Base64)
                    .body(alert.text.to_owned());
                message.multipart(MultiPart::mixed().singlepart(text).singlepart(page))
            }
        };
        message.map_err(|error| never(error.to_string()))
    }
}

#[async_trait]
impl AlertChannel for Mail {
    fn name(&self) -> &'static str {
        "mail"
    }

    async fn send(&self, alert: &Alert<'_>) -> Result<(), AlertError> {
        let message = self.message(alert)?;
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_permanent() => Err(AlertError::Never(error.to_string())),
            Err(error) => Err(AlertError::Later(error.to_string())),
        }
    }
}

/// That no answering machine is to answer (RFC 3834 §5).
#[derive(Debug, Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// How a reader shows it (RFC 2156 §5.3.4).
#[derive(Debug, Clone)]
struct Importance(AlertSeverity);

impl Header for Importance {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Importance")
    }

    fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Err(format!("{text} is only written").into())
    }

    fn display(&self) -> HeaderValue {
        let word = match self.0 {
            AlertSeverity::Informational | AlertSeverity::Warning => "normal",
            AlertSeverity::Critical | AlertSeverity::Alert => "high",
        };
        HeaderValue::new(Self::name(), word.to_owned())
    }
}

fn time_of(at: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(at.as_millis()).unwrap_or_default())
}

fn parameters(settings: &MailSettings) -> Result<TlsParameters, AlertChannelError> {
    let mut builder = TlsParameters::builder(settings.server.clone())
        .certificate_store(CertificateStore::Default);
    if let Some(path) = &settings.ca_file {
        let file = |source| AlertChannelError::File { path: path.clone(), source };
        let text = std::fs::read(path).map_err(file)?;
        let certificate = Certificate::from_pem(&text).map_err(|error| {
            file(std::io::Error::new(std::io::ErrorKind::InvalidData, error.to_string()))
        })?;
        builder = builder.add_root_certificate(certificate);
    }
    let reason = |error: lettre::transport::smtp::Error| AlertChannelError::Setting {
        channel: "mail",
        reason: error.to_string(),
    };
    builder.build_rustls().map_err(reason)
}
