//! Writing an answer, in bounded time.

use std::io::{ErrorKind as Io, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use super::guard::Refusal;

/// What a browser may do with an answer: nothing but show it, from here alone, in no frame, and forget
/// it.
const HEADERS: &str = "\
Connection: close\r
Cache-Control: no-store\r
Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r
Cross-Origin-Opener-Policy: same-origin\r
Cross-Origin-Resource-Policy: same-origin\r
Referrer-Policy: no-referrer\r
X-Content-Type-Options: nosniff\r
X-Frame-Options: DENY\r
";

/// An answer.
pub struct Body {
    /// Of HTTP.
    pub status: u16,
    /// Its content type.
    pub kind: &'static str,
    /// Its content.
    pub text: String,
}

/// The answer to a request that is refused.
pub fn refusal(why: Refusal) -> Body {
    let (status, text) = match why {
        Refusal::Malformed => (400, "this is no request that is understood here"),
        Refusal::Stranger => {
            (403, "type the address of this page yourself: it answers under its own address alone")
        }
        Refusal::NoSuchPage => (404, "there is nothing here"),
        Refusal::ReadOnly => (405, "nothing can be changed here"),
        Refusal::Slow => (408, "the request took too long"),
        Refusal::Large => (431, "the request is too large"),
        Refusal::Busy => (503, "too many connections"),
    };
    Body { status, kind: "text/plain; charset=utf-8", text: format!("{text}\n") }
}

/// The reason phrase of a status.
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        431 => "Request Header Fields Too Large",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    }
}

/// Sends an answer, without its content to a `HEAD`, until `deadline`. A client that is gone or slow is
/// its own loss.
pub fn send(stream: &TcpStream, body: &Body, is_head: bool, deadline: Instant) {
    let allow = if body.status == 405 { "Allow: GET, HEAD\r\n" } else { "" };
    let mut bytes = format!(
        "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n{allow}{HEADERS}\r\n",
        body.status,
        reason(body.status),
        body.kind,
        body.text.len()
    )
    .into_bytes();
    if !is_head {
        bytes.extend_from_slice(body.text.as_bytes());
    }
    if write(stream, &bytes, deadline).is_some() {
        // What the client still sends would reset the connection, and the answer with it.
        let _ = stream.shutdown(Shutdown::Write);
        let until = deadline.min(Instant::now() + Duration::from_millis(500));
        drain(stream, until);
    }
}

fn write(mut stream: &TcpStream, mut bytes: &[u8], deadline: Instant) -> Option<()> {
    while !bytes.is_empty() {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return None;
        }
        stream.set_write_timeout(Some(left)).ok()?;
        match stream.write(bytes) {
            Ok(0) => return None,
            Ok(count) => bytes = &bytes[count..],
            Err(e) if matches!(e.kind(), Io::WouldBlock | Io::TimedOut | Io::Interrupted) => {}
            Err(_) => return None,
        }
    }
    Some(())
}

/// Reads what comes and drops it, until the client is done.
fn drain(mut stream: &TcpStream, until: Instant) {
    let mut bytes = [0; 4096];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || stream.set_read_timeout(Some(left)).is_err() {
            return;
        }
        if !matches!(stream.read(&mut bytes), Ok(count) if count > 0) {
            return;
        }
    }
}
