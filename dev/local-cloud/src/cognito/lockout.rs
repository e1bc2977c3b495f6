//! Cognito's lock-out: after five wrong passwords a user waits 2^(n-5) seconds, about 15 minutes at most.

const FREE_ATTEMPTS: u32 = 5;
const LONGEST_LOCK: i64 = 15 * 60;

#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Lockout {
    failures: u32,
    locked_until: i64,
}

impl Lockout {
    /// Attempts during a lock neither count nor extend it.
    pub(super) fn is_locked(&self, now: i64) -> bool {
        now < self.locked_until
    }

    pub(super) fn failed(&mut self, now: i64) {
        self.failures += 1;
        if let Some(beyond) = self.failures.checked_sub(FREE_ATTEMPTS) {
            let seconds = 2_i64.checked_pow(beyond).unwrap_or(LONGEST_LOCK).min(LONGEST_LOCK);
            self.locked_until = now + seconds;
        }
    }

    pub(super) fn succeeded(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_doubles_with_each_failure_after_the_fifth() {
        let mut lockout = Lockout::default();
        let mut now = 1000;
        for _ in 0..4 {
            lockout.failed(now);
            assert!(!lockout.is_locked(now));
        }
        for seconds in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900] {
            lockout.failed(now);
            assert!(lockout.is_locked(now + seconds - 1), "still locked after {seconds} - 1 s");
            now += seconds;
            assert!(!lockout.is_locked(now), "free after {seconds} s");
        }
    }

    #[test]
    fn a_right_password_forgets_the_wrong_ones() {
        let mut lockout = Lockout::default();
        for _ in 0..5 {
            lockout.failed(0);
        }
        lockout.succeeded();
        lockout.failed(0);
        assert!(!lockout.is_locked(0));
    }
}
