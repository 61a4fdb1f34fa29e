use domain::{Clock, RatePair, SignIns};
use link::cause::{End, Line};
use link::report::Epoch;
use store::{LinkBatch, LinkEvent};

use super::*;
use crate::link_centre::{Judging, LinkCentreSettings};
use crate::links::incident::Incident;
use crate::stage::Stage;

/// A city with a visitors' site, offices whose agents tell, and access points.
struct City {
    stage: Stage,
    told: u64,
}

impl City {
    async fn new() -> Self {
        Self { stage: Stage::new((None, None), (None, None)).await, told: 0 }
    }

    /// Who concludes; another process with each call.
    fn judging(&self, lines: &[Line]) -> Judging {
        let settings = LinkCentreSettings { lines: lines.to_vec(), ..LinkCentreSettings::deaf() };
        Judging::new(settings, self.stage.store.shared(), self.stage.clock.clone())
    }

    /// An agent tells now how a path is.
    async fn hear(&mut self, site: &str, path: &str, to: &str) {
        let what = format!(r#""what":"path","path":"{path}","to":"{to}","code":"silent""#);
        self.say(site, &what).await;
    }

    async fn say(&mut self, site: &str, what: &str) {
        self.told += 1;
        let at = self.stage.clock.now();
        let line = format!(r#"{{"number":1,"at":{},"site":"x",{what}}}"#, at.as_millis());
        let (site, epoch) = (site.parse().unwrap(), Epoch::new(self.told));
        let batch = LinkBatch { site, epoch, first: 1, is_rest_gone: false, at };
        self.stage.store.take_link_events(&batch, &[LinkEvent { at, line }]).await.unwrap();
    }

    fn pass(&self, seconds: u64) {
        self.stage.clock.advance(Duration::from_secs(seconds));
    }

    async fn kept(&self) -> Vec<Incident> {
        let many = 100.try_into().unwrap();
        let kept = self.stage.store.list_link_incidents(false, many).await.unwrap();
        kept.iter().map(|kept| serde_json::from_str(&kept.incident).unwrap()).collect()
    }
}

fn line(name: &str, site: &str, path: &str) -> Line {
    let end = |site: &str, path: &str| End { site: site.to_owned(), path: path.to_owned() };
    let ends = [end(site, path), end("amana", name)];
    let (name, hub) = (name.to_owned(), Some("amana".to_owned()));
    Line { name, ends, hub, sector: None, provider: None }
}

/// Visitors of the walkway use the office's radio, and break out by themselves.
async fn beside_office() -> City {
    let city = City::new().await;
    let mut change = |site: &mut Site| {
        site.office = Some("hofuf/radio".parse().unwrap());
        site.office_speed = Some(RatePair::default());
    };
    let walkway = "walkway".parse().unwrap();
    city.stage.store.change_site(&walkway, &mut change).await.unwrap();
    city
}

/// Since when the walkway has known of its office, and whether more may come.
async fn known_need(city: &City) -> Option<(Timestamp, SignIns)> {
    let site = city.stage.store.find_site(&"walkway".parse().unwrap()).await.unwrap().unwrap();
    site.office_need(city.stage.clock.now()).map(|need| (need.since, need.sign_ins))
}

const CAME: &str = r#""what":"site","to":"on-backup","clamped":"radio""#;

#[tokio::test]
async fn a_site_knows_of_its_office_from_the_first_round_over_restarts_until_it_leaves() {
    let mut city = beside_office().await;
    let judging = city.judging(&[]);
    judging.conclude().await.unwrap();
    assert_eq!(known_need(&city).await, None);
    city.say("hofuf", CAME).await;
    let came_at = city.stage.clock.now();
    judging.conclude().await.unwrap();
    assert_eq!(known_need(&city).await, Some((came_at, SignIns::Open)));
    city.pass(31);
    city.say("hofuf", r#""what":"visitors","path":"radio","code":"stopped""#).await;
    // Other processes go on, and so does the site for as long as the agent is heard.
    for _ in 0..4 {
        city.judging(&[]).conclude().await.unwrap();
        assert_eq!(known_need(&city).await, Some((came_at, SignIns::Stopped)));
        city.pass(600);
        let state =
            r#"{"clamped":"radio","paths":[{"name":"radio","is-closed-to-visitors":true}]}"#;
        let (name, now) = ("hofuf".parse().unwrap(), city.stage.clock.now());
        city.stage.store.note_link_state(&name, state, now).await.unwrap();
    }
    let judging = city.judging(&[]);
    city.say("hofuf", r#""what":"site","to":"primary""#).await;
    judging.conclude().await.unwrap();
    assert_eq!(known_need(&city).await, None);
    city.pass(1);
    city.say("hofuf", CAME).await;
    judging.conclude().await.unwrap();
    assert!(known_need(&city).await.is_some());
    city.pass(1_200);
    judging.conclude().await.unwrap();
    assert_eq!(known_need(&city).await, None, "its agent is not heard any more");
}

#[tokio::test]
async fn a_site_that_is_set_beside_an_office_that_is_there_learns_of_it_at_once() {
    let mut city = City::new().await;
    let judging = city.judging(&[]);
    city.say("hofuf", CAME).await;
    judging.conclude().await.unwrap();
    let mut change = |site: &mut Site| site.office = Some("hofuf".parse().unwrap());
    let walkway = "walkway".parse().unwrap();
    city.stage.store.change_site(&walkway, &mut change).await.unwrap();
    judging.conclude().await.unwrap();
    assert!(known_need(&city).await.is_some());
}

#[tokio::test]
async fn a_dark_office_beside_silent_access_points_has_no_power() {
    for (is_heard, kind) in [(false, "power"), (true, "site-dark")] {
        let mut city = beside_office().await;
        let lines = ["fibre", "radio"].map(|path| line(&format!("hofuf-{path}"), "hofuf", path));
        let judging = city.judging(&lines);
        let phone = city.stage.sign_in(1, 1).await;
        city.stage.report("gate", &phone, 60, 1).await;
        for path in ["fibre", "radio"] {
            city.hear("hofuf", path, "up").await;
            city.hear("amana", &format!("hofuf-{path}"), "up").await;
        }
        judging.conclude().await.unwrap();
        for path in ["fibre", "radio"] {
            city.hear("amana", &format!("hofuf-{path}"), "down").await;
        }
        for round in 1..=15 {
            city.pass(10);
            if is_heard {
                city.stage.report("gate", &phone, 60 + 10 * round, 1).await;
            }
            judging.conclude().await.unwrap();
        }
        let kept = city.kept().await;
        let kinds: Vec<_> = kept.iter().map(|incident| incident.kind.as_str()).collect();
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
}
