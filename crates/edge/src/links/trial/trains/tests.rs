use std::net::{Ipv4Addr, UdpSocket};

use link::Key;

use super::*;
use crate::links::sectors::Turn;
use crate::links::settings::PathSettings;

/// One of the two ends of a path.
struct End {
    talk: Talk,
    key: TrainKey,
    trains: Trains,
}

/// The two ends of a path over the loopback device, at addresses that no other test has.
fn ends(number: u8) -> [End; 2] {
    let [.., high, low] = std::process::id().to_be_bytes();
    let address = |host: u8| Ipv4Addr::new(127, high | 0x80, low, 2 * number + host);
    let end = |own, other| {
        let (local, peer) = (address(own), address(other));
        let path = format!("name = 'loop'\ndevice = 'lo'\nlocal = '{local}'\npeer = '{peer}'");
        let talk = Talk::open(&toml::from_str::<PathSettings>(&path).unwrap()).unwrap();
        let key = TrainKey::of(&Key::new(&[7; 32]).unwrap());
        End { talk, key, trains: Trains::default() }
    };
    [end(0, 1), end(1, 0)]
}

const FOR_EVER: Turn = Turn { until: None, beside: link::sector::Beside::Nobody };

impl End {
    fn measure_down(&mut self, now: Instant) {
        self.trains.measure_down((&self.talk, &self.key), now);
    }

    /// Takes all that came; tells how much that was.
    fn hear(&mut self, now: Instant) -> usize {
        let mut octets = [0; LONGEST];
        let mut heard = 0;
        while let Some(came) = self.talk.hear(&mut octets) {
            let with = (&self.talk, &self.key);
            self.trains.hear(&octets[..came.length], came.stamp, with, now);
            heard += 1;
        }
        heard
    }

    fn expire(&mut self, turn: Turn, now: Instant) -> Came {
        self.trains.expire((&self.talk, &self.key), Some(turn), now)
    }

    /// When it tries again, which it must.
    fn tries_again(&self, now: Instant) -> Instant {
        let at = self.trains.next_deadline().unwrap();
        assert!((SOONEST..=LATEST).contains(&(at - now)), "{:?}", at - now);
        at
    }
}

/// Two ends that asked each other at the same moment, and both were refused.
fn who_met(number: u8, now: Instant) -> [End; 2] {
    let mut ends = ends(number);
    ends.iter_mut().for_each(|end| end.measure_down(now));
    // The request of the other, and then its word that it is busy.
    while ends.iter_mut().map(|end| end.hear(now)).sum::<usize>() > 0 {}
    ends
}

#[test]
fn two_ends_that_asked_each_other_at_the_same_moment_are_told_and_try_again() {
    let now = Instant::now();
    let [mut here, mut there] = who_met(1, now);
    there.tries_again(now);
    let at = here.tries_again(now);
    assert_eq!(here.expire(FOR_EVER, at), Came::Nothing);
    // The request, and then the whole train.
    assert_eq!(there.hear(at), 1);
    assert_eq!(here.hear(at), usize::from(Plan::GAUGE.packets));
    assert!(here.trains.asked.unwrap().0.is_over(at), "the train is here");
}

#[test]
fn a_train_that_was_sent_to_somebody_busy_is_sent_again() {
    let now = Instant::now();
    let [mut here, mut there] = ends(2);
    there.measure_down(now);
    here.trains.measure_up((&here.talk, &here.key));
    assert_eq!(there.hear(now), 1 + usize::from(Plan::GAUGE.packets));
    assert!(there.trains.announced.is_none(), "it is busy");
    here.hear(now);
    there.trains.forget();
    let at = here.tries_again(now);
    assert_eq!(here.expire(FOR_EVER, at), Came::Nothing);
    there.hear(at);
    assert!(there.trains.announced.unwrap().is_over(at), "the train is there");
}

#[test]
fn nothing_is_tried_again_that_would_meet_the_trains_of_the_next_turn() {
    let now = Instant::now();
    for (number, left, expected) in
        [(3, LASTS - Duration::from_millis(1), Came::OutOfTurn), (4, LASTS, Came::Nothing)]
    {
        let [mut here, mut there] = who_met(number, now);
        let at = here.tries_again(now);
        let turn = Turn { until: Some(at + left), ..FOR_EVER };
        assert_eq!(here.expire(turn, at), expected);
        assert_eq!(there.hear(at), usize::from(expected == Came::Nothing), "{left:?}");
    }
}

#[test]
fn a_run_that_is_over_has_no_trains() {
    let now = Instant::now();
    let [mut here, mut there] = who_met(5, now);
    here.trains.forget();
    assert_eq!(here.trains.next_deadline(), None);
    // Nor does what comes late keep the other end from its own.
    here.measure_down(now);
    there.trains.forget();
    there.hear(now);
    here.trains.forget();
    here.hear(now);
    assert_eq!(here.expire(FOR_EVER, now + LATEST), Came::Nothing);
    assert_eq!(here.trains.next_deadline(), None);
    there.measure_down(now);
    here.hear(now);
    assert_eq!(there.hear(now), usize::from(Plan::GAUGE.packets));
}

#[test]
fn who_is_always_refused_gives_up_after_some_times() {
    let now = Instant::now();
    let [mut here, mut there] = ends(6);
    there.trains.announced = Some(Receiver::new(TrainId(0), Plan::GAUGE, now));
    here.measure_down(now);
    let mut at = now;
    for _ in 0..AGAIN {
        there.hear(at);
        here.hear(at);
        at = here.tries_again(at);
        here.expire(FOR_EVER, at);
    }
    there.hear(at);
    here.hear(at);
    assert_eq!(here.trains.next_deadline(), None);
}

#[test]
fn what_somebody_else_says_is_not_heard() {
    let [here, there] = ends(7);
    let stranger = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    stranger.send_to(b"train", here.talk.peer).unwrap();
    here.talk.say(b"word");
    let heard = [(); 2].map(|()| there.talk.hear(&mut [0; LONGEST]).unwrap().length);
    assert_eq!(heard, [0, 4]);
}
