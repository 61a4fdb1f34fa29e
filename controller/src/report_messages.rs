//! The words of messages that carry codes to close reports; whoever has a catalogue brings them.

use domain::{Code, Language, ReportNumber, SmsText};

/// Words the message with the code to close a report.
pub trait ReportMessages: Send + Sync {
    /// The message in that language, or in the first there is.
    fn report_code(&self, language: &Language, report: &ReportNumber, code: &Code) -> SmsText;
}
