//! Things that many contracts need.

use std::time::Duration;

use domain::*;
use store::testing::TestStore;
use store::{AnotherCode, Begun, Budget, NewChallenge, Prize, SignIn};

pub const T0: Timestamp = Timestamp::from_secs(1_795_597_200);

pub fn at(secs: u64) -> Timestamp {
    T0 + Duration::from_secs(secs)
}

pub fn mac(last: u8) -> MacAddress {
    MacAddress::new([2, 0, 0, 0, 0, last])
}

pub fn phone() -> PhoneNumber {
    "966551234567".parse().unwrap()
}

pub fn site() -> Site {
    Site {
        title: Localised::default().with(Language::arabic(), "الممشى"),
        ..Site::new("walkway".parse().unwrap(), "visitor".parse().unwrap())
    }
}

pub fn nas(name: &str, address: &str) -> Nas {
    Nas {
        name: name.parse().unwrap(),
        site: "walkway".parse().unwrap(),
        addresses: address.parse().unwrap(),
        certificate: Some(format!("{name}.park.example").parse().unwrap()),
        identifier: None,
        secret: "radius secret of the gate".parse().unwrap(),
        former_secret: None,
        profile: NasProfile::Coova,
        message_authenticator: MessageAuthenticatorRule::Required,
        proxy_state: ProxyStateRule::Limited,
        status_server: StatusServerRule::Answered,
        octet_direction: OctetDirection::Standard,
        dae_address: Some("10.0.0.1:3799".parse().unwrap()),
        hand_off: HandOff {
            method: HandOffMethod::Uam,
            secret: Some("uam secret".parse().unwrap()),
            hosts: vec!["10.1.0.1".parse().unwrap()],
            api: None,
            redirect_acl: None,
            sends: SendRule::Seen,
        },
        portal_path: format!("path of {name}").parse().unwrap(),
    }
}

pub async fn set_up(store: &TestStore) {
    store.add_plan(&Plan::visitor("visitor".parse().unwrap())).await.unwrap();
    store.add_site(&site()).await.unwrap();
    store.add_access_point(&nas("gate", "10.0.0.1/32")).await.unwrap();
}

pub fn code(text: &str) -> Code {
    text.parse().unwrap()
}

pub fn new_challenge(
    id: u8,
    device: MacAddress,
    begun: Timestamp,
    code_text: &str,
) -> NewChallenge {
    NewChallenge {
        challenge: Challenge {
            id: ChallengeId::from_bytes([id; 16]),
            binding: Binding::SignIn { site: "walkway".parse().unwrap(), device },
            phone: phone(),
            language: Language::arabic(),
            agreed: vec![agreed(ConsentPurpose::Service)],
            created_at: begun,
            sent_at: begun,
            sends: 1,
            code_expires_at: begun + Duration::from_secs(300),
            attempts: 0,
            state: ChallengeState::Open,
        },
        code: code(code_text),
        link: None,
        text: SmsText::new(format!("code {code_text}")),
        visit: Some(VisitRecord {
            reference: "K7M2QX".parse().unwrap(),
            site: "walkway".parse().unwrap(),
            nas: "gate".parse().unwrap(),
            device,
            language: Language::arabic(),
            arrived_at: begun,
            asked_at: begun,
            refused: None,
            refusals: None,
        }),
        claim_until: None,
    }
}

/// What the codes are bound to that let a device online.
pub fn sign_in_of(device: MacAddress) -> Binding {
    Binding::SignIn { site: site().name, device }
}

pub async fn begin(store: &TestStore, new: &NewChallenge) -> Begun {
    store.begin_challenge(new, &Budget::NONE, &ChallengePolicy::default()).await.unwrap()
}

pub fn another_code(challenge: u8, text: &str, when: Timestamp) -> AnotherCode {
    AnotherCode {
        route: None,
        challenge: ChallengeId::from_bytes([challenge; 16]),
        code: code(text),
        link: None,
        text: SmsText::new(format!("code {text}")),
        at: when,
        visit: None,
    }
}

pub fn prize(id: u8, when: Timestamp) -> Prize {
    let grant = sign_in(id, mac(0), when).grant;
    Prize { grant, language: Language::arabic(), devices: 2, credential: None }
}

pub fn sign_in(id: u8, device: MacAddress, when: Timestamp) -> SignIn {
    SignIn {
        identity: phone().into(),
        new_account: AccountId::from_bytes([id; 16]),
        language: Language::arabic(),
        grant: Grant {
            id: GrantId::from_bytes([id; 16]),
            account: AccountId::from_bytes([id; 16]),
            device,
            site: "walkway".parse().unwrap(),
            plan: "visitor".parse().unwrap(),
            issued_at: when,
            until: when + Duration::from_secs(86_400),
            state: GrantState::Live,
        },
        agreed: vec![agreed(ConsentPurpose::Service)],
        devices: 2,
    }
}

pub fn agreed(purpose: ConsentPurpose) -> Agreed {
    let words = format!("words of {purpose}");
    let (version, wording) = ("1".into(), WordingHash::of(&words));
    Agreed { purpose, version, wording, language: Language::arabic() }
}

pub fn usage(secs: u64, up: u64, down: u64) -> Usage {
    Usage {
        uploaded: Octets::new(up),
        downloaded: Octets::new(down),
        time: Duration::from_secs(secs),
    }
}

pub fn record(
    when: Timestamp,
    session: u8,
    event: impl FnOnce(SessionReport) -> AccountingEvent,
    used: Usage,
) -> AccountingRecord {
    AccountingRecord {
        nas: "gate".parse().unwrap(),
        occurred_at: when,
        received_at: when,
        event: event(SessionReport {
            session: SessionId::from_bytes([session; 16]),
            acct_session_id: format!("s{session}"),
            device: mac(session),
            user_name: "visitor".into(),
            address: Some("10.77.0.9".parse().unwrap()),
            grant: Some(GrantId::from_bytes([session; 16])),
            usage: used,
            identification: SessionIdentification::default(),
            speed: Speed::Full,
        }),
    }
}
