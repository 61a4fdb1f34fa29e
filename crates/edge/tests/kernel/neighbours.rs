//! Who is on the visitors' interface, as the kernel learns it.

use std::net::Ipv4Addr;
use std::time::Duration;

use domain::MacAddress;
use edge::neighbour::{NeighbourError, NeighbourState, NeighbourTable, NeighbourWatch};
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::square::*;

const PRINTER: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 5);
const PRINTER_DEVICE: MacAddress = MacAddress::new([2, 0, 0, 0, 0, 5]);
const NOBODY: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 99);

/// Waits until `address` has come into `state`, through whatever else.
async fn wait_for(watch: &mut NeighbourWatch, address: Ipv4Addr, state: NeighbourState) {
    let seen = async {
        loop {
            let event = watch.next().await.unwrap();
            if event.address == address && event.state == state {
                return;
            }
        }
    };
    let waited = timeout(Duration::from_secs(60), seen).await;
    waited.unwrap_or_else(|_| panic!("{address} never came into {state:?}"));
}

#[tokio::test]
async fn the_watch_tells_who_is_there_who_comes_and_who_goes() {
    let square = Square::build();
    square.gateway.sysctl("ipv4/neigh/lan/retrans_time_ms", "20");
    square.gateway.ip(&format!("neigh add {PRINTER} lladdr {PRINTER_DEVICE} dev lan"));
    let runtime = Handle::current();
    let open = || {
        let _runtime = runtime.enter();
        NeighbourWatch::open(&"lan".parse().unwrap())
    };
    let mut watch = square.gateway.run(open).unwrap();
    let socket = bind(&square.gateway, (GATEWAY, 0));
    wait_for(&mut watch, PRINTER, NeighbourState::Reachable(PRINTER_DEVICE)).await;
    socket.send_to(b"who has", (PHONE, 9)).unwrap();
    wait_for(&mut watch, PHONE, NeighbourState::Reachable(PHONE_DEVICE)).await;
    square.gateway.ip(&format!("neigh change {PHONE} dev lan nud stale"));
    wait_for(&mut watch, PHONE, NeighbourState::Stale(PHONE_DEVICE)).await;
    socket.send_to(b"who has", (NOBODY, 9)).unwrap();
    wait_for(&mut watch, NOBODY, NeighbourState::Failed).await;
    square.gateway.ip(&format!("neigh del {PRINTER} dev lan"));
    wait_for(&mut watch, PRINTER, NeighbourState::Gone).await;
}

#[test]
fn the_table_knows_which_device_holds_an_address() {
    let square = Square::build();
    let open = |name: &str| {
        let name = name.parse().unwrap();
        square.gateway.run(|| NeighbourTable::open(&name))
    };
    let (mut table, mut elsewhere) = (open("lan").unwrap(), open("wan").unwrap());
    assert_eq!(table.lookup(PHONE).unwrap(), None);
    let server = bind(&square.gateway, (GATEWAY, 7));
    assert_answers(&phone_socket(&square, (GATEWAY, 7)), &server);
    assert_eq!(table.lookup(PHONE).unwrap(), Some(PHONE_DEVICE));
    assert_eq!(elsewhere.lookup(PHONE).unwrap(), None);
    let listed = table.list().unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].address, listed[0].state.device()), (PHONE, Some(PHONE_DEVICE)));
    assert!(matches!(open("none"), Err(NeighbourError::NoInterface(_))));
}
