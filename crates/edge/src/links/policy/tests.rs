use super::*;

const FILE: &str = r#"
    site = "hofuf"
    offices = ["10.2.0.0/16"]
    visitors = ["10.77.0.0/16"]
    [[paths]]
    name = "fibre"
    device = "fib0"
    local = "192.0.2.1"
    peer = "192.0.2.2"
    [[paths]]
    name = "radio"
    device = "rad0"
    local = "198.51.100.1"
    peer = "198.51.100.2"
    missing = 5
"#;

fn over(policy: &str) -> Result<LinksSettings, PolicyError> {
    WrittenPolicy::read(policy)?.over(&toml::from_str(FILE).unwrap())
}

#[test]
fn what_a_policy_says_replaces_what_the_file_says_and_nothing_else() {
    let file: LinksSettings = toml::from_str(FILE).unwrap();
    assert_eq!(over("").unwrap(), file);
    let merged = over(
        "order = [\"radio\"]\n\
         offices = [\"10.2.0.0/16\", \"10.3.0.0/16\"]\ncanary = [\"10.3.1.0/24\"]\nvisitors = []\n\
         protected-mark = 7\n[[paths]]\nname = \"radio\"\nmissing = 8\ncapacity-mbit = 40\n\
         heartbeat-ms = 50\ngateway = \"198.51.100.9\"\ngateway6 = \"fe80::9\"\n\
         visitors-floor-kbit = 900\nprobes-per-second = 9\nbad-delay-ms = 40\nbad-loss-percent = 3\n",
    );
    let text = FILE
        .replace("10.2.0.0/16\"", "10.2.0.0/16\", \"10.3.0.0/16\"")
        .replace("\"10.77.0.0/16\"", "")
        .replace(
            "site =",
            "canary = [\"10.3.1.0/24\"]\nprotected-mark = 7\norder = [\"radio\"]\nsite =",
        )
        .replace(
            "missing = 5",
            "missing = 8\ncapacity-mbit = 40\nheartbeat-ms = 50\n\
            gateway = \"198.51.100.9\"\ngateway6 = \"fe80::9\"\nvisitors-floor-kbit = 900\n\
            probes-per-second = 9\nbad-delay-ms = 40\nbad-loss-percent = 3",
        );
    assert_eq!(merged.unwrap(), toml::from_str(&text).unwrap());
}

#[test]
fn what_an_agent_cannot_take_while_it_runs_is_refused_as_a_whole() {
    for (policy, named) in [
        ("offices = 7", "it cannot be read"),
        ("site = \"abha\"", "unknown field `site`"),
        ("mode = \"dry-run\"", "unknown field `mode`"),
        ("[[paths]]\nname = \"radio\"\npeer = \"198.51.100.9\"", "unknown field `peer`"),
        ("[[paths]]\nname = \"copper\"", "there is no path copper"),
        ("[[paths]]\nname = \"radio\"\nmissing = 1", "`missing` is 1"),
        ("[[paths]]\nname = \"radio\"\nprobes-per-second = 0", "restart it"),
        ("order = [\"radio\", \"copper\"]", "`order` names copper, which is no path"),
        ("order = [\"radio\", \"radio\"]", "two paths have the place in `order` radio"),
        ("missing = 4\norder = [\"radio\"]", "unknown field `missing`"),
        ("canary = [\"10.9.0.0/16\"]", "10.9.0.0/16 in `canary`"),
        ("offices = []", "`offices` is 0"),
    ] {
        let reason = over(policy).unwrap_err().to_string();
        assert!(reason.contains(named), "{policy}: {reason}");
    }
}
