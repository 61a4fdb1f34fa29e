//! Why a controller was not told.

/// Why a controller was not told. No text holds a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// Nothing answers there, or not by the certificate that was named.
    #[error("the controller cannot be reached, or has another certificate")]
    Unreachable,
    /// It took the question and gave no answer.
    #[error("the controller does not answer in time")]
    Slow,
    /// It takes neither the password nor the key.
    #[error("the controller does not take the password or key")]
    KeyRefused,
    /// It has no site of that name.
    #[error("the controller has no site of that name, or the key is not for it")]
    NoSite,
    /// It does not see the device yet, or not as a guest.
    #[error("the controller does not see the device as a guest yet")]
    Unseen,
    /// It cannot do it at the moment.
    #[error("the controller answers with status {0}")]
    Status(u16),
    /// It will not, for a reason with that number.
    #[error("the controller refuses with its error {0}")]
    Refused(i64),
    /// Its answer is no such answer.
    #[error("the controller's answer cannot be read")]
    Garbled,
}
