//! Who may ask for what.

use super::request::Head;

/// Why a request is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It is no HTTP/1 request, or it has a body.
    Malformed,
    /// It was asked under another name than this machine's own, or by the page of another site.
    Stranger,
    /// There is nothing at that path.
    NoSuchPage,
    /// Nothing can be changed here.
    ReadOnly,
    /// It did not arrive in time.
    Slow,
    /// It has too many bytes or headers.
    Large,
    /// Too many connections.
    Busy,
}

/// Whether a request came from a browser on this machine that was told to open this very page, and
/// only reads.
pub fn check(head: &Head, port: u16) -> Result<(), Refusal> {
    let own = |host: &str| is_own(host, port);
    match head.all("host").as_slice() {
        [host] if own(host) => {}
        _ => return Err(Refusal::Stranger),
    }
    let origins = head.all("origin");
    if !origins.iter().all(|origin| origin.strip_prefix("http://").is_some_and(own)) {
        return Err(Refusal::Stranger);
    }
    // Typed or bookmarked (`none`), or asked by the page itself.
    let sites = head.all("sec-fetch-site");
    if !sites.iter().all(|site| matches!(*site, "same-origin" | "none")) {
        return Err(Refusal::Stranger);
    }
    if !matches!(&*head.method, "GET" | "HEAD") {
        return Err(Refusal::ReadOnly);
    }
    let has_body = head.all("content-length").iter().any(|length| *length != "0")
        || !head.all("transfer-encoding").is_empty();
    if has_body {
        return Err(Refusal::Malformed);
    }
    Ok(())
}

/// Whether a `Host` is this server under its own names. A name that merely resolves to this machine is
/// not (DNS rebinding).
fn is_own(host: &str, port: u16) -> bool {
    let (name, given) = match host.rsplit_once(':') {
        // The end of an IPv6 address is no port.
        Some((name, given)) if !given.ends_with(']') => (name, given),
        _ => (host, "80"),
    };
    let known = ["localhost", "127.0.0.1", "[::1]"];
    given == port.to_string() && known.iter().any(|own| own.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(method: &str, headers: &[(&str, &str)]) -> Result<(), Refusal> {
        let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        check(&Head { method: method.into(), target: "/".into(), headers }, 7345)
    }

    #[test]
    fn only_this_machine_by_its_own_names_may_ask() {
        for host in ["localhost:7345", "LocalHost:7345", "127.0.0.1:7345", "[::1]:7345"] {
            assert_eq!(ask("GET", &[("host", host)]), Ok(()), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evil.example:7345",
            "localhost",
            "localhost:80",
            "localhost:07345",
            "localhost.:7345",
            "localhost.evil.example:7345",
            "evil.example#localhost:7345",
            "user@localhost:7345",
            "127.0.0.1",
            "127.0.0.1:7345:7345",
            "127.1:7345",
            "0.0.0.0:7345",
            "2130706433:7345",
            "[::1]",
            "::1:7345",
            "[::ffff:127.0.0.1]:7345",
        ] {
            assert_eq!(ask("GET", &[("host", host)]), Err(Refusal::Stranger), "{host}");
        }
        assert_eq!(ask("GET", &[]), Err(Refusal::Stranger));
        let two = [("host", "localhost:7345"), ("host", "localhost:7345")];
        assert_eq!(ask("GET", &two), Err(Refusal::Stranger));
        assert!(is_own("localhost", 80) && is_own("[::1]", 80), "the port of HTTP is left out");
    }

    #[test]
    fn other_sites_may_not_ask_through_the_browser() {
        let host = ("host", "127.0.0.1:7345");
        let with = |name, value| ask("GET", &[host, (name, value)]);
        assert_eq!(with("origin", "http://127.0.0.1:7345"), Ok(()));
        assert_eq!(with("sec-fetch-site", "same-origin"), Ok(()));
        assert_eq!(with("sec-fetch-site", "none"), Ok(()));
        for origin in
            ["null", "https://evil.example", "http://127.0.0.1:8000", "127.0.0.1:7345", ""]
        {
            assert_eq!(with("origin", origin), Err(Refusal::Stranger), "{origin}");
        }
        for site in ["cross-site", "same-site", ""] {
            assert_eq!(with("sec-fetch-site", site), Err(Refusal::Stranger), "{site}");
        }
    }

    #[test]
    fn nothing_can_be_sent_or_changed() {
        let host = ("host", "localhost:7345");
        assert_eq!(ask("HEAD", &[host]), Ok(()));
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "get"] {
            assert_eq!(ask(method, &[host]), Err(Refusal::ReadOnly), "{method}");
        }
        assert_eq!(ask("GET", &[host, ("content-length", "0")]), Ok(()));
        assert_eq!(ask("GET", &[host, ("content-length", "5")]), Err(Refusal::Malformed));
        let chunked = ("transfer-encoding", "chunked");
        assert_eq!(ask("GET", &[host, chunked]), Err(Refusal::Malformed));
    }
}
