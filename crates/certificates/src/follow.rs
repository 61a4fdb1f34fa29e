//! Files that are looked at now and then: a change counts for what begins afterwards, and one that
//! cannot be used leaves what was there before.

use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

/// Which files belong together, and what is made of them.
pub trait Material {
    /// The octets of all files.
    type Contents;
    /// What a handshake needs.
    type Config;
    /// Why the files cannot be used.
    type Error: Display;

    /// Reads the files.
    ///
    /// # Errors
    /// The first that cannot be read.
    fn read(&self) -> Result<Self::Contents, Self::Error>;

    /// The octets by which a change is known.
    fn octets(contents: &Self::Contents) -> Vec<&[u8]>;

    /// Makes of them what a handshake needs.
    ///
    /// # Errors
    /// Why they do not go together.
    fn build(&self, contents: &Self::Contents) -> Result<Self::Config, Self::Error>;
}

/// What a handshake needs, as it is now.
pub struct Followed<M: Material> {
    material: M,
    config: ArcSwap<M::Config>,
    /// Of the files when they were looked at last, usable or not.
    digest: Mutex<[u8; 32]>,
}

impl<M: Material> Followed<M> {
    /// Reads the files for the first time.
    ///
    /// # Errors
    /// Why they cannot be used.
    pub fn open(material: M) -> Result<Self, M::Error> {
        let contents = material.read()?;
        Ok(Self {
            config: ArcSwap::from_pointee(material.build(&contents)?),
            digest: Mutex::new(digest::<M>(&contents)),
            material,
        })
    }

    /// What the next handshake uses.
    pub fn config(&self) -> Arc<M::Config> {
        self.config.load_full()
    }

    /// Looks at the files at this interval until `stop` is cancelled; `whose` is for the log.
    pub async fn follow(&self, every: Duration, whose: &'static str, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(every)).await.is_some() {
            match self.reload() {
                Ok(true) => tracing::info!(whose, "certificates are read again"),
                Ok(false) => {}
                Err(error) => tracing::error!(whose, %error, "the former certificates stay in use"),
            }
        }
    }

    /// Takes the files into use if they changed; returns whether they did.
    fn reload(&self) -> Result<bool, M::Error> {
        let contents = self.material.read()?;
        let digest = digest::<M>(&contents);
        let mut known = self.digest.lock().unwrap_or_else(PoisonError::into_inner);
        if *known == digest {
            return Ok(false);
        }
        *known = digest;
        self.config.store(Arc::new(self.material.build(&contents)?));
        Ok(true)
    }
}

fn digest<M: Material>(contents: &M::Contents) -> [u8; 32] {
    let mut hash = Sha256::new();
    for octets in M::octets(contents) {
        hash.update(Sha256::digest(octets));
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// One "file", of which only even numbers are of use.
    struct Number(Cell<u8>);

    impl Material for Number {
        type Contents = [u8; 1];
        type Config = u8;
        type Error = &'static str;

        fn read(&self) -> Result<[u8; 1], &'static str> {
            if self.0.get() == 0 { Err("gone") } else { Ok([self.0.get()]) }
        }

        fn octets(contents: &[u8; 1]) -> Vec<&[u8]> {
            vec![contents]
        }

        fn build(&self, contents: &[u8; 1]) -> Result<u8, &'static str> {
            if contents[0].is_multiple_of(2) { Ok(contents[0]) } else { Err("odd") }
        }
    }

    #[test]
    fn what_cannot_be_used_leaves_the_former_and_is_said_once() {
        let followed = Followed::open(Number(Cell::new(2))).unwrap();
        let check = |number, said, used| {
            followed.material.0.set(number);
            assert_eq!((followed.reload(), *followed.config()), (said, used));
        };
        check(2, Ok(false), 2);
        check(3, Err("odd"), 2);
        check(3, Ok(false), 2);
        check(0, Err("gone"), 2);
        check(4, Ok(true), 4);
        assert!(Followed::open(Number(Cell::new(3))).is_err());
    }
}
