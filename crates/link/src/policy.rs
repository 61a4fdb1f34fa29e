//! What the centre hands an office to run by, signed so that the centre itself cannot make it up.
//!
//! Whoever holds the [`SigningKey`] signs the text of a policy for one office and one generation
//! (Ed25519, RFC 8032); the agent has the [`PublicKey`] in its own file. [`SignedPolicy::judge`] says
//! whether one that is offered is taken: never an older generation than the last, never another
//! office's. What the text says is not looked at here.

mod octets;

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::report::Name;

pub use octets::{Octets, OctetsError};

/// The longest text of a policy: 10,000 prefixes, and more.
pub const LONGEST_POLICY: usize = 256 * 1_024;
/// What is signed begins with this, so that no other use of the key makes a policy.
const PURPOSE: &str = "sabeel link policy 1";
/// The last generation, which every reader of JSON understands.
const LAST_GENERATION: u64 = (1 << 53) - 1;

/// By which a policy is known: 32 octets, written as hexadecimal digits.
pub type PublicKey = Octets<32>;
/// That a policy is genuine: 64 octets.
pub type Signature = Octets<64>;

/// What makes policies; its owner keeps it away from the centre.
pub struct SigningKey(Ed25519KeyPair);

/// A policy of an office with its signature, as it travels and is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedPolicy {
    /// Whose it is.
    pub site: Name,
    /// Goes up with each policy of the office, from 1.
    pub generation: u64,
    /// The text: keys of the section `[links]`, TOML.
    pub policy: String,
    /// By which key it was signed.
    pub key: PublicKey,
    /// The signature over all of that.
    pub signature: Signature,
}

/// What the centre answers an agent that asks for its policy, which is a [`SignedPolicy`] that may be of
/// another version than who reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer<P> {
    /// The policy, if there is a newer one than the agent has.
    pub policy: Option<P>,
}

/// Why a policy is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyRefusal {
    /// The text is too long to be handed out.
    #[error("the policy has {0} octets, of {LONGEST_POLICY} at most")]
    Long(usize),
    /// No policy has that number.
    #[error("the generation is {0}, but must be 1 to {LAST_GENERATION}")]
    Generation(u64),
    /// It is for somebody else.
    #[error("it is the policy of {0}")]
    OtherSite(Name),
    /// Somebody else signed it.
    #[error("it is signed by the key {0}, which is not the one in `policy-key`")]
    OtherKey(PublicKey),
    /// Something of it was changed after it was signed.
    #[error("its signature is not genuine")]
    Signature,
    /// There was a newer one.
    #[error("it is generation {offered}, and generation {last} was taken before")]
    Older {
        /// Which it is.
        offered: u64,
        /// Which was taken.
        last: u64,
    },
    /// Two policies have one number.
    #[error("another policy of generation {0} was taken before")]
    Twice(u64),
}

/// What a genuine policy is beside the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is the next one.
    Next,
    /// It is the last one once more.
    Same,
}

impl SigningKey {
    /// The key of that seed, which nobody can guess.
    pub fn new(seed: &Zeroizing<[u8; 32]>) -> Self {
        let key = Ed25519KeyPair::from_seed_unchecked(seed.as_slice());
        Self(key.expect("32 octets are a seed"))
    }

    /// By which others know what it signed.
    pub fn public(&self) -> PublicKey {
        let octets = self.0.public_key().as_ref().try_into();
        Octets::new(octets.expect("a public key has 32 octets"))
    }

    /// Signs a policy of an office.
    ///
    /// # Errors
    /// It is too long, or has no such generation.
    pub fn sign(
        &self,
        site: Name,
        generation: u64,
        policy: String,
    ) -> Result<SignedPolicy, PolicyRefusal> {
        check_form(generation, &policy)?;
        let signature = self.0.sign(&message(&site, generation, &policy));
        let signature = signature.as_ref().try_into().expect("a signature has 64 octets");
        let (key, signature) = (self.public(), Octets::new(signature));
        Ok(SignedPolicy { site, generation, policy, key, signature })
    }
}

impl SignedPolicy {
    /// Whether nothing of it was changed after it was signed, by whomever.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), PolicyRefusal> {
        check_form(self.generation, &self.policy)?;
        let message = message(&self.site, self.generation, &self.policy);
        let key = UnparsedPublicKey::new(&ED25519, self.key.as_slice());
        key.verify(&message, self.signature.as_slice()).map_err(|_| PolicyRefusal::Signature)
    }

    /// Whether it is a policy of that office by that key that may follow the last one.
    ///
    /// # Errors
    /// Why it is not taken.
    pub fn judge(
        &self,
        (site, key): (&Name, &PublicKey),
        last: Option<&Self>,
    ) -> Result<Standing, PolicyRefusal> {
        if self.site != *site {
            return Err(PolicyRefusal::OtherSite(self.site.clone()));
        }
        if self.key != *key {
            return Err(PolicyRefusal::OtherKey(self.key));
        }
        self.check()?;
        match last {
            Some(last) if last == self => Ok(Standing::Same),
            Some(last) if last.generation == self.generation => {
                Err(PolicyRefusal::Twice(self.generation))
            }
            Some(last) if last.generation > self.generation => {
                let (offered, last) = (self.generation, last.generation);
                Err(PolicyRefusal::Older { offered, last })
            }
            _ => Ok(Standing::Next),
        }
    }
}

fn check_form(generation: u64, policy: &str) -> Result<(), PolicyRefusal> {
    if policy.len() > LONGEST_POLICY {
        return Err(PolicyRefusal::Long(policy.len()));
    }
    if !(1..=LAST_GENERATION).contains(&generation) {
        return Err(PolicyRefusal::Generation(generation));
    }
    Ok(())
}

/// What is signed. A name has no line end, so no two policies give the same.
fn message(site: &Name, generation: u64, policy: &str) -> Vec<u8> {
    format!("{PURPOSE}\n{site}\n{generation}\n{policy}").into_bytes()
}

#[cfg(test)]
mod tests;
