//! The role of Ansible: its syntax, and what it writes for each machine of the example, which the program takes.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

const SABEEL: &str = env!("CARGO_BIN_EXE_sabeel");

/// Writes what the role would, into a folder for each machine of the inventory. The first task has the
/// role's variables known, and does nothing.
const WRITE: &str = r#"
- hosts: sabeel
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.import_role: { name: sabeel, tasks_from: run }
      when: false
    - ansible.builtin.file: { path: "{{ out }}/{{ inventory_hostname }}", state: directory, mode: "0755" }
    - ansible.builtin.template:
        src: "{{ role }}/templates/{{ item }}.j2"
        dest: "{{ out }}/{{ inventory_hostname }}/{{ item }}"
        mode: "0600"
      loop: [sabeel.toml, environment, sysctl.conf]
    - ansible.builtin.copy:
        content: "{{ sabeel_unit }} {{ sabeel_advises_frr | bool }}"
        dest: "{{ out }}/{{ inventory_hostname }}/unit"
        mode: "0600"
"#;

/// A router that advises FRR, beside the machines of the example.
const ADVISER: &str = r#"
sabeel:
  hosts:
    adviser:
      sabeel_mode: edge
      sabeel_config: |
        [links]
        site = "hofuf"
        mode = "advise"
        offices = ["10.2.0.0/16"]

        [[links.paths]]
        name = "fibre"
        device = "fib0"
        local = "192.0.2.1"
        peer = "192.0.2.2"
        ospf-cost = 10

        [[links.paths]]
        name = "radio"
        device = "rad0"
        local = "198.51.100.1"
        peer = "198.51.100.2"
        ospf-cost = 20
        missing = 5
"#;

fn ansible() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("ansible")
}

/// Runs a playbook on the machines of the example and of another file.
fn play(home: &Path, words: &[&str]) -> Output {
    let mut command = Command::new("ansible-playbook");
    command.args(["--inventory", "inventory.example.yml"]).args(words).current_dir(ansible());
    command.env("HOME", home).env("ANSIBLE_LOCAL_TEMP", home.join("local"));
    command.env("ANSIBLE_REMOTE_TEMP", home.join("remote")).env("ANSIBLE_NOCOLOR", "1");
    command.env("ANSIBLE_ROLES_PATH", ansible().join("roles")).env("LC_ALL", "C.UTF-8");
    let output =
        command.output().expect("ansible-playbook is there; `make install-test` installs it");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    output
}

#[test]
fn the_playbook_is_well_formed() {
    let home = TempDir::new().unwrap();
    play(home.path(), &["--syntax-check", "site.yml"]);
}

#[test]
fn what_the_role_writes_for_the_machines_of_the_example_is_good() {
    let home = TempDir::new().unwrap();
    let [playbook, more, out] = ["write.yml", "more.yml", "out"].map(|name| home.path().join(name));
    std::fs::write(&playbook, WRITE).unwrap();
    std::fs::write(&more, ADVISER).unwrap();
    let given = serde_json::json!({
        "out": out, "role": ansible().join("roles/sabeel"), "vault_pgpass": "a", "vault_taqnyat_token": "b",
        "vault_park_gate": "{}",
    });
    let words = ["--inventory", more.to_str().unwrap(), "--extra-vars", &given.to_string()];
    play(home.path(), &[&words[..], &[playbook.to_str().unwrap()]].concat());
    let mut units = BTreeMap::new();
    for machine in std::fs::read_dir(&out).unwrap() {
        let machine = machine.unwrap();
        let read = |name: &str| std::fs::read_to_string(machine.path().join(name)).unwrap();
        let name = machine.file_name().into_string().unwrap();
        let config = machine.path().join("sabeel.toml");
        let mut check = Command::new(SABEEL);
        check.arg("--config").arg(&config).args(["config", "check"]);
        let checked = check.output().unwrap();
        let said = String::from_utf8_lossy(&checked.stderr).into_owned();
        assert!(checked.status.success(), "{name}: {said}\n{}", read("sabeel.toml"));
        let unit = read("unit");
        let forwards = read("sysctl.conf").contains("net.ipv4.ip_forward = 1");
        assert_eq!(forwards, unit.starts_with("sabeel-edge"), "{name}");
        assert!(read("environment").contains("SABEEL_PART="), "{name}");
        units.insert(name, unit);
    }
    let expected = [
        ("adviser", "sabeel-edge True"),
        ("control-1.city.example", "sabeel False"),
        ("hofuf-router.city.example", "sabeel-edge False"),
        ("park-gate.city.example", "sabeel-edge False"),
        ("portal-1.city.example", "sabeel False"),
        ("radius-1.city.example", "sabeel False"),
        ("radius-2.city.example", "sabeel False"),
    ];
    let expected = expected.map(|(name, unit)| (name.to_owned(), unit.to_owned()));
    assert_eq!(units, BTreeMap::from(expected));
}
