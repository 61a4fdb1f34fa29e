use domain::{
    AccountingEvent, AccountingRecord, ControllerApi, Country, FormerSecret, HandOff,
    HandOffMethod, HelpNumbers, Language, MessageAuthenticatorRule, Nas, Notice, OctetDirection,
    Plan, ProxyStateRule, SessionEnd, Site, StatusServerRule,
};
use store::testing::TestStore;
use store::{Change, JournalPosition, StoreError};

use crate::fixtures::*;

pub async fn what_is_added_is_found_again_and_names_are_taken_once(store: TestStore) {
    set_up(&store).await;
    let gate = nas("gate", "10.0.0.1/32");
    assert_eq!(store.find_site(&site().name).await.unwrap(), Some(site()));
    assert_eq!(store.list_sites().await.unwrap(), vec![site()]);
    assert_eq!(store.find_access_point(&gate.name).await.unwrap().as_ref(), Some(&gate));
    assert_eq!(
        store.find_access_point_by_path(&gate.portal_path).await.unwrap().as_ref(),
        Some(&gate)
    );
    assert_eq!(store.find_access_point_by_path(&"guess".parse().unwrap()).await.unwrap(), None);
    assert!(matches!(store.add_site(&site()).await, Err(StoreError::Exists { kind: "site", .. })));
    assert!(matches!(store.add_access_point(&gate).await, Err(StoreError::Exists { .. })));
    let same_address = nas("other", "10.0.0.1/32");
    assert!(matches!(
        store.add_access_point(&same_address).await,
        Err(StoreError::Reference { .. })
    ));
}

pub async fn what_is_needed_cannot_be_removed(store: TestStore) {
    let unknown_plan = store.add_site(&site()).await;
    assert!(
        matches!(unknown_plan, Err(StoreError::Reference { kind: "plan", .. })),
        "{unknown_plan:?}"
    );
    set_up(&store).await;
    assert!(matches!(store.remove_site(&site().name).await, Err(StoreError::Reference { .. })));
    assert!(matches!(store.remove_plan(&site().plan).await, Err(StoreError::Reference { .. })));
    assert!(store.remove_access_point(&"gate".parse().unwrap()).await.unwrap());
    assert!(!store.remove_access_point(&"gate".parse().unwrap()).await.unwrap());
    assert!(store.remove_site(&site().name).await.unwrap());
    assert!(store.remove_plan(&site().plan).await.unwrap());
}

pub async fn secrets_are_not_in_the_database_in_clear(store: TestStore) {
    set_up(&store).await;
    begin(&store, &new_challenge(1, mac(1), T0, "482913")).await;
    store.sign_in(&sign_in(1, mac(1), T0)).await.unwrap();
    let raw = sqlx::AnyPool::connect(&store.settings().url).await.unwrap();
    for (table, columns) in [
        ("access_points", vec!["secrets", "portal_path_hash"]),
        ("accounts", vec!["identity", "identity_hash"]),
        ("challenges", vec!["phone", "phone_hash"]),
        ("challenge_codes", vec!["hash"]),
        ("messages", vec!["phone", "text"]),
    ] {
        for column in columns {
            let statement = format!("SELECT {column} FROM {table}");
            let rows = sqlx::query(sqlx::AssertSqlSafe(statement)).fetch_all(&raw).await.unwrap();
            assert_eq!(rows.len(), 1, "{table}");
            let octets: Vec<u8> = sqlx::Row::get(&rows[0], 0);
            let text = String::from_utf8_lossy(&octets);
            for clear in ["551234567", "482913", "secret", "path of"] {
                assert!(!text.contains(clear), "{table}.{column} shows {clear}");
            }
        }
    }
}

pub async fn the_key_of_a_controllers_api_is_sealed_and_comes_back(store: TestStore) {
    store.add_plan(&Plan::visitor("visitor".parse().unwrap())).await.unwrap();
    store.add_site(&site()).await.unwrap();
    let api = ControllerApi {
        url: "https://10.9.0.1:8443".parse().unwrap(),
        site: "default".parse().unwrap(),
        visitor_host: Some("garden.portal.example".parse().unwrap()),
        user: Some("sabeel".parse().unwrap()),
        key: "open sesame".parse().unwrap(),
        certificate: Some(format!("sha256:{}", "0a".repeat(32)).parse().unwrap()),
    };
    let method = HandOffMethod::UnifiApi;
    let hand_off = HandOff {
        method,
        secret: None,
        hosts: Vec::new(),
        api: Some(api),
        redirect_acl: None,
        sends: method.usual_sends(),
    };
    let garden = Nas { hand_off, ..nas("garden", "10.9.0.1/32") };
    store.add_access_point(&garden).await.unwrap();
    let found = store.find_access_point(&garden.name).await.unwrap();
    assert_eq!(found.as_ref(), Some(&garden));
    let raw = sqlx::AnyPool::connect(&store.settings().url).await.unwrap();
    let statement = "SELECT definition, secrets FROM access_points";
    let row = sqlx::query(statement).fetch_one(&raw).await.unwrap();
    let (definition, secrets): (String, Vec<u8>) =
        (sqlx::Row::get(&row, 0), sqlx::Row::get(&row, 1));
    assert!(definition.contains("https://10.9.0.1:8443"), "{definition}");
    for text in [definition.as_str(), &String::from_utf8_lossy(&secrets)] {
        assert!(!text.contains("sesame"), "{text}");
    }
    let mut change = |nas: &mut Nas| {
        nas.hand_off.api.as_mut().unwrap().key = "another".parse().unwrap();
    };
    let changed = store.change_access_point(&garden.name, &mut change).await.unwrap().unwrap();
    assert_eq!(store.find_access_point(&garden.name).await.unwrap(), Some(changed));
}

pub async fn the_access_list_of_a_redirect_comes_back(store: TestStore) {
    store.add_plan(&Plan::visitor("visitor".parse().unwrap())).await.unwrap();
    store.add_site(&site()).await.unwrap();
    let mut hall = nas("hall", "10.9.0.1/32");
    hall.hand_off = HandOff {
        method: HandOffMethod::CiscoCwa,
        redirect_acl: Some("CWA-1".parse().unwrap()),
        ..HandOff::mac_authentication(Some("signs redirects".parse().unwrap()))
    };
    store.add_access_point(&hall).await.unwrap();
    assert_eq!(store.find_access_point(&hall.name).await.unwrap(), Some(hall));
}

pub async fn an_access_point_is_changed_in_place(store: TestStore) {
    set_up(&store).await;
    let gate = nas("gate", "10.0.0.1/32");
    let mut changes = store.changes();
    let wanted = Nas {
        addresses: "10.0.0.2/32".parse().unwrap(),
        identifier: Some("pole 7".parse().unwrap()),
        secret: "a new secret".parse().unwrap(),
        former_secret: Some(FormerSecret {
            secret: gate.secret.clone(),
            until: at(60),
            replaced_at: Some(at(1)),
        }),
        message_authenticator: MessageAuthenticatorRule::Learnt,
        proxy_state: ProxyStateRule::Unlimited,
        status_server: StatusServerRule::Ignored,
        portal_path: "another path".parse().unwrap(),
        ..gate.clone()
    };
    let mut change =
        |nas: &mut Nas| *nas = Nas { name: "other".parse().unwrap(), ..wanted.clone() };
    let changed = store.change_access_point(&gate.name, &mut change).await.unwrap();
    assert_eq!(changed.as_ref(), Some(&wanted));
    assert_eq!(store.find_access_point(&gate.name).await.unwrap().as_ref(), Some(&wanted));
    let found = store.find_access_point_by_path(&wanted.portal_path).await.unwrap();
    assert_eq!(found.as_ref(), Some(&wanted));
    assert_eq!(store.find_access_point_by_path(&gate.portal_path).await.unwrap(), None);
    assert_eq!(changes.next().await, Some(Change::Setup));
    let nobody = store.change_access_point(&"none".parse().unwrap(), &mut |_| ()).await.unwrap();
    assert_eq!(nobody, None);
}

pub async fn a_change_that_cannot_be_changes_nothing(store: TestStore) {
    set_up(&store).await;
    let park = nas("park", "10.0.0.2/32");
    store.add_access_point(&park).await.unwrap();
    for change in [
        |nas: &mut Nas| nas.site = "nowhere".parse().unwrap(),
        |nas: &mut Nas| nas.addresses = "10.0.0.1/32".parse().unwrap(),
        |nas: &mut Nas| nas.portal_path = "path of gate".parse().unwrap(),
    ] {
        let mut change = change;
        let refused = store.change_access_point(&park.name, &mut change).await;
        assert!(matches!(refused, Err(StoreError::Reference { .. })), "{refused:?}");
    }
    assert_eq!(store.find_access_point(&park.name).await.unwrap().as_ref(), Some(&park));
}

pub async fn two_changes_at_the_same_time_both_count(store: TestStore) {
    set_up(&store).await;
    let name = nas("gate", "10.0.0.1/32").name;
    let mut learn = |nas: &mut Nas| nas.message_authenticator = MessageAuthenticatorRule::Learnt;
    let mut swap = |nas: &mut Nas| nas.octet_direction = OctetDirection::Swapped;
    let (one, other) = tokio::join!(
        store.change_access_point(&name, &mut learn),
        store.change_access_point(&name, &mut swap)
    );
    one.unwrap();
    other.unwrap();
    let both = store.find_access_point(&name).await.unwrap().unwrap();
    assert_eq!(both.message_authenticator, MessageAuthenticatorRule::Learnt);
    assert_eq!(both.octet_direction, OctetDirection::Swapped);
}

pub async fn a_site_is_changed_in_place(store: TestStore) {
    set_up(&store).await;
    let plan = Plan::visitor("guest".parse().unwrap());
    store.add_plan(&plan).await.unwrap();
    let mut changes = store.changes();
    let wanted = Site {
        title: site().title.with("ur".parse().unwrap(), "واک وے"),
        zone: "Asia/Dubai".parse().unwrap(),
        plan: plan.name,
        countries: Country::GULF.to_vec(),
        venue: Some("https://park.example/".parse().unwrap()),
        help: HelpNumbers { reports: Some("940".parse().unwrap()), ..HelpNumbers::default() },
        trial: true,
        event: true,
        notice: Some(Notice::OfficeBackup),
        ..site()
    };
    let mut change =
        |site: &mut Site| *site = Site { name: "other".parse().unwrap(), ..wanted.clone() };
    let changed = store.change_site(&site().name, &mut change).await.unwrap();
    assert_eq!(changed.as_ref(), Some(&wanted));
    assert_eq!(store.find_site(&site().name).await.unwrap().as_ref(), Some(&wanted));
    assert_eq!(changes.next().await, Some(Change::Setup));
    let mut unknown_plan = |site: &mut Site| site.plan = "none".parse().unwrap();
    let refused = store.change_site(&site().name, &mut unknown_plan).await;
    assert!(matches!(refused, Err(StoreError::Reference { kind: "plan", .. })), "{refused:?}");
    assert_eq!(store.list_sites().await.unwrap(), vec![wanted]);
    let nobody = store.change_site(&"none".parse().unwrap(), &mut |_| ()).await.unwrap();
    assert_eq!(nobody, None);
}

pub async fn a_site_that_was_written_before_it_could_be_shaped_is_read(store: TestStore) {
    set_up(&store).await;
    let raw = sqlx::AnyPool::connect(&store.settings().url).await.unwrap();
    let before = r#"{"name":"walkway","title":{"ar":"الممشى"},"zone":"Asia/Riyadh","plan":"visitor","countries":["sa"]}"#;
    sqlx::query("UPDATE sites SET definition = $1").bind(before).execute(&raw).await.unwrap();
    assert_eq!(store.find_site(&site().name).await.unwrap(), Some(site()));
}

pub async fn two_changes_of_a_site_at_the_same_time_both_count(store: TestStore) {
    set_up(&store).await;
    let name = site().name;
    let mut rename = |site: &mut Site| {
        site.title = std::mem::take(&mut site.title).with(Language::english(), "Walkway");
    };
    let mut tell = |site: &mut Site| site.notice = Some(Notice::InternetDown);
    let (one, other) =
        tokio::join!(store.change_site(&name, &mut rename), store.change_site(&name, &mut tell));
    one.unwrap();
    other.unwrap();
    let both = store.find_site(&name).await.unwrap().unwrap();
    assert_eq!(both.title.in_language(&Language::english()), "Walkway");
    assert_eq!(both.notice, Some(Notice::InternetDown));
}

pub async fn access_points_behind_one_address_have_each_their_identifier(store: TestStore) {
    set_up(&store).await;
    let behind = |name: &str, identifier: &str| Nas {
        identifier: Some(identifier.parse().unwrap()),
        ..nas(name, "10.0.0.1/32")
    };
    for (name, identifier) in [("pole-1", "one"), ("pole-2", "two")] {
        store.add_access_point(&behind(name, identifier)).await.unwrap();
    }
    let taken = store.add_access_point(&behind("pole-3", "two")).await;
    assert!(matches!(taken, Err(StoreError::Reference { .. })), "{taken:?}");
    assert_eq!(store.list_access_points().await.unwrap().len(), 3);
}

pub async fn open_sessions_are_counted_by_the_site_of_their_access_point(store: TestStore) {
    set_up(&store).await;
    let park = Site { name: "park".parse().unwrap(), ..site() };
    store.add_site(&park).await.unwrap();
    store
        .add_access_point(&Nas { site: park.name.clone(), ..nas("tent", "10.0.0.2/32") })
        .await
        .unwrap();
    store.add_access_point(&nas("pole", "10.0.0.3/32")).await.unwrap();
    let mut records = Vec::new();
    for (number, name) in [(1, "gate"), (2, "pole"), (3, "tent")] {
        let started = record(T0, number, AccountingEvent::Started, usage(0, 0, 0));
        records.push(AccountingRecord { nas: name.parse().unwrap(), ..started });
    }
    let ended = |report| AccountingEvent::Stopped(report, SessionEnd::Reported(1));
    records.extend([
        record(T0, 4, AccountingEvent::Started, usage(0, 0, 0)),
        record(at(60), 4, ended, usage(60, 0, 0)),
    ]);
    let until = JournalPosition { segment: 1, offset: 1 };
    store.apply("test", &records, until).await.unwrap();
    assert_eq!(store.count_open_sessions(&site().name).await.unwrap(), 2);
    assert_eq!(store.count_open_sessions(&park.name).await.unwrap(), 1);
    assert_eq!(store.count_open_sessions(&"none".parse().unwrap()).await.unwrap(), 0);
    let mut online = store.devices_online_at(&site().name).await.unwrap();
    online.sort_unstable();
    assert_eq!(online, [mac(1), mac(2)]);
    assert_eq!(store.devices_online_at(&park.name).await.unwrap(), [mac(3)]);
}
