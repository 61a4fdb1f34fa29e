//! `sabeel radius`: packets and dictionaries from the command line, without a server.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The Access-Request of RFC 2865 s7.1, made with the secret `xyzzy5461`.
const REQUEST: &str = "01 00 00 38 0f 40 3f 94 73 97 80 57 bd 83 d5 cb 98 f4 22 7a 01 06 6e 65 6d 6f \
    02 12 0d be 70 8d 93 d4 13 ce 31 96 e4 3f 78 2a 0a ee 04 06 c0 a8 01 10 05 06 00 00 00 03";

/// The Access-Accept that answers it.
const REPLY: &str = "0x02000026 86:fe:22:0e:76:24:ba:2a:10:05:f6:bf:9b:55:e0:b2 \
    060600000001 0f0600000000 0e06c0a80103";

/// The command with a folder of files; standard input holds `input`.
fn sabeel(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_sabeel"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("SABEEL_CONFIG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// A folder with the secret and a dictionary.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("secret"), "xyzzy5461\n").unwrap();
    std::fs::write(folder.path().join("other"), "xyzzy5462\n").unwrap();
    let dictionary = "VENDOR Acme 4242\nBEGIN-VENDOR Acme\nATTRIBUTE Acme-Tier 1 integer\n\
        VALUE Acme-Tier Gold 2\nEND-VENDOR Acme\n";
    std::fs::write(folder.path().join("acme"), dictionary).unwrap();
    std::fs::write(folder.path().join("broken"), "ATTRIBUTE Acme-Tier one integer\n").unwrap();
    folder
}

/// Checks what a command prints, and whether it succeeds.
fn check(arguments: &[&str], success: bool, expected: &str) {
    let folder = folder();
    let output = sabeel(folder.path(), arguments, "");
    assert_eq!(output.status.success(), success, "{arguments:?} {output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{arguments:?}");
}

#[test]
fn a_request_is_shown_without_its_password_unless_asked_for() {
    let with_password = |password: &str| {
        format!(
            "Access-Request id 0 length 56\n  authenticator 0f403f9473978057bd83d5cb98f4227a\n  \
             User-Name = \"nemo\"\n  User-Password = {password}\n  \
             NAS-IP-Address = 192.168.1.16\n  NAS-Port = 3\n"
        )
    };
    let proofs = "  message-authenticator: absent\n  authenticator: random, proves nothing\n";
    let shown = ["radius", "decode", "--secret-file", "secret", "--show-passwords", REQUEST];
    check(&["radius", "decode", REQUEST], true, &with_password("hidden (16 octets)"));
    check(&shown, true, &(with_password("\"arctangent\"") + proofs));
}

#[test]
fn a_reply_is_proved_by_the_request_that_it_answers() {
    let with_proofs = |message_authenticator: &str, authenticator: &str| {
        format!(
            "Access-Accept id 0 length 38\n  authenticator 86fe220e7624ba2a1005f6bf9b55e0b2\n  \
             Service-Type = Login\n  Login-Service = Telnet\n  Login-IP-Host = 192.168.1.3\n  \
             message-authenticator: {message_authenticator}\n  authenticator: {authenticator}\n"
        )
    };
    let decode = |secret, request: &[&'static str], success, expected: &str| {
        let arguments = [&["radius", "decode", REPLY, "--secret-file", secret][..], request];
        check(&arguments.concat(), success, expected);
    };
    let request = ["--request", REQUEST];
    let unchecked = "not checked: give the request that this answers with --request";
    let wrong = "INVALID: another secret, or an altered packet";
    decode("secret", &request, true, &with_proofs("absent", "valid"));
    decode("other", &request, false, &with_proofs("absent", wrong));
    decode("secret", &[], true, &with_proofs(unchecked, unchecked));
}

#[test]
fn a_malformed_packet_is_shown_up_to_its_fault() {
    let head = "Access-Request id 1 length 26\n  authenticator 000102030405060708090a0b0c0d0e0f\n";
    let sound = "01 01 00 1d 000102030405060708090a0b0c0d0e0f 01 06 6e656d6f";
    let expected = format!(
        "{head}  User-Name = \"nemo\"\n  malformed: the attribute at octet 26 reaches past the end\n"
    );
    check(&["radius", "decode", &format!("{sound} 02 09 00")], false, &expected);
    let expected = "no packet: the datagram has 3 octets, fewer than a header\n";
    check(&["radius", "decode", "010203"], false, expected);
    check(&["radius", "decode", "no digits"], false, "");
}

#[test]
fn packets_from_standard_input_are_told_in_json() {
    let folder = folder();
    let request = REQUEST.replace("04 06 c0 a8 01 10", "1a 0c 00 00 10 92 01 06 00 00 00 02");
    let input = format!("{}\n\n{REPLY}\n", request.replace("00 38", "00 3e"));
    let arguments = ["--json", "radius", "decode", "-", "--dictionary", "acme"];
    let output = sabeel(folder.path(), &arguments, &input);
    assert!(output.status.success(), "{output:?}");
    let packets: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let attribute = &packets[0]["attributes"][2];
    assert_eq!(attribute["number"], "26.4242.1");
    assert_eq!(attribute["name"], "Acme-Tier");
    assert_eq!(attribute["offset"], 44);
    assert_eq!((&attribute["value"], &attribute["value_name"]), (&2.into(), &"Gold".into()));
    assert_eq!(packets[0]["attributes"][1]["value"], serde_json::Value::Null);
    assert_eq!(packets[1]["code"], "Access-Accept");
}

#[test]
fn a_dictionary_is_summed_up_and_its_errors_have_a_place() {
    let folder = folder();
    let run = |file: &str| sabeel(folder.path(), &["radius", "dictionary", "check", file], "");
    let good = run("acme");
    let expected = "vendors     1\nattributes  1\nvalues      1\n";
    assert_eq!(String::from_utf8_lossy(&good.stdout), expected);
    let broken = run("broken");
    let reason = String::from_utf8_lossy(&broken.stderr).into_owned();
    assert_eq!(broken.status.code(), Some(1));
    assert!(reason.contains("broken:1: \"one\" is no number that fits here"), "{reason}");
}
