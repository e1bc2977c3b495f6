//! How often something may be done in a second.

use std::collections::VecDeque;

/// What was let through within the last second.
#[derive(Debug, Default, Clone)]
pub(crate) struct Quota(VecDeque<i64>);

impl Quota {
    /// Whether one more may pass now, in milliseconds since 1970. What is refused does not count.
    pub(crate) fn admits(&mut self, per_second: Option<u32>, now: i64) -> bool {
        let Some(per_second) = per_second else { return true };
        // A test may set the clock back too.
        self.0.retain(|passed| (now - 999..=now).contains(passed));
        let admitted = self.0.len() < per_second as usize;
        if admitted {
            self.0.push_back(now);
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_pass_in_any_second_and_what_is_refused_does_not_count() {
        let mut quota = Quota::default();
        let passed: Vec<_> = (0..30).map(|tenth| tenth * 100).filter(|now| quota.admits(Some(2), *now)).collect();
        assert_eq!(passed, [0, 100, 1000, 1100, 2000, 2100]);
        assert!(quota.admits(Some(2), 0), "the clock was set back");
        assert!((0..1000).all(|_| quota.admits(None, 0)));
    }
}
