//! Runs the controller's parts side by side and brings back one that broke down.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use domain::Clock;
use store::{Reach, Store};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::alert_channels::AlertChannels;
use crate::delivery::Dispatcher;
use crate::direction_watch::DirectionWatch;
use crate::guest_watch::GuestWatch;
use crate::link_centre::{Judging, Merging, Monthly, Telling};
use crate::nas_control::NasControl;
use crate::newcomers::Newcomers;
use crate::quota::QuotaWatch;
use crate::reaper::Reaper;
use crate::settings::ControllerSettings;
use crate::yielding::YieldingWatch;

/// How long a part that broke down rests before it is started again.
const REST: Duration = Duration::from_secs(1);

/// The delivery of orders alone: for a process that has ways to access points which the controller
/// has not.
pub struct OrderDelivery(Arc<Dispatcher>);

impl OrderDelivery {
    /// Delivers what is within `reach` through `nas_control`; the settings must have been
    /// validated.
    #[must_use]
    pub fn new(
        settings: &ControllerSettings,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        nas_control: Arc<dyn NasControl>,
        reach: Reach,
    ) -> Self {
        Self(Arc::new(Dispatcher::new(store, clock, nas_control, settings.patience(), reach)))
    }

    /// Works until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        keep_alive("order delivery", &stop, || self.0.clone().run(stop.clone())).await;
    }
}

/// Quotas, orders to access points, and the clearing away of what is over.
pub struct Controller {
    quota: Arc<QuotaWatch>,
    delivery: OrderDelivery,
    guests: Arc<GuestWatch>,
    reaper: Arc<Reaper>,
    newcomers: Arc<Newcomers>,
    directions: Arc<DirectionWatch>,
    yielding: Arc<YieldingWatch>,
    link_history: Arc<Merging>,
    link_incidents: Option<Arc<Judging>>,
    link_alerts: Option<Arc<Telling>>,
    link_reports: Option<Arc<Monthly>>,
}

impl Controller {
    /// A controller over `store` that tells access points within `reach` through `nas_control`; the
    /// settings must have been validated.
    #[must_use]
    pub fn new(
        settings: ControllerSettings,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        nas_control: Arc<dyn NasControl>,
        reach: Reach,
    ) -> Self {
        Self {
            quota: Arc::new(QuotaWatch::new(store.clone(), clock.clone(), settings.sweep())),
            delivery: OrderDelivery::new(
                &settings,
                store.clone(),
                clock.clone(),
                nas_control.clone(),
                reach,
            ),
            guests: Arc::new(GuestWatch::new(store.clone(), clock.clone(), nas_control)),
            newcomers: Arc::new(Newcomers::new(store.clone(), clock.clone())),
            directions: Arc::new(DirectionWatch::new(store.clone(), clock.clone())),
            yielding: Arc::new(YieldingWatch::new(store.clone(), clock.clone())),
            link_incidents: settings
                .links
                .clone()
                .map(|links| Arc::new(Judging::new(links, store.clone(), clock.clone()))),
            link_alerts: None,
            link_reports: None,
            link_history: Arc::new(Merging::new(
                store.clone(),
                clock.clone(),
                settings.retention.clone(),
            )),
            reaper: Arc::new(Reaper::new(settings, store, clock)),
        }
    }

    /// The same, which tells people of incidents and months of links by those channels.
    #[must_use]
    pub fn with_alerts(
        self,
        settings: &ControllerSettings,
        channels: AlertChannels,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let Some(links) = &settings.links else { return self };
        let channels = Arc::new(channels);
        let reports = Monthly::new(links, channels.clone(), store.clone(), clock.clone());
        let telling = Telling::new(links.alerts.clone(), channels, store, clock);
        let link_alerts = Some(Arc::new(telling));
        Self { link_alerts, link_reports: reports.map(Arc::new), ..self }
    }

    /// Works until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let Self {
            quota,
            delivery,
            guests,
            reaper,
            newcomers,
            directions,
            yielding,
            link_history,
            link_incidents,
            link_alerts,
            link_reports,
        } = self;
        let telling = async {
            if let Some(part) = &link_alerts {
                keep_alive("link alerts", &stop, || part.clone().run(stop.clone())).await;
            }
        };
        let reporting = async {
            if let Some(part) = &link_reports {
                keep_alive("link reports", &stop, || part.clone().run(stop.clone())).await;
            }
        };
        let concluding = async {
            if let Some(part) = &link_incidents {
                keep_alive("link incidents", &stop, || part.clone().run(stop.clone())).await;
            }
        };
        tokio::join!(
            concluding,
            telling,
            reporting,
            keep_alive("quota watch", &stop, || quota.clone().run(stop.clone())),
            delivery.run(stop.clone()),
            keep_alive("guest watch", &stop, || guests.clone().run(stop.clone())),
            keep_alive("reaper", &stop, || reaper.clone().run(stop.clone())),
            keep_alive("newcomers", &stop, || newcomers.clone().run(stop.clone())),
            keep_alive("direction watch", &stop, || directions.clone().run(stop.clone())),
            keep_alive("yielding watch", &stop, || yielding.clone().run(stop.clone())),
            keep_alive("link history", &stop, || link_history.clone().run(stop.clone())),
        );
    }
}

/// Runs a part as a task of its own, again and again as long as it panics.
async fn keep_alive<F>(part: &'static str, stop: &CancellationToken, start: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    loop {
        // A set of one, so that the task ends with us.
        let mut task = JoinSet::new();
        task.spawn(start());
        match task.join_next().await {
            Some(Err(error)) if !stop.is_cancelled() => {
                tracing::error!(part, %error, "a part of the controller broke down and is started again");
            }
            _ => return,
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(REST) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use domain::OrderReason;

    use super::*;
    use crate::stage::{FakeNas, Stage, Told, mac};

    #[tokio::test]
    async fn the_report_that_fills_the_day_ends_the_session_at_the_access_point() {
        let stage = Stage::new((None, None), (None, Some(1_000))).await;
        let (store, clock) = stage.shared();
        let (nas, mut told) = FakeNas::new([]);
        let stop = CancellationToken::new();
        let controller =
            Controller::new(ControllerSettings::default(), store, clock, nas, Reach::Everyone);
        let running = tokio::spawn(controller.run(stop.clone()));

        let phone = stage.sign_in(1, 1).await;
        stage.report("gate", &phone, 60, 999).await;
        let session = stage.report("gate", &phone, 61, 1_000).await;
        let expected = Told {
            nas: "gate".to_owned(),
            reason: OrderReason::AllowanceUsedUp,
            device: mac(1),
            command: domain::NasCommand::Disconnect,
            session: Some(session),
        };
        assert_eq!(told.recv().await, Some(expected));
        stop.cancel();
        running.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_part_that_breaks_down_is_started_again() {
        let stop = CancellationToken::new();
        let starts = Arc::new(AtomicU32::new(0));
        keep_alive("test", &stop, || {
            let starts = starts.clone();
            async move {
                let earlier = starts.fetch_add(1, Ordering::SeqCst);
                assert!(earlier >= 2, "broken down on purpose");
            }
        })
        .await;
        assert_eq!(starts.load(Ordering::SeqCst), 3);
    }
}
