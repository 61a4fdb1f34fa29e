//! What a CA says of a certificate (OCSP, RFC 6960), to be sent along with it (RFC 6066 §8), since
//! a phone that is not online yet cannot ask.
//!
//! Read is what tells whether a response is of any use: about which certificate it is, what it
//! says, and how long it holds. Its signature is for those who get it.

use std::path::Path;

use domain::Timestamp;
use rustls::pki_types::CertificateDer;
use x509_parser::asn1_rs::{Any, Class, FromDer, GeneralizedTime};
use x509_parser::prelude::X509Certificate;

use crate::pem::{FileError, Validity};

/// How far the CA's clock may be ahead.
const SKEW_SECS: i64 = 300;

/// A response that says of a certificate that it is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Good {
    from: Timestamp,
    until: Validity,
}

impl Good {
    /// Reads the octets of a DER file.
    ///
    /// # Errors
    /// It is damaged, is about another certificate, does not say until when it holds, or says that
    /// the certificate is revoked.
    pub fn read(
        path: &Path,
        der: &[u8],
        certificate: &CertificateDer<'_>,
    ) -> Result<Self, FileError> {
        let (_, certificate) = X509Certificate::from_der(certificate)
            .map_err(|error| FileError::unusable(path, error))?;
        find(der, certificate.raw_serial()).map_err(|fault| FileError::unusable(path, fault))
    }

    /// Whether it holds at `now`.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.from.as_secs() <= now.as_secs() + SKEW_SECS && now < self.until.until
    }

    /// Until when it holds.
    ///
    /// # Errors
    /// It does not hold at `now`.
    pub fn validity(&self, path: &Path, now: Timestamp) -> Result<Validity, FileError> {
        if self.holds(now) {
            return Ok(self.until.clone());
        }
        Err(FileError::NotValidNow {
            what: "the OCSP response",
            path: path.to_owned(),
            from: crate::pem::text(self.from),
            until: self.until.text.clone(),
        })
    }
}

/// Why a response is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Fault {
    #[error("it is no OCSP response")]
    Damaged,
    #[error("the CA did not answer the question")]
    NoAnswer,
    #[error("it is about another certificate")]
    Other,
    #[error("it says that the certificate is revoked, or unknown to the CA")]
    NotGood,
    #[error("it does not say until when it holds")]
    Endless,
}

/// The fields of a sequence, one after the other.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn of(any: &Any<'a>) -> Self {
        Self(any.data)
    }

    fn find(&mut self) -> Option<Any<'a>> {
        let (rest, any) = Any::from_der(self.0).ok()?;
        self.0 = rest;
        Some(any)
    }

    fn next(&mut self) -> Result<Any<'a>, Fault> {
        self.find().ok_or(Fault::Damaged)
    }

    /// The next field, which is itself a sequence or explicitly tagged.
    fn enter(&mut self) -> Result<Self, Fault> {
        let any = self.next()?;
        if any.header.is_constructed() { Ok(Self::of(&any)) } else { Err(Fault::Damaged) }
    }
}

fn find(der: &[u8], serial: &[u8]) -> Result<Good, Fault> {
    let mut responses = responses(der)?;
    while let Some(single) = responses.find() {
        let mut single = Fields::of(&single);
        let mut certificate = single.enter()?;
        let (_algorithm, _name, _key) =
            (certificate.next()?, certificate.next()?, certificate.next()?);
        if certificate.next()?.data != serial {
            continue;
        }
        let status = single.next()?;
        if status.class() != Class::ContextSpecific || status.tag().0 != 0 {
            return Err(Fault::NotGood);
        }
        let from = time(&single.next()?)?;
        let next = single.find().filter(|next| next.class() == Class::ContextSpecific);
        let until = match next.filter(|next| next.tag().0 == 0) {
            Some(next) => time(&Fields::of(&next).next()?)?,
            None => return Err(Fault::Endless),
        };
        let until = Validity { until, text: crate::pem::text(until) };
        return Ok(Good { from, until });
    }
    Err(Fault::Other)
}

/// The list of what is said, each about one certificate.
fn responses(der: &[u8]) -> Result<Fields<'_>, Fault> {
    const SUCCESSFUL: &[u8] = &[0];
    let mut response = Fields(der).enter()?;
    if response.next()?.data != SUCCESSFUL {
        return Err(Fault::NoAnswer);
    }
    let mut typed = response.enter()?.enter()?;
    let (_kind, basic) = (typed.next()?, typed.next()?);
    let mut said = Fields(basic.data).enter()?.enter()?;
    // Of version [0], responder [1] or [2] and time of production only the first is optional.
    let first = said.next()?;
    if first.class() == Class::ContextSpecific && first.tag().0 == 0 {
        said.next()?;
    }
    said.next()?;
    said.enter()
}

fn time(any: &Any<'_>) -> Result<Timestamp, Fault> {
    let time = GeneralizedTime::try_from(any).map_err(|_| Fault::Damaged)?;
    let time = time.utc_datetime().map_err(|_| Fault::Damaged)?;
    Ok(Timestamp::from_secs(time.unix_timestamp()))
}

#[cfg(test)]
mod tests;
