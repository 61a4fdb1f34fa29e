use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};

use link::policy::SigningKey;
use nix::sys::eventfd::EfdFlags;
use zeroize::Zeroizing;

use super::*;
use crate::links::settings::SwitchMode;

fn key(octet: u8) -> SigningKey {
    SigningKey::new(&Zeroizing::new([octet; 32]))
}

fn signed(signer: u8, site: &str, generation: u64, policy: &str) -> Value {
    let policy = key(signer).sign(site.parse().unwrap(), generation, policy.to_owned());
    serde_json::to_value(policy.unwrap()).unwrap()
}

fn missing(count: u8) -> String {
    format!("[[paths]]\nname = \"fibre\"\nmissing = {count}\n")
}

/// The event of a policy and why; how many heartbeats may be missing from now on, by which policy.
type Said = (Option<(String, String)>, Option<(u8, Option<u64>)>);

/// An agent with all that it says, whose files are in a folder.
struct Agent {
    reloader: Reloader,
    commands: Receiver<Command>,
    events: Receiver<Event>,
}

impl Agent {
    fn start(dir: &Path, file: &LinksSettings) -> (Self, LinksSettings) {
        assert!(dir.exists());
        let sections = Sections::open(file);
        let current = sections.current().clone();
        let (to_obey, commands) = sync_channel(16);
        let (to_write, events) = sync_channel(16);
        let wake = EventFd::from_flags(EfdFlags::EFD_NONBLOCK).unwrap();
        let words = Words {
            site: "hofuf".to_owned(),
            paths: vec!["fibre".to_owned()],
            mode: SwitchMode::default(),
        };
        let ways = Ways { commands: to_obey, wake: Arc::new(wake), events: to_write, words };
        let reloader = Reloader::new(sections, ways, Counts::default());
        (Self { reloader, commands, events }, current)
    }

    /// What became of a policy and why, if it was told; and how many heartbeats may be missing since.
    fn said(&self) -> Said {
        let event = self.events.try_recv().ok().map(|event| {
            assert_eq!(event.what, "policy");
            let to = event.to.unwrap_or_default();
            (format!("{} {to}", event.code.unwrap()), event.why.unwrap_or_default())
        });
        let command = self.commands.try_recv().ok().map(|command| match command {
            Command::Reload(fresh, policy) => (fresh.paths[0].missing, policy),
            other => panic!("{other:?}"),
        });
        (event, command)
    }
}

fn file(dir: &Path, is_pinned: bool) -> LinksSettings {
    let pinned =
        if is_pinned { format!("policy-key = \"{}\"", key(1).public()) } else { String::new() };
    let text = format!(
        "site = \"hofuf\"\noffices = [\"10.2.0.0/16\"]\n\
         [[paths]]\nname = \"fibre\"\ndevice = \"fib0\"\nlocal = \"192.0.2.1\"\npeer = \"192.0.2.2\"\n\
         [centre]\nurl = \"https://centre.example\"\nca = \"a\"\ncertificate = \"a\"\nkey = \"a\"\n\
         policy = \"{}/policy.json\"\n{pinned}\n",
        dir.display()
    );
    toml::from_str(&text).unwrap()
}

fn taken(generation: u64) -> Option<String> {
    Some(format!("taken generation {generation}"))
}

#[test]
fn a_policy_is_taken_and_the_agent_starts_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let section = file(dir.path(), true);
    let (agent, current) = Agent::start(dir.path(), &section);
    assert_eq!((current, agent.said()), (section.clone(), (None, None)));
    agent.reloader.offer(signed(1, "hofuf", 7, &missing(4)));
    let (event, command) = agent.said();
    assert_eq!((event.map(|event| event.0), command), (taken(7), Some((4, Some(7)))));
    agent.reloader.offer(signed(1, "hofuf", 7, &missing(4)));
    assert_eq!(agent.said(), (None, None), "it has it");
    agent.reloader.offer(signed(1, "hofuf", 9, &missing(6)));
    assert_eq!(agent.said().1, Some((6, Some(9))));
    let (again, current) = Agent::start(dir.path(), &section);
    assert_eq!((current.paths[0].missing, again.reloader.generation()), (6, Some(9)));
    let found = Some(("taken generation 9".to_owned(), "it was kept on the disk".to_owned()));
    assert_eq!(again.said(), (found, None));
}

#[test]
fn what_is_not_taken_changes_nothing_and_is_told_once() {
    let dir = tempfile::tempdir().unwrap();
    let (agent, _) = Agent::start(dir.path(), &file(dir.path(), true));
    agent.reloader.offer(signed(1, "hofuf", 7, &missing(4)));
    agent.said();
    let kept = std::fs::read(dir.path().join("policy.json")).unwrap();
    let mut changed = signed(1, "hofuf", 8, &missing(4));
    changed["policy"] = missing(9).into();
    for (offered, named) in [
        (changed, "its signature is not genuine"),
        (signed(2, "hofuf", 8, ""), "which is not the one in `policy-key`"),
        (signed(1, "abha", 8, ""), "it is the policy of abha"),
        (signed(1, "hofuf", 6, &missing(4)), "generation 7 was taken before"),
        (signed(1, "hofuf", 7, &missing(5)), "another policy of generation 7"),
        (signed(1, "hofuf", 8, "site = \"abha\""), "unknown field `site`"),
        (
            signed(1, "hofuf", 8, &missing(4).replace("missing = 4", "probes-per-second = 0")),
            "restart it",
        ),
        (signed(1, "hofuf", 8, "offices = [\"192.0.2.0/24\"]"), "192.0.2.2"),
        (serde_json::json!({ "generation": 8, "sealed": true }), "unknown field `sealed`"),
    ] {
        agent.reloader.offer(offered.clone());
        let (event, command) = agent.said();
        let (what, why) = event.unwrap();
        assert!(what.starts_with("refused generation ") && why.contains(named), "{why}");
        agent.reloader.offer(offered);
        assert_eq!((command, agent.said()), (None, (None, None)), "{named}");
        assert_eq!(std::fs::read(dir.path().join("policy.json")).unwrap(), kept, "{named}");
    }
}

#[test]
fn on_a_full_disk_the_last_policy_stays_and_the_next_is_taken_later() {
    let dir = tempfile::tempdir().unwrap();
    let section = file(dir.path(), true);
    let (agent, _) = Agent::start(dir.path(), &section);
    agent.reloader.offer(signed(1, "hofuf", 7, &missing(4)));
    agent.said();
    // What stands in the way of a new file is as good as a full disk.
    let full = dir.path().join("policy.json.new");
    std::fs::create_dir(&full).unwrap();
    agent.reloader.offer(signed(1, "hofuf", 8, &missing(6)));
    let (event, command) = agent.said();
    assert_eq!((event.unwrap().0.as_str(), command), ("refused generation 8", None));
    assert_eq!(Agent::start(dir.path(), &section).1.paths[0].missing, 4);
    std::fs::remove_dir(full).unwrap();
    agent.reloader.offer(signed(1, "hofuf", 8, &missing(6)));
    assert_eq!(agent.said().1, Some((6, Some(8))));
}

#[test]
fn a_policy_that_was_changed_on_the_disk_leaves_the_file_alone_in_force() {
    let dir = tempfile::tempdir().unwrap();
    let section = file(dir.path(), true);
    let place = dir.path().join("policy.json");
    let good = signed(1, "hofuf", 7, &missing(4)).to_string();
    for (text, named) in [
        (good.replace("missing = 4", "missing = 9"), "its signature is not genuine"),
        (signed(2, "hofuf", 7, "").to_string(), "which is not the one in `policy-key`"),
        (good[..good.len() / 2].to_owned(), "EOF"),
        (signed(1, "hofuf", 7, "[[paths]]\nname = \"gone\"").to_string(), "there is no path gone"),
    ] {
        std::fs::write(&place, text).unwrap();
        let (agent, current) = Agent::start(dir.path(), &section);
        assert_eq!(current, section);
        let (what, why) = agent.said().0.unwrap();
        assert!(what == "refused " && why.contains(named), "{what} {why}");
    }
    // What was genuine and only does not fit any more is still the last one.
    let (agent, _) = Agent::start(dir.path(), &section);
    assert_eq!(agent.reloader.generation(), Some(7));
}

#[test]
fn without_a_key_in_the_file_nothing_is_taken() {
    let dir = tempfile::tempdir().unwrap();
    let policy = signed(1, "hofuf", 7, &missing(4));
    std::fs::write(dir.path().join("policy.json"), policy.to_string()).unwrap();
    let section = file(dir.path(), false);
    let (agent, current) = Agent::start(dir.path(), &section);
    agent.reloader.offer(policy);
    assert_eq!((current, agent.reloader.generation(), agent.said()), (section, None, (None, None)));
}

#[test]
fn a_changed_file_is_taken_with_the_policy_over_it() {
    let dir = tempfile::tempdir().unwrap();
    let section = file(dir.path(), true);
    let (agent, _) = Agent::start(dir.path(), &section);
    agent.reloader.offer(signed(
        1,
        "hofuf",
        7,
        &format!("offices = [\"10.3.0.0/16\"]\n{}", missing(4)),
    ));
    agent.said();
    let mut fresh = section.clone();
    (fresh.paths[0].missing, fresh.paths[0].bad_delay_ms) = (9, 55);
    agent.reloader.reload(&fresh).unwrap();
    assert_eq!(agent.said(), (None, Some((4, Some(7)))));
    // It would do by itself, and not with the offices of the policy.
    fresh.canary = fresh.offices.clone();
    let refused = agent.reloader.reload(&fresh).unwrap_err();
    assert!(reason(&refused).contains("10.2.0.0/16 in `canary`"), "{}", reason(&refused));
    assert_eq!(agent.said(), (None, None));
    agent.reloader.offer(signed(1, "hofuf", 8, ""));
    assert_eq!(agent.said().1, Some((9, Some(8))), "the file is what it says");
}
