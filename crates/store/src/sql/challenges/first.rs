//! The first code of a challenge: with what it is asked for, and what speaks against it.
//!
//! On PostgreSQL many are asked for in one transaction (see [`crowd`](crate::sql::crowd)). Who meets
//! anything there goes alone, for then more is looked up, or changed.

use std::sync::Arc;

use domain::{
    Challenge, ChallengePolicy, Charge, Counted, MessageClass, MessageId, OverLimit, Refused,
    VisitRecord,
};

use super::codes::Fresh;
use super::{abandon, limits};
use crate::sql::crowd::{Crowd, Seen};
use crate::sql::row::id_column;
use crate::sql::script::Script;
use crate::sql::setup::written;
use crate::sql::spending::Charged;
use crate::sql::{SqlStore, messages, visits};
use crate::{Begun, Budget, Change, NewChallenge, OutgoingMessage, StoreError};

impl SqlStore {
    /// Begins with others who ask meanwhile, if nothing speaks against it.
    pub(super) async fn begin_in_crowd(
        &self,
        crowd: &Arc<Crowd>,
        new: &NewChallenge,
        budget: &Budget<'_>,
        policy: &ChallengePolicy,
    ) -> Result<Option<Begun>, StoreError> {
        let challenge = &new.challenge;
        let at = challenge.created_at;
        let look = self.looking_at_sends(challenge, budget.limits, (at, policy));
        let Seen::Rows(rows, place) = crowd.come(look).await else { return Ok(None) };
        let Some(row) = rows.first() else { return Ok(None) };
        let (open, over) = self.met(row, &limits::with_blocks(budget.limits), at)?;
        if open.is_some() || over.is_some() || (budget.shared)().is_err() {
            return Ok(None);
        }
        let receipt = match (budget.charge, &self.till) {
            (Some(charge), Some(till)) => match till.pay(charge).await? {
                Some(receipt) => Some(receipt),
                None => return Ok(None),
            },
            _ => None,
        };
        let message = messages::new_id(challenge.sent_at);
        let (store, first, by) = (self.clone(), new.clone(), (budget.charge, policy.clone()));
        let change = move |script: &mut Script| {
            if let Some(visit) = &first.visit {
                visits::record(script, visit);
            }
            store.insert_first(script, &first, (message, false), (by.0, &by.1));
        };
        if !place.change(change, receipt).await? {
            return Ok(None);
        }
        Ok(Some(self.begun(new, message, None).await))
    }

    /// Begins by a transaction of its own.
    pub(super) async fn begin_alone(
        &self,
        new: &NewChallenge,
        budget: &Budget<'_>,
        policy: &ChallengePolicy,
    ) -> Result<Begun, StoreError> {
        let challenge = &new.challenge;
        let at = challenge.created_at;
        let mut looking = self.look_after(self.lock_sends(challenge)).await?;
        let (open, over) =
            self.look_at_sends(&mut looking, challenge, budget.limits, (at, policy)).await?;
        let given_up = open.as_ref().map(|open| open.id);
        // Only one may be open, so a former one is given up before.
        let mut script = if given_up.is_some() { self.script() } else { self.independent() };
        if let Some(open) = open
            && open.phone == challenge.phone
            && open.is_alive(policy, at)
        {
            // Who goes back and ticks something else means that.
            script
                .add("UPDATE challenges SET agreed = $1 WHERE id = $2")
                .bind(written(&challenge.agreed))
                .bind(id_column(open.id));
            if let Some(visit) = &new.visit {
                visits::record(&mut script, visit);
            }
            looking.commit_with(script).await?;
            let agreed = challenge.agreed.clone();
            return Ok(Begun::GoesOn(Challenge { agreed, ..open }));
        }
        let mute = self.is_others(&mut looking, challenge, over, at).await?;
        let busy = if over.is_none() { (budget.shared)().err() } else { None };
        let unsent = match over.filter(|_| !mute) {
            Some(over) => Some(Begun::Over(over)),
            None => busy.map(|busy| Begun::Busy(busy.wait)),
        };
        if let Some(given_up) = given_up.filter(|_| unsent.is_none()) {
            abandon(&mut script, given_up);
        }
        // Challenges before visits: the order in which who erases a person locks them.
        let refused = over.map(|over| over.limit.counted).or(busy.map(|busy| busy.counted));
        let refused = refused.map(Refused::First);
        if let Some(visit) = &new.visit {
            visits::record(&mut script, &VisitRecord { refused, ..visit.clone() });
        }
        if let Some(unsent) = unsent {
            looking.commit_with(script).await?;
            return Ok(unsent);
        }
        let message = messages::new_id(challenge.sent_at);
        self.insert_first(&mut script, new, (message, mute), (budget.charge, policy));
        let charge = budget.charge.filter(|_| !mute);
        if let Charged::Spent = self.commit_charged(looking, script, charge).await? {
            let refused = Some(Refused::First(Counted::Money));
            let visit = new.visit.clone().map(|visit| VisitRecord { refused, ..visit });
            self.note_spent(charge, visit.as_ref()).await?;
            return Ok(Begun::Spent);
        }
        Ok(self.begun(new, message, over).await)
    }

    /// A new challenge with its first code, and the message that carries it unless nobody is sent it.
    fn insert_first(
        &self,
        script: &mut Script,
        new: &NewChallenge,
        (message, mute): (MessageId, bool),
        (charge, policy): (Option<Charge>, &ChallengePolicy),
    ) {
        let at = new.challenge.created_at;
        // What nobody sends looks as if it had been taken at once.
        let code_expires_at = match mute {
            true => policy.good_until(at, Some(at)),
            false => new.challenge.code_expires_at,
        };
        let challenge = Challenge { code_expires_at, ..new.challenge.clone() };
        self.insert_challenge(script, &challenge, mute);
        let fresh = Fresh { code: &new.code, link: new.link.as_ref(), message, mute };
        self.add_code(script, &challenge, &fresh);
        if !mute {
            let words = (&new.text, &new.code, message);
            self.add_message(script, &challenge, words, (None, charge, new.claim_until));
        }
    }

    /// What became of one that is committed, of which others are told.
    async fn begun(
        &self,
        new: &NewChallenge,
        message: MessageId,
        over: Option<OverLimit>,
    ) -> Begun {
        let mute = over.is_some();
        let claimed = new.claim_until.filter(|_| !mute);
        let of_message = (!mute && claimed.is_none()).then_some(Change::Message);
        let of_device = new.challenge.binding.device().map(|(_, device)| Change::Challenge(device));
        self.publish_all(of_message.into_iter().chain(of_device)).await;
        match (over, claimed) {
            (Some(over), _) => Begun::Mute(over),
            (None, None) => Begun::Begins,
            (None, Some(_)) => Begun::Claimed(Box::new(outgoing(new, message))),
        }
    }
}

/// The message of a new challenge, claimed for its first try.
fn outgoing(new: &NewChallenge, id: MessageId) -> OutgoingMessage {
    let NewChallenge { challenge, code, text, .. } = new;
    OutgoingMessage {
        id,
        phone: challenge.phone.clone(),
        text: text.clone(),
        code: code.clone(),
        class: MessageClass::Service,
        expires_at: challenge.code_expires_at,
        attempts: 1,
        route: None,
        tried_since: None,
        not_by: None,
    }
}
