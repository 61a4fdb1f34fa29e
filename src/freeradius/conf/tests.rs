use proptest::prelude::*;

use super::*;

fn file() -> Arc<str> {
    Arc::from("clients.conf")
}

/// The tree in one line, with the line of each entry.
fn told(nodes: &[Node]) -> String {
    let tell = |node: &Node| {
        let line = node.place.line;
        match &node.kind {
            Kind::Pair { name, value } => format!("{line}:{name}=<{value}>"),
            Kind::Section { name, second, nodes } => {
                let second = second.as_ref().map_or(String::new(), |second| format!("<{second}>"));
                format!("{line}:{name}{second}({})", told(nodes))
            }
            Kind::Include { path, optional: false } => format!("{line}:include<{path}>"),
            Kind::Include { path, optional: true } => format!("{line}:include?<{path}>"),
        }
    };
    nodes.iter().map(tell).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_configuration_is_read_as_freeradius_reads_it() {
    for (text, tree) in [
        ("", ""),
        ("# nothing\n\n", ""),
        ("a = b", "1:a=<b>"),
        ("a=b# not a comment", "1:a=<b#>"),
        ("a = b # a comment", "1:a=<b>"),
        ("client gate {\n\tsecret = s\n}\n", "1:client<gate>(2:secret=<s>)"),
        ("client 10.0.0.0/8 { secret = s }", "1:client<10.0.0.0/8>(1:secret=<s>)"),
        ("client ::1/128 {\n}", "1:client<::1/128>()"),
        ("client \"a b\" {\n}", "1:client<a b>()"),
        ("a { b { c = d }\n}", "1:a(1:b(1:c=<d>))"),
        ("a {\n} b { }", "1:a() 2:b()"),
        ("a = b, c = d", "1:a=<b> 1:c=<d>"),
        ("a := b\nc += d", "1:a=<b> 2:c=<d>"),
        ("secret = a}b;c=d#e", "1:secret=<a}b;c=d#e>"),
        (r#"secret = "a b # } \" \\ \t \101 \q""#, "1:secret=<a b # } \" \\ \t A q>"),
        (r"secret = 'a \' \n \\'", r"1:secret=<a ' \n \\>"),
        ("secret = \"ممشى\"", "1:secret=<ممشى>"),
        ("a = \\\n  b\nc = d", "1:a=<b> 3:c=<d>"),
        ("# a comment \\\nc = d", "2:c=<d>"),
        ("$INCLUDE clients.d/", "1:include<clients.d/>"),
        ("$-INCLUDE ${confdir}/x", "1:include?<${confdir}/x>"),
        ("a {\n$INCLUDE \"b c\"\n}", "1:a(2:include<b c>)"),
        ("if (&User-Name == \"x\") {\n ok\n} else {\n}", "1:if<(&User-Name == \"x\")>() 3:else()"),
        ("a { }\r\nb = c\r\n", "1:a() 2:b=<c>"),
    ] {
        let read = parse(&file(), text);
        let read = read.map(|nodes| told(&nodes)).unwrap_or_else(|error| error.to_string());
        assert_eq!(read, tree, "{text}");
    }
}

#[test]
fn what_cannot_be_read_is_named_by_its_line() {
    let deep = "a {\n".repeat(40);
    for (text, reason) in [
        ("\na {\n b = c", "clients.conf:2: the section is never closed"),
        ("a = b\n}", "clients.conf:2: `}` closes nothing"),
        ("\n\na = \"b\n", "clients.conf:3: a quote is never closed"),
        ("= b", "clients.conf:1: a name is missing"),
        (&deep, "clients.conf:33: sections are nested too deep"),
    ] {
        let error = parse(&file(), text).map(|nodes| told(&nodes)).unwrap_err();
        assert_eq!(error.to_string(), reason);
    }
}

#[test]
fn the_files_that_debian_brings_are_read() {
    for path in ["clients.conf", "proxy.conf", "radiusd.conf", "sites-available/default"] {
        let nodes = parse(&Arc::from(path), &crate::freeradius::debian::text(path));
        assert!(!nodes.map_err(|error| error.to_string()).unwrap().is_empty(), "{path}");
    }
}

proptest! {
    #[test]
    fn no_text_is_too_odd(text in "(client |[a-z]{1,3} |[ {}=,;#\"'\\\\\n$]|\\PC){0,60}") {
        let _ = parse(&file(), &text);
    }

    #[test]
    fn a_quoted_value_comes_back(value in "[^\\r\\n]{0,40}") {
        let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
        let nodes = parse(&file(), &format!("secret = \"{escaped}\"")).unwrap();
        prop_assert_eq!(told(&nodes), format!("1:secret=<{value}>"));
    }
}
