//! How well people would hear each other over a path: the mean opinion score of the E-model (ITU-T
//! G.107), shortened to delay, jitter and loss for G.711.

use std::fmt;
use std::time::Duration;

/// From 1 (nobody understands) to 4.5 (all are content), in hundredths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mos(u16);

impl Mos {
    /// The best that this model gives to anybody.
    pub const BEST: Self = Self(440);

    /// So many hundredths.
    pub const fn from_hundredths(hundredths: u16) -> Self {
        Self(hundredths)
    }

    /// In hundredths.
    pub const fn hundredths(self) -> u16 {
        self.0
    }

    /// Of a path with that round-trip time, jitter, and share of lost packets (0 to 1).
    pub fn of(round_trip: Duration, jitter: Duration, loss: f64) -> Self {
        const HARDWARE_DELAY_MS: f64 = 10.0;
        let delay = millis(round_trip) / 2.0 + 2.0 * millis(jitter) + HARDWARE_DELAY_MS;
        let impaired_by_delay = 0.024 * delay + 0.11 * (delay - 177.3).max(0.0);
        let impaired_by_loss = 30.0 * (15.0 * loss.clamp(0.0, 1.0)).ln_1p();
        let rating = (93.2 - impaired_by_delay - impaired_by_loss).clamp(0.0, 100.0);
        let score = 1.0 + 0.035 * rating + 7e-6 * rating * (rating - 60.0) * (100.0 - rating);
        // Between 1 and 4.5, so it fits.
        Self((score.clamp(1.0, 4.5) * 100.0).round() as u16)
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

impl fmt::Display for Mos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_follow_the_model() {
        for (round_trip, jitter, loss, score) in [
            (0, 0, 0.0, "4.40"),
            (30, 2, 0.0, "4.40"),
            (300, 10, 0.0, "4.30"),
            (30, 2, 0.05, "3.85"),
            (600, 0, 0.0, "3.65"),
            (30, 2, 0.2, "2.62"),
            (30, 2, 1.0, "1.03"),
            (60_000, 0, 1.0, "1.00"),
        ] {
            let told =
                Mos::of(Duration::from_millis(round_trip), Duration::from_millis(jitter), loss);
            assert_eq!(told.to_string(), score, "{round_trip} ms, {jitter} ms, {loss}");
        }
    }
}
