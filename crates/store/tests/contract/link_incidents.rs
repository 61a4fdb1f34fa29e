//! What the centre concludes of links: one at a time, whoever concludes.

use std::num::NonZeroU32;

use store::testing::TestStore;
use store::{LinkConclusion, LinkIncident};

use crate::fixtures::*;

const MANY: NonZeroU32 = NonZeroU32::new(100).unwrap();

fn incident(number: u64, ended: Option<u64>) -> LinkIncident {
    let incident = format!("{{\"id\":{number}}}");
    LinkIncident { number, begin_at: at(number), ended_at: ended.map(at), incident }
}

pub async fn of_two_that_conclude_from_the_same_one_is_kept(store: TestStore) {
    assert_eq!(store.find_link_conclusion().await.unwrap(), LinkConclusion::default());
    for version in 0..3_u64 {
        let concluding = (0..4_u64).map(|who| {
            let store = store.shared();
            let number = version * 10 + who;
            tokio::spawn(async move {
                let state = format!("{number}");
                let own = [incident(number, None)];
                store.keep_link_conclusion(version, &state, &own, &[]).await.unwrap()
            })
        });
        let mut kept = 0;
        for concluded in concluding.collect::<Vec<_>>() {
            kept += u32::from(concluded.await.unwrap());
        }
        assert_eq!(kept, 1);
        let known = store.find_link_conclusion().await.unwrap();
        assert_eq!(known.version, version + 1);
        let listed = store.list_link_incidents(true, MANY).await.unwrap();
        assert_eq!(listed.len() as u64, version + 1, "who was late left nothing");
        assert_eq!(listed[0].number.to_string(), known.state);
    }
}

pub async fn incidents_change_end_and_grow_old(store: TestStore) {
    let begun = [incident(1, None), incident(2, None), incident(3, None)];
    assert!(store.keep_link_conclusion(0, "a", &begun, &[]).await.unwrap());
    let ended = [incident(1, Some(50)), incident(2, Some(60))];
    assert!(!store.keep_link_conclusion(0, "b", &ended, &[]).await.unwrap());
    assert!(store.keep_link_conclusion(1, "b", &ended, &[3]).await.unwrap());
    assert_eq!(store.list_link_incidents(true, MANY).await.unwrap(), []);
    let all = store.list_link_incidents(false, MANY).await.unwrap();
    assert_eq!(all, [ended[1].clone(), ended[0].clone()]);
    assert_eq!(store.list_link_incidents(false, NonZeroU32::MIN).await.unwrap().len(), 1);
    assert_eq!(store.prune_link_incidents(at(60)).await.unwrap(), 1);
    assert_eq!(store.list_link_incidents(false, MANY).await.unwrap(), [ended[1].clone()]);
}
