use std::sync::mpsc::{Receiver, sync_channel};

use nix::sys::eventfd::EfdFlags;

use super::*;
use crate::links::settings::{BudgetPeriod, SwitchMode};

const LTE: PathNumber = PathNumber::new(1);
/// In the middle of November by the clocks of Riyadh.
const NOW: u64 = 1_794_700_000;
const MONTH: u64 = 31 * 86_400;

/// A fibre, and LTE of which 100 MB a month may be spent; the log is in that folder.
fn settings(folder: &Path) -> LinksSettings {
    let text = format!(
        r#"
        site = "hofuf"
        offices = ["10.2.0.0/16"]
        event-log = "{}/links.jsonl"
        [[paths]]
        name = "fibre"
        device = "fib0"
        local = "192.0.2.1"
        peer = "192.0.2.2"
        [[paths]]
        name = "lte"
        device = "lte0"
        local = "198.51.100.1"
        peer = "198.51.100.2"
        metered = true
        budget-mb = 100
        "#,
        folder.display()
    );
    toml::from_str(&text).unwrap()
}

/// A keeper with who hears its events and orders.
fn begin(folder: &Path) -> (Keeper, Receiver<Event>, Receiver<Command>) {
    let settings = settings(folder);
    let counts = open(&settings).unwrap();
    let paths = settings.paths.iter().map(|path| path.name.clone()).collect();
    let words = Words { site: "hofuf".to_owned(), paths, mode: SwitchMode::Switch };
    let (events, heard) = sync_channel(16);
    let (commands, obeyed) = sync_channel(16);
    let wake = Arc::new(EventFd::from_flags(EfdFlags::EFD_NONBLOCK).unwrap());
    let ways = Ways { commands, wake, events, words };
    let keeper = Keeper::of(&settings, &counts, &ways).unwrap();
    (keeper, heard, obeyed)
}

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn told(heard: &Receiver<Event>) -> Vec<(String, String)> {
    heard.try_iter().map(|event| (event.path.unwrap(), event.to.unwrap())).collect()
}

#[tokio::test]
async fn what_is_spent_is_told_once_and_kept_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (keeper, heard, obeyed) = begin(folder.path());
    assert!(!keeper.look(at(NOW)), "nothing was spent");
    keeper.counts.add(LTE, 70_000_000);
    keeper.counts.add(PathNumber::PRIMARY, 70_000_000);
    assert!(keeper.look(at(NOW)));
    assert_eq!(told(&heard), [("lte".to_owned(), "thin".to_owned())]);
    keeper.counts.add(LTE, 30_000_000);
    assert!(keeper.look(at(NOW)));
    assert!(!keeper.look(at(NOW + 60)), "it is told once");
    let event = heard.try_recv().unwrap();
    assert_eq!((event.what.as_str(), event.to.as_deref()), ("budget", Some("used-up")));
    let why = "100.0 of 100.0 MB are spent on watching it; the next are for 2026-12-01 00:00:00";
    assert_eq!(event.why.as_deref(), Some(why));
    let orders: Vec<_> = obeyed.try_iter().collect();
    assert_eq!(orders, [Thrift::Thin, Thrift::UsedUp].map(|of| Command::Thrift(LTE, of)));
    drop(keeper.keep(true).await);

    let (keeper, heard, obeyed) = begin(folder.path());
    assert_eq!(keeper.counts.status(LTE).unwrap().spent, 100_000_000);
    assert_eq!(keeper.counts.thrift(LTE), Thrift::UsedUp, "from the first moment on");
    assert!(!keeper.look(at(NOW + 120)), "what was told is not told again");
    assert!(keeper.look(at(NOW + MONTH)), "another month");
    assert_eq!(told(&heard), [("lte".to_owned(), "within-budget".to_owned())]);
    assert_eq!(obeyed.try_iter().last(), Some(Command::Thrift(LTE, Thrift::None)));
    assert_eq!(keeper.counts.status(LTE).unwrap().spent, 0);
    assert_eq!(keeper.counts.status(PathNumber::PRIMARY), None);
}

#[test]
fn another_budget_counts_from_the_next_look_on_and_what_was_spent_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (keeper, heard, obeyed) = begin(folder.path());
    keeper.counts.add(LTE, 50_000_000);
    assert!(!keeper.look(at(NOW)));
    let of = |mb: Option<u32>, period: BudgetPeriod, day: u8| {
        let mut fresh = settings(folder.path());
        let lte = &mut fresh.paths[1];
        (lte.budget_mb, lte.budget_period, lte.budget_day) = (mb, period, day);
        fresh
    };
    let [month, day] = [BudgetPeriod::Month, BudgetPeriod::Day];
    for (mb, period, first, told_then, spent) in [
        (Some(40), month, 1, Some("used-up"), 50),
        (Some(500), month, 1, Some("within-budget"), 50),
        (Some(51), month, 1, Some("thin"), 50),
        // Who has no limit is still counted.
        (None, month, 1, Some("within-budget"), 50),
        (Some(50), month, 1, Some("used-up"), 50),
        // A month of the contract that began later, or a day, is another one.
        (Some(50), month, 10, Some("within-budget"), 0),
        (Some(50), day, 1, None, 0),
    ] {
        keeper.counts.change(&of(mb, period, first));
        assert_eq!(keeper.look(at(NOW)), told_then.is_some(), "{mb:?} {period:?} {first}");
        let events = told(&heard).into_iter().map(|(_, to)| to).collect::<Vec<_>>();
        assert_eq!(events, told_then.as_slice(), "{mb:?} {period:?} {first}");
        assert_eq!(obeyed.try_iter().count(), told_then.iter().count());
        let status = keeper.counts.status(LTE).map(|status| (status.spent, status.budget));
        let octets = |mb: u32| u64::from(mb) * 1_000_000;
        let expected = mb.map(|mb| (octets(spent), octets(mb)));
        assert_eq!(status, expected, "{mb:?} {period:?} {first}");
    }
}

#[tokio::test]
async fn a_file_that_nobody_understands_begins_anew_and_small_sums_wait_for_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let file = place(&settings(folder.path()));
    std::fs::write(&file, "{").unwrap();
    let (keeper, _heard, _obeyed) = begin(folder.path());
    assert_eq!(keeper.counts.status(LTE).unwrap().spent, 0);
    let keeper = keeper.keep(true).await;
    let first = std::fs::read(&file).unwrap();
    keeper.counts.add(LTE, KEEP_FROM - 1);
    keeper.look(at(NOW));
    let keeper = keeper.keep(false).await;
    assert_eq!(std::fs::read(&file).unwrap(), first, "it waits");
    keeper.counts.add(LTE, 1);
    keeper.look(at(NOW));
    drop(keeper.keep(false).await);
    assert_eq!(read(&file).unwrap()[0].spent.octets, KEEP_FROM);
}
