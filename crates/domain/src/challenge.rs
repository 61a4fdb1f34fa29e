//! One-time codes: the rules of a challenge, from the first code to the last attempt.
//!
//! A challenge is bound to what it is for (one device at one site, or one report) and belongs to one
//! number. It survives the page being closed; a code sent earlier stays good for its own life,
//! because text messages overtake each other. Attempts are counted over all its codes. The store
//! makes counting and use atomic; the numbers are decided here.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use crate::phone::western_digit;
use crate::{
    Agreed, ChallengeId, Language, MacAddress, PhoneNumber, ReportNumber, SiteName, Timestamp,
    Urgency,
};

/// What a code is asked for; a code for one purpose is worthless for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To let a visitor's device online.
    SignIn,
    /// To show visitors what is kept about them, and to do what they want done with it.
    MyData,
    /// To close a report to the municipality once the citizen agrees.
    ReportClose,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 3] = [Self::SignIn, Self::MyData, Self::ReportClose];

    /// The purpose's name in the store, in the keyed hash and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::MyData => "my-data",
            Self::ReportClose => "report-close",
        }
    }

    /// The purpose of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.as_str() == name)
    }

    /// How urgent its messages are: whether somebody stands before a page and waits.
    #[must_use]
    pub const fn urgency(self) -> Urgency {
        match self {
            Self::SignIn | Self::MyData => Urgency::Awaited,
            Self::ReportClose => Urgency::Ordinary,
        }
    }
}

/// What a challenge is bound to: its purpose, and what its codes are good for alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Binding {
    /// A device at a site shall go online.
    SignIn {
        /// At which site.
        site: SiteName,
        /// Which device.
        device: MacAddress,
    },
    /// A device at a site shall be shown what is kept about its owner.
    MyData {
        /// At which site.
        site: SiteName,
        /// Which device.
        device: MacAddress,
    },
    /// A report shall be closed.
    ReportClose {
        /// Which report.
        report: ReportNumber,
    },
}

impl Binding {
    /// What for.
    #[must_use]
    pub const fn purpose(&self) -> Purpose {
        match self {
            Self::SignIn { .. } => Purpose::SignIn,
            Self::MyData { .. } => Purpose::MyData,
            Self::ReportClose { .. } => Purpose::ReportClose,
        }
    }

    /// The site and the device, where it is about one.
    #[must_use]
    pub const fn device(&self) -> Option<(&SiteName, MacAddress)> {
        match self {
            Self::SignIn { site, device } | Self::MyData { site, device } => Some((site, *device)),
            Self::ReportClose { .. } => None,
        }
    }

    /// The report, where it is about one.
    #[must_use]
    pub const fn report(&self) -> Option<&ReportNumber> {
        match self {
            Self::ReportClose { report } => Some(report),
            Self::SignIn { .. } | Self::MyData { .. } => None,
        }
    }
}

/// The numbers of the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChallengePolicy {
    /// For how long one code is good, from when a gateway took its message.
    pub code_life: Duration,
    /// For how long a challenge lives from its creation, whatever is sent again.
    pub challenge_life: Duration,
    /// How many codes may be tried.
    pub attempts: u32,
    /// How long to wait before the second, third … message; as many as it lists are sent again.
    pub cooldowns: Vec<Duration>,
}

/// Those of signing in.
impl Default for ChallengePolicy {
    fn default() -> Self {
        Self::of(Purpose::SignIn)
    }
}

impl ChallengePolicy {
    /// The numbers for a purpose. Who is sent the code of a report is not waiting for it, and may
    /// meet whoever asks for it hours later.
    #[must_use]
    pub fn of(purpose: Purpose) -> Self {
        const MINUTE: u64 = 60;
        const HOUR: u64 = 60 * MINUTE;
        let secs = Duration::from_secs;
        match purpose {
            Purpose::SignIn | Purpose::MyData => Self {
                code_life: secs(5 * MINUTE),
                challenge_life: secs(10 * MINUTE),
                attempts: 5,
                cooldowns: [30, 60].map(secs).to_vec(),
            },
            Purpose::ReportClose => Self {
                code_life: secs(24 * HOUR),
                challenge_life: secs(48 * HOUR),
                attempts: 5,
                cooldowns: [MINUTE, 10 * MINUTE].map(secs).to_vec(),
            },
        }
    }
}

impl ChallengePolicy {
    /// Until when a code is good whose message a gateway took at `taken_at`; as long as none did,
    /// it is as old as its challenge may become.
    #[must_use]
    pub fn good_until(&self, created_at: Timestamp, taken_at: Option<Timestamp>) -> Timestamp {
        let at_the_longest = created_at + self.challenge_life;
        taken_at.map_or(at_the_longest, |at| (at + self.code_life).min(at_the_longest))
    }
}

/// One run of entering a one-time code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// Unguessable; also part of what the code's hash is bound to.
    pub id: ChallengeId,
    /// What for.
    pub binding: Binding,
    /// Which number must be proven.
    pub phone: PhoneNumber,
    /// In which language its messages are.
    pub language: Language,
    /// What was agreed to with the number; it counts once the number is proven.
    pub agreed: Vec<Agreed>,
    /// When the number was entered.
    pub created_at: Timestamp,
    /// When the last code was sent.
    pub sent_at: Timestamp,
    /// How many codes were sent.
    pub sends: u32,
    /// When the last code sent stops being good.
    pub code_expires_at: Timestamp,
    /// Attempts made so far.
    pub attempts: u32,
    /// How it stands.
    pub state: ChallengeState,
}

/// How a challenge stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChallengeState {
    /// A code is awaited.
    Open,
    /// The right code was entered.
    Verified,
    /// The visitor chose another number, or a newer challenge took its place.
    Abandoned,
}

impl ChallengeState {
    /// The state's name in the store and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Verified => "verified",
            Self::Abandoned => "abandoned",
        }
    }

    /// The state of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Open, Self::Verified, Self::Abandoned]
            .into_iter()
            .find(|state| state.as_str() == name)
    }
}

/// Why no other message is sent now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ResendRefusal {
    /// It is too early.
    #[error("the next code can be sent in {} s", .wait.as_secs())]
    CoolingDown {
        /// For how long still.
        wait: Duration,
    },
    /// As many messages as allowed were sent.
    #[error("no more codes are sent for this challenge")]
    SendsUsedUp,
    /// The challenge is over.
    #[error("the challenge is over")]
    Over,
}

/// Why an attempt won nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The code was not the right one.
    Wrong {
        /// Attempts that are left; zero means locked.
        left: u32,
    },
    /// No attempts are left.
    Locked,
    /// Every code of the challenge is too old.
    Expired,
    /// The challenge was won before, or given up.
    Used,
}

impl Challenge {
    /// Whether another message may be sent at `now`.
    ///
    /// # Errors
    /// Why not, with the time to wait where waiting helps.
    pub fn may_resend(
        &self,
        policy: &ChallengePolicy,
        now: Timestamp,
    ) -> Result<(), ResendRefusal> {
        let too_old = now >= self.created_at + policy.challenge_life;
        if self.state != ChallengeState::Open || too_old || self.attempts >= policy.attempts {
            return Err(ResendRefusal::Over);
        }
        let repeats = usize::try_from(self.sends).unwrap_or(usize::MAX).saturating_sub(1);
        let Some(cooldown) = policy.cooldowns.get(repeats) else {
            return Err(ResendRefusal::SendsUsedUp);
        };
        let wait = (self.sent_at + *cooldown).since(now);
        if wait.is_zero() { Ok(()) } else { Err(ResendRefusal::CoolingDown { wait }) }
    }

    /// Whether it can still lead to something at `now`: a code is good, or another can be sent.
    #[must_use]
    pub fn is_alive(&self, policy: &ChallengePolicy, now: Timestamp) -> bool {
        self.is_pending(policy, now)
            || matches!(
                self.may_resend(policy, now),
                Ok(()) | Err(ResendRefusal::CoolingDown { .. })
            )
    }

    /// Whether the visitor can still win it at `now`.
    #[must_use]
    pub fn is_pending(&self, policy: &ChallengePolicy, now: Timestamp) -> bool {
        self.state == ChallengeState::Open
            && self.attempts < policy.attempts
            && now < self.code_expires_at
    }
}

/// A one-time code of six digits; never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(Zeroizing<String>);

/// Why a text is no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a code is six digits")]
pub struct CodeError;

impl Code {
    /// Draws a code uniformly from `entropy`, which must be fresh random words; a word
    /// that would favour small codes is drawn again.
    #[must_use]
    pub fn draw(mut entropy: impl FnMut() -> u32) -> Self {
        const CODES: u32 = 1_000_000;
        let fair = u32::MAX - u32::MAX % CODES;
        loop {
            let word = entropy();
            if word < fair {
                return Self(Zeroizing::new(format!("{:06}", word % CODES)));
            }
        }
    }

    /// The six Western digits, for the message and the keyed hash.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Reads what a visitor typed: digits of all kinds, with spaces or dashes between them.
impl FromStr for Code {
    type Err = CodeError;

    fn from_str(text: &str) -> Result<Self, CodeError> {
        let mut digits = Zeroizing::new(String::with_capacity(6));
        let invisible = |c: char| matches!(c, '-' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        for c in text.chars().filter(|c| !c.is_whitespace() && !invisible(*c)) {
            digits.push(western_digit(c).ok_or(CodeError)?);
            if digits.len() > 6 {
                return Err(CodeError);
            }
        }
        if digits.len() == 6 { Ok(Self(digits)) } else { Err(CodeError) }
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T0: Timestamp = Timestamp::from_secs(1_795_597_200);

    fn at(secs: u64) -> Timestamp {
        T0 + Duration::from_secs(secs)
    }

    fn challenge(sends: u32, sent: u64) -> Challenge {
        Challenge {
            id: ChallengeId::from_bytes([1; 16]),
            binding: Binding::SignIn {
                site: "walkway".parse().unwrap(),
                device: MacAddress::new([2, 0, 0, 0, 0, 1]),
            },
            phone: "966551234567".parse().unwrap(),
            language: Language::arabic(),
            agreed: Vec::new(),
            created_at: T0,
            sent_at: at(sent),
            sends,
            code_expires_at: at(sent + 300),
            attempts: 0,
            state: ChallengeState::Open,
        }
    }

    #[test]
    fn another_message_waits_longer_each_time_and_then_stops() {
        let policy = ChallengePolicy::default();
        let cooling = |secs| Err(ResendRefusal::CoolingDown { wait: Duration::from_secs(secs) });
        for (sends, sent, now, expected) in [
            (1, 0, 0, cooling(30)),
            (1, 0, 29, cooling(1)),
            (1, 0, 30, Ok(())),
            (2, 30, 60, cooling(30)),
            (2, 30, 90, Ok(())),
            (3, 90, 400, Err(ResendRefusal::SendsUsedUp)),
            (1, 0, 600, Err(ResendRefusal::Over)),
        ] {
            let verdict = challenge(sends, sent).may_resend(&policy, at(now));
            assert_eq!(verdict, expected, "send {sends} at {sent}, asked at {now}");
        }
    }

    #[test]
    fn a_code_for_a_report_lives_for_hours_and_one_for_a_page_for_minutes() {
        for (purpose, lives, dies) in [
            (Purpose::SignIn, 299, 300),
            (Purpose::MyData, 299, 300),
            (Purpose::ReportClose, 86_399, 86_400),
        ] {
            let policy = ChallengePolicy::of(purpose);
            let code_expires_at = T0 + policy.code_life;
            let challenge = Challenge { code_expires_at, ..challenge(1, 0) };
            assert!(challenge.is_pending(&policy, at(lives)), "{purpose:?}");
            assert!(!challenge.is_pending(&policy, at(dies)), "{purpose:?}");
            assert!(policy.code_life <= policy.challenge_life);
            assert_eq!(Purpose::from_name(purpose.as_str()), Some(purpose));
        }
    }

    #[test]
    fn a_code_lives_from_when_its_message_was_taken_and_never_beyond_its_challenge() {
        let policy = ChallengePolicy::default();
        for (taken, expected) in [(None, 600), (Some(0), 300), (Some(240), 540), (Some(590), 600)] {
            assert_eq!(policy.good_until(T0, taken.map(at)), at(expected), "{taken:?}");
        }
    }

    #[test]
    fn a_challenge_is_pending_until_it_is_won_locked_or_too_old() {
        let policy = ChallengePolicy::default();
        let open = challenge(1, 0);
        assert!(open.is_pending(&policy, at(299)));
        assert!(!open.is_pending(&policy, at(300)));
        assert!(!Challenge { attempts: 5, ..open.clone() }.is_pending(&policy, at(1)));
        assert!(!Challenge { state: ChallengeState::Verified, ..open }.is_pending(&policy, at(1)));
    }

    #[test]
    fn codes_are_drawn_without_favour_and_keep_leading_zeros() {
        let mut words = [u32::MAX, 4_294_000_000, 3_000_042].into_iter();
        let code = Code::draw(|| words.next().expect("a third word is enough"));
        assert_eq!(code.expose(), "000042");
        assert!(!format!("{code:?}").contains("42"));
    }

    #[test]
    fn a_code_is_read_in_any_digits() {
        for typed in ["482913", "٤٨٢٩١٣", "۴۸۲۹۱۳", " 482 913 ", "482-913", "４８２９１３"]
        {
            assert_eq!(typed.parse::<Code>().expect(typed).expose(), "482913");
        }
        for typed in ["", "48291", "4829133", "48291a", "+48291"] {
            assert_eq!(typed.parse::<Code>(), Err(CodeError), "{typed}");
        }
    }
}
