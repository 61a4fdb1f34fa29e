use std::time::Duration;

use domain::{
    Credential, CredentialId, GrantId, MessageAuthenticatorRule, NasProfile, OctetDirection,
    ProxyStateRule, StatusServerRule,
};
use proptest::prelude::*;

use super::*;

pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_795_597_200);

/// An access point with a login page at `host`, if its method has one.
pub(crate) fn nas(method: HandOffMethod, secret: Option<&str>, host: &str) -> Nas {
    let has_page = method.has_login_page();
    Nas {
        name: "gate".parse().unwrap(),
        site: "walkway".parse().unwrap(),
        addresses: "10.0.0.1/32".parse().unwrap(),
        identifier: None,
        certificate: None,
        secret: "radius secret".parse().unwrap(),
        former_secret: None,
        profile: NasProfile::Generic,
        message_authenticator: MessageAuthenticatorRule::Required,
        proxy_state: ProxyStateRule::Limited,
        status_server: StatusServerRule::Answered,
        octet_direction: OctetDirection::Standard,
        dae_address: None,
        hand_off: HandOff {
            method,
            secret: secret.map(|secret| secret.parse().unwrap()),
            hosts: has_page.then(|| host.parse().unwrap()).into_iter().collect(),
            api: None,
            redirect_acl: None,
            sends: method.usual_sends(),
        },
        portal_path: "path".parse().unwrap(),
    }
}

/// What a redirect says to whom knows no secret.
pub(super) fn arrive(
    method: HandOffMethod,
    host: &str,
    query: &str,
) -> Result<Arrival, ArrivalError> {
    let redirected = Redirected { origins: &[], path: "/n/x/", query, at: NOW };
    read_arrival(&nas(method, None, host), &redirected)
}

/// The way back of a login whose redirect came `age` seconds ago.
pub(super) fn way_of(
    method: HandOffMethod,
    secret: Option<&str>,
    age: u64,
    turn: Option<&Turn>,
) -> Option<Way> {
    let hand_off = nas(method, secret, "10.1.0.1").hand_off;
    let page = match turn {
        Some(turn) => turn.page.parse().ok(),
        None => hand_off.hosts.first().and_then(|host| dialect(method).login_page(host)),
    };
    let credential = Credential {
        id: CredentialId::from_bytes([0; 16]),
        password: "password-of-the-test".parse().unwrap(),
        grant: GrantId::from_bytes([1; 16]),
        device: MacAddress::new([2, 0, 0x5e, 0x10, 0, 1]),
        nas: "gate".parse().unwrap(),
        expires_at: NOW,
    };
    dialect(method).way(&Pass {
        page: page.as_ref(),
        turn,
        age: Duration::from_secs(age),
        secret: hand_off.secret.as_ref(),
        credential: &credential,
        time: method.opens_by_link().then_some(Duration::from_secs(7_200)),
        landing: "http://portal.example/v/x/online",
        wanted: Some("http://example.com/"),
    })
}

/// The form that a login goes back by: where to, and its fields.
pub(super) fn form_of(method: HandOffMethod, turn: Option<&Turn>) -> String {
    let way = way_of(method, None, 0, turn);
    let Some(Way::Form { action, fields }) = way else { panic!("no form but {way:?}") };
    let fields: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{action} {}", fields.join("&"))
}

/// What occasion a redirect tells of when more is added to it.
pub(super) fn read_by<'a>(
    method: HandOffMethod,
    host: &'a str,
    query: &'a str,
) -> impl Fn(&str) -> Result<Occasion, ArrivalError> + 'a {
    move |more| arrive(method, host, &format!("{query}{more}")).map(|arrival| arrival.occasion)
}

fn secret_of(method: HandOffMethod) -> Option<&'static str> {
    method.has_secret().then_some("secret")
}

/// Names that stand in some maker's query.
const NAMES: [&str; 35] = [
    "mac",
    "id",
    "ip",
    "res",
    "uamip",
    "uamport",
    "challenge",
    "userurl",
    "client_mac",
    "switch_url",
    "link-login-only",
    "chap-id",
    "chap-challenge",
    "t",
    "sig",
    "switchip",
    "post",
    "magic",
    "usermac",
    "sip",
    "uip",
    "ga_srvr",
    "ga_cmac",
    "ga_Qv",
    "umac",
    "login_url",
    "base_grant_url",
    "action",
    "zone",
    "page",
    "target",
    "clientMac",
    "scheme",
    "targetPort",
    "state",
];

fn any_method() -> impl Strategy<Value = HandOffMethod> {
    prop::sample::select(HandOffMethod::ALL.to_vec())
}

proptest! {
    #[test]
    fn any_query_is_survived_and_none_passes_for_a_signed_one(
        query in ".{0,400}", method in any_method()
    ) {
        let origins = ["http://portal.example".to_owned()];
        let redirected = Redirected { origins: &origins, path: "/n/x/", query: &query, at: NOW };
        drop(read_arrival(&nas(method, None, "10.1.0.1"), &redirected));
        if let Some(secret) = secret_of(method) {
            prop_assert!(read_arrival(&nas(method, Some(secret), "10.1.0.1"), &redirected).is_err());
        }
    }

    #[test]
    fn any_values_under_known_names_lead_nowhere_but_to_the_access_points_own_hosts(
        values in prop::collection::vec("[ -~]{0,40}|(https?://)?10\\.1\\.0\\.[12](/[a-z.]{0,9})?|02:00:5e:10:00:01", NAMES.len()),
        method in any_method(),
        age in 0_u64..1_000,
    ) {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(NAMES.iter().zip(&values))
            .finish();
        let Ok(arrival) = arrive(method, "10.1.0.1", &query) else { return Ok(()) };
        prop_assert_eq!(arrival.trust, Trust::Unsigned);
        let hand_off = nas(method, None, "10.1.0.1").hand_off;
        match way_of(method, None, age, arrival.turn.as_ref()) {
            None | Some(Way::AskAgain) => {}
            Some(Way::Ask(url) | Way::Link(url) | Way::Grant(url) | Way::Form { action: url, .. }) => {
                prop_assert!(is_allowed(&hand_off, &url), "{}", url);
            }
        }
    }
}

#[test]
fn a_browser_that_was_not_redirected_finds_every_login_page() {
    for method in HandOffMethod::ALL {
        let hand_off = nas(method, secret_of(method), "10.1.0.1").hand_off;
        match way_of(method, secret_of(method), 0, None) {
            Some(Way::AskAgain) => assert!(!method.has_login_page(), "{method:?}"),
            Some(
                Way::Ask(url) | Way::Link(url) | Way::Grant(url) | Way::Form { action: url, .. },
            ) => {
                assert!(is_allowed(&hand_off, &url), "{method:?} {url}");
            }
            // Only their redirect says what must come back.
            None => assert!(
                matches!(
                    method,
                    HandOffMethod::Meraki
                        | HandOffMethod::MerakiClickThrough
                        | HandOffMethod::Fortinet
                        | HandOffMethod::Omada
                ),
                "{method:?} has no way without a redirect"
            ),
        }
    }
}

#[test]
fn a_redirect_that_would_make_every_address_long_is_refused() {
    let page = format!("https://10.1.0.1/{}", "x".repeat(600));
    let query = format!("switch_url={page}&client_mac=02:00:5e:10:00:01");
    assert_eq!(arrive(HandOffMethod::Cisco, "10.1.0.1", &query), Err(ArrivalError::TooLong));
}
