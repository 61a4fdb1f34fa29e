//! What phones ask the portal before their owners have typed anything.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, ensure};

use crate::city::PORTAL_PATH;
use crate::http_load::{self, Afterwards, Answer, Browsing};
use crate::visitors::{DEVICES, device};

/// The question whether the internet is open; the answer is a redirect.
pub struct Probe {
    /// Phones mostly ask once and close.
    pub afterwards: Afterwards,
}

/// The gateway's redirect of a device that is not known yet; the answer is a redirect to its own
/// first page, which is kept.
#[derive(Default)]
pub struct Arrival {
    pages: Mutex<Vec<String>>,
}

/// The first page of every device that arrived, in turn.
pub struct FirstPage {
    pages: Vec<String>,
}

/// The first page where it is a file.
pub struct Page;

impl Page {
    /// What the portal shows to a device that arrives.
    pub fn of(portal: SocketAddr) -> anyhow::Result<Vec<u8>> {
        let arrival = Arrival::default();
        http_load::once(portal, &arrival)?;
        Ok(http_load::once(portal, &arrival.pages())?.body)
    }
}

impl Arrival {
    /// The first pages of those who have arrived.
    pub fn pages(self) -> FirstPage {
        FirstPage { pages: self.pages.into_inner().unwrap_or_else(PoisonError::into_inner) }
    }
}

impl Browsing for Probe {
    fn request(&self, _: u64) -> (String, &str) {
        ("/generate_204".to_owned(), "connectivitycheck.gstatic.com")
    }

    fn check(&self, _: u64, answer: &Answer) -> anyhow::Result<()> {
        ensure!(answer.status == 302 && answer.location.is_some(), "{answer:?} for a probe");
        Ok(())
    }

    fn afterwards(&self) -> Afterwards {
        self.afterwards
    }
}

impl Browsing for Arrival {
    fn request(&self, number: u64) -> (String, &str) {
        // Those below have a grant, and would be sent past the first page.
        let number = DEVICES + u32::try_from(number).expect("the bench ends before 2^32 arrivals");
        let device = device(number);
        let path = format!("/n/{PORTAL_PATH}/?client_mac={device}&client_ip=10.64.0.7");
        (path, "127.0.0.1")
    }

    fn check(&self, _: u64, answer: &Answer) -> anyhow::Result<()> {
        ensure!(answer.status == 303, "{answer:?} for an arrival");
        let page = answer.location.clone().context("a redirect to nowhere")?;
        self.pages.lock().unwrap_or_else(PoisonError::into_inner).push(page);
        Ok(())
    }
}

impl Browsing for FirstPage {
    fn request(&self, number: u64) -> (String, &str) {
        let turn = usize::try_from(number).unwrap_or_default() % self.pages.len();
        (self.pages[turn].clone(), "127.0.0.1")
    }

    fn check(&self, _: u64, answer: &Answer) -> anyhow::Result<()> {
        check_page(answer)
    }
}

impl Browsing for Page {
    fn request(&self, _: u64) -> (String, &str) {
        ("/".to_owned(), "127.0.0.1")
    }

    fn check(&self, _: u64, answer: &Answer) -> anyhow::Result<()> {
        check_page(answer)
    }
}

fn check_page(answer: &Answer) -> anyhow::Result<()> {
    let is_whole = answer.body.trim_ascii_end().ends_with(b"</html>");
    ensure!(answer.status == 200 && is_whole, "{answer:?} for a first page");
    Ok(())
}
