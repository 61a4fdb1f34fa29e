use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_795_579_200);

fn plan(name: &str, down: u64) -> PlanView {
    let plan = domain::Plan::visitor(name.parse().unwrap());
    let rate = domain::RatePair { down: Some(BitRate::new(down)), up: None };
    PlanView::from(domain::Plan { rate, ..plan })
}

fn rules(remember: Remember) -> Rules {
    Rules {
        site: "walkway".parse().unwrap(),
        usual: "visitor".parse().unwrap(),
        plans: vec![plan("visitor", 10_000_000), plan("staff", 20_000_000)],
        zone: Zone::riyadh(),
        now: NOW,
        remember,
        groups: BTreeMap::from([(
            "vip".to_owned(),
            vec![("WISPr-Bandwidth-Max-Down".to_owned(), "20000000".to_owned())],
        )]),
    }
}

fn user(items: &[(&str, &str)]) -> User {
    let items = items.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    User { items: items.collect(), ..User::default() }
}

/// What comes of a user in one line.
fn told(name: &str, user: &User, remember: Remember) -> String {
    let judged = judge(name, user, None, &rules(remember));
    let notes = judged.notes.iter().map(|note| format!(" ({note})")).collect::<String>();
    match judged.person {
        Err(reason) => format!("NO {reason}"),
        Ok(person) => {
            let device = person.device.map_or("-".to_owned(), |device| device.to_string());
            let grant = person
                .grant
                .map_or("-".to_owned(), |grant| format!("{} until {}", grant.plan, grant.until));
            format!("{} {device} {grant}{notes}", person.phone.digits())
        }
    }
}

#[test]
fn persons_and_devices_are_taken_by_number_and_address() {
    let mobile = |user: User| User { mobile: Some("0551234567".to_owned()), ..user };
    let vip = User { groups: vec!["vip".to_owned()], ..user(&[]) };
    let staff = User { groups: vec!["Staff".to_owned()], ..user(&[]) };
    let device = "02:00:5e:10:00:01";
    for (name, user, expected) in [
        ("0551234567", user(&[("Cleartext-Password", "x")]), "966551234567 - -"),
        ("+966 55 123 4567", user(&[]), "966551234567 - -"),
        (
            "966551234567",
            user(&[("Calling-Station-Id", "02-00-5E-10-00-01")]),
            "966551234567 02:00:5e:10:00:01 visitor until 2026-12-25T04:00:00Z",
        ),
        (
            device,
            mobile(user(&[("Expiration", "02 Jan 2027 10:00:00")])),
            "966551234567 02:00:5e:10:00:01 visitor until 2027-01-02T07:00:00Z",
        ),
        (
            "02005E100001",
            mobile(user(&[("Expiration", "November 24 2026")])),
            "966551234567 02:00:5e:10:00:01 - (it has expired, so it needs a code)",
        ),
        (
            device,
            mobile(user(&[("Expiration", "soon")])),
            "966551234567 02:00:5e:10:00:01 - (its Expiration cannot be read, so it needs a code)",
        ),
        (
            device,
            mobile(user(&[("WISPr-Bandwidth-Max-Down", "20000000")])),
            "966551234567 02:00:5e:10:00:01 staff until 2026-12-25T04:00:00Z",
        ),
        (
            device,
            mobile(user(&[("Mikrotik-Rate-Limit", "512k/20M 0/0")])),
            "966551234567 02:00:5e:10:00:01 visitor until 2026-12-25T04:00:00Z (no plan has its \
             limits (down 20 Mbit/s, up 512 kbit/s), so it is on plan visitor)",
        ),
        (device, mobile(vip), "966551234567 02:00:5e:10:00:01 staff until 2026-12-25T04:00:00Z"),
        (device, mobile(staff), "966551234567 02:00:5e:10:00:01 staff until 2026-12-25T04:00:00Z"),
        (
            device,
            mobile(user(&[("Framed-Pool", "a"), ("NT-Password", "0x12")])),
            "966551234567 02:00:5e:10:00:01 visitor until 2026-12-25T04:00:00Z (without a place \
             here: Framed-Pool)",
        ),
        ("bob", mobile(user(&[])), "966551234567 - -"),
        (
            "bob",
            user(&[("Cleartext-Password", "hello")]),
            "NO it is neither a mobile number nor a hardware address",
        ),
        (
            device,
            user(&[]),
            "NO a device belongs to a person here, and no mobile number is known for it",
        ),
        ("0551234567", user(&[("Auth-Type", "Reject")]), "NO it is locked out"),
        ("DEFAULT", user(&[]), "NO it is about everybody; limits of everybody are a plan"),
    ] {
        assert_eq!(told(name, &user, Remember::Devices), expected, "{name}");
    }
}

#[test]
fn nobody_need_be_remembered() {
    let user = user(&[("Calling-Station-Id", "02-00-5E-10-00-01")]);
    let told = told("0551234567", &user, Remember::Nobody);
    assert_eq!(told, "966551234567 02:00:5e:10:00:01 -");
}

#[test]
fn a_device_is_that_of_the_number_that_is_bound_to_it() {
    let owner = "966551234567".parse().unwrap();
    let judged = judge("02005E100001", &user(&[]), Some(&owner), &rules(Remember::Devices));
    assert_eq!(judged.person.unwrap().phone, owner);
}

#[test]
fn dates_are_read_as_freeradius_reads_them() {
    let moment = Some("2027-01-02T07:00:00Z".parse().unwrap());
    for (text, expected) in [
        ("02 Jan 2027 10:00:00", moment),
        ("Jan 2 2027 10:00", moment),
        ("January 02, 2027 10:00:00", moment),
        ("2027-01-02 10:00:00", moment),
        ("2027-01-02T07:00:00Z", moment),
        ("02 Foo 2027", None),
        ("99 Jan 2027", None),
        ("Jan Jan 2027", None),
        ("", None),
    ] {
        assert_eq!(date(text, &Zone::riyadh()), expected, "{text}");
    }
}
