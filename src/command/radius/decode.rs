//! `sabeel radius decode`.

use std::path::Path;

use anyhow::{Context, bail};
use radius_proto::{
    Authenticator, Dictionary, Packet, ParseError, Proofs, Reading, Secrecy, SharedSecret,
};

use super::view::PacketView;
use super::{dictionary, hex};
use crate::cli::Decode;
use crate::output::{self, Format};

/// Shows packets; fails if one is malformed, or not made with the secret.
pub fn run(format: Format, arguments: &Decode) -> anyhow::Result<()> {
    let means = Means::new(arguments)?;
    let packets = packets(&arguments.packets)?;
    let decoded: Vec<_> = packets.iter().map(|octets| means.decode(octets)).collect();
    match format {
        Format::Json => {
            let views: Vec<_> = decoded.iter().map(PacketView::from).collect();
            output::done(format, &views, "")?;
        }
        Format::Table => {
            decoded.iter().try_for_each(|decoded| output::line(&decoded.to_string()))?;
        }
    }
    match decoded.iter().filter(|decoded| decoded.is_bad()).count() {
        0 => Ok(()),
        bad => bail!("{bad} of {} malformed, or not made with the secret", decoded.len()),
    }
}

fn packets(written: &[String]) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut packets = Vec::new();
    for text in written {
        match text.as_str() {
            "-" => packets.extend(hex::packets_from_stdin()?),
            text => packets.push(hex::parse(text)?),
        }
    }
    Ok(packets)
}

/// What packets are looked at with.
struct Means {
    dictionary: Dictionary,
    secret: Option<SharedSecret>,
    request: Option<Authenticator>,
    show_passwords: bool,
}

impl Means {
    fn new(arguments: &Decode) -> anyhow::Result<Self> {
        Ok(Self {
            dictionary: dictionary::load(&arguments.dictionary)?.dictionary,
            secret: arguments.secret_file.as_deref().map(secret).transpose()?,
            request: arguments.request.as_deref().map(request).transpose()?,
            show_passwords: arguments.show_passwords,
        })
    }

    fn decode<'a>(&self, octets: &'a [u8]) -> Decoded<'a> {
        let Some((packet, error)) = Packet::parse_sound_part(octets) else {
            return Decoded::NoHeader(ParseError::NoHeader { received: octets.len() });
        };
        let secret = self.secret.as_ref().filter(|_| error.is_none());
        Decoded::Packet {
            packet,
            readings: packet.readings(&self.dictionary, self.secrecy(&packet)),
            proofs: secret.map(|secret| Proofs::of(&packet, self.request, secret)),
            error,
        }
    }

    /// The secrets of a reply hang on the request that it answers.
    fn secrecy(&self, packet: &Packet<'_>) -> Secrecy<'_> {
        let own = (!packet.code().is_reply()).then(|| packet.authenticator());
        match (&self.secret, own.or(self.request)) {
            (Some(secret), Some(request)) if self.show_passwords => {
                Secrecy::Revealed { secret, request }
            }
            _ => Secrecy::Kept,
        }
    }
}

fn secret(file: &Path) -> anyhow::Result<SharedSecret> {
    let text = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    SharedSecret::new(text.trim_ascii_end())
        .with_context(|| format!("{} holds no secret", file.display()))
}

fn request(text: &str) -> anyhow::Result<Authenticator> {
    let octets = hex::parse(text).context("cannot read the request")?;
    let packet = Packet::parse(&octets).context("the request is no packet")?;
    Ok(packet.authenticator())
}

/// What was found.
pub enum Decoded<'a> {
    /// Too little even for a header.
    NoHeader(ParseError),
    /// A packet, or the sound part of one.
    Packet {
        /// The packet.
        packet: Packet<'a>,
        /// What it says.
        readings: Vec<Reading>,
        /// Whether it was made with the secret.
        proofs: Option<Proofs>,
        /// What ended the sound part.
        error: Option<ParseError>,
    },
}

impl Decoded<'_> {
    fn is_bad(&self) -> bool {
        match self {
            Self::NoHeader(_) | Self::Packet { error: Some(_), .. } => true,
            Self::Packet { proofs, .. } => proofs.is_some_and(|proofs| {
                proofs.message_authenticator.is_bad() || proofs.authenticator.is_bad()
            }),
        }
    }
}
