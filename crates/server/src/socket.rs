//! The Unix socket in the data folder, through which commands reach the running server. Whoever can open it may do everything:
//! it is for the server's user only, from its first moment on.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, ErrorKind};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONNECTION, HOST};
use axum::http::{HeaderValue, Method, Response};
use hyper::client::conn::http1 as client;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tower::ServiceExt as _;
use tracing::warn;

/// Its name in the data folder.
pub const NAME: &str = "echostr.sock";

/// Where it is made, before it gets its place: nobody else may enter here.
const CRADLE: &str = ".echostr.sock.new";

/// The system allows a little more than 100 bytes for the path of a socket; longer ones go by way of the opened folder.
const PATH_BYTES: usize = 100;

/// Commands at once; further ones wait.
const MAX_CONNECTIONS: usize = 64;

/// How long a request's head may take.
const HEAD_WITHIN: Duration = Duration::from_secs(10);

/// How long a whole exchange may take: the export of a follower goes as fast as it is read.
const EXCHANGE_WITHIN: Duration = Duration::from_mins(10);

/// How long a command waits for a place.
const CONNECTED_WITHIN: Duration = Duration::from_secs(10);

/// How long a command that only reads waits for the head of an answer; one that changes something waits for the whole exchange.
const ANSWER_WITHIN: Duration = Duration::from_mins(1);

/// A socket that commands can connect to; nobody answers yet.
pub(crate) struct Socket {
    listener: UnixListener,
    place: Place,
}

impl Socket {
    /// Binds it, in the place of one that a dead server left.
    ///
    /// # Errors
    /// Somebody answers there, or the folder cannot be written.
    pub(crate) async fn bind(folder: &Path) -> io::Result<Self> {
        let path = folder.join(NAME);
        // With PostgreSQL nothing else has made it.
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        if connect(folder).await?.is_some() {
            let text = "another server listens there; give each server a data folder of its own";
            return Err(io::Error::new(ErrorKind::AddrInUse, text));
        }
        // A process that died in here leaves it.
        let cradle = folder.join(CRADLE);
        match fs::remove_dir_all(&cradle) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        DirBuilder::new().mode(0o700).create(&cradle)?;
        let new = cradle.join("s");
        let short = ShortPath::of(&new)?;
        let listener = UnixListener::bind(&short.path)?;
        fs::set_permissions(&new, Permissions::from_mode(0o600))?;
        fs::rename(&new, &path)?;
        fs::remove_dir(&cradle)?;
        let place = Place {
            id: id_of(&path)?,
            path,
        };
        Ok(Self { listener, place })
    }

    /// Answers with `app` until it is told to stop.
    pub(crate) fn serve(self, app: Router) -> Serving {
        let Self { listener, place } = self;
        let (stopping, is_stopping) = watch::channel(false);
        let task = tokio::spawn(accept(listener, app, is_stopping));
        Serving {
            place,
            stopping,
            task,
        }
    }
}

/// A socket on which commands are answered.
pub(crate) struct Serving {
    place: Place,
    stopping: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Serving {
    /// Takes the socket away, and lets what is being answered end within this time.
    pub(crate) async fn stop(self, within: Duration) {
        let Self {
            place,
            stopping,
            task,
        } = self;
        drop(place);
        stopping.send_replace(true);
        task.abort();
        // Every connection holds a receiver.
        let _ = tokio::time::timeout(within, stopping.closed()).await;
    }
}

/// The file of a socket; it is removed with the value, unless another has its place by now.
struct Place {
    path: PathBuf,
    id: (u64, u64),
}

impl Drop for Place {
    fn drop(&mut self) {
        if id_of(&self.path).is_ok_and(|id| id == self.id) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn id_of(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::symlink_metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

async fn accept(listener: UnixListener, app: Router, is_stopping: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut is_told = false;
    loop {
        let place = Arc::clone(&places)
            .acquire_owned()
            .await
            .expect("the semaphore is never closed");
        match listener.accept().await {
            Ok((stream, _)) => {
                let answering = answer(stream, app.clone(), is_stopping.clone());
                tokio::spawn(async move {
                    // One that breaks off or is too slow is no news.
                    let _ = tokio::time::timeout(EXCHANGE_WITHIN, answering).await;
                    drop(place);
                });
            }
            Err(error) => {
                // Out of file descriptors, mostly: others end soon.
                if !is_told {
                    warn!(%error, "cannot accept a command, trying again until it works");
                }
                is_told = true;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// Answers the one request of a connection.
async fn answer(stream: UnixStream, app: Router, mut is_stopping: watch::Receiver<bool>) {
    let service = service_fn(|request: hyper::Request<hyper::body::Incoming>| {
        app.clone().oneshot(request.map(Body::new))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        _ = &mut connection => return,
        _ = is_stopping.wait_for(|is_stopping| *is_stopping) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

/// Asks the server of a data folder; nothing when none runs.
///
/// # Errors
/// The socket is there but may not be used, or the server breaks off.
pub(crate) async fn ask(
    folder: &Path,
    mut request: Request,
) -> io::Result<Result<Response<Body>, Request>> {
    let Some(stream) = connect(folder).await? else {
        return Ok(Err(request));
    };
    let headers = request.headers_mut();
    headers.insert(HOST, HeaderValue::from_static("echostr"));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    let (mut sender, connection) = client::handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    // It ends with the answer, or when the answer is dropped.
    tokio::spawn(connection);
    let (within, or) = if request.method() == Method::GET {
        (ANSWER_WITHIN, "")
    } else {
        let or = "; it is not known whether it was done: look at what was to be changed, and at `echostr audit list`";
        (EXCHANGE_WITHIN, or)
    };
    let answer = tokio::time::timeout(within, sender.send_request(request))
        .await
        .map_err(|_| {
            let text = format!("no answer within {} s{or}", within.as_secs());
            io::Error::new(ErrorKind::TimedOut, text)
        })?
        .map_err(|error| io::Error::other(format!("{error}{or}")))?;
    Ok(Ok(answer.map(Body::new)))
}

/// A connection to the server of a data folder; nothing when none runs.
async fn connect(folder: &Path) -> io::Result<Option<UnixStream>> {
    let start = Instant::now();
    loop {
        let path = ShortPath::of(&folder.join(NAME));
        let connecting = match &path {
            Ok(path) => UnixStream::connect(&path.path).await,
            Err(error) => Err(error.kind().into()),
        };
        match connecting {
            Ok(stream) => return Ok(Some(stream)),
            Err(error) => match error.kind() {
                // There is none, or that of a server which died.
                ErrorKind::NotFound | ErrorKind::ConnectionRefused => return Ok(None),
                // Many others want the same.
                ErrorKind::WouldBlock if start.elapsed() < CONNECTED_WITHIN => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                _ => return Err(error),
            },
        }
    }
}

/// The path of a socket, or, when that is too long for the system, one that leads there.
struct ShortPath {
    path: PathBuf,
    _folder: Option<File>,
}

impl ShortPath {
    fn of(path: &Path) -> io::Result<Self> {
        let (folder, name) = match (path.parent(), path.file_name()) {
            (Some(folder), Some(name)) if path.as_os_str().len() > PATH_BYTES => (folder, name),
            _ => {
                return Ok(Self {
                    path: path.to_owned(),
                    _folder: None,
                });
            }
        };
        let folder = File::open(folder)?;
        let short = format!("/proc/self/fd/{}", folder.as_raw_fd());
        Ok(Self {
            path: Path::new(&short).join(name),
            _folder: Some(folder),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileTypeExt as _;

    use axum::routing::get;
    use http_body_util::BodyExt as _;

    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path =
                std::env::temp_dir().join(format!("echostr-socket-{}-{name}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            fs::create_dir_all(&path).expect("the folder can be written");
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    async fn serving(folder: &Path, text: &'static str) -> Serving {
        let app = Router::new().route("/", get(async move || text));
        let socket = Socket::bind(folder).await.expect("it can be bound");
        socket.serve(app)
    }

    /// What is answered, if somebody answers.
    async fn asked(folder: &Path) -> Option<String> {
        let request = Request::new(Body::empty());
        let answer = ask(folder, request).await.expect("it may be used").ok()?;
        let body = answer.into_body().collect().await.expect("a whole body");
        Some(String::from_utf8(body.to_bytes().into()).expect("UTF-8"))
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("the folder is there");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        names
            .map(|name| name.to_string_lossy().into_owned())
            .collect()
    }

    #[tokio::test]
    async fn it_is_there_while_somebody_answers_and_only_for_their_user() {
        let folder = Folder::new("life");
        assert_eq!(asked(&folder.0).await, None);
        let serving = serving(&folder.0, "here").await;
        assert_eq!(names(&folder.0), [NAME]);
        let metadata = fs::metadata(folder.0.join(NAME)).expect("it is there");
        assert!(metadata.file_type().is_socket());
        assert_eq!(metadata.mode() & 0o777, 0o600);
        assert_eq!(asked(&folder.0).await.as_deref(), Some("here"));
        serving.stop(Duration::from_secs(5)).await;
        assert_eq!(names(&folder.0), <[&str; 0]>::default());
        assert_eq!(asked(&folder.0).await, None);
    }

    #[tokio::test]
    async fn that_of_a_dead_server_is_replaced_and_that_of_a_living_one_is_not() {
        let folder = Folder::new("dead");
        fs::create_dir(folder.0.join(CRADLE)).expect("the folder can be written");
        // Nobody answers there once the listener is closed; the file stays.
        drop(std::os::unix::net::UnixListener::bind(folder.0.join(NAME)).expect("it can be bound"));
        assert_eq!(asked(&folder.0).await, None);
        let first = serving(&folder.0, "first").await;
        assert_eq!(asked(&folder.0).await.as_deref(), Some("first"));
        let Err(error) = Socket::bind(&folder.0).await else {
            panic!("two servers");
        };
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        assert_eq!(asked(&folder.0).await.as_deref(), Some("first"));
        first.stop(Duration::ZERO).await;
    }

    #[tokio::test]
    async fn a_stop_leaves_the_socket_of_another_server_alone() {
        let folder = Folder::new("other");
        let first = serving(&folder.0, "first").await;
        fs::remove_file(folder.0.join(NAME)).expect("it is there");
        let second = serving(&folder.0, "second").await;
        first.stop(Duration::ZERO).await;
        assert_eq!(asked(&folder.0).await.as_deref(), Some("second"));
        second.stop(Duration::ZERO).await;
    }

    #[tokio::test]
    async fn the_path_of_the_folder_may_be_long() {
        let folder = Folder::new("long");
        let long = folder.0.join("l".repeat(120)).join("o".repeat(120));
        fs::create_dir_all(&long).expect("the folder can be written");
        let serving = serving(&long, "far away").await;
        assert_eq!(asked(&long).await.as_deref(), Some("far away"));
        serving.stop(Duration::ZERO).await;
        assert_eq!(names(&long), <[&str; 0]>::default());
    }

    #[tokio::test]
    async fn who_connects_and_says_nothing_keeps_nobody_out_for_long() {
        let folder = Folder::new("idle");
        let serving = serving(&folder.0, "here").await;
        let mut idle = Vec::new();
        for _ in 0..MAX_CONNECTIONS {
            idle.push(connect(&folder.0).await.expect("it may be used"));
        }
        let asking = tokio::time::timeout(HEAD_WITHIN * 2, asked(&folder.0));
        assert_eq!(asking.await.expect("in time").as_deref(), Some("here"));
        serving.stop(Duration::ZERO).await;
    }
}
