//! FreeRADIUS in front of the city: what passes through it, and where it turns when the city
//! cannot record.

use crate::city::{City, eventually};
use crate::freeradius::{ACCOUNTING_PORT, AUTHENTICATION_PORT, FreeRadius, Home, OUTER_SECRET};
use crate::program::{command, run};
use crate::radclient::{BY_ADDRESS, DEVICE, ONCE, Patience, SIGNED, printed, radclient, report};
use crate::stays::{PASSWORD, add_credential, stay};
use crate::visitor::{add_access_point, found_a_walkway, sign_in};

/// A city that knows the proxy, and its secret.
async fn city(entrance: &[&str], more: &[&str]) -> (City, String) {
    let mut city = City::plan(&[]).within(entrance);
    city.start().await;
    found_a_walkway(&city).await;
    let words = [&["--address", "127.0.0.1"], more].concat();
    let secret = add_access_point(&city, "proxy", &words).await;
    (city, secret)
}

/// Sends what an access point in front of the proxy would send.
async fn ask(city: &City, kind: &str, attributes: &str) -> String {
    let port = if kind == "acct" { ACCOUNTING_PORT } else { AUTHENTICATION_PORT };
    let front = (city.address(), port).into();
    radclient(front, kind, OUTER_SECRET, attributes, ONCE).await
}

#[tokio::test]
async fn a_proxy_carries_a_login_and_its_accounting_through() {
    let (mut city, secret) = city(&[], &[]).await;
    let home = Home { name: "city", city: &city, secret: &secret };
    let proxy = FreeRadius::proxy(city.address(), &[home]).await;
    let stranger = ask(&city, "auth", &format!("{BY_ADDRESS}{SIGNED}")).await;
    assert!(stranger.contains("Received Access-Reject"), "{stranger}");
    let grant = sign_in(&city, DEVICE).await;
    let credential = add_credential(&city, &grant, "proxy", 1).await;
    let by_chap = format!(
        "User-Name = \"{credential}\"\nCHAP-Password = \"{PASSWORD}\"\n\
         Calling-Station-Id = \"02-00-5E-10-AB-0C\"\n{SIGNED}"
    );
    let mut class = String::new();
    for attributes in [format!("{BY_ADDRESS}{SIGNED}"), by_chap] {
        let said = ask(&city, "auth", &attributes).await;
        for wanted in ["Received Access-Accept", "Session-Timeout = 7200", "WISPr-Bandwidth-Max-Up"]
        {
            assert!(said.contains(wanted), "{said}");
        }
        class = printed(&said, "Class");
    }
    for (status, more) in [("Start", ""), ("Stop", "Acct-Session-Time = 9\n")] {
        let told = report(status, &format!("{more}Class = {class}"));
        let said = ask(&city, "acct", &told).await;
        assert!(said.contains("Received Accounting-Response"), "{said}");
    }
    let told = stay(&city, "stay that is over", |stay| stay["state"] != "open").await;
    assert_eq!(told["grant"], grant.id.to_string());
    assert_eq!(told["seconds"], 9);
    // FreeRADIUS believes no answer that lacks the Proxy-State it has sent.
    let said = proxy.program.said();
    assert!(said.matches("Proxy-State = 0x").count() >= 10, "{said}");
    city.stop().await;
}

/// FreeRADIUS signs whatever it passes on, also what its own access points have not signed; so
/// who is behind such a proxy is only as well protected as the way to it.
#[tokio::test]
async fn a_proxy_signs_what_it_passes_on_and_only_so_its_proxy_state_is_taken() {
    let (mut city, secret) = city(&[], &[]).await;
    let lax = ["--address", "127.0.0.2", "--allow-unsigned"];
    let lax_secret = add_access_point(&city, "lax", &lax).await;
    sign_in(&city, DEVICE).await;
    let home = Home { name: "city", city: &city, secret: &secret };
    let proxy = FreeRadius::proxy(city.address(), &[home]).await;
    let said = ask(&city, "auth", BY_ADDRESS).await;
    assert!(said.contains("Received Access-Accept"), "{said}");
    let passed_on = proxy.program.said();
    let (_, passed_on) = passed_on.split_once("Sent Access-Request").unwrap();
    assert!(passed_on.contains("Message-Authenticator := 0x00"), "{passed_on}");
    assert!(passed_on.contains("Proxy-State = 0x"), "{passed_on}");

    // The same from an access point that need not sign: with a Proxy-State it must.
    let from = "Packet-Src-IP-Address = 127.0.0.2\n";
    for (proxy_state, answer) in
        [("", "Received Access-Accept"), ("Proxy-State = 0x313833\n", "No reply from server")]
    {
        let attributes = format!("{from}{BY_ADDRESS}{proxy_state}");
        let said = radclient(city.authentication(), "auth", &lax_secret, &attributes, ONCE).await;
        assert!(said.contains(answer), "{said}");
    }
    eventually("line in the log", async || {
        city.log().contains("reason=\"proxy-state-unprotected\"").then_some(())
    })
    .await;
    city.stop().await;
}

/// Makes the disk of a running city refuse whatever would make a file longer, or take it again.
async fn limit_files(city: &City, limit: &str) {
    let process = city.process().to_string();
    let limit = format!("--fsize={limit}:unlimited");
    let said = run(command(&["prlimit", "--pid", &process, &limit])).await;
    assert_eq!(said, "", "prlimit");
}

#[tokio::test]
async fn a_proxy_turns_to_its_second_server_while_the_first_cannot_record() {
    // A file that is too long is an error to the server, as on a full disk, and not its end.
    let untrapped = ["sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh"];
    let (mut first, first_secret) = city(&untrapped, &[]).await;
    let (mut second, second_secret) = city(&[], &[]).await;
    let homes = [
        Home { name: "first", city: &first, secret: &first_secret },
        Home { name: "second", city: &second, secret: &second_secret },
    ];
    let mut proxy = FreeRadius::proxy(first.address(), &homes).await;
    let told = ask(&first, "acct", &report("Start", "")).await;
    assert!(told.contains("Received Accounting-Response"), "{told}");
    stay(&first, "stay at the first", |stay| stay["acct_session_id"] == "5C1").await;

    limit_files(&first, "1").await;
    let front = (first.address(), ACCOUNTING_PORT).into();
    let next = report("Start", "").replace("5C1", "5C2");
    // Longer than FreeRADIUS waits for the first, which it would else ask again and again.
    let patience = Patience { times: 1, seconds: 3 };
    eventually("acknowledgement by the second", async || {
        let told = radclient(front, "acct", OUTER_SECRET, &next, patience).await;
        told.contains("Received Accounting-Response").then_some(())
    })
    .await;
    stay(&second, "stay at the second", |stay| stay["acct_session_id"] == "5C2").await;
    proxy.program.says("as zombie").await;
    eventually("Status-Server that is not answered", async || {
        first.log().contains("reason=\"status-silenced\"").then_some(())
    })
    .await;

    // Nothing that was not acknowledged is counted, and there is room again.
    limit_files(&first, "unlimited").await;
    first.settled().await;
    let known = first.json(&["session", "list", "--all"]).await;
    assert_eq!(known.as_array().unwrap().len(), 1, "{known}");
    first.stop().await;
    second.stop().await;
}
