//! What an admin is told when asking why: rows as they are, without numbers, codes and words.

use async_trait::async_trait;
use domain::{
    AccountId, ChallengeId, ChallengeState, Grant, GrantId, MacAddress, MessageState, NasName,
    PhoneNumber, Purpose, Receipt, RouteName, Session, SiteName, Timestamp,
};

use crate::StoreError;

/// Whose challenges are asked for.
#[derive(Debug, Clone)]
pub enum ChallengesOf {
    /// Those for a number.
    Phone(PhoneNumber),
    /// Those of a device.
    Device(MacAddress),
    /// Those for the number of an account, as long as it was that person's.
    Account(AccountId),
}

/// How a challenge went; neither the number nor a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChallengeTold {
    /// Which.
    pub id: ChallengeId,
    /// What for.
    pub purpose: Purpose,
    /// At which site.
    pub site: SiteName,
    /// For which device.
    pub device: MacAddress,
    /// When the number was entered.
    pub created_at: Timestamp,
    /// When the last code stops, or stopped, being good.
    pub code_expires_at: Timestamp,
    /// Codes that were tried.
    pub attempts: u32,
    /// How it stands.
    pub state: ChallengeState,
    /// Its messages, oldest first.
    pub messages: Vec<MessageTold>,
}

/// How a message went; neither its words nor its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageTold {
    /// When it was written down.
    pub created_at: Timestamp,
    /// When it was done with.
    pub done_at: Option<Timestamp>,
    /// How often it was tried.
    pub attempts: u32,
    /// The route that has it, or ended it.
    pub route: Option<RouteName>,
    /// Whether it was written down because one by another route did not arrive.
    pub rerouted: bool,
    /// What the gateway told in the end, and when.
    pub receipt: Option<(Receipt, Timestamp)>,
    /// How it stands.
    pub state: MessageState,
}

/// How one-time credentials went; not the password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialTold {
    /// For which grant.
    pub grant: GrantId,
    /// For which device.
    pub device: MacAddress,
    /// For which access point.
    pub nas: NasName,
    /// Until when they were good.
    pub expires_at: Timestamp,
    /// When they were used.
    pub used_at: Option<Timestamp>,
}

/// What happened, as far as rows are kept. Each list is of the newest, at most `most`.
#[async_trait]
pub trait Histories: Send + Sync {
    /// Challenges of visitors that began at `since` or later, newest first; not those for reports.
    async fn list_challenges(
        &self,
        of: &ChallengesOf,
        since: Timestamp,
        most: u32,
    ) -> Result<Vec<ChallengeTold>, StoreError>;

    /// Grants of a device, newest first.
    async fn list_grants_of_device(
        &self,
        device: MacAddress,
        most: u32,
    ) -> Result<Vec<Grant>, StoreError>;

    /// Credentials for a grant, the latest to expire first.
    async fn list_credentials_of_grant(
        &self,
        grant: GrantId,
        most: u32,
    ) -> Result<Vec<CredentialTold>, StoreError>;

    /// Sessions that their access points call so (Acct-Session-Id), newest first.
    async fn list_sessions_called(
        &self,
        acct_session_id: &str,
        most: u32,
    ) -> Result<Vec<Session>, StoreError>;
}
