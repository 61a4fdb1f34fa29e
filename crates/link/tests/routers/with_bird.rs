//! What is told and done between BIRD and us.

use link::bfd::{
    Algorithm, Authentication, Diagnostic, DropReason, KeyId, Keys, Secret, Settings, State,
};

use crate::agent::Agent;
use crate::bird::{Bird, Shown};
use crate::eventually;
use crate::ground::Ground;
use crate::shell::Told;
use crate::with_frr::{ms, settings};

const US: &str = "10.0.0.2";
const US_V6: &str = "fd00::2";
const US_AFAR: &str = "10.2.0.2";

/// BIRD's lines about us as a neighbour, with these milliseconds to send and to receive, that
/// multiplier, and more.
fn neighbour(us: &str, (tx, rx, detect_mult): (u64, u64, u8), more: &str) -> String {
    format!(
        " interface \"wire\" {{ min tx interval {tx} ms; min rx interval {rx} ms; \
         multiplier {detect_mult}; {more} }};\n neighbor {us} dev \"wire\";\n"
    )
}

const USUAL: (u64, u64, u8) = (200, 200, 5);

fn usual() -> Settings {
    settings(200, 200, 5)
}

fn is_up(shown: &Shown) -> bool {
    shown.state == "Up"
}

/// Many packets later nothing has changed.
fn nothing_changes(agent: &Agent) {
    assert_eq!(agent.changes(), []);
    for _ in 0..20 {
        agent.hears("packet", |told| matches!(told, Told::Heard(_)));
    }
    assert_eq!(agent.changes(), []);
}

#[test]
fn intervals_are_agreed_with_bird_and_changed_without_a_flap() {
    let ground = Ground::lay();
    let bird = Bird::start(&ground, &neighbour(US, (150, 400, 8), ""));
    let agent = Agent::on_the_wire(&ground, settings(300, 170, 4));
    agent.becomes(State::Up);
    let standing =
        agent.stands("what was agreed", |standing| standing.detection_time == Some(ms(8 * 170)));
    assert_eq!(standing.transmit_interval, ms(400));
    let is_agreed = |shown: &Shown| (&*shown.interval, &*shown.timeout) == ("0.170", "1.600");
    assert!(is_up(&bird.sees(US, "what was agreed", is_agreed)));
    // Slower and faster, as we wish.
    for (tx, rx, detect_mult, seen) in
        [(800, 100, 5, ("0.150", "4.000")), (100, 800, 7, ("0.800", "2.800"))]
    {
        agent.reconfigure(settings(tx, rx, detect_mult));
        bird.sees(US, "our wishes", |shown| (&*shown.interval, &*shown.timeout) == seen);
        agent.stands("new pace", |standing| {
            !standing.is_polling && standing.transmit_interval == ms(tx.max(400))
        });
    }
    // And as BIRD does.
    agent.reconfigure(usual());
    for (tx, rx, detect_mult) in [(800, 120, 5), (100, 600, 6)] {
        bird.configure(&neighbour(US, (tx, rx, detect_mult), ""));
        agent.hears("a Poll", |told| matches!(told, Told::Heard(packet) if packet.is_poll));
        agent.hears(
            "its end",
            |told| matches!(told, Told::Heard(packet) if !packet.is_poll && !packet.is_final),
        );
        agent.stands("its wishes", |standing| {
            standing.transmit_interval == ms(rx.max(200))
                && standing.detection_time == Some(ms(tx.max(200)) * detect_mult.into())
        });
    }
    nothing_changes(&agent);
    assert_eq!(bird.falls(), 0);
}

#[test]
fn sessions_with_bird_are_up_over_ipv6_and_over_a_router() {
    let ground = Ground::lay();
    let lines = neighbour(US_V6, USUAL, "")
        + " multihop { interval 200 ms; multiplier 5; };\n neighbor 10.2.0.2 local 10.1.0.1 multihop;\n";
    let bird = Bird::start(&ground, &lines);
    let near = Agent::on_the_wire_v6(&ground, usual());
    near.becomes(State::Up);
    bird.sees(US_V6, "session", is_up);
    // What BIRD sends over routers begins with 64.
    let strict = Agent::afar(&ground, usual(), 64);
    eventually("packets that have crossed a router", || {
        let dropped = strict.act(|shell| shell.sessions.dropped().of(DropReason::Ttl));
        (dropped > 1).then_some(())
    });
    assert_eq!(strict.standing().heard, None);
    drop(strict);
    let afar = Agent::afar(&ground, usual(), 63);
    afar.becomes(State::Up);
    bird.sees(US_AFAR, "session", is_up);
    nothing_changes(&afar);
    assert_eq!(near.changes(), []);
}

#[test]
fn bird_is_told_that_we_hold_a_session_down() {
    let ground = Ground::lay();
    let bird = Bird::start(&ground, &neighbour(US, USUAL, ""));
    let agent = Agent::on_the_wire(&ground, usual());
    agent.becomes(State::Up);
    bird.sees(US, "session", is_up);
    agent.stands("pace", |standing| standing.detection_time == Some(ms(1_000)));
    let session = agent.session;
    agent.act(move |shell| {
        let why = Diagnostic::AdministrativelyDown;
        shell.sessions.disable(session, why, std::time::Instant::now())
    });
    bird.sees(US, "that we hold it down", |shown| shown.state == "Down");
    agent.hears("that BIRD knows", |told| {
        matches!(told, Told::Heard(packet)
            if packet.diagnostic == Diagnostic::NeighborSignaledSessionDown)
    });
    agent.act(move |shell| shell.sessions.enable(session, std::time::Instant::now()));
    agent.becomes(State::Up);
    bird.sees(US, "session again", is_up);
    // BIRD ends sessions without a word.
    bird.asked(&["disable", "watch"]);
    let (_, change) = agent.becomes(State::Down);
    assert_eq!(change.diagnostic, Diagnostic::ControlDetectionTimeExpired);
    bird.asked(&["enable", "watch"]);
    agent.becomes(State::Up);
    bird.sees(US, "session for the third time", is_up);
}

#[test]
fn bird_is_told_of_a_loss_of_one_direction_and_both_come_back() {
    let ground = Ground::lay();
    let bird = Bird::start(&ground, &neighbour(US, USUAL, ""));
    let agent = Agent::on_the_wire(&ground, usual());
    agent.becomes(State::Up);
    agent.stands("pace", |standing| standing.detection_time == Some(ms(1_000)));
    ground.deafen_us(true);
    let (_, change) = agent.becomes(State::Down);
    assert_eq!(change.diagnostic, Diagnostic::ControlDetectionTimeExpired);
    bird.sees(US, "our word", |shown| !is_up(shown));
    ground.deafen_us(false);
    agent.becomes(State::Up);
    bird.sees(US, "session", is_up);
    assert_eq!(bird.falls(), 1);
}

/// Either side crashes and comes back.
fn crash_both(bird: &mut Bird<'_>, agent: &mut Agent, settings: &Settings) {
    let before = agent.standing();
    bird.kill();
    agent.becomes(State::Down);
    bird.start_again();
    agent.becomes(State::Up);
    bird.sees(US, "session", is_up);
    assert_ne!(agent.standing().remote, before.remote);

    let falls = bird.falls();
    agent.begin_anew(settings.clone());
    agent.becomes(State::Up);
    bird.sees(US, "our new session", |shown| bird.falls() == falls + 1 && is_up(shown));
    nothing_changes(agent);
}

#[test]
fn either_bird_or_we_may_crash_and_come_back() {
    let ground = Ground::lay();
    let mut bird = Bird::start(&ground, &neighbour(US, USUAL, ""));
    let mut agent = Agent::on_the_wire(&ground, usual());
    agent.becomes(State::Up);
    crash_both(&mut bird, &mut agent, &usual());
}

/// Our settings with keys by their numbers, the first of which is sent with.
fn proved(algorithm: Algorithm, keys: &[(u8, &str)]) -> Settings {
    let key = |(id, secret): &(u8, &str)| (KeyId(*id), Secret::new(secret.as_bytes()).unwrap());
    let mut keys = keys.iter().map(key);
    let sending = keys.next().unwrap();
    let keys = Keys::new(algorithm, sending, keys.collect()).unwrap();
    usual().with_authentication(Authentication::On(keys))
}

/// Waits until we have dropped packets for that reason, and BIRD for one of its own.
fn neither_believes(bird: &Bird<'_>, agent: &Agent, reason: DropReason, of_bird: &str) {
    eventually("packets that prove nothing", || {
        let dropped = agent.act(move |shell| shell.sessions.dropped().of(reason));
        (dropped > 1 && bird.said().contains(of_bird)).then_some(())
    });
    assert_eq!(agent.standing().heard, None);
    assert!(agent.changes().is_empty());
    assert!(!is_up(&bird.sees(US, "session", |_| true)));
}

fn authenticated(algorithm: Algorithm, words: &str, wrong: &str) {
    let ground = Ground::lay();
    let key = format!("authentication {words}; password \"murmur\" {{ id 7; }};");
    let mut bird = Bird::start(&ground, &neighbour(US, USUAL, &key));
    let agent = Agent::on_the_wire(&ground, usual());
    let unexpected = DropReason::AuthenticationUnexpected;
    neither_believes(&bird, &agent, unexpected, "authentication method mismatch");
    drop(agent);
    let agent = Agent::on_the_wire(&ground, proved(algorithm, &[(7, "murmer")]));
    neither_believes(&bird, &agent, DropReason::AuthenticationMismatch, wrong);
    drop(agent);
    let settings = proved(algorithm, &[(7, "murmur")]);
    let mut agent = Agent::on_the_wire(&ground, settings.clone());
    agent.becomes(State::Up);
    bird.sees(US, "session", is_up);
    nothing_changes(&agent);
    crash_both(&mut bird, &mut agent, &settings);
}

#[test]
fn packets_to_and_from_bird_are_proved_by_a_password() {
    authenticated(Algorithm::SimplePassword, "simple", "wrong password");
}

#[test]
fn packets_to_and_from_bird_are_proved_by_sha1() {
    authenticated(Algorithm::KeyedSha1, "keyed sha1", "wrong authentication code");
}

#[test]
fn packets_to_and_from_bird_are_proved_by_meticulous_sha1() {
    let words = "meticulous keyed sha1";
    authenticated(Algorithm::MeticulousKeyedSha1, words, "wrong authentication code");
}

#[test]
fn keys_are_changed_with_bird_without_a_flap() {
    let ground = Ground::lay();
    let lines = |keys: &[(u8, &str)]| {
        let key = |(id, secret): &(u8, &str)| format!("password \"{secret}\" {{ id {id}; }}; ");
        let keys: String = keys.iter().map(key).collect();
        neighbour(US, USUAL, &format!("authentication meticulous keyed sha1; {keys}"))
    };
    let ours = |keys: &[(u8, &str)]| proved(Algorithm::MeticulousKeyedSha1, keys);
    let (old, new) = ((1, "murmur"), (2, "whisper"));
    let bird = Bird::start(&ground, &lines(&[old]));
    let agent = Agent::on_the_wire(&ground, ours(&[old]));
    agent.becomes(State::Up);
    bird.sees(US, "session", is_up);
    // Both accept the new one, each sends with it, and the old one is forgotten.
    agent.reconfigure(ours(&[old, new]));
    bird.configure(&lines(&[new, old]));
    nothing_changes(&agent);
    agent.reconfigure(ours(&[new]));
    bird.configure(&lines(&[new]));
    nothing_changes(&agent);
    assert_eq!(bird.falls(), 0);
    // Who has the old one alone is believed no more.
    agent.reconfigure(ours(&[old]));
    agent.becomes(State::Down);
    bird.sees(US, "silence", |shown| !is_up(shown));
    agent.reconfigure(ours(&[new]));
    agent.becomes(State::Up);
    bird.sees(US, "session again", is_up);
}
