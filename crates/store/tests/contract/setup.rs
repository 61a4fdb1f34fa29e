use store::StoreError;
use store::testing::TestStore;

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
    store.begin_challenge(&new_challenge(1, mac(1), T0, "482913")).await.unwrap();
    store.sign_in(&sign_in(1, mac(1), T0)).await.unwrap();
    let raw = sqlx::AnyPool::connect(&store.settings().url).await.unwrap();
    for (table, columns) in [
        ("access_points", vec!["secrets", "portal_path_hash"]),
        ("accounts", vec!["phone", "phone_hash"]),
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
