//! Octets as people and programs write them.

use std::io::Read;

use anyhow::{Context, bail};
use data_encoding::HEXLOWER_PERMISSIVE;

/// The most that is read from standard input, in octets.
const MAX_INPUT_OCTETS: u64 = 16 << 20;

/// Reads hexadecimal digits; blanks, colons, commas and `0x` are skipped.
pub fn parse(text: &str) -> anyhow::Result<Vec<u8>> {
    let digits: String = text
        .split([' ', '\t', '\n', '\r', ':', ','])
        .map(|part| part.strip_prefix("0x").or(part.strip_prefix("0X")).unwrap_or(part))
        .collect();
    HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).context("write octets as two hexadecimal digits")
}

/// Reads packets from standard input, which empty lines divide.
pub fn packets_from_stdin() -> anyhow::Result<Vec<Vec<u8>>> {
    let mut text = String::new();
    let mut input = std::io::stdin().take(MAX_INPUT_OCTETS);
    input.read_to_string(&mut text).context("cannot read standard input")?;
    if input.limit() == 0 {
        bail!("standard input has {MAX_INPUT_OCTETS} octets or more");
    }
    divide(&text).iter().map(|packet| parse(packet)).collect()
}

/// The runs of lines that are not empty.
fn divide(text: &str) -> Vec<String> {
    let mut runs = vec![String::new()];
    for line in text.lines() {
        match runs.last_mut() {
            Some(run) if !line.trim().is_empty() => *run += &format!("{line}\n"),
            _ => runs.push(String::new()),
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_are_read_as_people_write_them() {
        for text in ["0a0B0c", "0x0a0b0c", "0a:0b:0c", "0x0a, 0x0b, 0x0c", " 0a\n0b\t0c "] {
            assert_eq!(parse(text).unwrap(), [10, 11, 12], "{text}");
        }
        for text in ["0", "0g", "0a0", "0x0"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn empty_lines_divide_packets() {
        assert_eq!(divide("\n01\n02\n\n \n03\n"), ["01\n02\n", "03\n"]);
        assert!(divide(" \n").is_empty());
    }
}
