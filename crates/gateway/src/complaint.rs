//! What stays wrong while the gateway runs, said in the log now and then.

use std::time::{Duration, Instant};

/// How often the log says that something is still wrong.
const REMINDER: Duration = Duration::from_secs(600);

/// What was wrong last, and when the log said so.
#[derive(Default)]
pub(crate) struct Complaint(Option<(Vec<String>, Instant)>);

impl Complaint {
    /// Whether the log is to say what is wrong: it is something else than before, or was said ten minutes ago.
    pub(crate) fn is_due(&mut self, mistakes: &[String], now: Instant) -> bool {
        let is_said =
            self.0.as_ref().is_some_and(|(said, at)| said == mistakes && now.saturating_duration_since(*at) < REMINDER);
        if !is_said {
            self.0 = Some((mistakes.to_owned(), now));
        }
        !is_said
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::{Complaint, REMINDER};

    #[test]
    fn what_stays_wrong_is_said_again_after_ten_minutes() {
        let (mut complaint, start) = (Complaint::default(), Instant::now());
        let [one, other] = ["one", "other"].map(|mistake| vec![mistake.to_owned()]);
        for (mistakes, after, is_due) in [
            (&one, 0, true),
            (&one, 10, false),
            (&one, 599, false),
            (&one, 600, true),
            (&one, 610, false),
            (&one, 1199, false),
            (&one, 1200, true),
            (&other, 1210, true),
        ] {
            let now = start + REMINDER * after / 600;
            assert_eq!(complaint.is_due(mistakes, now), is_due, "{mistakes:?} after {after} seconds");
        }
    }
}
