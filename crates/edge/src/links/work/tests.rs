use std::sync::mpsc::{Receiver, sync_channel};

use nix::sys::eventfd::EfdFlags;

use super::*;
use crate::links::settings::SwitchMode;

const FIBRE: PathNumber = PathNumber::PRIMARY;
/// When work is planned, in seconds of Unix time.
const MADE: u64 = 1_795_597_200;
const SECS: fn(u64) -> Duration = Duration::from_secs;

fn settings(folder: &Path) -> LinksSettings {
    let text = format!(
        "site = \"hofuf\"\noffices = [\"10.2.0.0/16\"]\nevent-log = \"{}/links.jsonl\"\n\
         [[paths]]\nname = \"fibre\"\ndevice = \"fib0\"\nlocal = \"192.0.2.1\"\npeer = \"192.0.2.2\"\n\
         [centre]\nurl = \"https://centre.example\"\nca = \"a\"\ncertificate = \"a\"\nkey = \"a\"\n",
        folder.display()
    );
    toml::from_str(&text).unwrap()
}

/// A keeper with who hears its events and has room for one order.
struct Router {
    keeper: WorkKeeper,
    events: Receiver<Event>,
    commands: Receiver<Command>,
    begun: Instant,
}

impl Router {
    fn start(folder: &Path) -> Self {
        let settings = settings(folder);
        let words = Words {
            site: "hofuf".to_owned(),
            paths: vec!["fibre".to_owned()],
            mode: SwitchMode::default(),
        };
        let ((to_write, events), (to_obey, commands)) = (sync_channel(16), sync_channel(1));
        let wake = Arc::new(EventFd::from_flags(EfdFlags::EFD_NONBLOCK).unwrap());
        let ways = Ways { commands: to_obey, wake, events: to_write, words };
        let keeper = WorkKeeper::of(&settings, Work::open(&settings), &ways).unwrap();
        Self { keeper, events, commands, begun: Instant::now() }
    }

    fn look(&mut self, after: u64) -> Option<Planned> {
        let at = UNIX_EPOCH + SECS(MADE + after);
        self.keeper.look(at, self.begun + SECS(after))
    }

    fn told(&self) -> Vec<(String, String)> {
        let told = |event: Event| {
            assert_eq!(event.what, "work");
            (event.to.unwrap(), event.why.unwrap())
        };
        self.events.try_iter().map(told).collect()
    }
}

fn planned() -> Planned {
    let window = |path: &str, from: u64, until: u64| Window {
        path: path.parse().unwrap(),
        from: (MADE + from) * 1_000,
        until: (MADE + until) * 1_000,
        why: "splice".to_owned(),
    };
    // Of copper this router knows nothing.
    let windows = vec![window("fibre", 10, 40), window("copper", 10, 40)];
    Planned { now: MADE * 1_000, windows }
}

fn event(to: &str) -> (String, String) {
    (to.to_owned(), "splice".to_owned())
}

#[tokio::test]
async fn work_holds_over_a_restart_without_the_centre() {
    let folder = tempfile::tempdir().unwrap();
    let mut router = Router::start(folder.path());
    router.keeper.work.hear(planned(), router.begun);
    let fresh = router.look(0).unwrap();
    router.keeper.keep(fresh).await;
    assert_eq!(router.look(5), None, "it is on the disk");
    let mut router = Router::start(folder.path());
    assert_eq!(router.look(10), None);
    let until = router.begun + SECS(40);
    assert_eq!(router.commands.try_recv(), Ok(Command::Work(FIBRE, until)));
    assert_eq!(router.told(), [event("begins")]);
    router.look(40);
    assert!(router.commands.try_recv().is_err(), "it comes back by itself");
    assert_eq!(router.told(), [event("over")]);
}

#[tokio::test]
async fn what_does_not_take_place_any_more_is_ended_at_once_and_no_order_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let mut router = Router::start(folder.path());
    router.keeper.work.hear(planned(), router.begun);
    router.look(10);
    router.keeper.work.hear(Planned { windows: Vec::new(), ..planned() }, router.begun);
    router.look(11);
    let until = router.begun + SECS(40);
    assert_eq!(router.commands.try_recv(), Ok(Command::Work(FIBRE, until)));
    assert!(router.commands.try_recv().is_err(), "there was no room for it");
    router.look(12);
    assert_eq!(router.commands.try_recv(), Ok(Command::Resume(FIBRE)));
    assert_eq!(router.told(), [event("begins"), event("off")]);
}

#[tokio::test]
async fn a_plan_that_does_not_reach_the_disk_is_tried_again_and_one_that_is_broken_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let mut router = Router::start(folder.path());
    let file = folder.path().join("links.jsonl.work");
    // A folder in the way is a disk that takes nothing.
    std::fs::create_dir(beside(&file, "new")).unwrap();
    router.keeper.work.hear(planned(), router.begun);
    let fresh = router.look(0).unwrap();
    router.keeper.keep(fresh).await;
    std::fs::remove_dir(beside(&file, "new")).unwrap();
    let fresh = router.look(1).unwrap();
    router.keeper.keep(fresh).await;
    assert_eq!(read(&file).unwrap(), planned());
    std::fs::write(&file, b"{").unwrap();
    let mut router = Router::start(folder.path());
    router.look(10);
    assert!(router.commands.try_recv().is_err());
}
