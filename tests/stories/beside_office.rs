//! An office comes to the radio that a park's visitors use, whose access point breaks out by itself: from
//! what the office's agent tells to the page and to the access point, and back.

use std::net::SocketAddr;
use std::sync::Arc;

use radius_proto::dictionary::enumeration::AcctStatusType;
use radius_proto::dictionary::vendor::{chillispot, wispr};
use radius_proto::{Code, Packet, attribute};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::browser::Browser;
use crate::city::{City, eventually};
use crate::sms_gateway::SmsGateway;
use crate::visit::{Coova, found_a_park, sign_in};
use crate::visitor::now;

const PORT: u16 = 28_473;
const NOTICE: &str = "The network is temporarily keeping municipal services running";

/// The agent of the office `hofuf`, as the centre sees it.
struct Agent {
    centre: SocketAddr,
    tls: TlsConnector,
    told: u64,
}

impl Agent {
    /// An agent of a city whose server has not been started yet, and the files of both.
    fn of(city: &City) -> (Self, TempDir) {
        let files = tempfile::tempdir().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let issue = |name: &str| {
            let key = KeyPair::generate().unwrap();
            let params = CertificateParams::new([name.to_owned()]).unwrap();
            (params.signed_by(&key, &ca).unwrap(), key)
        };
        let (centre, key) = issue("centre");
        for (file, text) in
            [("ca", ca.pem()), ("centre", centre.pem()), ("key", key.serialize_pem())]
        {
            std::fs::write(files.path().join(file), text).unwrap();
        }
        let listen = SocketAddr::from((city.address(), PORT));
        let file = |key: &str, file: &str| {
            format!("controller.links.{key} = \"{}\"", files.path().join(file).display())
        };
        let own = format!("controller.links.listen = \"{listen}\"");
        city.configure(&[own, file("certificate", "centre"), file("key", "key"), file("ca", "ca")]);
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from(ca.der().to_vec())).unwrap();
        let (certificate, key) = issue("hofuf");
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_client_auth_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let tls = TlsConnector::from(Arc::new(tls));
        (Self { centre: listen, tls, told: 0 }, files)
    }

    /// Tells one event.
    async fn tell(&mut self, what: &str) {
        self.told += 1;
        let (number, at) = (self.told, now().as_millis());
        let line = format!("{{\"number\":{number},\"at\":{at},\"site\":\"hofuf\",{what}}}\n");
        let request = format!(
            "POST /v1/links/hofuf/events?epoch=00000000000000aa&first={number} HTTP/1.1\r\n\
             host: centre\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{line}",
            line.len()
        );
        let stream = TcpStream::connect(self.centre).await.unwrap();
        let centre = ServerName::try_from("centre").unwrap();
        let mut stream = self.tls.connect(centre, stream).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"last\""), "{answer}");
    }
}

/// What a CoA-Request says: WISPr's and `ChilliSpot`'s rates, and that nothing else is missing.
fn told(octets: &[u8]) -> [u32; 4] {
    let order = Packet::parse(octets).unwrap();
    assert_eq!(order.code(), Code::CoaRequest);
    let seconds = order.u32(attribute::SESSION_TIMEOUT).unwrap();
    assert!((7_000..=7_200).contains(&seconds), "{seconds}");
    assert_eq!(order.u32(attribute::IDLE_TIMEOUT), Some(900));
    assert_eq!(order.u32(attribute::ACCT_INTERIM_INTERVAL), Some(60));
    let number = |id| order.find_vendor(id).unwrap().u32().unwrap();
    assert_eq!(number(chillispot::MAX_TOTAL_OCTETS), 20_000_000);
    for named in [attribute::ACCT_SESSION_ID, attribute::CALLING_STATION_ID, attribute::USER_NAME] {
        assert!(order.text(named).is_some());
    }
    [
        wispr::BANDWIDTH_MAX_DOWN,
        wispr::BANDWIDTH_MAX_UP,
        chillispot::BANDWIDTH_MAX_DOWN,
        chillispot::BANDWIDTH_MAX_UP,
    ]
    .map(number)
}

const FULL: [u32; 4] = [10_000_000, 2_000_000, 10_000, 2_000];
const BESIDE: [u32; 4] = [1_000_000, 512_000, 1_000, 512];

/// The rates in the Accept of a device that comes again.
async fn given(coova: &mut Coova) -> u32 {
    let answer = coova.ask_by_address().await;
    let answer = Packet::parse(&answer).unwrap();
    assert_eq!(answer.code(), Code::AccessAccept);
    answer.find_vendor(wispr::BANDWIDTH_MAX_DOWN).unwrap().u32().unwrap()
}

#[tokio::test]
async fn visitors_beside_an_office_are_told_so_have_less_and_get_all_back() {
    let mut messages = SmsGateway::open().await;
    let settings = messages.settings();
    let mut city = City::plan(&settings.each_ref().map(String::as_str));
    let (mut agent, _files) = Agent::of(&city);
    city.start().await;
    found_a_park(&city).await;
    let office = ["--office", "hofuf/radio", "--office-speed", "1 Mbit/s,512 kbit/s"];
    city.json(&[&["site", "set", "walkway"], &office[..]].concat()).await;
    let browser = Browser::new(city.portal());
    let mut coova = Coova::install(&city).await;
    let logon = sign_in(&browser, &coova, &mut messages).await;
    let online = coova.log_on(&logon).await;
    city.settled().await;
    let online = browser.visit(&online).await;
    let status = format!("{}status", online.base());
    assert!(!browser.visit(&status).await.shows(NOTICE));

    agent.tell("\"what\":\"site\",\"to\":\"on-backup\",\"clamped\":\"radio\"").await;
    assert_eq!(told(&coova.nas.obey().await), BESIDE);
    assert!(browser.visit(&status).await.shows(NOTICE));
    eventually("Accept with less", async || (given(&mut coova).await == BESIDE[0]).then_some(()))
        .await;

    // A server that is started anew knows it as well, and takes back what it did not do itself.
    eventually("answer that is written down", async || {
        let orders = city.ask_admin("/v1/orders").await.body;
        (!orders.contains("\"waiting\"")).then_some(())
    })
    .await;
    city.kill().await;
    city.start().await;
    assert!(browser.visit(&status).await.shows(NOTICE));
    agent.tell("\"what\":\"site\",\"to\":\"primary\"").await;
    assert_eq!(told(&coova.nas.obey().await), FULL);
    assert!(!browser.visit(&status).await.shows(NOTICE));
    coova.report(AcctStatusType::InterimUpdate, 60, 0).await;
    eventually("Accept with all", async || (given(&mut coova).await == FULL[0]).then_some(()))
        .await;
    let orders = city.ask_admin("/v1/orders").await.body;
    assert!(orders.contains("office-came") && orders.contains("office-gone"), "{orders}");
    assert!(!orders.contains("\"disconnect\""), "{orders}");
}
