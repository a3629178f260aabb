//! Which sent datagram a kernel stamp is of: the kernel says how many it had counted before, we how many we had sent.
//!
//! Whether the kernel counts a datagram that it fails to send depends on its version and on what failed. So after such
//! a failure the counts of later datagrams are known only to within the failures, until a stamp can be of one datagram
//! alone. A stamp that could be of two names neither: those datagrams keep the stamps of user space.

/// Names a sent datagram, whose kernel stamp comes later: the number of sends tried before it.
pub type SendKey = u64;

/// What both have counted.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Key of the next datagram.
    next: SendKey,
    /// Key of the first datagram since the last failure.
    first: SendKey,
    /// The kernel's count of that one, if it counted none of the doubtful failures.
    least: u64,
    /// Failures of which nobody knows whether they were counted.
    doubtful: u64,
    /// No datagram before `first` has this count or a higher one.
    above: u64,
}

impl Counts {
    /// One more was sent.
    pub fn sent(&mut self) -> SendKey {
        let key = self.next;
        self.next += 1;
        key
    }

    /// One more could not be sent.
    pub fn failed(&mut self) {
        let sent = self.next - self.first;
        if sent > 0 {
            self.above = self.least + self.doubtful + sent;
        }
        self.least += sent;
        self.doubtful += 1;
        self.next += 1;
        self.first = self.next;
    }

    /// Whose stamp came with this count of the kernel's; none when it could be of more than one datagram, or is of one
    /// from before the last failure.
    pub fn key_of(&mut self, count: u32) -> Option<SendKey> {
        let count = u64::from(count);
        let sent = self.next - self.first;
        let place = count.checked_sub(self.least).filter(|_| sent > 0)?;
        if self.doubtful > 0 {
            if count < self.above {
                return None;
            }
            let counted_at_least = place.saturating_sub(sent - 1);
            let counted_at_most = place.min(self.doubtful);
            if counted_at_least != counted_at_most {
                return None;
            }
            self.least += counted_at_most;
            self.doubtful = 0;
        }
        let place = count - self.least;
        (place < sent).then_some(self.first + place)
    }

    /// Whether nothing was sent after `key`.
    pub fn is_last(&self, key: SendKey) -> bool {
        key + 1 == self.next
    }

    /// Sends tried so far.
    pub fn tried(&self) -> u64 {
        self.next
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// The kernel's side: what it counted, and whose stamps are still to come.
    #[derive(Default)]
    struct Kernel {
        counted: u32,
        outstanding: Vec<(u32, SendKey)>,
    }

    impl Kernel {
        fn send(&mut self, counts: &mut Counts) -> SendKey {
            let key = counts.sent();
            self.outstanding.push((self.counted, key));
            self.counted += 1;
            key
        }

        fn fail(&mut self, counts: &mut Counts, counted: u32) {
            counts.failed();
            self.counted += counted;
        }

        /// The stamp that is `index`-th among those to come: whose it is, and whose it is taken for.
        fn stamp(&mut self, counts: &mut Counts, index: usize) -> (SendKey, Option<SendKey>) {
            let (count, key) = self.outstanding.remove(index);
            (key, counts.key_of(count))
        }
    }

    #[test]
    fn the_first_stamp_after_failures_tells_how_many_of_them_were_counted() {
        for (failures, counted) in [(1, 0), (1, 1), (3, 0), (3, 2), (3, 3)] {
            let (mut kernel, mut counts) = (Kernel::default(), Counts::default());
            kernel.send(&mut counts);
            kernel.stamp(&mut counts, 0);
            for failure in 0..failures {
                kernel.fail(&mut counts, u32::from(failure < counted));
            }
            for _ in 0..3 {
                let key = kernel.send(&mut counts);
                assert_eq!(
                    kernel.stamp(&mut counts, 0),
                    (key, Some(key)),
                    "{counted} of {failures}"
                );
            }
        }
    }

    #[test]
    fn a_late_stamp_of_before_a_failure_names_no_later_datagram() {
        for counted in [0, 1] {
            let (mut kernel, mut counts) = (Kernel::default(), Counts::default());
            kernel.send(&mut counts);
            kernel.send(&mut counts);
            kernel.fail(&mut counts, counted);
            let later = kernel.send(&mut counts);
            assert_eq!(kernel.stamp(&mut counts, 1), (1, None));
            assert_eq!(kernel.stamp(&mut counts, 1), (later, Some(later)));
            assert_eq!(kernel.stamp(&mut counts, 0), (0, None));
        }
    }

    #[derive(Debug, Clone)]
    enum Step {
        Send,
        Fail { counted: bool },
        Stamp(prop::sample::Index),
        Lose(prop::sample::Index),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => Just(Step::Send),
            1 => any::<bool>().prop_map(|counted| Step::Fail { counted }),
            2 => any::<prop::sample::Index>().prop_map(Step::Stamp),
            1 => any::<prop::sample::Index>().prop_map(Step::Lose),
        ]
    }

    proptest! {
        #[test]
        fn a_stamp_names_the_datagram_it_is_of_or_none(steps in prop::collection::vec(step(), 0..60)) {
            let (mut kernel, mut counts) = (Kernel::default(), Counts::default());
            let mut named = BTreeSet::new();
            for step in steps {
                let most = kernel.outstanding.len();
                match step {
                    Step::Send => {
                        kernel.send(&mut counts);
                    }
                    Step::Fail { counted } => kernel.fail(&mut counts, u32::from(counted)),
                    Step::Stamp(index) if most > 0 => {
                        let (key, taken_for) = kernel.stamp(&mut counts, index.index(most));
                        if let Some(taken_for) = taken_for {
                            prop_assert_eq!(taken_for, key);
                            prop_assert!(named.insert(key), "one stamp each");
                        }
                    }
                    Step::Lose(index) if most > 0 => {
                        kernel.outstanding.remove(index.index(most));
                    }
                    Step::Stamp(_) | Step::Lose(_) => {}
                }
            }
        }
    }
}
