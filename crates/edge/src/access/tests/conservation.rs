use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// A kernel that does as it is told, most of the time.
#[derive(Debug, Default)]
struct Kernel {
    admitted: BTreeMap<(MacAddress, Ipv4Addr), u64>,
    refuses: bool,
}

impl Kernel {
    fn usage(&self) -> Vec<DeviceUsage> {
        let usage = self.admitted.iter().map(|((device, address), octets)| DeviceUsage {
            address: *address,
            ..counted(*device, octets / 3, octets - octets / 3)
        });
        usage.collect()
    }

    /// Carries actions out, and returns what was reported and who was asked about.
    fn carry_out(
        &mut self,
        access: &mut AccessControl,
        actions: Vec<Action>,
        now: Moment,
    ) -> Vec<Report> {
        let mut reports = Vec::new();
        let mut actions = std::collections::VecDeque::from(actions);
        while let Some(action) = actions.pop_front() {
            match action {
                Action::Ask(_) => {}
                Action::Report(report) => reports.push(report),
                Action::Admit(Admission { device, address, .. }) => {
                    if self.refuses {
                        actions.extend(access.not_admitted(device, now));
                    } else {
                        self.admitted.entry((device, address)).or_default();
                    }
                }
                Action::Remove { device, address } if !self.refuses => {
                    let octets = self.admitted.remove(&(device, address));
                    let usage = octets.map(|octets| DeviceUsage {
                        address,
                        ..counted(device, octets / 3, octets - octets / 3)
                    });
                    actions.extend(access.removed(device, usage, now));
                }
                Action::Remove { .. } => {}
            }
        }
        reports
    }
}

#[derive(Debug, Clone)]
enum Step {
    Seen { device: u8, address: u8, sign: u8 },
    Gone { address: u8 },
    Accepted { device: u8, class: u8, octets: u16 },
    Rejected { device: u8 },
    Unanswered { device: u8 },
    Disconnect { device: u8 },
    AuthorizeOnly { device: u8 },
    Move { octets: u16 },
    Forget { device: u8 },
    Refuse(bool),
    Wait { seconds: u16 },
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let small = 0..3_u8;
    prop_oneof![
        4 => (small.clone(), small.clone(), small.clone())
            .prop_map(|(device, address, sign)| Step::Seen { device, address, sign }),
        1 => small.clone().prop_map(|address| Step::Gone { address }),
        6 => (small.clone(), small.clone(), any::<u16>())
            .prop_map(|(device, class, octets)| Step::Accepted { device, class, octets }),
        1 => small.clone().prop_map(|device| Step::Rejected { device }),
        1 => small.clone().prop_map(|device| Step::Unanswered { device }),
        2 => small.clone().prop_map(|device| Step::Disconnect { device }),
        2 => small.clone().prop_map(|device| Step::AuthorizeOnly { device }),
        4 => any::<u16>().prop_map(|octets| Step::Move { octets }),
        1 => small.prop_map(|device| Step::Forget { device }),
        1 => any::<bool>().prop_map(Step::Refuse),
        4 => any::<u16>().prop_map(|seconds| Step::Wait { seconds: seconds % 700 }),
        1 => Just(Step::Restart),
    ]
}

fn mac(device: u8) -> MacAddress {
    MacAddress::new([2, 0, 0, 0, 0, device])
}

fn ip(address: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, address)
}

fn perform(
    access: &mut AccessControl,
    kernel: &mut Kernel,
    step: Step,
    now: &mut Moment,
) -> Vec<Action> {
    match step {
        Step::Seen { device, address, sign } => {
            let sign = [Sign::Stale, Sign::Fresh, Sign::Hit][usize::from(sign)];
            access.seen(mac(device), ip(address), sign, *now)
        }
        Step::Gone { address } => {
            access.gone(ip(address), *now);
            Vec::new()
        }
        Step::Accepted { device, class, octets } => {
            let limits = Limits {
                session_timeout: Some(seconds(1_000)),
                idle_timeout: Some(seconds(300)),
                max_octets: Some(Octets::new(octets.into())),
                interim_interval: None,
            };
            access.accepted(mac(device), terms(class, limits), *now)
        }
        Step::Rejected { device } => access.rejected(mac(device), *now),
        Step::Unanswered { device } => {
            access.unanswered(mac(device), *now);
            Vec::new()
        }
        Step::Disconnect { device } => access.disconnect(&target(mac(device)), *now).1,
        Step::AuthorizeOnly { device } => {
            access.authorize_only(&target(mac(device)), Opaque::new(&[1]), *now).1
        }
        Step::Move { octets } => {
            kernel.admitted.values_mut().for_each(|moved| *moved += u64::from(octets));
            access.counted(&kernel.usage(), *now)
        }
        Step::Forget { device } => {
            kernel.admitted.retain(|(known, _), _| *known != mac(device));
            Vec::new()
        }
        Step::Refuse(refuses) => {
            kernel.refuses = refuses;
            Vec::new()
        }
        Step::Wait { seconds: waited } => {
            *now = *now + seconds(waited.into());
            access.tick(*now)
        }
        Step::Restart => {
            let saved = access.saved();
            let run = access.rules.run + 1;
            *access = AccessControl::new(AccessRules { run, ..access.rules });
            access.restore(saved, *now);
            access.counted(&kernel.usage(), *now)
        }
    }
}

proptest! {
    #[test]
    fn reports_of_a_session_are_a_start_then_growing_counters_then_at_most_one_stop(
        steps in proptest::collection::vec(step(), 1..120),
    ) {
        let mut access = AccessControl::new(AccessRules { max_devices: 3, ..rules() });
        let (mut kernel, mut now) = (Kernel::default(), at(0));
        let mut last: BTreeMap<AcctSessionId, Report> = BTreeMap::new();
        let mut hear = |reports: Vec<Report>| {
            for report in reports {
                let before = last.insert(report.session.clone(), report.clone());
                let is_start = report.event == Event::Start;
                prop_assert_eq!(before.is_none(), is_start, "{:?} after {:?}", report, before);
                let Some(before) = before else { continue };
                prop_assert!(!matches!(before.event, Event::Stop(_)), "{:?} after its end", report);
                prop_assert!(before.traffic.uploaded <= report.traffic.uploaded);
                prop_assert!(before.traffic.downloaded <= report.traffic.downloaded);
                prop_assert!(before.time <= report.time);
            }
            Ok(())
        };
        for step in steps {
            let actions = perform(&mut access, &mut kernel, step, &mut now);
            hear(kernel.carry_out(&mut access, actions, now))?;
        }
        kernel.refuses = false;
        let actions = access.counted(&kernel.usage(), now);
        hear(kernel.carry_out(&mut access, actions, now))?;
        let unfinished = access.saved();
        for SavedSession { device, address, .. } in &unfinished {
            let is_leaving = access.standing(*device) != Standing::Online;
            prop_assert!(is_leaving || kernel.admitted.contains_key(&(*device, *address)));
        }
        let going_on = last.values().filter(|report| !matches!(report.event, Event::Stop(_)));
        prop_assert_eq!(going_on.count(), unfinished.len(), "a session has no stop");
    }
}
