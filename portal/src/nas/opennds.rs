//! openNDS: its forwarding authentication service, FAS. The browser carries nothing back; the
//! gateway asks by itself (`errands`).
//!
//! The redirect brings a list of `name=value`, in base64 (levels 1 and 4) or encrypted with
//! AES-256-CBC under the shared key, in base64 twice (levels 2 and 3). The encryption has no tag
//! and no time, so nothing of it proves anything: it is a claim in every level. Level 0 would show
//! the visitor the token that opens the way, and is refused.

use aes::Aes256;
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use data_encoding::{BASE64, HEXLOWER};
use domain::{HandOff, Secret};

use super::{Arrival, ArrivalError, Dialect, Occasion, Pass, RedirectQuery, Redirected, Way};
use crate::context::Trust;

/// What lists are divided by.
const SEPARATOR: &str = ", ";

pub(super) struct Opennds;

impl Dialect for Opennds {
    fn read(
        &self,
        hand_off: &HandOff,
        redirected: &Redirected<'_>,
    ) -> Result<Arrival, ArrivalError> {
        let query = RedirectQuery::parse(redirected.query)?;
        if query.find("tok")?.is_some() {
            return Err(ArrivalError::TokenInClear);
        }
        let carried = unpack(query.require("fas")?)?;
        let list = match (query.find("iv")?, &hand_off.secret) {
            (None, _) => carried,
            (Some(iv), Some(key)) => decrypt(&unpack_bytes(&carried)?, key, iv)?,
            (Some(_), None) => return Err(ArrivalError::Malformed("iv")),
        };
        // Values are percent-encoded there, as in a query.
        let said = RedirectQuery::parse(&list.replace(SEPARATOR, "&"))?;
        // SHA-256 of the client's token: every gateway gives it.
        let hid = HEXLOWER.decode(said.require("hid")?.as_bytes());
        if !hid.is_ok_and(|hid| hid.len() == 32) {
            return Err(ArrivalError::Malformed("hid"));
        }
        Ok(Arrival {
            at: redirected.at,
            device: said.device("clientmac")?,
            address: said.address("clientip")?,
            trust: Trust::Unsigned,
            occasion: Occasion::Caught,
            turn: None,
            wanted: said.wanted("originurl"),
        })
    }

    fn way(&self, _: &Pass<'_>) -> Option<Way> {
        Some(Way::AskAgain)
    }
}

/// Text out of base64, in whose query a plus was read as a space.
fn unpack(text: &str) -> Result<String, ArrivalError> {
    String::from_utf8(unpack_bytes(text)?).map_err(|_| ArrivalError::Malformed("fas"))
}

fn unpack_bytes(text: &str) -> Result<Vec<u8>, ArrivalError> {
    let text = text.replace(' ', "+");
    BASE64.decode(text.as_bytes()).map_err(|_| ArrivalError::Malformed("fas"))
}

/// What was encrypted under the key, filled up with zeros to 32 octets, and an `iv` of 16
/// characters.
fn decrypt(octets: &[u8], key: &Secret, iv: &str) -> Result<String, ArrivalError> {
    let mut whole = [0; 32];
    for (to, from) in whole.iter_mut().zip(key.expose().bytes()) {
        *to = from;
    }
    let cipher = Decryptor::<Aes256>::new_from_slices(&whole, iv.as_bytes());
    let cipher = cipher.map_err(|_| ArrivalError::Malformed("iv"))?;
    let mut buffer = octets.to_vec();
    let plain = cipher.decrypt_padded::<Pkcs7>(&mut buffer);
    let plain = plain.map_err(|_| ArrivalError::Malformed("fas"))?;
    String::from_utf8(plain.to_vec()).map_err(|_| ArrivalError::Malformed("fas"))
}

#[cfg(test)]
mod tests {
    use domain::HandOffMethod;

    use super::super::tests::{NOW, nas, way_of};
    use super::*;
    use crate::nas::read_arrival;

    const KEY: &str = "1234567890abcdef";
    const HID: &str = "26f98b9bf0c7206a381173546ecd319e85f74e3307c6409fff86e6287498f02d";

    fn arrive(query: &str) -> Result<Arrival, ArrivalError> {
        let redirected = Redirected { origins: &[], path: "/n/x/", query, at: NOW };
        read_arrival(&nas(HandOffMethod::Opennds, Some(KEY), ""), &redirected)
    }

    fn plain(list: &str) -> Result<Arrival, ArrivalError> {
        arrive(&format!("fas={}", BASE64.encode(list.as_bytes())))
    }

    #[test]
    fn what_opennds_9_10_says_at_level_1_is_read() {
        // As it was sent by Debian's openNDS 9.10.0.
        let query = "fas=aGlkPTlkODZlZTZlYTQ2ZGI3ZDcxMDcxZDI0YzEwZTExZWM1MzI2MjVjYjUwZmIzN2JjNjE1Ym\
            NkZWQyYzZkMzg1ZWEsIGNsaWVudGlwPTEwLjc4LjAuNTAsIGNsaWVudG1hYz05MjpkMTplMjo1NzowMzo2MSwgY2\
            xpZW50X3R5cGU9Y3BkX2NhbiwgZ2F0ZXdheW5hbWU9UGFyayUyME5vZGUlM2EzZWJiNjdjZDU2MmIlMjAsIGdhdG\
            V3YXl1cmw9aHR0cCUzYSUyZiUyZnN0YXR1cy5jbGllbnQsIHZlcnNpb249OS4xMC4wLCBnYXRld2F5YWRkcmVzcz\
            0xMC43OC4wLjE6MjA1MCwgZ2F0ZXdheW1hYz0zZWJiNjdjZDU2MmIsIG9yaWdpbnVybD1odHRwJTNhJTJmJTJmMT\
            k4LjUxLjEwMC4xJTJmZm9vLCBjbGllbnRpZj1ici1sYW4sIHRoZW1lc3BlYz0obnVsbCksIChudWxsKShudWxsKS\
            hudWxsKShudWxsKQ==";
        let arrival = arrive(query).unwrap();
        assert_eq!(arrival.device.to_string(), "92:d1:e2:57:03:61");
        assert_eq!(arrival.address, Some([10, 78, 0, 50].into()));
        assert_eq!(arrival.wanted.as_deref(), Some("http://198.51.100.1/foo"));
        assert_eq!((arrival.trust, arrival.turn), (Trust::Unsigned, None));
        assert_eq!(way_of(HandOffMethod::Opennds, Some(KEY), 0, None), Some(Way::AskAgain));
    }

    #[test]
    fn what_is_encrypted_as_php_does_is_read_and_with_another_key_it_is_not() {
        // openssl_encrypt($list, "aes-256-cbc", KEY, 0, IV), in base64 once more.
        let query = "fas=akxwU3piV2swTGtZMEVub0dnNUR2bTYzV3RzQ3dEOXZ4MHVvMHFEendoa2Z1MnlGVnZDb1I1R2V6\
            YUdiV0tZNEhJRG8zWk5XVE5EVHdwUnRnZ0F1WHNyMmFyYlRUNUlWVDl4THhOQ0p3NGg3RENseTNyMkcy\
            Vkg1T1FGWGt1ZHJEemVDVXYzVS92Z3RIMlFKU2NMeFN4bnRIUnI5UFZveGRjaW5qZTl0Wjk2V3hKQTFK\
            M2l3eVg4OFdpVnlOZy9yeU1xOXBqKzh3UGpHdk5Oa3JORFJaUT09&iv=0123456789abcdef";
        let arrival = arrive(query).unwrap();
        assert_eq!(arrival.device.to_string(), "02:00:5e:10:00:01");
        let other = nas(HandOffMethod::Opennds, Some("1234567890abcdeF"), "");
        let redirected = Redirected { origins: &[], path: "/n/x/", query, at: NOW };
        assert_eq!(read_arrival(&other, &redirected), Err(ArrivalError::Malformed("fas")));
        for (wrong, name) in [
            (query.replace("iv=0123456789abcdef", "iv=0123456789abcde"), "iv"),
            (query.replace("fas=akxw", "fas=bkxw"), "fas"),
        ] {
            assert_ne!(wrong, query);
            assert_eq!(arrive(&wrong), Err(ArrivalError::Malformed(name)), "{wrong}");
        }
    }

    #[test]
    fn a_token_in_clear_is_refused_with_words() {
        let query = "authaction=http://10.78.0.1:2050/opennds_auth/?clientip=10.78.0.50\
            &gatewayname=Park&tok=24b69d99&redir=http%3a%2f%2fexample.com";
        let error = arrive(query).unwrap_err();
        assert_eq!(error, ArrivalError::TokenInClear);
        assert!(error.to_string().contains("fas_secure_enabled"), "{error}");
    }

    #[test]
    fn a_list_that_names_no_one_device_is_refused() {
        let list = |more: &str| format!("hid={HID}, clientip=10.78.0.50{more}");
        for (list, expected) in [
            (list(""), ArrivalError::Missing("clientmac")),
            (list(", clientmac=park"), ArrivalError::Malformed("clientmac")),
            (
                list(", clientmac=02:00:5e:10:00:01, clientmac=02:00:5e:10:00:02"),
                ArrivalError::Repeated("clientmac"),
            ),
            ("clientmac=02:00:5e:10:00:01".to_owned(), ArrivalError::Missing("hid")),
            ("hid=26f9, clientmac=02:00:5e:10:00:01".to_owned(), ArrivalError::Malformed("hid")),
            ("hid=x, clientmac=02:00:5e:10:00:01".to_owned(), ArrivalError::Malformed("hid")),
        ] {
            assert_eq!(plain(&list), Err(expected), "{list}");
        }
        assert_eq!(arrive("fas=%25"), Err(ArrivalError::Malformed("fas")));
        assert_eq!(arrive("status=authenticated"), Err(ArrivalError::Missing("fas")));
    }
}
