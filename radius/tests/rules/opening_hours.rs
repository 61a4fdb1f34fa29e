//! A site with opening hours: closed it lets nobody in, and open no longer than until it closes.

use std::time::Duration;

use crate::city::{Blueprint, City, DEVICE, SECRET};
use crate::gate::{Gate, access};
use crate::wire::{ACCESS_ACCEPT, ACCESS_REJECT, Reply};

const REPLY_MESSAGE: u8 = 18;
const SESSION_TIMEOUT: u8 = 27;

fn seconds(reply: &Reply) -> u32 {
    assert_eq!(reply.code, ACCESS_ACCEPT);
    u32::from_be_bytes(reply.all(SESSION_TIMEOUT)[0].try_into().unwrap())
}

#[tokio::test]
async fn a_closed_site_lets_nobody_in_and_an_open_one_until_it_closes() {
    // The city's clock begins at noon.
    let hours = vec!["daily 08:00-12:30".parse().unwrap()].try_into().unwrap();
    let city = City::build(Blueprint { hours, ..Blueprint::default() }).await;
    let gate = Gate::open(&city).await;
    city.sign_in(DEVICE).await;
    let ask = async |number| gate.authenticate(&access(number).protected().sign(SECRET)).await;

    assert_eq!(seconds(&ask(1).await), 1_800);
    city.clock.advance(Duration::from_secs(2));
    assert_eq!(seconds(&ask(2).await), 1_798);
    city.clock.advance(Duration::from_secs(1_797));
    assert_eq!(seconds(&ask(3).await), 1);
    city.clock.advance(Duration::from_secs(1));
    for number in [4, 5] {
        let refused = ask(number).await;
        assert_eq!(refused.code, ACCESS_REJECT);
        let words = b"The network is open from 08:00 to 12:30.";
        assert_eq!(refused.all(REPLY_MESSAGE), [words]);
    }
    assert_eq!(city.counted("rejected-closed"), 2);
    city.clock.advance(Duration::from_secs(19 * 3_600 + 1_800));
    assert_eq!(seconds(&ask(6).await), 7_200, "the allowance of the next day");
    city.end().await;
}
