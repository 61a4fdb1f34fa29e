//! Policies of offices: the last of each, and never an older one again.

use link::report::Name;
use store::testing::TestStore;
use store::{LinkPolicy, LinkPolicyHead};

use crate::fixtures::*;

fn policy(site: &str, generation: u64) -> LinkPolicy {
    let site: Name = site.parse().unwrap();
    let document = format!("{{\"generation\":{generation}}}");
    let published_at = at(generation);
    LinkPolicy { head: LinkPolicyHead { site, generation, published_at }, document }
}

pub async fn the_last_policy_of_an_office_gives_way_to_newer_ones_alone(store: TestStore) {
    let (hofuf, abha) = (policy("hofuf", 3), policy("abha", 1));
    let site = hofuf.head.site.clone();
    assert_eq!(store.find_link_policy(&site).await.unwrap(), None);
    for (offered, is_kept) in [
        (&hofuf, true),
        (&abha, true),
        (&hofuf, false),
        (&policy("hofuf", 2), false),
        (&policy("hofuf", 4), true),
    ] {
        assert_eq!(store.publish_link_policy(offered).await.unwrap(), is_kept);
    }
    assert_eq!(store.find_link_policy(&site).await.unwrap(), Some(policy("hofuf", 4)));
    let heads = store.list_link_policies().await.unwrap();
    assert_eq!(heads, [abha.head, policy("hofuf", 4).head]);
}

pub async fn of_policies_that_are_published_together_the_newest_is_the_last(store: TestStore) {
    let publishing = (1..=8_u64).map(|generation| {
        let store = store.shared();
        tokio::spawn(async move {
            store.publish_link_policy(&policy("hofuf", generation)).await.unwrap()
        })
    });
    for published in publishing.collect::<Vec<_>>() {
        published.await.unwrap();
    }
    let last = store.find_link_policy(&"hofuf".parse().unwrap()).await.unwrap();
    assert_eq!(last, Some(policy("hofuf", 8)));
}
