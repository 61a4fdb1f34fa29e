//! The documents say what is so: links lead somewhere, commands exist, examples are good
//! configuration, and the sample has the keys that configuration.md explains.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Tables of the configuration whose keys are the admin's own.
const FREE: [&str; 10] = [
    "messaging.http.fields",
    "messaging.http.headers",
    "messaging.http.basic-auth",
    "messaging.http.secrets",
    "messaging.http.answer.accepted-when",
    "messaging.http.answer.later-when",
    "messaging.http.receipts.signature",
    "messaging.routes.http",
    "messaging.money.prices",
    "messaging.routes.prices",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every page for people, with its text.
fn pages() -> Vec<(PathBuf, String)> {
    let mut paths = vec!["README.md".into(), "ARCHITECTURE.md".into(), "ansible/README.md".into()];
    for entry in std::fs::read_dir(root().join("docs")).unwrap() {
        let path = Path::new("docs").join(entry.unwrap().file_name());
        paths.extend(path.extension().is_some_and(|kind| kind == "md").then_some(path));
    }
    paths.into_iter().map(|path: PathBuf| (path.clone(), read(path))).collect()
}

/// The code blocks of a page: language and lines, with continued lines joined.
fn blocks(page: &str) -> Vec<(String, Vec<String>)> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, Vec<String>)> = None;
    for line in page.lines().map(str::trim) {
        match (line.strip_prefix("```"), open.take()) {
            (Some(language), None) => open = Some((language.to_owned(), Vec::new())),
            (Some(_), Some(block)) => blocks.push(block),
            (None, Some((language, mut lines))) => {
                match lines.last_mut().and_then(|last| last.strip_suffix('\\').map(str::to_owned)) {
                    Some(begun) => *lines.last_mut().unwrap() = begun + line,
                    None => lines.push(line.to_owned()),
                }
                open = Some((language, lines));
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a code block is not closed");
    blocks
}

fn outside_blocks(page: &str) -> String {
    page.split("```").step_by(2).collect()
}

fn sabeel(arguments: &[String]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sabeel"))
        .args(arguments)
        .stdin(Stdio::null())
        .env_remove("SABEEL_CONFIG")
        .output()
        .unwrap()
}

fn check_config(text: &str, whose: &str) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sabeel.toml");
    std::fs::write(&path, text).unwrap();
    let arguments = ["--config", path.to_str().unwrap(), "config", "check"].map(str::to_owned);
    let output = sabeel(&arguments);
    assert!(output.status.success(), "{whose}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The sample with every line that is off switched on; of several transports one can be.
fn whole_sample() -> String {
    let is_off = |rest: &str| {
        let key = rest.split(" = ").next().unwrap_or("");
        rest.starts_with('[')
            || key.bytes().all(|b| b.is_ascii_lowercase() || b"-0123456789".contains(&b))
    };
    let switch = |line: &str| match line.strip_prefix('#').filter(|rest| !rest.is_empty()) {
        Some(rest) if is_off(rest) => format!("{rest}\n"),
        _ => format!("{line}\n"),
    };
    let whole: String = read("docs/sabeel.toml").lines().map(switch).collect();
    whole.replace("transport = \"console\"", "transport = \"routes\"")
}

#[test]
fn the_sample_is_good_as_it_is_and_with_everything_on() {
    check_config(&read("docs/sabeel.toml"), "the sample");
    check_config(&whole_sample(), "the sample with everything on");
}

fn keys_of(table: &toml::Table, prefix: &str, keys: &mut BTreeSet<String>) {
    for (name, value) in table {
        let key = format!("{prefix}{name}");
        match value {
            toml::Value::Table(inner) if !FREE.contains(&key.as_str()) => {
                keys_of(inner, &format!("{key}."), keys);
            }
            toml::Value::Array(all) if all.iter().any(toml::Value::is_table) => {
                for inner in all.iter().filter_map(toml::Value::as_table) {
                    keys_of(inner, &format!("{key}."), keys);
                }
            }
            _ => {
                keys.insert(key);
            }
        }
    }
}

/// The keys in the tables of configuration.md, each under the heading of its section.
fn explained_keys() -> BTreeSet<String> {
    let mut section = None;
    let mut keys = BTreeSet::new();
    for line in read("docs/configuration.md").lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            let name = heading.strip_prefix("`[").and_then(|rest| rest.strip_suffix("]`"));
            let name = name.map(|name| name.trim_matches(['[', ']']));
            section = match (heading, name) {
                ("Top level", _) => Some(String::new()),
                (_, Some(name)) => Some(format!("{name}.")),
                (_, None) => None,
            };
        }
        let key = line.strip_prefix("| `").and_then(|rest| rest.split('`').next());
        if let (Some(section), Some(key)) = (&section, key) {
            assert!(keys.insert(format!("{section}{key}")), "{section}{key} stands there twice");
        }
    }
    keys
}

#[test]
fn every_key_is_in_the_sample_and_explained() {
    let mut sample = BTreeSet::new();
    keys_of(&whole_sample().parse().unwrap(), "", &mut sample);
    assert_eq!(sample, explained_keys());
}

#[test]
fn examples_of_configuration_are_good() {
    for (path, page) in pages() {
        for (_, lines) in blocks(&page).into_iter().filter(|(language, _)| language == "toml") {
            check_config(&lines.join("\n"), &path.display().to_string());
        }
    }
    let presets = root().join("crates/messaging/presets");
    for preset in std::fs::read_dir(presets).unwrap() {
        let path = preset.unwrap().path();
        check_config(&read(&path), &path.display().to_string());
    }
}

/// The words of a shell command up to its comment, pipe, redirection or end.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in command.chars() {
        match (quote, c) {
            (None, '#' | '|' | '>' | '<' | ';' | '&') => break,
            (None, '"' | '\'') => quote = Some(c),
            (None, ' ') => words.push(String::new()),
            (Some(open), c) if c == open => quote = None,
            (_, c) => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The arguments of a line that runs `sabeel`, also as another user.
fn arguments(line: &str) -> Option<Vec<String>> {
    let mut words = words(line.strip_prefix("$ ").unwrap_or(line)).into_iter().peekable();
    if words.next_if(|word| word == "sudo").is_some() {
        words.next_if(|word| word == "-u").and_then(|_| words.next());
        while words.next_if(|word| word.contains('=')).is_some() {}
    }
    words.next_if(|word| word == "sabeel").map(|_| words.collect())
}

#[test]
fn every_command_in_a_code_block_can_be_typed() {
    let mut checked = 0;
    for (path, page) in pages() {
        for line in blocks(&page).into_iter().flat_map(|(_, lines)| lines) {
            let Some(mut arguments) = arguments(&line) else { continue };
            arguments.push("--help".to_owned());
            let output = sabeel(&arguments);
            let reason = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{}: {line}: {reason}", path.display());
            checked += 1;
        }
    }
    assert!(checked > 30, "only {checked} commands were found");
}

#[test]
fn every_command_in_a_sentence_exists() {
    for (path, page) in pages() {
        for quoted in outside_blocks(&page).split('`').skip(1).step_by(2) {
            let Some(rest) = quoted.strip_prefix("sabeel ") else { continue };
            let is_name = |word: &&str| word.bytes().all(|b| b.is_ascii_lowercase());
            let words = rest.split_whitespace().filter(|word| !word.starts_with("--"));
            let mut named: Vec<String> = words.take_while(is_name).map(str::to_owned).collect();
            named.push("--help".to_owned());
            assert!(sabeel(&named).status.success(), "{}: {quoted}", path.display());
        }
    }
}

/// How a heading is called in a link, as GitHub does it.
fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    heading.to_lowercase().chars().filter(kept).map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn every_link_leads_somewhere() {
    for (path, page) in pages() {
        let text = outside_blocks(&page);
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.contains("://") {
                continue;
            }
            let (file, wanted) = target.split_once('#').unwrap_or((target, ""));
            let linked = match file {
                "" => path.clone(),
                file => path.parent().unwrap().join(file),
            };
            assert!(root().join(&linked).exists(), "{}: {target}", path.display());
            let is_heading = |line: &str| {
                let heading = line.trim_start_matches('#');
                heading.len() < line.len() && anchor(heading.trim()) == wanted
            };
            let found = wanted.is_empty() || read(&linked).lines().any(is_heading);
            assert!(found, "{}: there is no heading for {target}", path.display());
        }
    }
}

/// The text of every Rust file of the workspace.
fn sources(folder: &Path, sources: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            self::sources(&path, sources);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            sources.push_str(&read(&path));
        }
    }
}

#[test]
fn every_file_and_test_in_the_map_exists() {
    let mut code = String::new();
    sources(root(), &mut code);
    let page = outside_blocks(&read("ARCHITECTURE.md"));
    let (mut files, mut tests) = (0, 0);
    for quoted in page.split('`').skip(1).step_by(2) {
        if quoted.contains('/') && !quoted.starts_with('/') {
            assert!(root().join(quoted).exists(), "there is no {quoted}");
            files += 1;
        } else if quoted.contains('_') {
            assert!(code.contains(&format!("fn {quoted}(")), "there is no test {quoted}");
            tests += 1;
        }
    }
    assert!(files > 50 && tests > 20, "{files} files and {tests} tests were found");
}
