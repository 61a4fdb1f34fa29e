//! `sabeel link watch` in a terminal, as a person sees it.

use std::io::{Read, Write};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::ground::{Offices, USUAL};

/// How long what must be drawn may take.
const PATIENCE: Duration = Duration::from_secs(300);
/// To the beginning of a headline and two paths, and clear from there (ECMA-48 CPL and ED).
const ANEW: &str = "\x1b[3F\x1b[J";
/// What Control-C sends.
const INTERRUPT: &[u8] = b"\x03";

#[test]
fn whoever_watches_sees_a_path_fail_and_the_office_move_until_the_interrupt() {
    let offices = Offices::open(USUAL);
    // In place of the shell, which the interrupt would end as well.
    let watch = format!("exec {}", offices.words(1, &["watch"]).join(" "));
    // A terminal, whose screen and keys are pipes.
    let mut terminal = offices
        .command("router-1", &["script", "-qefc", &watch, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut screen = Screen { from: terminal.stdout.take().unwrap(), drawn: String::new() };
    let picture = screen.until(|lines| lines[1].matches(is_bar).count() >= 3);
    assert_eq!(picture[0], "office-1: primary, by fibre");
    for (line, path) in picture[1..].iter().zip(["fibre", "radio"]) {
        assert!(
            line.starts_with(path) && line.contains("  up  ") && line.contains(" ms"),
            "{line}"
        );
        assert!(line.contains("0 % lost"), "{line}");
    }
    offices.cut_both("fib0");
    let picture = screen.until(|lines| lines[1].ends_with("××"));
    assert!(picture[0].starts_with("office-1: on-backup, by radio"), "{picture:?}");
    assert!(picture[1].contains("  down  ") && picture[1].contains(is_bar), "{picture:?}");
    assert!(picture[2].contains("  up  ") && !picture[2].contains('×'), "{picture:?}");
    terminal.stdin.as_mut().unwrap().write_all(INTERRUPT).unwrap();
    assert!(terminal.wait().unwrap().success());
}

fn is_bar(letter: char) -> bool {
    ('▁'..='█').contains(&letter)
}

/// What is drawn in a terminal.
struct Screen<R> {
    from: R,
    drawn: String,
}

impl<R: Read> Screen<R> {
    /// The lines that stand there, once they are as wanted.
    fn until(&mut self, wanted: impl Fn(&[String]) -> bool) -> Vec<String> {
        let begun = Instant::now();
        let mut octets = Vec::new();
        loop {
            let mut piece = [0; 4_096];
            let length = self.from.read(&mut piece).unwrap();
            assert!(length > 0, "it has ended: {}", self.drawn);
            octets.extend_from_slice(&piece[..length]);
            // The rest of a letter may come with the next piece.
            let whole = match str::from_utf8(&octets) {
                Ok(text) => text.len(),
                Err(error) => error.valid_up_to(),
            };
            self.drawn.push_str(&String::from_utf8(octets.drain(..whole).collect()).unwrap());
            let picture = self.drawn.rsplit(ANEW).next().unwrap_or_default();
            let lines: Vec<String> = picture.lines().map(str::to_owned).collect();
            if picture.ends_with('\n') && lines.len() == 3 && wanted(&lines) {
                return lines;
            }
            assert!(begun.elapsed() < PATIENCE, "{}", self.drawn);
        }
    }
}
