//! Encryption of personal data and secrets in rows.
//!
//! A sealed value is the key's version (4 octets), a random nonce (24 octets) and the
//! XChaCha20-Poly1305 ciphertext, bound to what it is for.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use domain::{
    Binding, Challenge, Code, Identity, LinkToken, MacAddress, PhoneNumber, VoucherCode, VoucherId,
};
use zeroize::Zeroizing;

use crate::StoreError;
use crate::keys::{Key, KeyRing, keyed_hash};

/// What a sealed value is for; one cannot stand in for another.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Seal {
    Phone,
    MessageText,
    NasSecrets,
    CredentialPassword,
    ErasedPerson,
    HoldReason,
}

impl Seal {
    const fn as_bytes(self) -> &'static [u8] {
        match self {
            Self::Phone => b"phone",
            Self::MessageText => b"message text",
            Self::NasSecrets => b"nas secrets",
            Self::CredentialPassword => b"credential password",
            Self::ErasedPerson => b"erased person",
            Self::HoldReason => b"reason of a hold",
        }
    }
}

impl KeyRing {
    /// Encrypts `clear` with the newest key.
    pub(crate) fn seal(&self, seal: Seal, clear: &str) -> Vec<u8> {
        let (version, key) = self.data().newest();
        let mut nonce = [0; 24];
        getrandom::fill(&mut nonce).expect("the operating system gives random numbers");
        let cipher = XChaCha20Poly1305::new(key.as_slice().try_into().expect("a key is 32 octets"));
        let payload = Payload { msg: clear.as_bytes(), aad: seal.as_bytes() };
        let body = cipher
            .encrypt(&XNonce::from(nonce), payload)
            .expect("texts are far below the cipher's limit");
        [&version.to_be_bytes()[..], &nonce, &body].concat()
    }

    /// Decrypts what [`KeyRing::seal`] made for the same purpose.
    pub(crate) fn open(&self, seal: Seal, sealed: &[u8]) -> Result<Zeroizing<String>, StoreError> {
        let corrupt = || StoreError::Corrupt { what: "sealed value" };
        let (version, rest) = sealed.split_first_chunk::<4>().ok_or_else(corrupt)?;
        let (nonce, body) = rest.split_first_chunk::<24>().ok_or_else(corrupt)?;
        let version = u32::from_be_bytes(*version);
        let key = self.data().find(version).ok_or(StoreError::MissingKey { version })?;
        let cipher = XChaCha20Poly1305::new(key.as_slice().try_into().expect("a key is 32 octets"));
        let payload = Payload { msg: body, aad: seal.as_bytes() };
        let clear = cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| corrupt())?;
        String::from_utf8(clear).map(Zeroizing::new).map_err(|_| corrupt())
    }

    /// The keyed hash by which a number is found.
    pub(crate) fn phone_hash(&self, phone: &PhoneNumber) -> Vec<u8> {
        let (_, key) = self.lookup().newest();
        keyed_hash(key, &[b"phone", phone.digits().as_bytes()]).to_vec()
    }

    /// The keyed hash by which numbers of one block are counted.
    pub(crate) fn block_hash(&self, phone: &PhoneNumber) -> Vec<u8> {
        let (_, key) = self.lookup().newest();
        keyed_hash(key, &[b"block of numbers", phone.block().as_bytes()]).to_vec()
    }

    /// The keyed hash by which an account is found.
    pub(crate) fn identity_hash(&self, identity: &Identity) -> Vec<u8> {
        match identity {
            Identity::Phone(phone) => self.phone_hash(phone),
            Identity::Voucher(voucher) => {
                let (_, key) = self.lookup().newest();
                keyed_hash(key, &[b"voucher", voucher.to_string().as_bytes()]).to_vec()
            }
            Identity::Claimed(_) => {
                let (_, key) = self.lookup().newest();
                keyed_hash(key, &[b"claimed", identity.expose().as_bytes()]).to_vec()
            }
        }
    }

    /// The keyed hash by which a voucher is found.
    pub(crate) fn voucher_hash(&self, code: &VoucherCode) -> Vec<u8> {
        let (_, key) = self.lookup().newest();
        keyed_hash(key, &[b"voucher code", code.expose().as_bytes()]).to_vec()
    }

    /// The keyed hash by which a link is found.
    pub(crate) fn link_hash(&self, link: &LinkToken) -> Vec<u8> {
        let (_, key) = self.lookup().newest();
        keyed_hash(key, &[b"link", link.expose().as_bytes()]).to_vec()
    }

    /// The keyed hash by which a voucher knows a device again that it has admitted.
    pub(crate) fn admitted_hash(&self, voucher: &VoucherId, device: MacAddress) -> Vec<u8> {
        let (_, key) = self.lookup().newest();
        let voucher = voucher.to_string();
        keyed_hash(key, &[b"admitted", voucher.as_bytes(), &device.octets()]).to_vec()
    }

    /// The keyed hash that stands for a person or device where neither shall stand; `kind` says
    /// what it is of.
    pub(crate) fn pseudonym(&self, kind: &'static str, clear: &[u8]) -> String {
        let (_, key) = self.lookup().newest();
        let hash = keyed_hash(key, &[b"pseudonym", kind.as_bytes(), clear]);
        let half = hash.first_chunk::<16>().expect("a hash has 32 octets");
        data_encoding::HEXLOWER.encode(half)
    }

    /// What stands for a hardware address that is kept no longer, by the newest key.
    pub(crate) fn device_pseudonym(&self, device: MacAddress) -> MacAddress {
        let (_, key) = self.lookup().newest();
        pseudonym_by(key, device)
    }

    /// As what a device may be kept: its address, or what stands for it by any key that there is.
    pub(crate) fn names_of(&self, device: MacAddress) -> Vec<MacAddress> {
        let pseudonyms = self.lookup().newest_first().map(|key| pseudonym_by(key, device));
        let pseudonyms = pseudonyms.filter(|_| !device.is_pseudonym());
        std::iter::once(device).chain(pseudonyms).collect()
    }

    /// The keyed hash by which a secret portal path is found.
    pub(crate) fn path_hash(&self, path: &str) -> Vec<u8> {
        let (_, key) = self.lookup().newest();
        keyed_hash(key, &[b"portal path", path.as_bytes()]).to_vec()
    }

    /// The keyed hash of a code, bound to everything that the challenge is about; the pepper's
    /// version (4 octets) stands in front. `None` if there is no pepper of that version.
    pub(crate) fn code_hash(
        &self,
        pepper: u32,
        challenge: &Challenge,
        code: &Code,
    ) -> Option<Zeroizing<Vec<u8>>> {
        let key = self.pepper().find(pepper)?;
        let (purpose, id) = (challenge.binding.purpose(), challenge.id.to_bytes());
        let [purpose, id, phone, code] = [
            purpose.as_str().as_bytes(),
            &id,
            challenge.phone.digits().as_bytes(),
            code.expose().as_bytes(),
        ];
        let hash = match &challenge.binding {
            Binding::SignIn { site, device } | Binding::MyData { site, device } => {
                let parts = [purpose, id, phone, &device.octets(), site.as_str().as_bytes(), code];
                keyed_hash(key, &parts)
            }
            Binding::ReportClose { report } => {
                keyed_hash(key, &[purpose, id, phone, report.as_str().as_bytes(), code])
            }
        };
        Some(Zeroizing::new([&pepper.to_be_bytes()[..], hash.as_slice()].concat()))
    }
}

fn pseudonym_by(key: &Key, device: MacAddress) -> MacAddress {
    let hash = keyed_hash(key, &[b"hardware address", &device.octets()]);
    MacAddress::pseudonym(*hash.first_chunk::<6>().expect("a hash has 32 octets"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_value_opens_only_for_its_purpose_and_unchanged() {
        let dir = tempfile::tempdir().unwrap();
        let keys = KeyRing::open_or_create(dir.path()).unwrap();
        let sealed = keys.seal(Seal::Phone, "966551234567");
        assert_eq!(keys.open(Seal::Phone, &sealed).unwrap().as_str(), "966551234567");
        assert!(keys.open(Seal::MessageText, &sealed).is_err());
        let mut changed = sealed.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert!(keys.open(Seal::Phone, &changed).is_err());
        assert!(keys.open(Seal::Phone, &sealed[..20]).is_err());
        assert_ne!(keys.seal(Seal::Phone, "966551234567"), sealed, "nonces are random");
    }

    #[test]
    fn a_pseudonym_of_an_older_key_is_looked_for_as_well() {
        let dir = tempfile::tempdir().unwrap();
        let device: MacAddress = "02:00:5e:10:00:01".parse().unwrap();
        let older = KeyRing::open_or_create(dir.path()).unwrap().device_pseudonym(device);
        let path = dir.path().join("lookup.key");
        let renewed = std::fs::read_to_string(&path).unwrap() + &format!("2:{}\n", "ab".repeat(32));
        std::fs::write(&path, renewed).unwrap();
        let keys = KeyRing::open_existing(dir.path()).unwrap();
        let newer = keys.device_pseudonym(device);
        assert!(older.is_pseudonym() && newer.is_pseudonym() && older != newer);
        assert_eq!(keys.names_of(device), [device, newer, older]);
        assert_eq!(keys.names_of(older), [older], "there is no way back");
    }
}
