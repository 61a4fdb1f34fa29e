//! The last signed policy on the router's disk: by it the agent starts while the centre is gone.

use std::fs;
use std::io;
use std::path::PathBuf;

use link::policy::{PolicyRefusal, PublicKey, SignedPolicy, Standing};
use link::report::Name;

use super::super::centre::CentreSettings;
use super::super::settings::LinksSettings;
use super::{PolicyError, WrittenPolicy};
use crate::whole_file;

/// The policy that was taken last, and where it is kept.
#[derive(Debug)]
pub(in crate::links) struct Kept {
    path: PathBuf,
    site: Name,
    key: PublicKey,
    last: Option<SignedPolicy>,
}

/// Why a policy is not taken, whether it is offered or found on the disk.
#[derive(Debug, thiserror::Error)]
pub(in crate::links) enum KeptError {
    /// Nobody may have it, or not this agent.
    #[error(transparent)]
    Refused(#[from] PolicyRefusal),
    /// The agent cannot run by it.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// It does not reach the disk, or cannot be found there.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Kept {
    /// What is on the disk for an agent that has a key by which it knows policies; what cannot be used
    /// counts as nothing.
    pub(in crate::links) fn open(
        site: Name,
        centre: &CentreSettings,
    ) -> Option<(Self, Result<(), KeptError>)> {
        let key = centre.policy_key?;
        let mut kept = Self { path: centre.policy.clone(), site, key, last: None };
        let found = kept.find().map(|last| kept.last = last);
        Some((kept, found))
    }

    fn find(&self) -> Result<Option<SignedPolicy>, KeptError> {
        let octets = match fs::read(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            outcome => outcome.map_err(|error| self.failed(error))?,
        };
        let last = serde_json::from_slice::<SignedPolicy>(&octets);
        let last = last.map_err(|error| self.failed(error.into()))?;
        last.judge((&self.site, &self.key), None)?;
        Ok(Some(last))
    }

    /// The generation of the last policy; 0 if there is none.
    pub(in crate::links) fn generation(&self) -> u64 {
        self.last.as_ref().map_or(0, |last| last.generation)
    }

    /// The section by the last policy, if there is one.
    pub(in crate::links) fn over(
        &self,
        file: &LinksSettings,
    ) -> Result<Option<LinksSettings>, PolicyError> {
        let Some(last) = &self.last else { return Ok(None) };
        WrittenPolicy::read(&last.policy)?.over(file).map(Some)
    }

    /// The section by a policy that is offered, if it is another one than the last.
    pub(in crate::links) fn judge(
        &self,
        offered: &SignedPolicy,
        file: &LinksSettings,
    ) -> Result<Option<LinksSettings>, KeptError> {
        match offered.judge((&self.site, &self.key), self.last.as_ref())? {
            Standing::Same => Ok(None),
            Standing::Next => Ok(Some(WrittenPolicy::read(&offered.policy)?.over(file)?)),
        }
    }

    /// Keeps a policy instead of the last one.
    pub(in crate::links) fn keep(&mut self, policy: SignedPolicy) -> Result<(), KeptError> {
        let octets = serde_json::to_vec(&policy).map_err(|error| self.failed(error.into()))?;
        whole_file::replace(&self.path, &octets).map_err(|error| self.failed(error))?;
        self.last = Some(policy);
        Ok(())
    }

    fn failed(&self, source: io::Error) -> KeptError {
        KeptError::File { path: self.path.clone(), source }
    }
}
