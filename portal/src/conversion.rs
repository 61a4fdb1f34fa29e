//! The conversion guard: where hardly anybody enters the codes that are sent, none is sent for a
//! while. Real people enter codes; who pumps messages never does.
//!
//! Every portal looks, and finds the same: what is blocked already is not blocked again. Who was let
//! go by hand is left alone until what was sent before is forgotten.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::{
    BlockTarget, Conversion, ConversionRule, Country, NumberPrefix, Site, SiteLimit, SiteName,
    Timestamp,
};
use store::{Act, Actor, AuditEntry, AuditSubject, ConversionPart, SendBlock, Store, StoreError};

/// Over how long codes are counted.
const WINDOW: Duration = Duration::from_secs(3_600);
/// For how long nothing is sent then.
const BLOCKED: Duration = Duration::from_secs(3_600);
/// A code that was sent within that time may still be entered.
const PENDING: Duration = Duration::from_secs(5 * 60);

/// Looks once, and blocks what must be; returns what was blocked.
pub(crate) async fn look(
    store: &dyn Store,
    rule: ConversionRule,
    now: Timestamp,
) -> Result<Vec<BlockTarget>, StoreError> {
    let sites = store.list_sites().await?;
    if rule.percent == 0 && sites.iter().all(|site| rule_at(rule, site).percent == 0) {
        return Ok(Vec::new());
    }
    let parts = store.count_conversion(now - WINDOW, now - PENDING).await?;
    let mut suspects = Vec::new();
    for (block, conversion) in by(&parts, |part| Some(part.block.clone())) {
        if rule.is_broken_by(conversion)
            && let Some(prefix) = store.find_number_block(&block).await?
        {
            suspects.push((BlockTarget::Prefix(prefix), conversion));
        }
    }
    for (prefix, conversion) in by(&parts, |part| part.country.and_then(abroad)) {
        if rule.is_broken_by(conversion) {
            suspects.push((BlockTarget::Prefix(prefix), conversion));
        }
    }
    let all =
        parts.iter().map(|part| part.conversion).fold(Conversion::default(), Conversion::plus);
    for (site, conversion) in
        by(&parts, |part: &ConversionPart| Some::<SiteName>(part.site.clone()))
    {
        let of_site =
            sites.iter().find(|known| known.name == site).map_or(rule, |site| rule_at(rule, site));
        if of_site.blocks_site(conversion, all) {
            suspects.push((BlockTarget::Site(site), conversion));
        }
    }
    if suspects.is_empty() {
        return Ok(Vec::new());
    }
    let known = store.list_send_blocks(now - WINDOW).await?;
    suspects.retain(|(target, _)| known.iter().all(|block| block.target.as_ref() != Ok(target)));
    let mut blocked = Vec::new();
    for (target, conversion) in suspects {
        block(store, &target, conversion, now).await?;
        blocked.push(target);
    }
    Ok(blocked)
}

/// The rule at a site, which may have its own.
fn rule_at(rule: ConversionRule, site: &Site) -> ConversionRule {
    ConversionRule {
        least: site.limits.or(SiteLimit::ConversionLeast, rule.least),
        percent: site.limits.or(SiteLimit::ConversionPercent, rule.percent),
    }
}

async fn block(
    store: &dyn Store,
    target: &BlockTarget,
    Conversion { sent, entered }: Conversion,
    now: Timestamp,
) -> Result<(), StoreError> {
    let reason = format!("of {sent} codes {entered} were entered");
    let until = Some(now + BLOCKED);
    let mut detail = serde_json::Map::new();
    detail.insert("target".to_owned(), target.to_string().into());
    detail.insert("reason".to_owned(), reason.as_str().into());
    let entry = AuditEntry {
        at: now,
        actor: Actor::Service,
        act: Act::SendBlockSet,
        subject: AuditSubject::None,
        detail,
    };
    let block = SendBlock { target: target.clone(), reason, at: now, until };
    store.on_record(entry).add_send_block(&block).await?;
    tracing::error!(
        block.target = %target, block.sent = sent, block.entered = entered,
        "hardly anybody enters the codes that are sent there: none is for an hour"
    );
    Ok(())
}

/// The code of a country whose numbers cost more; the city's own has its blocks and sites alone.
fn abroad(country: Country) -> Option<NumberPrefix> {
    let prefix = (country != Country::SaudiArabia).then(|| country.calling_code().parse());
    prefix.and_then(Result::ok)
}

/// What was sent and entered, by something of each part.
fn by<K: Ord>(
    parts: &[ConversionPart],
    of: impl Fn(&ConversionPart) -> Option<K>,
) -> BTreeMap<K, Conversion> {
    let mut sums: BTreeMap<K, Conversion> = BTreeMap::new();
    for part in parts {
        if let Some(key) = of(part) {
            let sum = sums.entry(key).or_default();
            *sum = sum.plus(part.conversion);
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use domain::{
        Binding, Challenge, ChallengeId, ChallengePolicy, ChallengeState, Code, Language,
        MacAddress, Plan, Purpose, Site, SmsText,
    };
    use store::testing::TestStore;
    use store::{Attempt, Begun, Budget, NewChallenge, Proof, Sought};

    use super::*;

    const T0: Timestamp = Timestamp::from_secs(1_795_597_200);
    const RULE: ConversionRule = ConversionRule { least: 20, percent: 20 };

    fn at(minutes: u64) -> Timestamp {
        T0 + Duration::from_secs(minutes * 60)
    }

    async fn city() -> TestStore {
        let store = store::testing::sqlite().await;
        let plan = Plan::visitor("visitor".parse().unwrap());
        store.add_plan(&plan).await.unwrap();
        for name in ["park", "walkway"] {
            store.add_site(&Site::new(name.parse().unwrap(), plan.name.clone())).await.unwrap();
        }
        store
    }

    fn code() -> Code {
        "482913".parse().unwrap()
    }

    /// A device of its own at a site asks a code for a number, and may enter it.
    async fn ask(
        store: &TestStore,
        (id, site): (u8, &str),
        phone: &str,
        at: Timestamp,
        enters: Option<Code>,
    ) -> Begun {
        let device = MacAddress::new([2, 0, 0, 0, 0, id]);
        let challenge = Challenge {
            id: ChallengeId::from_bytes([id; 16]),
            binding: Binding::SignIn { site: site.parse().unwrap(), device },
            phone: phone.parse().unwrap(),
            language: Language::arabic(),
            agreed: Vec::new(),
            created_at: at,
            sent_at: at,
            sends: 1,
            code_expires_at: at + Duration::from_secs(300),
            attempts: 0,
            state: ChallengeState::Open,
        };
        let text = SmsText::new("482913".to_owned());
        let new = NewChallenge {
            challenge,
            code: code(),
            link: None,
            text,
            visit: None,
            claim_until: None,
        };
        let policy = ChallengePolicy::default();
        let begun = store.begin_challenge(&new, &Budget::NONE, &policy).await.unwrap();
        if let Some(code) = enters {
            let challenge = new.challenge.id;
            let attempt =
                Attempt { challenge: Sought::Id(challenge), proof: Proof::Code(&code), at };
            store.verify(&attempt, Purpose::SignIn, &policy).await.unwrap().unwrap();
        }
        begun
    }

    async fn blocked(store: &TestStore, now: Timestamp) -> Vec<String> {
        let blocked = look(&*store.shared(), RULE, now).await.unwrap();
        blocked.iter().map(ToString::to_string).collect()
    }

    #[tokio::test]
    async fn where_nobody_enters_codes_none_are_sent_for_an_hour() {
        let store = city().await;
        for id in 0..20 {
            let enters = (id < 3).then(code);
            ask(&store, (id, "walkway"), &format!("9665512300{id:02}"), T0, enters).await;
            // Visitors of the park are as many, and nearly all of them enter theirs.
            let phone = format!("96655{id:02}20000");
            ask(&store, (100 + id, "park"), &phone, T0, (id > 1).then(code)).await;
        }
        assert_eq!(blocked(&store, at(4)).await, [""; 0], "they may still be entered");
        assert_eq!(blocked(&store, at(6)).await, ["+96655123…", "walkway"]);
        assert_eq!(blocked(&store, at(7)).await, [""; 0], "once");
        for (id, site, phone) in [(30, "park", "966551239999"), (31, "walkway", "966559990000")] {
            let begun = ask(&store, (id, site), phone, at(8), None).await;
            assert!(matches!(begun, Begun::Mute(_)), "{site}: {begun:?}");
        }
        let audit = store.list_audit_links(0, 10).await.unwrap();
        assert_eq!(
            audit.iter().map(|link| link.act.as_str()).collect::<Vec<_>>(),
            ["send-block-set", "send-block-set"]
        );
        // Who lets a site go by hand is not overruled at once.
        let walkway: BlockTarget = "walkway".parse().unwrap();
        assert!(store.end_send_block(&walkway, at(9)).await.unwrap());
        assert_eq!(blocked(&store, at(10)).await, [""; 0]);
        assert_eq!(ask(&store, (32, "walkway"), "966559990001", at(10), None).await, Begun::Begins);
        assert_eq!(ask(&store, (33, "park"), "966551239998", at(66), None).await, Begun::Begins);
    }

    #[tokio::test]
    async fn a_site_has_a_rule_of_its_own() {
        let store = city().await;
        for id in 0..40 {
            ask(&store, (id, "walkway"), &format!("9665{id:02}123000"), T0, None).await;
            let phone = format!("96655{id:02}20000");
            ask(&store, (100 + id, "park"), &phone, T0, (id > 1).then(code)).await;
        }
        let own = |limit, value| {
            let walkway = "walkway".parse().unwrap();
            let store = store.shared();
            async move {
                let mut change = move |site: &mut Site| site.limits.put(limit, value);
                store.change_site(&walkway, &mut change).await.unwrap();
            }
        };
        own(SiteLimit::ConversionPercent, Some(0)).await;
        assert_eq!(blocked(&store, at(6)).await, [""; 0], "nothing ever blocks it");
        own(SiteLimit::ConversionPercent, None).await;
        own(SiteLimit::ConversionLeast, Some(41)).await;
        assert_eq!(blocked(&store, at(6)).await, [""; 0], "too few to judge by");
        own(SiteLimit::ConversionLeast, None).await;
        assert_eq!(blocked(&store, at(6)).await, ["walkway"]);
    }

    #[tokio::test]
    async fn a_country_abroad_is_blocked_as_a_whole_and_the_citys_own_never() {
        let store = city().await;
        for id in 0..40 {
            ask(&store, (id, "walkway"), &format!("9665{id:02}123000"), T0, None).await;
            ask(&store, (100 + id, "park"), &format!("9655{id:02}00001"), T0, None).await;
        }
        // Nothing arrives anywhere, so no site is the one to blame.
        assert_eq!(blocked(&store, at(6)).await, ["+965…"]);
        let never = ConversionRule { percent: 0, ..RULE };
        assert_eq!(look(&*store.shared(), never, at(120)).await.unwrap(), []);
    }
}
