//! What comes in: replies, and the kernel's stamps of what was sent.

use super::{Initiator, Phase};
use crate::core::contract::{Dialect, FunctionExchange};
use crate::core::sample::Stamps;
use crate::core::stamp::Answer;
use crate::core::time::{Nanos, SECOND};

impl Initiator {
    /// The kernel's T1 of a probe, which comes some time after it was sent.
    pub fn stamped(&mut self, sequence: u32, t1: Nanos) {
        let Some(exchange) = self.exchanges.get_mut(sequence as usize) else {
            return;
        };
        if (exchange.2..exchange.2 + SECOND).contains(&t1) {
            exchange.3 = Some(t1);
        } else {
            self.implausible += 1;
        }
    }

    /// A datagram that came at `now`, with T4.
    pub fn receive(&mut self, now: Nanos, datagram: &[u8], t4: Stamps) {
        match self.orders.dialect {
            Dialect::Stamp => self.receive_stamp(now, datagram, t4),
            Dialect::Text => self.receive_text(now, datagram, t4),
        }
    }

    fn receive_stamp(&mut self, now: Nanos, datagram: &[u8], t4: Stamps) {
        let Some(answer) = Answer::parse(datagram) else {
            return;
        };
        if answer
            .extension
            .is_some_and(|extension| extension.token != self.orders.token)
        {
            return;
        }
        if answer.sequence as usize >= self.exchanges.len() {
            // Only end markers carry such a number.
            if matches!(self.phase, Phase::Ending(_) | Phase::Confirming(_)) {
                self.phase = Phase::Finished;
            }
            return;
        }
        // The reply repeats T1: who guesses numbers does not know it.
        if self.exchanges[answer.sequence as usize].2 == answer.t1 {
            self.complete(now, answer.sequence, answer.number, t4);
        }
    }

    /// Which request is answered cannot be seen, only that it was sent before the reply came: it is taken for the last
    /// such one, and the host's rows will tell by time.
    fn receive_text(&mut self, now: Nanos, datagram: &[u8], t4: Stamps) {
        let is_ours = datagram == self.orders.token.to_string().as_bytes();
        let came = t4.1.unwrap_or(t4.0);
        let last = self
            .exchanges
            .iter()
            .rev()
            .find(|exchange| exchange.2 <= came);
        if let Some(FunctionExchange(sequence, ..)) = last.copied().filter(|_| is_ours) {
            self.complete(now, sequence, sequence, t4);
        }
    }

    fn complete(&mut self, now: Nanos, sequence: u32, reply: u32, Stamps(t4, t4_kernel): Stamps) {
        let exchange = &mut self.exchanges[sequence as usize];
        if exchange.4.is_some() {
            return;
        }
        let plausible = t4_kernel.filter(|kernel| (*kernel..*kernel + SECOND).contains(&t4));
        self.implausible += u32::from(plausible != t4_kernel);
        (exchange.1, exchange.4, exchange.5) = (Some(reply), Some(t4), plausible);
        let kernel_rtt = exchange.5.zip(exchange.3).map(|(t4, t1)| t4 - t1);
        let rtt = kernel_rtt
            .filter(|_| self.implausible == 0)
            .unwrap_or(t4 - exchange.2);
        self.completed.push(sequence);
        self.rule.exchange(rtt);
        if let Some(index) = self
            .awaited
            .iter()
            .position(|probe| probe.sequence == sequence)
        {
            let sent = self.awaited.remove(index).map_or(now, |probe| probe.sent);
            self.patience.answered(now - sent);
        } else {
            self.patience.missed = 0;
        }
    }
}
