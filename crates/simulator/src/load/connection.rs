//! HTTP/1.1 on a kept connection, no more of it than a server's answer needs.

use std::io;
use std::net::SocketAddr;
use std::ops::Range;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::transport::{MAX_ANSWER_BYTES, Transport};

/// A head is at most so long.
const MAX_HEAD_BYTES: usize = 64 * 1024;

pub(super) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    filled: usize,
    /// What came in chunks, put together.
    joined: Vec<u8>,
}

/// A complete response; its body is [`Connection::body`].
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) is_kept_alive: bool,
    body: Body,
}

enum Body {
    Here(Range<usize>),
    Joined,
}

/// What a head says.
struct Head {
    status: u16,
    length: Option<usize>,
    is_chunked: bool,
    is_kept_alive: bool,
}

impl Connection {
    pub(super) async fn to(address: SocketAddr) -> Result<Self, Transport> {
        let stream = TcpStream::connect(address).await.map_err(|e| of(&e))?;
        stream.set_nodelay(true).map_err(|e| of(&e))?;
        Ok(Self {
            stream,
            buffer: vec![0; 8 * 1024],
            filled: 0,
            joined: Vec::new(),
        })
    }

    /// Whether the server has closed it since the last answer, or has said something that nobody asked for.
    pub(super) fn is_over(&self) -> bool {
        let read = self.stream.try_read(&mut [0]);
        !read.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    pub(super) fn body(&self, response: &Response) -> &[u8] {
        match &response.body {
            Body::Here(range) => &self.buffer[range.clone()],
            Body::Joined => &self.joined,
        }
    }

    /// Sends a request and reads its response.
    pub(super) async fn exchange(&mut self, request: &[u8]) -> Result<Response, Transport> {
        self.filled = 0;
        self.stream.write_all(request).await.map_err(|e| of(&e))?;
        let mut seen = 0;
        let start = loop {
            if let Some(end) = end_of_head(&self.buffer[..self.filled], seen) {
                break end;
            }
            if self.filled > MAX_HEAD_BYTES {
                return Err(Transport::NotHttp);
            }
            seen = self.filled;
            self.more().await?;
        };
        let head = head(&self.buffer[..start]).ok_or(Transport::NotHttp)?;
        let body = match head {
            Head {
                is_chunked: true, ..
            } => self.chunks(start).await?,
            Head {
                length: Some(length),
                ..
            } => {
                let end = start + length;
                if length > MAX_ANSWER_BYTES {
                    return Err(Transport::NotHttp);
                }
                while self.filled < end {
                    self.more().await?;
                }
                Body::Here(start..end)
            }
            // Without a length it ends with the connection.
            Head { length: None, .. } => {
                while self.filled < start + MAX_ANSWER_BYTES {
                    match self.more().await {
                        Ok(()) => {}
                        Err(Transport::Closed) => break,
                        Err(other) => return Err(other),
                    }
                }
                Body::Here(start..self.filled)
            }
        };
        Ok(Response {
            status: head.status,
            is_kept_alive: head.is_kept_alive && (head.is_chunked || head.length.is_some()),
            body,
        })
    }

    async fn more(&mut self) -> Result<(), Transport> {
        if self.filled == self.buffer.len() {
            self.buffer.resize(self.filled * 2, 0);
        }
        let read = self.stream.read(&mut self.buffer[self.filled..]).await;
        match read.map_err(|error| of(&error))? {
            0 => Err(Transport::Closed),
            n => {
                self.filled += n;
                Ok(())
            }
        }
    }

    async fn chunks(&mut self, mut at: usize) -> Result<Body, Transport> {
        self.joined.clear();
        loop {
            let line = self.line(at).await?;
            let text = std::str::from_utf8(&self.buffer[line.clone()]).unwrap_or_default();
            let digits = text.split(';').next().unwrap_or_default().trim();
            let length = usize::from_str_radix(digits, 16).map_err(|_| Transport::NotHttp)?;
            at = line.end + 2;
            if length == 0 {
                break;
            }
            if self.joined.len().saturating_add(length) > MAX_ANSWER_BYTES {
                return Err(Transport::NotHttp);
            }
            while self.filled < at + length + 2 {
                self.more().await?;
            }
            self.joined.extend_from_slice(&self.buffer[at..at + length]);
            at += length + 2;
        }
        // Trailers, and the empty line.
        loop {
            let line = self.line(at).await?;
            at = line.end + 2;
            if line.is_empty() {
                return Ok(Body::Joined);
            }
        }
    }

    /// The line that begins there, without its end.
    async fn line(&mut self, at: usize) -> Result<Range<usize>, Transport> {
        loop {
            let rest = self.buffer.get(at..self.filled).unwrap_or_default();
            if let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n") {
                return Ok(at..at + end);
            }
            if rest.len() > MAX_HEAD_BYTES {
                return Err(Transport::NotHttp);
            }
            self.more().await?;
        }
    }
}

fn of(error: &io::Error) -> Transport {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Transport::Refused,
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => Transport::Closed,
        _ => Transport::Unreachable(error.to_string()),
    }
}

/// Where the body begins; what was `seen` before has no end in it.
fn end_of_head(bytes: &[u8], seen: usize) -> Option<usize> {
    let from = seen.saturating_sub(3);
    let found = bytes[from..].windows(4).position(|end| end == b"\r\n\r\n");
    found.map(|end| from + end + 4)
}

fn head(bytes: &[u8]) -> Option<Head> {
    let rest = bytes.strip_prefix(b"HTTP/1.")?;
    let mut is_kept_alive = rest.first() == Some(&b'1');
    let digits = rest.get(2..5)?;
    let status = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let mut length = None;
    let mut is_chunked = false;
    for line in bytes.split(|byte| *byte == b'\n').skip(1) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            continue;
        };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"content-length") {
            length = Some(std::str::from_utf8(value).ok()?.parse().ok()?);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            is_chunked = value.eq_ignore_ascii_case(b"chunked");
        } else if name.eq_ignore_ascii_case(b"connection") {
            is_kept_alive = is_kept_alive && !value.eq_ignore_ascii_case(b"close");
        }
    }
    if status == 204 || status == 304 {
        length = Some(0);
    }
    Some(Head {
        status,
        length,
        is_chunked,
        is_kept_alive,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    /// What is understood of an answer that comes in these pieces, after which the connection is closed.
    async fn check(
        pieces: &'static [&'static str],
        expected: Result<(u16, &str, bool), Transport>,
    ) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let mut request = [0; 4];
            stream.read_exact(&mut request).await.expect("a request");
            for piece in pieces {
                stream.write_all(piece.as_bytes()).await.expect("sent");
                stream.flush().await.expect("sent");
                tokio::task::yield_now().await;
            }
        });
        let mut connection = Connection::to(address).await.expect("it listens");
        let found = connection.exchange(b"POST").await;
        let found = found.map(|response| {
            let body = String::from_utf8_lossy(connection.body(&response)).into_owned();
            (response.status, body, response.is_kept_alive)
        });
        let expected = expected.map(|(status, body, alive)| (status, body.to_owned(), alive));
        assert_eq!(found, expected, "{pieces:?}");
        server.await.expect("no panic");
    }

    #[tokio::test]
    async fn answers_are_read_whole_however_they_come() {
        check(
            &["HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nsuccess"],
            Ok((200, "success", true)),
        )
        .await;
        check(
            &[
                "HTTP/1.1 200 OK\r",
                "\nContent-Length:7\r\n\r",
                "\nsucc",
                "ess",
            ],
            Ok((200, "success", true)),
        )
        .await;
        check(
            &[
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nsucc\r\n3;a=b\r\n",
                "ess\r\n0\r\n",
                "\r\n",
            ],
            Ok((200, "success", true)),
        )
        .await;
        check(
            &["HTTP/1.0 200 OK\r\n\r\nsuccess"],
            Ok((200, "success", false)),
        )
        .await;
        check(
            &["HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"],
            Ok((404, "", false)),
        )
        .await;
    }

    #[tokio::test]
    async fn what_is_no_complete_answer_is_said_to_be() {
        check(&["SSH-2.0-x\r\n\r\n"], Err(Transport::NotHttp)).await;
        check(&[], Err(Transport::Closed)).await;
        check(
            &["HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nsuccess"],
            Err(Transport::Closed),
        )
        .await;
        check(
            &["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n"],
            Err(Transport::NotHttp),
        )
        .await;
    }
}
