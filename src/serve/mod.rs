//! A small local page: a few fixed routes over HTTP, for browsers on this machine alone.
//!
//! Binds the loopback addresses and nothing else. Only reads: GET and HEAD, no parameters, no file
//! system behind the routes. A page of another site that gets a browser here to ask is refused by what
//! the browser says about it (`Host`, `Origin`, `Sec-Fetch-Site`), and so are names that resolve to
//! this machine. What a client may use up (bytes, headers, time, connections) is bounded. It does not
//! know what the state is that it hands out.

mod guard;
mod request;
mod respond;

use std::io::ErrorKind as Io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use guard::Refusal;
use respond::Body;

use crate::error::{Error, Result};

/// The port if none is asked for.
pub const PORT: u16 = 7345;

/// Connections at a time; further ones are told to come back.
const CONNECTIONS: usize = 32;
/// How long a client may take to ask, and again to take the answer.
const TIME: Duration = Duration::from_secs(5);

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
const ICON: &str = include_str!("icon.svg");

/// Gives the state as JSON.
pub type State = dyn Fn() -> Result<String> + Send + Sync;

/// A server that is bound.
pub struct Server {
    listeners: Vec<TcpListener>,
    port: u16,
}

impl Server {
    /// Binds 127.0.0.1, and `[::1]` where there is one. Without a port: [`PORT`], or any free one.
    ///
    /// # Errors
    /// If the port is taken.
    pub fn bind(port: Option<u16>) -> Result<Self> {
        let bind = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        let first = match port {
            Some(port) => bind(port),
            None => bind(PORT).or_else(|_| bind(0)),
        }
        .map_err(|error| {
            let port = port.unwrap_or(PORT);
            let wrong = Error::environment(format!("cannot serve on port {port} of 127.0.0.1"));
            match error.kind() {
                Io::AddrInUse => wrong.help("another program is there; name another --port"),
                Io::PermissionDenied => wrong.help("name a --port from 1024 on"),
                _ => wrong,
            }
            .source(error)
        })?;
        let address = first
            .local_addr()
            .map_err(|e| Error::environment("the address that was bound has no port").source(e))?;
        let port = address.port();
        let mut listeners = vec![first];
        // A machine without IPv6 is fine.
        listeners.extend(TcpListener::bind((Ipv6Addr::LOCALHOST, port)));
        Ok(Self { listeners, port })
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Serves until the program ends, beside whoever calls this.
    pub fn start(self, state: &Arc<State>) {
        let open = Arc::new(AtomicUsize::new(0));
        for listener in self.listeners {
            let (state, open, port) = (Arc::clone(state), Arc::clone(&open), self.port);
            thread::spawn(move || {
                loop {
                    match listener.accept() {
                        Ok((stream, from)) => accepted(stream, from, port, &state, &open),
                        // No descriptors left, or the client is gone already.
                        Err(_) => thread::sleep(Duration::from_millis(20)),
                    }
                }
            });
        }
    }
}

/// Counts a connection as long as it lives.
struct Open(Arc<AtomicUsize>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

fn accepted(
    stream: TcpStream,
    from: SocketAddr,
    port: u16,
    state: &Arc<State>,
    open: &Arc<AtomicUsize>,
) {
    if !from.ip().is_loopback() {
        return;
    }
    let others = open.fetch_add(1, Ordering::AcqRel);
    let counted = Open(Arc::clone(open));
    if others >= CONNECTIONS {
        // Into the buffer of a new connection; nobody is waited for.
        let deadline = Instant::now() + Duration::from_millis(50);
        respond::send(&stream, &respond::refusal(Refusal::Busy), false, deadline);
        return;
    }
    let state = Arc::clone(state);
    let serve = move || {
        let _counted = counted;
        serve(&stream, port, &*state);
    };
    // Without a thread for it, the connection is closed.
    let _ = thread::Builder::new().name("client".into()).spawn(serve);
}

/// One request and its answer; then the connection is closed.
fn serve(stream: &TcpStream, port: u16, state: &State) {
    let (body, is_head) = match request::read(stream, Instant::now() + TIME) {
        Ok(None) => return,
        Err(refusal) => (respond::refusal(refusal), false),
        Ok(Some(head)) => answer(&head, port, state),
    };
    respond::send(stream, &body, is_head, Instant::now() + TIME);
}

/// The answer to a request, and whether only its head is sent.
fn answer(head: &request::Head, port: u16, state: &State) -> (Body, bool) {
    let body = match guard::check(head, port) {
        Ok(()) => route(&head.target, state),
        Err(refusal) => respond::refusal(refusal),
    };
    (body, head.method == "HEAD")
}

/// The status of the answer to bytes that a client sent to the port 7345; none if they are no whole request.
pub fn status_of(bytes: &[u8], state: &State) -> Option<u16> {
    match request::parse(bytes) {
        Ok(head) => Some(answer(&head?, PORT, state).0.status),
        Err(refusal) => Some(respond::refusal(refusal).status),
    }
}

fn route(target: &str, state: &State) -> Body {
    let text = |kind, text: &str| Body { status: 200, kind, text: text.to_owned() };
    match target {
        "/" => text("text/html; charset=utf-8", PAGE),
        "/page.css" => text("text/css; charset=utf-8", STYLE),
        "/page.js" => text("text/javascript; charset=utf-8", SCRIPT),
        "/icon.svg" => text("image/svg+xml", ICON),
        "/state.json" => match state() {
            Ok(json) => text("application/json", &json),
            Err(error) => {
                let json = serde_json::json!({"schema": 1, "error": error.message});
                Body { status: 500, kind: "application/json", text: json.to_string() }
            }
        },
        _ => respond::refusal(Refusal::NoSuchPage),
    }
}
