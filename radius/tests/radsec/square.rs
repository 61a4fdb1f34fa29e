//! A city whose only access point brings a certificate, and could not be known by its address.

use std::fs;
use std::path::Path;
use std::time::Instant;

use domain::Nas;
use radius::RadsecSettings;
use tempfile::TempDir;

use super::city::{Blueprint, City, nas};
use super::pki::{Ca, Identity};
use super::wire::{PATIENCE, SERVER, Wire};

/// The name in the access point's certificate.
pub const GATE: &str = "gate.park.example";

/// A running city with its authority.
pub struct Square {
    pub city: City,
    pub ca: Ca,
    /// The access point's certificate.
    pub gate: Identity,
    files: TempDir,
}

/// An access point that is known by its certificate alone.
pub fn gate() -> Nas {
    Nas {
        addresses: "192.0.2.1/32".parse().unwrap(),
        certificate: Some(GATE.parse().unwrap()),
        ..nas()
    }
}

impl Square {
    pub async fn begin() -> Self {
        Self::with(|_, _| ()).await
    }

    /// With an authority and settings changed before the city begins.
    pub async fn with(change: impl FnOnce(&mut Nas, &mut RadsecSettings)) -> Self {
        let files = tempfile::tempdir().unwrap();
        let ca = Ca::new();
        let path = |name: &str| files.path().join(name);
        let mut settings = RadsecSettings {
            listen: vec!["127.0.0.1:0".parse().unwrap()],
            certificate: path("server.pem"),
            key: path("server.key"),
            ca: path("ca.pem"),
            crl: Some(path("crl.pem")),
            reload_seconds: 1,
            ..RadsecSettings::default()
        };
        let mut nas = gate();
        change(&mut nas, &mut settings);
        write_files(files.path(), &ca, &[]);
        let mut blueprint = Blueprint { access_points: vec![nas], ..Blueprint::default() };
        blueprint.settings.radsec = Some(settings);
        let city = City::build(blueprint).await;
        let gate = ca.issue(&[GATE]);
        Self { city, ca, gate, files }
    }

    /// Connects with a certificate or without.
    pub async fn connect(&self, identity: Option<&Identity>) -> std::io::Result<Wire> {
        Wire::open(self.city.radsec.unwrap(), &self.ca, identity, &[]).await
    }

    /// Connects as the access point.
    pub async fn connect_gate(&self) -> Wire {
        self.connect(Some(&self.gate)).await.unwrap()
    }

    /// Puts another authority, certificate and revocation list in place of the files.
    pub fn replace_files(&self, ca: &Ca, revoked: &[&Identity]) {
        write_files(self.files.path(), ca, revoked);
    }

    /// The folder of the files.
    pub fn dir(&self) -> &Path {
        self.files.path()
    }

    /// Waits until an outcome was counted.
    pub async fn counted(&self, outcome: &str) {
        eventually(outcome, async || (self.city.counted(outcome) > 0).then_some(())).await;
    }
}

/// Looks again and again until there is what must come.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "no {what}");
        tokio::task::yield_now().await;
    }
}

fn write_files(dir: &Path, ca: &Ca, revoked: &[&Identity]) {
    let server = ca.issue(&[SERVER, "127.0.0.1"]);
    for (name, content) in [
        ("ca.pem", ca.pem()),
        ("crl.pem", ca.revoke(revoked)),
        ("server.key", server.key.serialize_pem()),
        ("server.pem", server.certificate.pem()),
    ] {
        fs::write(dir.join(name), content).unwrap();
    }
}
