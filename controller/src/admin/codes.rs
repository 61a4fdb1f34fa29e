//! Codes to close reports: sent for the system that keeps the reports, and verified once.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::{
    Binding, Challenge, ChallengePolicy, ChallengeState, Counted, OverLimit, Purpose,
    ResendRefusal, SendLimit, Timestamp, Urgency, Verdict,
};
use store::{
    Act, AnotherCode, Attempt, AuditSubject, Begun, Budget, NewChallenge, NotSent, Proof, Sought,
};

use super::AdminApi;
use super::api::{CodeSent, CodeVerdict, CodeVerified, FailureKind, SendCode, VerifyCode};
use super::extract::Body;
use super::record::{By, Note};
use super::refusal::Refusal;
use crate::random;

const DAY: Duration = Duration::from_secs(86_400);
/// Messages that may wait behind those of visitors.
const MOST_WAITING: u32 = 10_000;

pub(super) async fn send(
    State(api): State<AdminApi>,
    by: By,
    Body(wish): Body<SendCode>,
) -> Result<(StatusCode, Json<CodeSent>), Refusal> {
    let (now, policy) = (api.clock.now(), ChallengePolicy::of(Purpose::ReportClose));
    if api.store.count_waiting_messages(Urgency::Ordinary).await? >= MOST_WAITING {
        return Err(too_many("too many messages wait for the gateway already"));
    }
    let code = random::code();
    let text = api.about.report_codes.messages.report_code(&wish.language, &wish.report, &code);
    let binding = Binding::ReportClose { report: wish.report.clone() };
    let open = api.store.find_open_challenge(&binding).await?;
    let going_on = open.filter(|open| open.phone == wish.phone && open.is_alive(&policy, now));
    let limits = api.send_limits();
    let charge = api.about.tariff.charge(None, &wish.phone, &text, now);
    let budget = Budget { charge, ..Budget::of(&limits) };
    let note = Note::of(Act::CodeSent).about(AuditSubject::Report(wish.report.clone()));
    let store = api.on_record(&by, note);
    let challenge = match going_on {
        Some(open) => {
            let (link, route, visit) = (None, None, None);
            let another =
                AnotherCode { challenge: open.id, code, link, text, route, at: now, visit };
            let sent = store.send_code_again(&another, &budget, &policy).await?;
            sent.map_err(not_sent)?
        }
        None => {
            let challenge = new_challenge(&wish, binding, &policy, now);
            let new =
                NewChallenge { challenge, code, link: None, text, visit: None, claim_until: None };
            match store.begin_challenge(&new, &budget, &policy).await? {
                Begun::Begins | Begun::Claimed(_) => new.challenge,
                Begun::GoesOn(_) => return Err(too_many("a code was sent at this very moment")),
                Begun::Over(over) | Begun::Mute(over) => return Err(not_sent(over.into())),
                Begun::Busy(wait) => return Err(not_sent(NotSent::Busy(wait))),
                Begun::Spent => return Err(not_sent(NotSent::Spent)),
            }
        }
    };
    tracing::info!(report = %wish.report, sends = challenge.sends, "a code to close a report is sent");
    // It lives from when a gateway takes its message, which is not before now.
    let expires_at = policy.good_until(challenge.created_at, Some(now));
    let report = wish.report;
    Ok((StatusCode::ACCEPTED, Json(CodeSent { report, expires_at, sends: challenge.sends })))
}

fn new_challenge(
    wish: &SendCode,
    binding: Binding,
    policy: &ChallengePolicy,
    now: Timestamp,
) -> Challenge {
    Challenge {
        id: random::opaque_id(),
        binding,
        phone: wish.phone.clone(),
        language: wish.language.clone(),
        agreed: Vec::new(),
        created_at: now,
        sent_at: now,
        sends: 1,
        code_expires_at: policy.good_until(now, None),
        attempts: 0,
        state: ChallengeState::Open,
    }
}

pub(super) async fn verify(
    State(api): State<AdminApi>,
    by: By,
    Body(VerifyCode { report, code }): Body<VerifyCode>,
) -> Result<Json<CodeVerified>, Refusal> {
    let policy = ChallengePolicy::of(Purpose::ReportClose);
    let challenge = api.store.find_latest_challenge(&report).await?.ok_or_else(|| {
        let reason = format!("no code was sent for report {report}, or it is no longer kept");
        Refusal::new(FailureKind::NotFound, reason)
    })?;
    let attempt = Attempt {
        challenge: Sought::Id(challenge.id),
        proof: Proof::Code(&code),
        at: api.clock.now(),
    };
    let note = |act| Note::of(act).about(AuditSubject::Report(report.clone()));
    let store = api.on_record(&by, note(Act::CodeVerified));
    let verified = store.verify(&attempt, Purpose::ReportClose, &policy).await?;
    let (verdict, attempts_left) = match verified {
        Ok(_) => (CodeVerdict::Verified, 0),
        Err(Verdict::Wrong { left }) => {
            api.write_down(&by, note(Act::CodeRefused).with("attempts_left", left)).await?;
            (CodeVerdict::Wrong, left)
        }
        Err(Verdict::Locked) => (CodeVerdict::Locked, 0),
        Err(Verdict::Expired) => (CodeVerdict::Expired, 0),
        Err(Verdict::Used) => (CodeVerdict::Used, 0),
    };
    tracing::info!(%report, ?verdict, "a code to close a report was brought");
    Ok(Json(CodeVerified { report, verdict, attempts_left }))
}

impl AdminApi {
    /// How many codes of reports may go to one number.
    fn send_limits(&self) -> [SendLimit; 1] {
        let most = self.about.report_codes.sends_per_day;
        [SendLimit { counted: Counted::SendsToNumber, window: DAY, most }]
    }
}

fn not_sent(reason: NotSent) -> Refusal {
    match reason {
        NotSent::Refused(ResendRefusal::Over) => {
            too_many("the code was verified, or given up, at this very moment")
        }
        NotSent::Refused(
            refusal @ (ResendRefusal::CoolingDown { .. } | ResendRefusal::SendsUsedUp),
        ) => too_many(refusal.to_string()),
        NotSent::Busy(_) | NotSent::Spent => too_many(reason.to_string()),
        NotSent::Over(OverLimit { limit, .. }) if limit.counted == Counted::Blocks => {
            too_many("messages to that number are blocked")
        }
        NotSent::Over(OverLimit { limit, wait }) => too_many(format!(
            "the number was sent {} codes within a day; the next can be sent in {} s",
            limit.most,
            wait.as_secs()
        )),
    }
}

fn too_many(reason: impl Into<String>) -> Refusal {
    Refusal::new(FailureKind::TooMany, reason)
}
