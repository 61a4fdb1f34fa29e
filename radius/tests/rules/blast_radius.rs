//! R4 to R10: what keeps an answer from being forged on the way (CVE-2024-3596).

use domain::{MessageAuthenticatorRule, Nas};

use crate::city::{City, DEVICE, SECRET, nas};
use crate::gate::{Gate, SPELLED, access, report};
use crate::log::Log;
use crate::wire::{
    ACCESS_ACCEPT, ACCESS_REJECT, ACCESS_REQUEST, ACCOUNTING_RESPONSE, CALLING_STATION_ID, CLASS,
    Draft, EAP_MESSAGE, MESSAGE_AUTHENTICATOR, NAS_IDENTIFIER, PROXY_STATE, REPLY_MESSAGE, STATE,
    STATUS_SERVER, USER_NAME, VENDOR_SPECIFIC,
};

async fn city_without_the_requirement() -> City {
    let message_authenticator = MessageAuthenticatorRule::Optional;
    City::begin(Nas { message_authenticator, ..nas() }).await
}

#[tokio::test]
async fn r04_where_it_is_required_a_request_without_it_is_dropped_before_any_hash() {
    let city = City::begin(nas()).await;
    let gate = Gate::open(&city).await;
    // Whatever else is wrong or dangerous about it, the reason is what was found first.
    for draft in [
        access(1),
        access(2).with(PROXY_STATE, [7; 200]),
        access(3).with(EAP_MESSAGE, [2, 1, 0, 5, 1]),
        Draft::new(ACCESS_REQUEST, 4, 4),
    ] {
        let server = city.authentication;
        gate.is_dropped(server, &draft.octets(), "message-authenticator-missing").await;
    }
    city.end().await;
}

#[tokio::test]
async fn r05_where_it_is_not_required_a_proxy_state_still_is_dropped_without_it() {
    let city = city_without_the_requirement().await;
    city.sign_in(DEVICE).await;
    let gate = Gate::open(&city).await;
    for size in [0, 1, 200, 253] {
        let forged = access(1).with(PROXY_STATE, vec![7; size]).octets();
        gate.is_dropped(city.authentication, &forged, "proxy-state-unprotected").await;
    }
    assert_eq!(gate.authenticate(&access(2).octets()).await.code, ACCESS_ACCEPT);
    let protected = access(3).with(PROXY_STATE, [7; 200]).protected().sign(SECRET);
    assert_eq!(gate.authenticate(&protected).await.all(PROXY_STATE), [&[7; 200]]);
    city.end().await;
}

#[tokio::test]
async fn r06_what_is_there_is_verified_wherever_it_stands() {
    for city in [City::begin(nas()).await, city_without_the_requirement().await] {
        city.sign_in(DEVICE).await;
        let gate = Gate::open(&city).await;
        let empty = |number| Draft::new(ACCESS_REQUEST, number, number);
        let named = |draft: Draft| draft.with(USER_NAME, SPELLED).password(SPELLED, SECRET);
        let (first, last) = (named(empty(1).protected()), named(empty(2)).protected());
        let middle = empty(3).with(NAS_IDENTIFIER, "x").protected().with(STATE, "y");
        for draft in [first, named(middle), last] {
            let reply = gate.authenticate(&draft.clone().sign(SECRET)).await;
            assert_eq!(reply.code, ACCESS_ACCEPT);
            let wrong = draft.sign("another secret");
            let mismatch = "message-authenticator-mismatch";
            gate.is_dropped(city.authentication, &wrong, mismatch).await;
        }
        let twice = access(9).protected().protected().sign(SECRET);
        gate.is_dropped(city.authentication, &twice, "message-authenticator-repeated").await;
        for size in [0, 15, 17] {
            let odd = access(9).with(MESSAGE_AUTHENTICATOR, vec![0; size]).octets();
            gate.is_dropped(city.authentication, &odd, "message-authenticator-length").await;
        }
        let told = report(1, 1).protected().sign(SECRET);
        assert_eq!(gate.account(&told).await.code, ACCOUNTING_RESPONSE);
        city.end().await;
    }
}

#[tokio::test]
async fn r07_every_answer_about_access_is_protected_first_of_all() {
    for city in [City::begin(nas()).await, city_without_the_requirement().await] {
        let gate = Gate::open(&city).await;
        let with_state = |draft: Draft| draft.with(PROXY_STATE, "via").protected().sign(SECRET);
        let rejected = gate.authenticate(&with_state(access(1))).await;
        city.sign_in(DEVICE).await;
        let accepted = gate.authenticate(&with_state(access(2))).await;
        let status = with_state(Draft::new(STATUS_SERVER, 3, 3));
        let alive = gate.authenticate(&status).await;
        for (reply, code) in
            [(rejected, ACCESS_REJECT), (accepted, ACCESS_ACCEPT), (alive, ACCESS_ACCEPT)]
        {
            assert_eq!(reply.code, code);
            assert!(reply.is_protected_first(), "{:?}", reply.attributes);
            assert_eq!(reply.all(PROXY_STATE), [b"via"]);
        }
        city.end().await;
    }
}

#[tokio::test]
async fn r07_who_asks_without_it_is_answered_with_it() {
    let city = city_without_the_requirement().await;
    let gate = Gate::open(&city).await;
    assert!(gate.authenticate(&access(1).octets()).await.is_protected_first());
    city.sign_in(DEVICE).await;
    assert!(gate.authenticate(&access(2).octets()).await.is_protected_first());
    city.end().await;
}

#[tokio::test]
async fn r08_eap_without_it_is_dropped_whatever_the_access_point_may_do() {
    let city = city_without_the_requirement().await;
    let gate = Gate::open(&city).await;
    for message in [&[][..], &[2, 1, 0, 5, 1], &[0xff; 253]] {
        let request = access(1).with(EAP_MESSAGE, message).octets();
        gate.is_dropped(city.authentication, &request, "eap-unprotected").await;
    }
    city.end().await;
}

#[tokio::test]
async fn r09_an_unprotected_request_gets_nothing_of_its_own_back() {
    const MARK: &[u8] = b"chosen by whoever forges";
    let city = city_without_the_requirement().await;
    let gate = Gate::open(&city).await;
    let request = |number: u8, name: &[u8]| {
        let draft = Draft::new(ACCESS_REQUEST, number, number)
            .with(USER_NAME, name)
            .password(SPELLED, SECRET)
            .with(CALLING_STATION_ID, "02-00-5E-10-AB-0C");
        let kinds = [REPLY_MESSAGE, STATE, CLASS, NAS_IDENTIFIER, 103, 241];
        let marked = kinds.into_iter().fold(draft, |draft, kind| draft.with(kind, MARK));
        marked.with(VENDOR_SPECIFIC, [&[0, 0, 0, 9, 1, 26], MARK].concat()).octets()
    };
    let rejected = gate.authenticate(&request(1, MARK)).await;
    assert_eq!(rejected.code, ACCESS_REJECT);
    city.sign_in(DEVICE).await;
    let accepted = gate.authenticate(&request(2, SPELLED.as_bytes())).await;
    assert_eq!(accepted.code, ACCESS_ACCEPT);
    for (reply, name) in [(rejected, MARK), (accepted, SPELLED.as_bytes())] {
        for chosen in [MARK, name] {
            let is_echoed = reply.octets.windows(chosen.len()).any(|part| part == chosen);
            assert!(!is_echoed, "{:?}", reply.attributes);
        }
    }
    city.end().await;
}

#[tokio::test]
async fn r10_what_is_dropped_is_logged_once_for_many_with_the_access_points_name() {
    let city = City::begin(nas()).await;
    let gate = Gate::open(&city).await;
    let log = Log::listen();
    let missing = "message-authenticator-missing";
    for _ in 0..20 {
        gate.is_dropped(city.authentication, &access(1).octets(), missing).await;
    }
    let lines = log.text().lines().filter(|line| line.contains(missing)).count();
    assert_eq!(lines, 1, "{}", log.text());
    assert!(log.text().contains("nas=\"gate\""), "{}", log.text());
    city.end().await;
}
