//! The workspace keeps its own rules: which crate may use which, and under which
//! licences its dependencies come.

use std::collections::BTreeMap;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

fn metadata() -> Metadata {
    MetadataCommand::new().other_options(["--locked".to_owned()]).exec().expect("cargo metadata")
}

/// The workspace's own crates that each crate may use, besides those of its tests.
const ALLOWED: [(&str, &[&str]); 13] = [
    ("domain", &[]),
    ("certificates", &["domain"]),
    ("connections", &[]),
    ("controller-api", &["domain"]),
    ("radius-proto", &[]),
    ("link", &[]),
    ("store", &["domain", "link"]),
    ("messaging", &["domain", "store"]),
    ("edge", &["certificates", "connections", "domain", "link", "radius-proto"]),
    ("portal", &["certificates", "connections", "domain", "store"]),
    ("radius", &["certificates", "domain", "radius-proto", "store"]),
    ("controller", &["certificates", "connections", "domain", "link", "store"]),
    (
        "sabeel",
        &[
            "controller",
            "controller-api",
            "domain",
            "edge",
            "link",
            "messaging",
            "portal",
            "radius",
            "radius-proto",
            "store",
        ],
    ),
];

#[test]
fn crates_use_only_what_lies_below_them() {
    let metadata = metadata();
    let allowed: BTreeMap<_, _> = ALLOWED.into_iter().collect();
    let members = metadata.workspace_packages();
    assert_eq!(members.len(), allowed.len(), "every crate has its line in ALLOWED");
    for package in &members {
        let permitted =
            allowed.get(package.name.as_str()).expect("every crate has its line in ALLOWED");
        let used = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind == DependencyKind::Normal)
            .filter(|dependency| {
                members.iter().any(|member| member.name.as_str() == dependency.name)
            });
        for dependency in used {
            assert!(
                permitted.contains(&dependency.name.as_str()),
                "{} must not use {}",
                package.name,
                dependency.name
            );
        }
    }
}

/// Licences that may come into the binary; each expression needs one way through them.
const PERMISSIVE: [&str; 13] = [
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "Unicode-3.0",
    "CC0-1.0",
    "0BSD",
    "Unlicense",
    "BSL-1.0",
    "CDLA-Permissive-2.0",
];

/// Whether an SPDX expression of `OR`, `AND` and brackets can be met with [`PERMISSIVE`] licences.
fn is_permissive(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ");
    let any_of = |part: &str| {
        part.split(" OR ")
            .any(|licence| PERMISSIVE.contains(&licence.trim_matches(['(', ')', ' '])))
    };
    split_outside_brackets(&expression).into_iter().all(any_of)
}

fn split_outside_brackets(expression: &str) -> Vec<&str> {
    let mut depth = 0;
    let mut start = 0;
    let mut parts = Vec::new();
    for (at, c) in expression.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            'A' if depth == 0 && expression[at..].starts_with("AND ") => {
                parts.push(&expression[start..at]);
                start = at + 4;
            }
            _ => {}
        }
    }
    parts.push(&expression[start..]);
    parts
}

#[test]
fn licence_expressions_are_understood() {
    for (expression, permissive) in [
        ("MIT OR Apache-2.0", true),
        ("MIT/Apache-2.0", true),
        ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
        ("MIT AND GPL-3.0", false),
        ("GPL-3.0-only", false),
        ("Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT", true),
    ] {
        assert_eq!(is_permissive(expression), permissive, "{expression}");
    }
}

#[test]
fn every_dependency_is_permissive_and_none_is_openssl() {
    let metadata = metadata();
    let foreign = |package: &&Package| package.source.is_some();
    for package in metadata.packages.iter().filter(foreign) {
        let licence = package.license.as_deref().unwrap_or("none");
        assert!(is_permissive(licence), "{} {} is under {licence}", package.name, package.version);
        let is_openssl = ["openssl", "openssl-sys", "native-tls"].contains(&package.name.as_str());
        assert!(!is_openssl, "{} must stay out", package.name);
    }
}
