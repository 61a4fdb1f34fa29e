//! A site with a capacity: who is online there stays, and who is not is told to wait.

use std::time::Duration;

use domain::MacAddress;

use crate::city::{Blueprint, City, DEVICE, SECRET};
use crate::gate::{Gate, access, report};
use crate::wire::{
    ACCESS_ACCEPT, ACCESS_REJECT, ACCESS_REQUEST, CALLING_STATION_ID, Draft, Reply, USER_NAME,
};

const REPLY_MESSAGE: u8 = 18;
const START: u32 = 1;
const STOP: u32 = 2;
const OTHER: MacAddress = MacAddress::new([0x02, 0, 0x5e, 0x10, 0xab, 0x0d]);
const SPELLED: &str = "02005e10ab0d";

fn access_of_other(number: u8) -> Draft {
    Draft::new(ACCESS_REQUEST, number, number)
        .with(USER_NAME, SPELLED)
        .password(SPELLED, SECRET)
        .with(CALLING_STATION_ID, "02-00-5E-10-AB-0D")
}

fn is_told_to_wait(reply: &Reply) {
    assert_eq!(reply.code, ACCESS_REJECT);
    let words = b"The network is full; please try again in a few minutes.";
    assert_eq!(reply.all(REPLY_MESSAGE), [words]);
}

#[tokio::test]
async fn a_full_site_refuses_whoever_is_not_online_there() {
    let city = City::build(Blueprint { capacity: Some(1), ..Blueprint::default() }).await;
    let gate = Gate::open(&city).await;
    for device in [DEVICE, OTHER] {
        city.sign_in(device).await;
        city.clock.advance(Duration::from_secs(200));
    }
    let ask = async |draft: Draft| gate.authenticate(&draft.protected().sign(SECRET)).await;
    let tell = async |draft: Draft| {
        gate.account(&draft.sign(SECRET)).await;
        city.apply().await;
        city.clock.advance(Duration::from_secs(6));
    };

    assert_eq!(ask(access(1)).await.code, ACCESS_ACCEPT);
    is_told_to_wait(&ask(access_of_other(2)).await);
    tell(report(3, START)).await;
    is_told_to_wait(&ask(access_of_other(4)).await);
    for number in [5, 6] {
        assert_eq!(ask(access(number)).await.code, ACCESS_ACCEPT, "it is online there");
    }
    assert_eq!(city.counted("rejected-full"), 2);
    tell(report(7, STOP)).await;
    assert_eq!(ask(access_of_other(8)).await.code, ACCESS_ACCEPT);
    is_told_to_wait(&ask(access(9)).await);
    city.end().await;
}
