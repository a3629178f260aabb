//! The laws of a simulated world, and the text that they are given as.

use std::str::FromStr;

use super::law::Law;

/// What happens by chance, and how often.
#[derive(Debug, Clone, PartialEq)]
pub struct World {
    /// Way of a datagram from function to host.
    pub out: Law,
    /// Way back.
    pub back: Law,
    /// From the kernel's receipt of a datagram to that of the program: the scheduler.
    pub wake: Law,
    /// From a request's arrival to the handler's first instruction, in an environment that exists.
    pub warm: Law,
    /// The same where an environment must be made first.
    pub cold: Law,
    /// Share of the datagrams lost, each way; a request or an answer over HTTP comes so much later instead.
    pub loss: f64,
    /// Share of the datagrams doubled, each way.
    pub copies: f64,
    /// Share of the datagrams held back so long that later ones overtake them, each way.
    pub late: f64,
    /// Share of the invocations that start in the kind that was not prepared, and of those that compare clocks over HTTP
    /// that another instance answers.
    pub fickle: f64,
    /// Share of the invocations whose function says the contrary of what its start was.
    pub lies: f64,
    /// The function's kernel gives time stamps.
    pub stamps: Stamps,
}

/// Whose time stamps the function has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamps {
    /// Its kernel's.
    Kernel,
    /// Its own alone.
    User,
}

/// Worlds with a name: the conditions under which estimators are compared.
pub const PRESETS: &[(&str, &str)] = &[
    ("idle", ""),
    ("busy", "wake=2us+pareto:5us:1.3"),
    ("jitter-out", "out=200ns+exp:200us"),
    ("tail-out", "out=200ns+pareto:50us:1.5"),
    ("jitter", "out=200ns+exp:200us,back=200ns+exp:200us"),
    ("asymmetric", "out=1ms+exp:10ns"),
    ("loss-2", "loss=0.02"),
    ("loss-10", "loss=0.1"),
    (
        "reordering",
        "out=200ns+exp:50us,back=200ns+exp:50us,late=0.1,copies=0.1",
    ),
    ("wan", "out=10ms+pareto:50us:1.5,back=10ms+pareto:50us:1.5"),
    (
        "wan-loss",
        "out=10ms+pareto:50us:1.5,back=10ms+pareto:50us:1.5,loss=0.02",
    ),
];

impl World {
    /// One machine at rest: half a microsecond there and back, programs that wake within a few.
    fn idle() -> Self {
        let law = |text: &str| text.parse().expect("laws written in the program are laws");
        Self {
            out: law("200ns+exp:10ns"),
            back: law("200ns+exp:10ns"),
            wake: law("2us+exp:2us"),
            warm: law("500us+exp:100us"),
            cold: law("20ms+exp:5ms"),
            loss: 0.0,
            copies: 0.0,
            late: 0.0,
            fickle: 0.0,
            lies: 0.0,
            stamps: Stamps::Kernel,
        }
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "out" => self.out = value.parse()?,
            "back" => self.back = value.parse()?,
            "wake" => self.wake = value.parse()?,
            "warm" => self.warm = value.parse()?,
            "cold" => self.cold = value.parse()?,
            "loss" => self.loss = share(value)?,
            "copies" => self.copies = share(value)?,
            "late" => self.late = share(value)?,
            "fickle" => self.fickle = share(value)?,
            "lies" => self.lies = share(value)?,
            "stamps" => {
                self.stamps = match value {
                    "kernel" => Stamps::Kernel,
                    "user" => Stamps::User,
                    _ => return Err(format!("stamps are kernel or user, not {value:?}")),
                }
            }
            _ => return Err(format!("a simulated world has no {key:?}")),
        }
        Ok(())
    }

    fn apply(&mut self, text: &str) -> Result<(), String> {
        for item in text
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
        {
            if let Some((key, value)) = item.split_once('=') {
                self.set(key.trim(), value.trim())?;
            } else {
                let preset = PRESETS.iter().find(|(name, _)| *name == item);
                let (_, laws) =
                    preset.ok_or_else(|| format!("there is no simulated world {item:?}"))?;
                self.apply(laws)?;
            }
        }
        Ok(())
    }
}

fn share(text: &str) -> Result<f64, String> {
    let share = text
        .parse()
        .ok()
        .filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| format!("{text:?} is no share between 0 and 1"))
}

/// Names of worlds and `key=value`, separated by commas; what comes later counts. What is not said is as when idle.
impl FromStr for World {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut world = Self::idle();
        world.apply(text)?;
        Ok(world)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_world_is_a_name_and_what_is_to_be_different() {
        for (name, _) in PRESETS {
            name.parse::<World>().expect(name);
        }
        let world: World = "wan, loss=0.5, cold=1s+exp:200ms, stamps=user"
            .parse()
            .expect("a world");
        assert_eq!(world.out, "10ms+pareto:50us:1.5".parse().expect("a law"));
        assert_eq!((world.loss, world.stamps), (0.5, Stamps::User));
        assert_eq!(world.wake, World::idle().wake);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, named) in [
            ("moon", "\"moon\""),
            ("loss=1.5", "\"1.5\""),
            ("loss=NaN", "\"NaN\""),
            ("tides=1", "\"tides\""),
            ("out=soon", "\"soon\""),
            ("stamps=none", "\"none\""),
        ] {
            let error = text.parse::<World>().expect_err(text);
            assert!(error.contains(named), "{error}");
        }
    }
}
