//! What is refused to a visitor, in words for the help desk, and what to do about it.

use domain::{
    Counted, EntryRefusal, PhoneError, Refusal, Refusals, Refused, VisitRecord, VoucherRefusal,
};

use crate::admin::api::{RefusalTold, RefusalsTold};

/// All that was refused in a visit.
pub(super) fn told(refusals: Refusals) -> RefusalsTold {
    let Refusals { count, first, last } = refusals;
    RefusalsTold { count, first: told_once(first), last: told_once(last) }
}

fn told_once(refusal: Refusal) -> RefusalTold {
    let text = match refusal.why {
        Refused::First(counted) => too_much(counted).to_owned(),
        Refused::Another(counted) => format!("no other message: {}", too_much(counted)),
        Refused::Entry(why) => kept_out(why).to_owned(),
    };
    RefusalTold { at: refusal.at, text }
}

/// What there was too much of.
pub(crate) const fn too_much(counted: Counted) -> &'static str {
    match counted {
        Counted::SendsOfDevice => "the device had all its messages of the hour",
        Counted::NumbersOfDevice => "the device asked codes for too many numbers today",
        Counted::ChallengesOfNumber => "too many codes were asked for that number",
        Counted::SendsToNumber => "the number had all its messages of the day",
        Counted::Blocks => {
            "messages to that number, or at this site, are blocked (sabeel sms blocks)"
        }
        Counted::SendsToBlock => "too many messages went to numbers like that one",
        Counted::SpentChallengesOfDevice => "the device had just had all messages of a sign-in",
        Counted::Money => "the money for messages was spent (sabeel sms budget)",
        Counted::SendsOfAccessPoint => "the access point had all its messages of the minute",
        Counted::SendsOfSite => "the site had all its messages of the minute",
        Counted::SendsToCountry => "numbers of that country had all their messages of the minute",
        Counted::SendsOfAll => "all messages that may be sent at a time were sent",
    }
}

/// Why no message came into question.
pub(super) const fn kept_out(why: EntryRefusal) -> &'static str {
    match why {
        EntryRefusal::Number(PhoneError::Empty) => "no number was typed",
        EntryRefusal::Number(PhoneError::Letters) => {
            "the number had something other than digits in it"
        }
        EntryRefusal::Number(PhoneError::Format) => "the number was incomplete or mistyped",
        EntryRefusal::Number(PhoneError::Landline) => "the number was none of a mobile telephone",
        EntryRefusal::Number(PhoneError::CountryNotEnabled) => {
            "the number was of a country that the site sends nothing to"
        }
        EntryRefusal::Terms => "the terms were not accepted",
        EntryRefusal::Closed => "the site was closed",
        EntryRefusal::Full => "as many devices were online as the site takes",
        EntryRefusal::Unseen => "RADIUS was not asked about the device at the site",
        EntryRefusal::Late => "the page had been open for too long for a message",
        EntryRefusal::Forms => "the device, or all together, sent too many forms",
        EntryRefusal::VoucherFormat => "what was typed is no code of a voucher",
        EntryRefusal::Voucher(VoucherRefusal::Unknown) => {
            "the voucher is unknown here, of another site, or revoked"
        }
        EntryRefusal::Voucher(VoucherRefusal::Over) => "the voucher's time was over",
        EntryRefusal::Voucher(VoucherRefusal::Full) => "the voucher had admitted all its devices",
        EntryRefusal::VoucherTries => "too many vouchers were tried",
    }
}

/// What to do about a limit that is reached.
pub(super) const fn relief(counted: Counted) -> &'static str {
    match counted {
        Counted::Money => {
            "allow more for today by `sabeel sms budget`, or give the visitor a voucher"
        }
        Counted::SendsOfAccessPoint | Counted::SendsOfSite => {
            "try again in a minute, or allow the site more by `sabeel site set --limit`"
        }
        Counted::SendsToCountry | Counted::SendsOfAll => {
            "try again in a minute, or give the visitor a voucher"
        }
        _ if counted.is_of_number() => {
            "wait until the limit is over; if nobody asked, somebody else typed the number"
        }
        _ => "wait until the limit is over, or sign in with another device",
    }
}

/// What to do about a visitor of whom no message came into question.
pub(super) fn way_in(why: EntryRefusal, visit: &VisitRecord) -> String {
    match why {
        EntryRefusal::Number(PhoneError::CountryNotEnabled) => {
            "give the visitor a voucher, or enable the country by `sabeel site set --countries`"
        }
        EntryRefusal::Number(_) => "let the visitor type a mobile number again",
        EntryRefusal::Terms => "the box of the terms must be ticked",
        EntryRefusal::Closed | EntryRefusal::Full => {
            return format!("see `sabeel site show {}`", visit.site);
        }
        EntryRefusal::Unseen => {
            return format!(
                "let the visitor join the Wi-Fi again; if that does not help, `sabeel nas test {}`",
                visit.nas
            );
        }
        EntryRefusal::Late => "let the visitor open the Wi-Fi page again",
        EntryRefusal::Forms | EntryRefusal::VoucherTries => "let the visitor wait a few minutes",
        EntryRefusal::VoucherFormat | EntryRefusal::Voucher(_) => {
            "see `sabeel voucher list`, or give the visitor another voucher"
        }
    }
    .to_owned()
}
