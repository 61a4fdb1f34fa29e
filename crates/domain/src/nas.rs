//! NAS: whatever stands between visitor and internet and speaks RADIUS to us.

mod acl_name;
mod controller_api;
mod hand_off;
mod identifier;
mod login_host;
mod profile;
mod rules;

use std::net::SocketAddr;

use ipnet::IpNet;

pub use acl_name::{AclName, AclNameError};
pub use controller_api::{
    ApiSite, ApiSiteError, ApiUrl, ApiUrlError, ApiUser, ApiUserError, ControllerApi, Guest,
    GuestStanding, VisitorHost, VisitorHostError, Whereabouts,
};
pub use hand_off::{
    HandOff, HandOffError, HandOffMethod, HandOffMethodError, SendRule, SendRuleError,
};
pub use identifier::{NasIdentifier, NasIdentifierError};
pub use login_host::{LoginHost, LoginHostError};
pub use profile::{AskingAgain, NasProfile, ProfileError, Renewal};
pub use rules::{
    MessageAuthenticatorRule, OctetDirection, ProxyStateRule, RuleError, StatusServerRule,
};

use crate::{CertificateName, NasName, Secret, SiteName, Timestamp};

/// An access point, wireless controller or gateway that asks us for authorisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nas {
    /// The admin's name for it.
    pub name: NasName,
    /// Where it stands.
    pub site: SiteName,
    /// The source addresses that its RADIUS packets come from.
    pub addresses: IpNet,
    /// The certificate by which it is known when it speaks RADIUS over TLS, if it does.
    pub certificate: Option<CertificateName>,
    /// What tells it from others that send from the same addresses, such as those behind one
    /// address translation; without it, it is whoever sends from there and is none of those.
    pub identifier: Option<NasIdentifier>,
    /// The RADIUS shared secret.
    pub secret: Secret,
    /// The secret before, while it is being replaced.
    pub former_secret: Option<FormerSecret>,
    /// The maker's dialect of attributes.
    pub profile: NasProfile,
    /// Whether its Access-Requests must carry Message-Authenticator.
    pub message_authenticator: MessageAuthenticatorRule,
    /// Whether Proxy-State may come without Message-Authenticator.
    pub proxy_state: ProxyStateRule,
    /// Whether its Status-Server is answered.
    pub status_server: StatusServerRule,
    /// Which way its octet counters count.
    pub octet_direction: OctetDirection,
    /// Where it listens for Disconnect and CoA (RFC 5176), if it does.
    pub dae_address: Option<SocketAddr>,
    /// How a login is handed back to it.
    pub hand_off: HandOff,
    /// The secret path segment by which its redirected visitors reach the portal.
    pub portal_path: Secret,
}

/// A secret that has been replaced and still verifies for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormerSecret {
    /// The secret.
    pub secret: Secret,
    /// Until when it verifies.
    pub until: Timestamp,
    /// When the NAS was first seen to use the new one.
    pub replaced_at: Option<Timestamp>,
}

/// Why a secret cannot be replaced now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the secret before the present one may still be in use; finish that replacement first")]
pub struct RotationUnderWay;

impl Nas {
    /// Replaces the secret; the present one goes on verifying until `until`.
    ///
    /// # Errors
    /// [`RotationUnderWay`] while a former secret verifies and the present one was never seen in
    /// use: a third secret would shut the NAS out.
    pub fn rotate(
        &mut self,
        secret: Secret,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<(), RotationUnderWay> {
        if self.live_former_secret(now).is_some_and(|former| former.replaced_at.is_none()) {
            return Err(RotationUnderWay);
        }
        let former = std::mem::replace(&mut self.secret, secret);
        self.former_secret = Some(FormerSecret { secret: former, until, replaced_at: None });
        Ok(())
    }

    /// The former secret, as long as it verifies.
    #[must_use]
    pub fn live_former_secret(&self, now: Timestamp) -> Option<&FormerSecret> {
        self.former_secret.as_ref().filter(|former| now < former.until)
    }

    /// The secret to speak to the NAS with: a former one until the NAS is seen to use the new one.
    #[must_use]
    pub fn secret_in_use(&self, now: Timestamp) -> &Secret {
        self.live_former_secret(now)
            .filter(|former| former.replaced_at.is_none())
            .map_or(&self.secret, |former| &former.secret)
    }

    /// Takes note that the NAS uses its new secret.
    pub fn uses_new_secret(&mut self, now: Timestamp) {
        if let Some(former) = &mut self.former_secret {
            former.replaced_at.get_or_insert(now);
        }
    }

    /// Takes note that the NAS sends Message-Authenticator: it is required from now on, where that
    /// was to be learnt.
    pub fn sends_message_authenticator(&mut self) {
        if self.message_authenticator == MessageAuthenticatorRule::Learn {
            self.message_authenticator = MessageAuthenticatorRule::Learnt;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const T0: Timestamp = Timestamp::from_secs(1_795_597_200);

    fn at(secs: u64) -> Timestamp {
        T0 + Duration::from_secs(secs)
    }

    fn nas() -> Nas {
        Nas {
            name: "gate".parse().unwrap(),
            site: "walkway".parse().unwrap(),
            addresses: "10.0.0.1/32".parse().unwrap(),
            identifier: None,
            certificate: None,
            secret: secret("first"),
            former_secret: None,
            profile: NasProfile::Generic,
            message_authenticator: MessageAuthenticatorRule::Learn,
            proxy_state: ProxyStateRule::Limited,
            status_server: StatusServerRule::Answered,
            octet_direction: OctetDirection::Standard,
            dae_address: None,
            hand_off: HandOff::mac_authentication(None),
            portal_path: secret("path"),
        }
    }

    fn secret(text: &str) -> Secret {
        text.parse().unwrap()
    }

    #[test]
    fn a_former_secret_is_spoken_until_the_new_one_is_seen_or_its_time_is_over() {
        let mut nas = nas();
        nas.rotate(secret("second"), T0, at(60)).unwrap();
        for (now, live, spoken) in [(59, true, "first"), (60, false, "second")] {
            assert_eq!(nas.live_former_secret(at(now)).is_some(), live, "{now}");
            assert_eq!(nas.secret_in_use(at(now)), &secret(spoken), "{now}");
        }
        nas.uses_new_secret(at(5));
        nas.uses_new_secret(at(6));
        assert_eq!(nas.live_former_secret(at(7)).unwrap().replaced_at, Some(at(5)));
        assert_eq!(nas.secret_in_use(at(7)), &secret("second"));
    }

    #[test]
    fn a_third_secret_waits_until_the_second_is_in_use() {
        let mut nas = nas();
        nas.rotate(secret("second"), T0, at(60)).unwrap();
        assert_eq!(nas.rotate(secret("third"), at(1), at(61)), Err(RotationUnderWay));
        assert_eq!(nas.secret, secret("second"));
        nas.uses_new_secret(at(2));
        nas.rotate(secret("third"), at(3), at(63)).unwrap();
        assert_eq!(nas.live_former_secret(at(4)).unwrap().secret, secret("second"));
    }

    #[test]
    fn message_authenticator_is_learnt_once_and_only_where_it_is_to_be() {
        use MessageAuthenticatorRule::{Learn, Learnt, Optional, Required};
        for (before, after) in
            [(Learn, Learnt), (Learnt, Learnt), (Optional, Optional), (Required, Required)]
        {
            let mut nas = Nas { message_authenticator: before, ..nas() };
            nas.sends_message_authenticator();
            assert_eq!(nas.message_authenticator, after);
        }
    }
}
