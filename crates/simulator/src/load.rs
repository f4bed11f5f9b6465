//! [`Load`]: pushes messages at a server as fast as asked, checks every answer, and says how long they took.
//!
//! Messages come at a given rate whether or not earlier ones are answered, and a latency counts from the moment at which its
//! message was due: waiting for a free connection is part of it. All of it runs on the thread that calls it.

mod check;
mod connection;
mod latency;
mod mix;
mod report;
mod request;

use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::LocalSet;

use self::check::Checker;
pub use self::check::Expect;
use self::connection::Connection;
pub use self::latency::Latencies;
pub use self::mix::{Kind, Mix, NotAMix};
pub use self::report::{Progress, Report};
use self::request::Requests;
use crate::push::Platform;
use crate::transport::Transport;

/// When no connection came about, the next try comes after this time.
const AFTER_NO_CONNECTION: Duration = Duration::from_millis(20);

/// What is pushed, and how fast.
#[derive(Debug, Clone)]
pub struct Load {
    /// The server and the account. Each message is delivered once, within the clock's deadline.
    pub platform: Platform,
    /// So many messages a second; nothing: each connection sends its next message as soon as the last one is answered.
    pub rate: Option<u32>,
    /// How many connections there are, which are kept open.
    pub connections: usize,
    /// For how long messages become due.
    pub duration: Duration,
    /// Which kinds.
    pub mix: Mix,
    /// By how many followers.
    pub followers: u32,
    /// What a right answer is.
    pub expect: Expect,
}

/// The load could not begin.
#[derive(Debug, thiserror::Error)]
pub enum NotLoaded {
    /// TLS would be measured more than the server.
    #[error(
        "只能推送到 `http://` 的地址：请对准反向代理后面的端口 · \
         load pushes to `http://` only: name the port behind the reverse proxy"
    )]
    Tls,
    /// The name of the server has no address.
    #[error("找不到服务器 `{host}` · the server `{host}` was not found")]
    NotResolved {
        /// As it stands in the address.
        host: String,
        /// Why.
        source: io::Error,
    },
}

/// What all connections share.
struct Shared {
    load: Load,
    address: SocketAddr,
    begin: Instant,
    /// Ids of messages begin here.
    first_id: u64,
    /// Nothing becomes due from then on.
    end: Instant,
    next: Cell<u64>,
    /// For each connection, when the message was due that it is at.
    under_way: RefCell<Vec<Option<Instant>>>,
    report: RefCell<Report>,
}

impl Load {
    /// Text messages as fast as they are answered, over 64 connections, for ten seconds, by a thousand followers, at an echo
    /// bot.
    pub fn new(platform: Platform) -> Self {
        Self {
            platform,
            rate: None,
            connections: 64,
            duration: Duration::from_secs(10),
            mix: Mix::default(),
            followers: 1000,
            expect: Expect::Echo,
        }
    }

    /// Pushes until everything that was due is answered or given up, or `stop` is ready: what was due then and is not
    /// answered has failed. Tells `progress` every second.
    ///
    /// # Errors
    /// The address is `https://` or cannot be resolved. A server that is away is no error: its failures are counted.
    pub async fn run(
        self,
        stop: impl Future<Output = ()>,
        mut progress: impl FnMut(Progress),
    ) -> Result<Report, NotLoaded> {
        let address = accepting(&self.addresses().await?, self.platform.clock.deadline).await;
        let n_connections = self.connections.max(1);
        let begin = Instant::now();
        let shared = Rc::new(Shared {
            address,
            begin,
            first_id: rand::random_range(20_000_000_000_000_000..30_000_000_000_000_000),
            end: begin + self.duration,
            next: Cell::new(0),
            under_way: RefCell::new(vec![None; n_connections]),
            report: RefCell::new(Report::new(self.rate, self.duration)),
            load: self,
        });
        let tasks = LocalSet::new();
        let pushing = tasks.run_until(async {
            let connections: Vec<_> = (0..n_connections)
                .map(|place| tokio::task::spawn_local(push(Rc::clone(&shared), place)))
                .collect();
            for connection in connections {
                // One that panicked has been printed; the others go on.
                let _ = connection.await;
            }
        });
        let ticks = async {
            let mut tick = tokio::time::interval(Duration::from_secs(1));
            tick.tick().await;
            loop {
                tick.tick().await;
                progress(shared.report.borrow().progress(shared.begin.elapsed()));
            }
        };
        let is_stopped = tokio::select! {
            () = pushing => false,
            () = stop => true,
            () = ticks => false,
        };
        let mut report = shared.report.borrow().clone();
        report.elapsed = begin.elapsed();
        report.was_stopped = is_stopped;
        shared.count_unanswered(&mut report);
        Ok(report)
    }

    /// All that the name has, at least one.
    async fn addresses(&self) -> Result<Vec<SocketAddr>, NotLoaded> {
        let url = &self.platform.url;
        if url.scheme() != "http" {
            return Err(NotLoaded::Tls);
        }
        let host = url.host_str().unwrap_or_default();
        let port = url.port_or_known_default().unwrap_or(80);
        let not_resolved = |source| NotLoaded::NotResolved {
            host: host.to_owned(),
            source,
        };
        let name = host.trim_start_matches('[').trim_end_matches(']');
        let found = tokio::net::lookup_host((name, port))
            .await
            .map_err(not_resolved)?;
        let found: Vec<_> = found.collect();
        if found.is_empty() {
            return Err(not_resolved(io::ErrorKind::NotFound.into()));
        }
        Ok(found)
    }
}

/// The first that accepts a connection: `localhost` has two, and many servers listen at one of them. When none does, the
/// first: its failures are counted.
async fn accepting(addresses: &[SocketAddr], deadline: Duration) -> SocketAddr {
    if let [_, _, ..] = addresses {
        for address in addresses {
            let connecting = Connection::to(*address);
            if let Ok(Ok(_)) = tokio::time::timeout(deadline, connecting).await {
                return *address;
            }
        }
    }
    addresses[0]
}

impl Shared {
    /// The next message, and when it is due; nothing: that was all.
    fn next(&self) -> Option<(u64, Instant)> {
        let number = self.next.get();
        let now = Instant::now();
        let due = match self.load.rate {
            Some(rate) => self.due(number, rate),
            None => now,
        };
        // Who is later than the deadline with sending has given up: the rest is counted as never sent.
        if due >= self.end || now >= self.end + self.load.platform.clock.deadline {
            return None;
        }
        self.next.set(number + 1);
        Some((number, due))
    }

    fn due(&self, number: u64, rate: u32) -> Instant {
        let rate = u64::from(rate.max(1));
        let nanos = number % rate * 1_000_000_000 / rate;
        self.begin + Duration::from_secs(number / rate) + Duration::from_nanos(nanos)
    }

    /// Messages that were due and have no answer: they waited in vain, which is not left out.
    fn count_unanswered(&self, report: &mut Report) {
        let (now, deadline) = (Instant::now(), self.load.platform.clock.deadline);
        for due in self.under_way.borrow().iter().flatten() {
            if let Some(waited) = now.checked_duration_since(*due) {
                report.unanswered(waited, deadline);
            }
        }
        let Some(rate) = self.load.rate else { return };
        let mut number = self.next.get();
        loop {
            let due = self.due(number, rate);
            if due >= self.end || due > now {
                return;
            }
            report.unsent(now - due, deadline);
            number += 1;
        }
    }
}

/// One connection: a message when it is due, its answer, the next message.
async fn push(shared: Rc<Shared>, place: usize) {
    let load = &shared.load;
    let mut requests = Requests::new(load, shared.first_id);
    let checker = Checker::new(&load.platform, load.expect);
    let mut connection: Option<Connection> = None;
    while let Some((number, due)) = shared.next() {
        shared.under_way.borrow_mut()[place] = Some(due);
        if due > Instant::now() {
            tokio::time::sleep_until(due.into()).await;
        }
        let sent_late = due.elapsed();
        let request = requests.write(number);
        let deadline = load.platform.clock.deadline;
        let answered = exchange(&mut connection, shared.address, request.bytes);
        let answered = match tokio::time::timeout(deadline, answered).await {
            Ok(answered) => answered,
            Err(_) => Err(Transport::TimedOut),
        };
        let latency = due.elapsed();
        let verdict = match (&answered, &connection) {
            (Ok(response), Some(connection)) => {
                checker.check(&request.sent, response, connection.body(response))
            }
            (Err(transport), _) => Err(transport.clone().into()),
            (Ok(_), None) => Err(Transport::Closed.into()),
        };
        shared.under_way.borrow_mut()[place] = None;
        shared
            .report
            .borrow_mut()
            .count(verdict, latency, sent_late, shared.begin.elapsed());
        let is_connected = connection.is_some();
        if !answered.is_ok_and(|response| response.is_kept_alive) {
            connection = None;
        }
        if !is_connected {
            tokio::time::sleep(AFTER_NO_CONNECTION).await;
        }
    }
}

/// Sends it on the connection that there is, else on a new one. A kept connection that the server has closed meanwhile is
/// no failure: a new one takes its place before anything is sent. Nothing is sent twice. When there is no connection
/// afterwards, none came about.
async fn exchange(
    kept: &mut Option<Connection>,
    address: SocketAddr,
    request: &[u8],
) -> Result<connection::Response, Transport> {
    if kept.as_ref().is_some_and(Connection::is_over) {
        *kept = None;
    }
    let connection = match kept {
        Some(connection) => connection,
        None => kept.insert(Connection::to(address).await?),
    };
    connection.exchange(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_address_that_accepts_is_kept() {
        // Bound, so that nobody else listens there, but not listening.
        let away = tokio::net::TcpSocket::new_v4().expect("a socket");
        away.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
        let away = away.local_addr().expect("an address");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a free port");
        let here = listener.local_addr().expect("an address");
        let deadline = Duration::from_secs(5);
        assert_eq!(accepting(&[away, here], deadline).await, here);
        assert_eq!(accepting(&[here, away], deadline).await, here);
        assert_eq!(accepting(&[away, away], deadline).await, away);
    }
}
