use proptest::prelude::*;

use super::*;

fn key(octet: u8) -> SigningKey {
    SigningKey::new(&Zeroizing::new([octet; 32]))
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn policy(generation: u64) -> SignedPolicy {
    key(1).sign(name("hofuf"), generation, "canary = []\n".to_owned()).unwrap()
}

fn judge(offered: &SignedPolicy, last: Option<&SignedPolicy>) -> Result<Standing, PolicyRefusal> {
    offered.judge((&name("hofuf"), &key(1).public()), last)
}

#[test]
fn keys_and_signatures_are_those_of_rfc_8032() {
    // s7.1, TEST 1.
    let seed: Octets<32> =
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60".parse().unwrap();
    let key = SigningKey::new(&Zeroizing::new(seed.into_array()));
    let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    assert_eq!(key.public().to_string(), public);
    let signature: Signature = "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155\
         5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        .parse()
        .unwrap();
    assert_eq!(key.0.sign(b"").as_ref(), signature.as_slice());
}

#[test]
fn a_policy_is_taken_if_it_is_genuine_and_newer() {
    let (former, last, next) = (policy(6), policy(7), policy(8));
    assert_eq!(judge(&last, None), Ok(Standing::Next));
    assert_eq!(judge(&next, Some(&last)), Ok(Standing::Next));
    assert_eq!(judge(&last, Some(&last)), Ok(Standing::Same));
    let older = PolicyRefusal::Older { offered: 6, last: 7 };
    assert_eq!(judge(&former, Some(&last)), Err(older));
    let twin = key(1).sign(name("hofuf"), 7, String::new()).unwrap();
    assert_eq!(judge(&twin, Some(&last)), Err(PolicyRefusal::Twice(7)));
}

#[test]
fn what_was_changed_or_is_not_ours_is_refused() {
    let good = policy(7);
    let forged = PolicyRefusal::Signature;
    let others = key(2).sign(name("hofuf"), 8, String::new()).unwrap();
    let mut bits = good.signature.into_array();
    bits[40] ^= 1;
    for (offered, refusal) in [
        (SignedPolicy { generation: 8, ..good.clone() }, forged.clone()),
        (SignedPolicy { policy: "canary = [] ".to_owned(), ..good.clone() }, forged.clone()),
        (SignedPolicy { signature: Octets::new(bits), ..good.clone() }, forged.clone()),
        (SignedPolicy { key: good.key, ..others.clone() }, forged),
        (others.clone(), PolicyRefusal::OtherKey(others.key)),
        (
            key(1).sign(name("abha"), 8, String::new()).unwrap(),
            PolicyRefusal::OtherSite(name("abha")),
        ),
        (SignedPolicy { generation: 0, ..good.clone() }, PolicyRefusal::Generation(0)),
        (
            SignedPolicy { policy: " ".repeat(LONGEST_POLICY + 1), ..good },
            PolicyRefusal::Long(LONGEST_POLICY + 1),
        ),
    ] {
        assert_eq!(judge(&offered, None), Err(refusal));
    }
    assert!(key(1).sign(name("hofuf"), LAST_GENERATION + 1, String::new()).is_err());
}

#[test]
fn it_is_read_as_it_is_written() {
    let text = serde_json::to_string(&policy(7)).unwrap();
    assert_eq!(serde_json::from_str::<SignedPolicy>(&text).unwrap(), policy(7));
    for digits in ["", "0", "zz", "+1", "0102030", "010203040"] {
        assert_eq!(digits.parse::<Octets<4>>(), Err(OctetsError(8)), "{digits}");
    }
    assert_eq!("01fFa0B4".parse::<Octets<4>>().unwrap().to_string(), "01ffa0b4");
}

proptest! {
    /// Whatever is offered in whatever order.
    #[test]
    fn the_generation_never_goes_back_and_only_what_is_genuine_is_taken(
        offered in proptest::collection::vec((1..9_u64, 1..3_u8, 0..2_usize, any::<bool>()), 0..24),
    ) {
        let mut last: Option<SignedPolicy> = None;
        for (generation, signer, site, is_changed) in offered {
            let site = ["hofuf", "abha"][site];
            let mut policy =
                key(signer).sign(name(site), generation, "canary = []\n".to_owned()).unwrap();
            if is_changed {
                policy.policy.push(' ');
            }
            let before = last.as_ref().map_or(0, |last| last.generation);
            match judge(&policy, last.as_ref()) {
                Ok(Standing::Next) => {
                    prop_assert!(generation > before);
                    prop_assert!(signer == 1 && site == "hofuf" && !is_changed);
                    last = Some(policy);
                }
                Ok(Standing::Same) => prop_assert_eq!(Some(&policy), last.as_ref()),
                Err(_) => {}
            }
        }
    }
}
