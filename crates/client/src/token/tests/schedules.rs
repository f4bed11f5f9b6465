//! Many tasks of two processes under schedules from a seed: nobody asks twice, no token that is good is thrown away.

use echostr_protocol::api::tag::GetTags;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::double::{Life, Manners, Mortal, Watched};
use super::{
    ApiAccount, Arc, Double, HTTP, MemoryTokens, Platform, SECRET, START_MS, TokenSource, paused,
    stable, with,
};
use crate::{Clock, Error, Settings};

/// What a schedule does besides calling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// Tokens are ended, and age.
    Ends,
    /// And the platform is busy at times.
    Busy,
    /// And a process dies.
    Death,
    /// And the store fails at times.
    Store,
}

const SCHEDULES: u64 = if cfg!(debug_assertions) {
    10_000
} else {
    100_000
};

fn check(trouble: Trouble, of: u64, from: u64) {
    // `SEED=17` repeats one.
    let only = std::env::var("SEED")
        .ok()
        .and_then(|seed| seed.parse::<u64>().ok());
    for seed in 0..SCHEDULES / of {
        let seed = only.unwrap_or(seed * of + from);
        let faults = paused(schedule(seed, trouble));
        assert!(faults.is_empty(), "{trouble:?}, SEED={seed}: {faults:#?}");
        if only.is_some() {
            break;
        }
    }
}

#[test]
fn one_asks_at_a_time_and_no_good_token_is_thrown_away() {
    check(Trouble::Ends, 2, 0);
}

#[test]
fn a_busy_platform_is_asked_by_one_at_a_time() {
    check(Trouble::Busy, 4, 1);
}

#[test]
fn the_death_of_who_asks_keeps_others_waiting_for_its_lease_only() {
    check(Trouble::Death, 8, 3);
}

#[test]
fn a_store_that_fails_keeps_nobody_from_calling() {
    check(Trouble::Store, 8, 7);
}

struct Schedule {
    seed: u64,
    trouble: Trouble,
    double: Arc<Double>,
    processes: [Platform; 2],
    account: Arc<ApiAccount>,
    start: Instant,
    /// Ends the second process.
    life: Arc<Life>,
    dies_at: Option<Duration>,
}

/// What went wrong.
async fn schedule(seed: u64, trouble: Trouble) -> Vec<String> {
    let mut random = StdRng::seed_from_u64(seed);
    let is_plain = trouble != Trouble::Store && random.random_range(0..4) == 0;
    let double = Double::new(
        random.random(),
        Manners {
            lifetime: Duration::from_secs([7200, 7200, 900, 600][random.random_range(0..4)]),
            max_latency_ms: [0, 20, 400, 1500][random.random_range(0..4)],
            busy_percent: if trouble == Trouble::Busy { 20 } else { 0 },
            ..Manners::default()
        },
    );
    double.world().may_ask_twice = trouble == Trouble::Store;
    let store = Arc::new(MemoryTokens::default());
    let life = Arc::new(Life::default());
    let span_secs = [1, 5, 60, 3000, 20_000][random.random_range(0..5)];
    let dies = trouble == Trouble::Death;
    let schedule = Schedule {
        seed,
        trouble,
        processes: [Life::default().into(), Arc::clone(&life)].map(|life| {
            let watched = Watched {
                store: Arc::clone(&store),
                double: Arc::clone(&double),
                fails_percent: if trouble == Trouble::Store { 30 } else { 0 },
            };
            let transport = Mortal {
                life: Arc::clone(&life),
                reaches: Arc::clone(&double),
            };
            let store = Mortal {
                life,
                reaches: watched,
            };
            let settings = Settings::default();
            let clock = Clock::with_tokio(START_MS);
            Platform::over(
                Arc::new(transport),
                HTTP.clone(),
                &settings,
                Arc::new(store),
                clock,
            )
        }),
        double,
        account: if is_plain {
            with(TokenSource::Plain(SECRET.into()))
        } else {
            stable()
        },
        start: Instant::now(),
        life,
        dies_at: dies.then(|| Duration::from_millis(random.random_range(0..=span_secs * 1000))),
    };
    schedule.run(&mut random, span_secs * 1000).await
}

impl Schedule {
    async fn run(self, random: &mut StdRng, span_ms: u64) -> Vec<String> {
        let schedule = Arc::new(self);
        let mut tasks = JoinSet::new();
        let n_tasks = if (schedule.seed / 8).is_multiple_of(64) {
            64
        } else {
            random.random_range(2..=6)
        };
        for _ in 0..n_tasks {
            let schedule = Arc::clone(&schedule);
            let seed = random.random();
            tasks.spawn(async move { schedule.task(seed, span_ms).await });
        }
        let ends = random.random_range(0..=4);
        for _ in 0..ends {
            let schedule = Arc::clone(&schedule);
            let after = Duration::from_millis(random.random_range(0..=span_ms));
            let is_foreign = random.random_range(0..3) == 0;
            tasks.spawn(async move {
                sleep(after).await;
                if is_foreign {
                    schedule.double.end_and_issue();
                } else {
                    schedule.double.end();
                }
                Vec::new()
            });
        }
        if let Some(after) = schedule.dies_at {
            let schedule = Arc::clone(&schedule);
            tasks.spawn(async move {
                sleep(after).await;
                schedule.life.end();
                Vec::new()
            });
        }
        let mut faults = Vec::new();
        while let Some(found) = tasks.join_next().await {
            faults.extend(found.expect("a task that does not panic"));
        }
        // Whatever there was, it passes.
        sleep(Duration::from_mins(1)).await;
        {
            let mut world = schedule.double.world();
            world.manners.busy_percent = 0;
            faults.append(&mut world.faults);
            let allowed =
                world.ended_at.len() + world.n_aged() + 1 + usize::from(schedule.dies_at.is_some());
            if schedule.trouble != Trouble::Store && world.n_given > allowed {
                faults.push(format!(
                    "{} tokens were given, {allowed} were needed",
                    world.n_given
                ));
            }
            if world.n_forced > 0 {
                faults.push("one was forced".into());
            }
        }
        let client = schedule.processes[0].client(Arc::clone(&schedule.account));
        if let Err(error) = client.call(GetTags {}).await
            && schedule.trouble != Trouble::Store
        {
            faults.push(format!("in the end: {error:?}"));
        }
        faults
    }

    async fn task(&self, seed: u64, span_ms: u64) -> Vec<String> {
        let mut random = StdRng::seed_from_u64(seed);
        let mut faults = Vec::new();
        let mut old = None;
        for _ in 0..random.random_range(1..=3) {
            let after = Duration::from_millis(random.random_range(0..=span_ms / 2));
            let is_mortal = random.random_bool(0.5);
            let client = self.processes[usize::from(is_mortal)].client(Arc::clone(&self.account));
            sleep(after).await;
            let begin = Instant::now();
            let kind = random.random_range(0..8);
            let brief = Duration::from_millis(random.random_range(0..2000));
            let done = async {
                match kind {
                    // Another program has the token, and comes back with an old one.
                    0 => match old.take() {
                        Some(failed) if !self.is_good(&failed) => {
                            client.access_token_instead(failed).await.map(|_| ())
                        }
                        _ => client
                            .access_token()
                            .await
                            .map(|given| old = Some(given.access_token)),
                    },
                    // Who calls goes away.
                    1 => {
                        let call = tokio::time::timeout(brief, client.call(GetTags {}));
                        call.await.map_or(Ok(()), |done| done.map(|_| ()))
                    }
                    _ => client.call(GetTags {}).await.map(|_| ()),
                }
            };
            // In a process that is dead, nothing ever comes back.
            let Ok(result) = tokio::time::timeout(Duration::from_mins(2), done).await else {
                if !is_mortal || self.dies_at.is_none() {
                    faults.push("there was never an answer".into());
                }
                continue;
            };
            if let Err(error) = result
                && !(is_mortal && self.has_died())
                && let Some(fault) = self.fault(&error, begin)
            {
                faults.push(fault);
            }
        }
        faults
    }

    fn has_died(&self) -> bool {
        let dies_at = self.dies_at;
        dies_at.is_some_and(|at| self.start + at <= Instant::now())
    }

    fn is_good(&self, token: &echostr_protocol::api::Secret) -> bool {
        self.double.world().is_good(token.expose())
    }

    /// Why a call may not have failed so.
    fn fault(&self, error: &Error, begin: Instant) -> Option<String> {
        let world = self.double.world();
        let is_right = match error {
            // The token after the first one was ended, too: while it was called, or before it had come.
            Error::Refused(refused) => {
                let brief = Duration::from_secs(10);
                let is_ended_again = world.ended_at.iter().any(|at| *at + brief >= begin)
                    || self.trouble == Trouble::Store
                    // A plain token that a dead process got ended the one that all others have.
                    || self.has_died();
                matches!(refused.code, 40001 | 42001) && is_ended_again
            }
            Error::NoToken { .. } | Error::Late { .. } => match self.trouble {
                Trouble::Ends => false,
                // Who could not say that it is done keeps others waiting.
                Trouble::Store => true,
                Trouble::Busy => world.n_busy > 0,
                Trouble::Death => self.dies_at.is_some_and(|at| {
                    let died = self.start + at;
                    died <= Instant::now() && begin <= died + Duration::from_mins(1)
                }),
            },
            _ => false,
        };
        (!is_right).then(|| {
            let after = begin - self.start;
            format!("{after:?} after the start: {error:?}")
        })
    }
}
