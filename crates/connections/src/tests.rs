use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use proptest::prelude::*;

use super::*;

fn is_lost<S: Eq + Hash + Clone>(place: &Place<S>) -> bool {
    place.end.is_cancelled()
}

fn poll_once(future: Pin<&mut impl Future<Output = ()>>) -> Poll<()> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn the_oldest_that_never_asked_gives_way_then_the_one_that_is_idle_for_longest() {
    let room = Room::new(3, 3);
    let answered = room.take('a').unwrap();
    drop(answered.work());
    let (silent, later) = (room.take('b').unwrap(), room.take('c').unwrap());
    let fourth = room.take('d').unwrap();
    assert!(is_lost(&silent) && !is_lost(&answered) && !is_lost(&later));
    let _work = (later.work(), fourth.work());
    let fifth = room.take('e').unwrap();
    assert!(is_lost(&answered));
    let _work_too = fifth.work();
    assert!(room.take('f').is_none(), "everybody is at work");
    assert!(!is_lost(&fifth));
}

#[test]
fn who_has_its_share_displaces_only_its_own() {
    let room = Room::new(9, 2);
    let neighbour = room.take('b').unwrap();
    let (first, second) = (room.take('a').unwrap(), room.take('a').unwrap());
    let third = room.take('a').unwrap();
    assert!(is_lost(&first) && !is_lost(&second) && !is_lost(&neighbour));
    let _work = (second.work(), third.work());
    assert!(room.take('a').is_none(), "its share is at work");
    assert!(room.take('b').is_some());
}

#[test]
fn a_place_is_given_back_once() {
    let room = Room::new(1, 1);
    let first = room.take('a').unwrap();
    let second = room.take('b').unwrap();
    drop(first);
    assert_eq!(room.taken().connections.len(), 1, "the one that was displaced has left before");
    let work = second.work();
    drop(work);
    drop(second);
    let taken = room.taken();
    assert!(taken.connections.is_empty() && taken.waiting.is_empty());
    assert!(taken.by_source.is_empty() && taken.shares.is_empty());
}

#[test]
fn who_was_displaced_ends_nobody_who_has_the_same_place_now() {
    let room = Room::new(1, 1);
    let first = room.take('a').unwrap();
    let second = room.take('b').unwrap();
    assert_eq!(first.at, second.at);
    let work = second.work();
    drop(first.work());
    drop(first);
    assert!(room.take('c').is_none(), "the second is there and at work");
    drop(work);
    assert!(room.take('c').is_some() && is_lost(&second));
}

#[tokio::test]
async fn while_many_are_on_their_way_out_newcomers_wait() {
    let room = Room::new(32, 32);
    let mut places: Vec<_> = (0..33).map(|_| room.take('a').unwrap()).collect();
    room.cleared().await;
    places.push(room.take('a').unwrap());
    assert!(is_lost(&places[0]) && is_lost(&places[1]));
    let mut cleared = std::pin::pin!(room.cleared());
    assert!(poll_once(cleared.as_mut()).is_pending(), "two have not left yet");
    drop(places.pop());
    assert!(poll_once(cleared.as_mut()).is_pending(), "nobody of those who gave way left");
    drop(places.remove(0));
    cleared.await;
}

#[derive(Debug, Clone)]
enum Step {
    Come(u8),
    Leave(usize),
    Ask(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..6_u8).prop_map(Step::Come),
        any::<usize>().prop_map(Step::Leave),
        any::<usize>().prop_map(Step::Ask),
    ]
}

proptest! {
    #[test]
    fn there_are_never_more_than_there_is_room_for(steps in proptest::collection::vec(step(), 0..200)) {
        let room = Room::new(7, 3);
        let mut places: Vec<Place<u8>> = Vec::new();
        for step in steps {
            match step {
                // Nobody is at work between two steps, so that somebody can always give way.
                Step::Come(source) => places.push(room.take(source).unwrap()),
                Step::Leave(at) if !places.is_empty() => drop(places.swap_remove(at % places.len())),
                Step::Ask(at) if !places.is_empty() => drop(places[at % places.len()].work()),
                Step::Leave(_) | Step::Ask(_) => {}
            }
            let taken = room.taken();
            let there = places.iter().filter(|place| !is_lost(place)).count();
            prop_assert!(there <= 7);
            prop_assert_eq!(taken.connections.len(), there);
            prop_assert_eq!(taken.leaving, places.len() - there);
            prop_assert_eq!(taken.waiting.len(), there);
            prop_assert_eq!(taken.shares.len(), taken.by_source.len());
            let shares = || taken.shares.iter().map(|(_, share)| share);
            prop_assert!(shares().all(|share| (1..=3).contains(&share.all)));
            prop_assert_eq!(shares().map(|share| share.all).sum::<usize>(), there);
            let mut waiting: Vec<_> = shares().flat_map(|share| share.waiting.clone()).collect();
            waiting.sort_unstable();
            prop_assert!(waiting.iter().eq(taken.waiting.keys()));
        }
    }
}
