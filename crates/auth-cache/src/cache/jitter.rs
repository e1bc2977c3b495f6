/// A number from `0.0..1.0`, straight from the operating system: processes that are restored from one snapshot of the
/// memory share the state of any generator in it.
pub(crate) fn draw() -> f64 {
    let mut bytes = [0; 8];
    match getrandom::fill(&mut bytes) {
        // The 53 bits that a float between 0 and 1 has.
        Ok(()) => (u64::from_ne_bytes(bytes) >> 11) as f64 / (1_u64 << 53) as f64,
        Err(_) => 0.5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_draws_are_spread_evenly_from_zero_to_one() {
        let mut tenths = [0; 10];
        for _ in 0..1000 {
            tenths[(draw() * 10.0) as usize] += 1;
        }
        // The odds of a fair tenth to miss these bounds are below one in a billion.
        assert!(tenths.iter().all(|count| (40..=180).contains(count)), "{tenths:?}");
    }
}
