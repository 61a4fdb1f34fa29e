use proptest::prelude::*;

use super::*;

/// A row in one line: table, line and what its columns hold.
fn tell(row: Result<Row, TableError>) -> String {
    match row {
        Err(error) => error.to_string(),
        Ok(row) => {
            let cells = row.columns.iter().zip(&row.values);
            let cells: Vec<_> = cells
                .map(|(name, value)| match value {
                    None => format!("{name}=-"),
                    Some(value) => format!("{name}=<{value}>"),
                })
                .collect();
            format!("{:?}:{} {}", row.table, row.line, cells.join(" "))
        }
    }
}

fn dump(text: &str) -> Vec<String> {
    DumpRows::new(text.bytes()).map(tell).collect()
}

fn csv(text: &str) -> Vec<String> {
    CsvRows::new(text.bytes()).map(tell).collect()
}

#[test]
fn a_dump_of_mysql_is_read_by_the_names_of_its_columns() {
    let text = "-- MySQL dump 10.13  Distrib 8.0\n\
        /*!40101 SET NAMES utf8 */;\n\
        DROP TABLE IF EXISTS `radcheck`;\n\
        CREATE TABLE `radcheck` (\n\
          `id` int(11) unsigned NOT NULL AUTO_INCREMENT COMMENT 'a, ) b',\n\
          `username` varchar(64) NOT NULL DEFAULT '',\n\
          `attribute` varchar(64) NOT NULL,\n\
          `op` char(2) NOT NULL DEFAULT '==',\n\
          `value` varchar(253) NOT NULL,\n\
          PRIMARY KEY (`id`),\n\
          KEY `username` (`username`(32))\n\
        ) ENGINE=InnoDB DEFAULT CHARSET=utf8;\n\
        LOCK TABLES `radcheck` WRITE;\n\
        INSERT INTO `radcheck` VALUES (1,'a','Cleartext-Password',':=','it\\'s; (x), \\\\ \\n'),\
        (-2,'ممشى','b','=',NULL);\n\
        INSERT INTO `other` VALUES (1,'; INSERT INTO `radcheck` VALUES (9)');\n\
        UNLOCK TABLES;\n\
        INSERT IGNORE INTO `radius`.`userinfo` (`username`, `mobilephone`) VALUES ('a',_utf8mb4'05'), ('b', 0x3036) \
        ON DUPLICATE KEY UPDATE x = 1;\n";
    assert_eq!(
        dump(text),
        [
            "OfUser:14 id=<1> username=<a> attribute=<Cleartext-Password> op=<:=> \
             value=<it's; (x), \\ \n>",
            "OfUser:14 id=<-2> username=<ممشى> attribute=<b> op=<=> value=-",
            "UserInfo:17 username=<a> mobilephone=<05>",
            "UserInfo:17 username=<b> mobilephone=<06>",
        ]
    );
}

#[test]
fn a_dump_of_postgresql_is_read_from_copy_and_insert() {
    let text = "--\n-- PostgreSQL database dump\n--\n\\restrict abc;'\n\
        SET client_encoding = 'UTF8';\n\
        CREATE FUNCTION f() RETURNS trigger AS $a$ BEGIN; 'x $$ END; $a$ LANGUAGE plpgsql;\n\
        CREATE TABLE public.nas (\n    id integer NOT NULL,\n    nasname text NOT NULL,\n    \
        secret text DEFAULT 'a''b'::text,\n    CONSTRAINT x CHECK ((id > 0))\n);\n\
        COPY public.other (id, x) FROM stdin;\n1\t; COPY public.nas (id) FROM stdin;\n\\.\n\
        COPY public.radcheck (id, username, attribute, value) FROM stdin;\n\
        1\ta\tb\tone\\ttwo\\\\three\n2\t\\N\tc\t\n\\.\n\n\
        INSERT INTO public.nas VALUES (1, '10.0.0.1', 'a''b\\c'), (2, E'x\\'y', 's'::text);\n";
    assert_eq!(
        dump(text),
        [
            "OfUser:17 id=<1> username=<a> attribute=<b> value=<one\ttwo\\three>",
            "OfUser:18 id=<2> username=- attribute=<c> value=<>",
            "Nas:21 id=<1> nasname=<10.0.0.1> secret=<a'b\\c>",
            "Nas:21 id=<2> nasname=<x'y> secret=<s>",
        ]
    );
}

#[test]
fn a_csv_file_is_known_by_its_heading() {
    for (text, rows) in [
        ("", vec![]),
        ("username,attribute,op,value\n", vec![]),
        (
            "\u{feff}UserName;Attribute;op;Value\r\n\"a;\"\"b\";c;:=;NULL\r\n\r\nx;y;;\"\"\r\n",
            vec![
                "OfUser:2 username=<a;\"b> attribute=<c> op=<:=> value=-",
                "OfUser:4 username=<x> attribute=<y> op=- value=<>",
            ],
        ),
        ("username\tgroupname\na\t\\N", vec!["UserGroup:2 username=<a> groupname=-"]),
        (
            "\"nasname\",\"secret\"\n10.0.0.1,\"two\nlines\"",
            vec!["Nas:2 nasname=<10.0.0.1> secret=<two\nlines>"],
        ),
        ("a,b\n1,2\n", vec!["line 1: the heading is that of no table that is known"]),
        (
            "username,groupname\na,b,c\nd,e\n",
            vec!["line 2: the row has more values than the heading has columns"],
        ),
        ("username,groupname\n\"a,b\n", vec!["line 3: a quote is never closed"]),
        ("username,groupname\n\"a\"b,c\n", vec!["line 2: something follows a quoted value"]),
    ] {
        assert_eq!(csv(text), rows, "{text}");
    }
}

#[test]
fn what_cannot_be_read_is_named_by_its_line() {
    let long = format!("INSERT INTO nas (nasname) VALUES ('{}');", "x".repeat(LONGEST_VALUE + 1));
    for (text, reason) in [
        ("\nINSERT INTO nas VALUES (1);", "line 2: neither the INSERT names its columns"),
        ("INSERT INTO nas (nasname) VALUES (1, 2);", "line 1: a row has more values than columns"),
        ("INSERT INTO nas (nasname) VALUES ('a", "line 1: a quote is never closed"),
        ("INSERT INTO nas (nasname) VALUES (a", "line 1: a row breaks off"),
        ("COPY nas FROM stdin;\n", "line 1: the COPY names no columns"),
        ("COPY nas (a) FROM stdin;\n1\t2\n", "line 2: a row has more values than columns"),
        (&long, "line 1: a value is longer than any of these tables has"),
    ] {
        let told = dump(text);
        assert!(told.last().is_some_and(|last| last.starts_with(reason)), "{told:?}");
    }
}

#[test]
fn a_table_of_any_length_passes_by_row_for_row() {
    let row = b"(1,'a','2026-11-25 07:00:00',NULL),";
    let start = b"INSERT INTO `radacct` (a, acctsessionid, acctstarttime, x) VALUES ";
    let rows = row.iter().cycle().take(row.len() * 200_000);
    let octets = start.iter().chain(rows).copied();
    assert_eq!(DumpRows::new(octets).filter(Result::is_ok).count(), 200_000);
}

proptest! {
    #[test]
    fn no_dump_is_too_odd(
        text in "(INSERT INTO nas |\\(nasname\\)|VALUES|COPY nas |FROM stdin;\n|CREATE TABLE `?nas|\
                 [ (),;'\"`\\\\\n\t$/*#a-]|\\PC){0,40}"
    ) {
        let _ = dump(&text);
    }

    #[test]
    fn no_csv_is_too_odd(text in "(username,groupname\n)?([,;\"\n\ra]|\\PC){0,60}") {
        let _ = csv(&text);
    }

    #[test]
    fn a_value_of_mysql_comes_back(value in "[^\0]{0,40}") {
        let escaped = value.replace('\\', "\\\\").replace('\'', "\\'");
        let text = format!("INSERT INTO `nas` (`nasname`) VALUES ('{escaped}');");
        let mut rows = DumpRows::new(text.bytes());
        let row = rows.next().unwrap().unwrap();
        prop_assert_eq!(row.get("nasname").unwrap_or_default(), value);
        prop_assert!(rows.next().is_none());
    }

    #[test]
    fn a_value_of_postgresql_comes_back(value in "[^\0]{0,40}") {
        let text = format!("INSERT INTO nas (nasname) VALUES ('{}');", value.replace('\'', "''"));
        let row = DumpRows::new(text.bytes()).next().unwrap().unwrap();
        prop_assert_eq!(row.get("nasname").unwrap_or_default(), value);
    }
}
