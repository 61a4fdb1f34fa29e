//! A redirect's query, of which each asked name may stand once.

use std::net::IpAddr;

use domain::MacAddress;

use super::ArrivalError;

const LONGEST: usize = 4_096;
const LONGEST_HOST: usize = 100;
/// A longer wanted page is dropped: it would not fit into the page's own address.
const LONGEST_WANTED: usize = 255;

/// Names and values, percent-decoded.
#[derive(Debug)]
pub(crate) struct RedirectQuery(Vec<(String, String)>);

impl RedirectQuery {
    /// Takes a query apart.
    pub(crate) fn parse(query: &str) -> Result<Self, ArrivalError> {
        if query.len() > LONGEST {
            return Err(ArrivalError::TooLong);
        }
        let pairs = url::form_urlencoded::parse(query.as_bytes()).into_owned();
        Ok(Self(pairs.collect()))
    }

    /// The value of `name`, if it has one.
    pub(crate) fn find(&self, name: &'static str) -> Result<Option<&str>, ArrivalError> {
        let mut values = self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value);
        match (values.next(), values.next()) {
            (first, None) => Ok(first.map(String::as_str).filter(|value| !value.is_empty())),
            _ => Err(ArrivalError::Repeated(name)),
        }
    }

    /// The value of `name`, which must have one.
    pub(crate) fn require(&self, name: &'static str) -> Result<&str, ArrivalError> {
        self.find(name)?.ok_or(ArrivalError::Missing(name))
    }

    /// A hardware address in any spelling.
    pub(crate) fn device(&self, name: &'static str) -> Result<MacAddress, ArrivalError> {
        self.require(name)?.parse().map_err(|_| ArrivalError::Malformed(name))
    }

    /// An IP address, if there is one.
    pub(crate) fn address(&self, name: &'static str) -> Result<Option<IpAddr>, ArrivalError> {
        self.find(name)?
            .map(|text| text.parse().map_err(|_| ArrivalError::Malformed(name)))
            .transpose()
    }

    /// The address of a login page, in full; whether a browser may go there is not decided here.
    pub(crate) fn page(&self, name: &'static str) -> Result<String, ArrivalError> {
        let url = url::Url::parse(self.require(name)?);
        let url = url.map_err(|_| ArrivalError::Malformed(name))?;
        if is_plain(&url) { Ok(url.into()) } else { Err(ArrivalError::Malformed(name)) }
    }

    /// The address of a login page of which the query names the host alone, a name or an IPv4
    /// address.
    pub(crate) fn page_at(
        &self,
        name: &'static str,
        scheme: &str,
        port: Option<u16>,
        path: &str,
    ) -> Result<String, ArrivalError> {
        let host = self.require(name)?;
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'.' || b == b'-';
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let url = url::Url::parse(&format!("{scheme}://{host}{port}/{path}")).ok();
        let url = url.filter(|_| host.len() <= LONGEST_HOST && host.bytes().all(plain));
        url.map(Into::into).ok_or(ArrivalError::Malformed(name))
    }

    /// The page that was wanted, if it is a web page with an address of decent length.
    pub(crate) fn wanted(&self, name: &'static str) -> Option<String> {
        let text = self.find(name).ok()??;
        let url = url::Url::parse(text).ok()?;
        let usable = is_plain(&url) && url.as_str().len() <= LONGEST_WANTED;
        usable.then(|| url.into())
    }
}

/// Whether an address is a web page's, with nobody's name in it.
fn is_plain(url: &url::Url) -> bool {
    matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.password().is_none()
}
