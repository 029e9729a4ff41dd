//! Reading the head of a request, in bounded time and space.

use std::io::{ErrorKind as Io, Read};
use std::net::TcpStream;
use std::time::Instant;

use super::guard::Refusal;

/// Most bytes of a head.
const BYTES: usize = 8 << 10;
/// Most headers.
const HEADERS: usize = 64;

/// The head of a request.
#[derive(Debug, PartialEq, Eq)]
pub struct Head {
    /// As sent: `GET`.
    pub method: String,
    /// As sent: `/state.json`.
    pub target: String,
    /// Names in lower case, values without blanks around them.
    pub headers: Vec<(String, String)>,
}

impl Head {
    /// All values of a header; a name in lower case.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let with_name = self.headers.iter().filter(|(known, _)| known == name);
        with_name.map(|(_, value)| value.as_str()).collect()
    }
}

/// Reads a head until `deadline`. None if the client left before it asked.
pub fn read(stream: &TcpStream, deadline: Instant) -> Result<Option<Head>, Refusal> {
    let mut bytes = vec![0; BYTES];
    let mut filled = 0;
    let mut stream = stream;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Refusal::Slow);
        }
        stream.set_read_timeout(Some(left)).map_err(|_| Refusal::Slow)?;
        match stream.read(&mut bytes[filled..]) {
            Ok(0) => return Ok(None),
            Ok(count) => filled += count,
            Err(e) if matches!(e.kind(), Io::WouldBlock | Io::TimedOut | Io::Interrupted) => {
                continue;
            }
            Err(_) => return Ok(None),
        }
        if let Some(head) = parse(&bytes[..filled])? {
            return Ok(Some(head));
        }
        if filled == BYTES {
            return Err(Refusal::Large);
        }
    }
}

/// The head at the beginning of `bytes`; none if it is not complete.
pub fn parse(bytes: &[u8]) -> Result<Option<Head>, Refusal> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(bytes) {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(Refusal::Large),
        Err(_) => return Err(Refusal::Malformed),
    }
    let (Some(method), Some(target)) = (request.method, request.path) else {
        return Err(Refusal::Malformed);
    };
    let headers = request.headers.iter().map(|header| {
        let value = std::str::from_utf8(header.value).map_err(|_| Refusal::Malformed)?;
        Ok((header.name.to_ascii_lowercase(), value.trim_ascii().to_owned()))
    });
    Ok(Some(Head {
        method: method.to_owned(),
        target: target.to_owned(),
        headers: headers.collect::<Result<_, Refusal>>()?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        let text = b"GET /state.json HTTP/1.1\r\nHost: localhost:1\r\nX:  a b \r\n\r\nmore";
        for end in 0..text.len() - 4 {
            assert_eq!(parse(&text[..end]), Ok(None), "{end}");
        }
        let head = parse(text).unwrap().unwrap();
        assert_eq!((&*head.method, &*head.target), ("GET", "/state.json"));
        assert_eq!((head.all("host"), head.all("x")), (vec!["localhost:1"], vec!["a b"]));
    }

    #[test]
    fn what_is_no_head_is_refused() {
        for text in [
            &b"\x16\x03\x01\x02\x00\x01\x00"[..],
            b"GET\r\n\r\n",
            b"GET / HTTP/2.0\r\n\r\n",
            b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
            b"GET / HTTP/1.1\r\nA: 1\r\n folded\r\n\r\n",
            b"GET / HTTP/1.1\r\nA : 1\r\n\r\n",
            b"GET / HTTP/1.1\r\nA: \xff\r\n\r\n",
            b"G\0T / HTTP/1.1\r\n\r\n",
        ] {
            assert_eq!(parse(text), Err(Refusal::Malformed), "{}", text.escape_ascii());
        }
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: 1\r\n".repeat(HEADERS + 1));
        assert_eq!(parse(many.as_bytes()), Err(Refusal::Large));
    }
}
