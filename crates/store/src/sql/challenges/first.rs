//! The first code of a challenge: with what it is asked for, and what speaks against it.
//!
//! Many are asked for in one change (see [`crowd`](crate::sql::crowd)). Only who has an open challenge, or
//! finds no money left, goes alone, for then more is changed. That nobody is sent anything for a number is
//! no reason: it would be told by the time that takes.

use domain::{
    Challenge, ChallengePolicy, Charge, Counted, MessageClass, MessageId, OverLimit, Refused,
    VisitRecord,
};

use super::abandon;
use super::codes::Fresh;
use super::limits::{self, Met, Unsent};
use crate::sql::crowd::{Payment, Seen};
use crate::sql::row::id_column;
use crate::sql::script::Script;
use crate::sql::setup::written;
use crate::sql::spending::Charged;
use crate::sql::{SqlStore, messages, visits};
use crate::{Begun, Budget, Change, NewChallenge, OutgoingMessage, StoreError};

impl SqlStore {
    /// Begins, or is refused, with others who ask meanwhile; `None` is that one has to go alone.
    pub(super) async fn begin_in_crowd(
        &self,
        new: &NewChallenge,
        budget: &Budget<'_>,
        policy: &ChallengePolicy,
    ) -> Result<Option<Begun>, StoreError> {
        let challenge = &new.challenge;
        let at = challenge.created_at;
        let look = self.looking_at_sends(challenge, budget.limits, (at, policy));
        let Seen::Rows(rows, place) = self.first_codes.come(self, look).await else {
            return Ok(None);
        };
        let Some(row) = rows.first() else { return Ok(None) };
        let met = self.met(row, challenge, &limits::with_blocks(budget.limits), at)?;
        if met.open.is_some() {
            return Ok(None);
        }
        let unsent = met.unsent(budget);
        let visit = visit(new, &met, unsent);
        if let Some(unsent) = unsent {
            let change = move |script: &mut Script| {
                if let Some(visit) = &visit {
                    visits::record(script, visit);
                }
            };
            return Ok(place.change(change, Payment::Nothing).await?.then(|| unsent.into()));
        }
        let (mute, message) = (met.mute, messages::new_id(challenge.sent_at));
        let payment = match (budget.charge, &self.till) {
            (None, _) => Payment::Nothing,
            (Some(charge), None) => Payment::Due { charge, mute },
            (Some(charge), Some(till)) => match till.pay(charge).await? {
                // What nobody is sent is given back.
                Some(receipt) if mute => {
                    drop(receipt);
                    Payment::Nothing
                }
                Some(receipt) => Payment::Made(receipt),
                None => return Ok(None),
            },
        };
        let (store, first, by) = (self.clone(), new.clone(), (budget.charge, policy.clone()));
        let change = move |script: &mut Script| {
            if let Some(visit) = &visit {
                visits::record(script, visit);
            }
            store.insert_first(script, &first, (message, mute), (by.0, &by.1));
        };
        if !place.change(change, payment).await? {
            return Ok(None);
        }
        Ok(Some(self.begun(new, message, met.over).await))
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
        let met = self.look_at_sends(&mut looking, challenge, budget.limits, (at, policy)).await?;
        let given_up = met.open.as_ref().map(|open| open.id);
        let mut script = self.independent();
        if let Some(open) = &met.open
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
            return Ok(Begun::GoesOn(Challenge { agreed, ..open.clone() }));
        }
        let unsent = met.unsent(budget);
        if let Some(given_up) = given_up.filter(|_| unsent.is_none()) {
            abandon(&mut script, given_up);
            // Only one may be open, so a former one is given up before.
            script.pause();
        }
        // Challenges before visits: the order in which who erases a person locks them.
        if let Some(visit) = visit(new, &met, unsent) {
            visits::record(&mut script, &visit);
        }
        if let Some(unsent) = unsent {
            looking.commit_with(script).await?;
            return Ok(unsent.into());
        }
        let message = messages::new_id(challenge.sent_at);
        self.insert_first(&mut script, new, (message, met.mute), (budget.charge, policy));
        let payment = (budget.charge, met.mute);
        if let Charged::Spent = self.commit_charged(looking, script, payment).await? {
            let refused = Some(Refused::First(Counted::Money));
            let visit = new.visit.clone().map(|visit| VisitRecord { refused, ..visit });
            self.note_spent(budget.charge, visit.as_ref()).await?;
            return Ok(Begun::Spent);
        }
        Ok(self.begun(new, message, met.over).await)
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

/// The visit in which a first code is asked for, with why none is sent.
fn visit(new: &NewChallenge, met: &Met, unsent: Option<Unsent>) -> Option<VisitRecord> {
    let of_number = met.over.map(|over| over.limit.counted);
    let refused = unsent.map(Unsent::counted).or(of_number).map(Refused::First);
    new.visit.clone().map(|visit| VisitRecord { refused, ..visit })
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
