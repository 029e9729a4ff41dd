//! The local page: read-only, for this machine alone, and nothing hangs it.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::space::{TestSpace, count};
use crate::status::{Started, until, waiting_build};

/// A server, ended with its test.
struct Serving {
    program: Started,
    port: u16,
}

/// An answer.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Serving {
    fn new(space: &TestSpace) -> Self {
        let mut program = Started::new(space.command(&["serve", "--port", "0"]));
        let line = program.first_line();
        let port = line.strip_prefix("http://127.0.0.1:").and_then(|rest| rest.strip_suffix('/'));
        let port = port.unwrap_or_else(|| panic!("{line}")).parse().unwrap();
        Self { program, port }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// Sends bytes as they are.
    fn send(&self, bytes: &[u8]) -> Answer {
        let mut stream = self.connect();
        // A server that refuses early need not read all.
        let _ = stream.write_all(bytes);
        answer(stream)
    }

    /// Asks as a browser does.
    fn ask(&self, method: &str, target: &str, headers: &str) -> Answer {
        let host = format!("Host: 127.0.0.1:{}", self.port);
        self.send(format!("{method} {target} HTTP/1.1\r\n{host}\r\n{headers}\r\n").as_bytes())
    }

    fn get(&self, target: &str) -> Answer {
        self.ask("GET", target, "")
    }

    fn state(&self) -> Value {
        let answer = self.get("/state.json");
        assert_eq!(answer.status, 200, "{}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }
}

fn answer(mut stream: TcpStream) -> Answer {
    let mut text = Vec::new();
    let _ = stream.read_to_end(&mut text);
    let text = String::from_utf8(text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

#[test]
fn the_page_and_its_parts_are_served_with_nothing_left_to_the_browser() {
    let space = TestSpace::new();
    let serving = Serving::new(&space);
    for (target, kind, part) in [
        ("/", "text/html", "<!doctype html>"),
        ("/page.css", "text/css", "prefers-color-scheme"),
        ("/page.js", "text/javascript", "state.json"),
        ("/icon.svg", "image/svg+xml", "<svg"),
        ("/state.json", "application/json", "\"schema\":1"),
    ] {
        let answer = serving.get(target);
        assert_eq!(answer.status, 200);
        assert!(answer.body.contains(part), "{target}: {}", answer.body);
        for header in [
            &format!("Content-Type: {kind}"),
            &format!("Content-Length: {}\r\n", answer.body.len()),
            "Cache-Control: no-store",
            "Content-Security-Policy: default-src 'none'",
            "frame-ancestors 'none'",
            "X-Content-Type-Options: nosniff",
            "Referrer-Policy: no-referrer",
            "Cross-Origin-Resource-Policy: same-origin",
            "Connection: close",
        ] {
            assert!(answer.head.contains(header), "{target}: no `{header}` in\n{}", answer.head);
        }
        assert!(!answer.head.contains("Access-Control"), "{}", answer.head);
        let head = serving.ask("HEAD", target, "");
        assert_eq!((head.status, &*head.body), (200, ""));
    }
    // The page itself asks nobody else, and holds nothing that its own policy forbids.
    let page = serving.get("/").body;
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("style="));
}

#[test]
fn strangers_are_refused() {
    let space = TestSpace::new();
    let serving = Serving::new(&space);
    let port = serving.port;
    let with_host = |host: &str| {
        serving.send(format!("GET /state.json HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()).status
    };
    for host in ["localhost", "127.0.0.1", "[::1]", "LOCALHOST"] {
        assert_eq!(with_host(&format!("{host}:{port}")), 200, "{host}");
        assert_eq!(with_host(host), 403, "{host} without the port");
        assert_eq!(with_host(&format!("{host}:{}", port ^ 1)), 403, "{host}, another port");
    }
    for host in ["evil.example", "evil.example:80", "", "127.0.0.1.evil.example", "0.0.0.0"] {
        assert_eq!(with_host(host), 403, "{host}");
        assert_eq!(with_host(&format!("{host}:{port}")), 403, "{host}");
    }
    assert_eq!(serving.send(b"GET / HTTP/1.1\r\n\r\n").status, 403, "no host");
    assert_eq!(serving.send(b"GET / HTTP/1.0\r\n\r\n").status, 403, "no host");
    for header in [
        "Origin: http://evil.example",
        "Origin: null",
        "Sec-Fetch-Site: cross-site",
        "Sec-Fetch-Site: same-site",
    ] {
        let answer = serving.ask("GET", "/state.json", &format!("{header}\r\n"));
        assert_eq!(answer.status, 403, "{header}");
        assert!(!answer.body.contains("schema"));
    }
    let own = format!("Origin: http://localhost:{port}\r\nSec-Fetch-Site: same-origin\r\n");
    assert_eq!(serving.ask("GET", "/state.json", &own).status, 200);
}

#[test]
fn there_are_no_other_paths_and_nothing_to_change() {
    let space = TestSpace::new();
    space.write("secret", "secret");
    let serving = Serving::new(&space);
    for target in [
        "/secret",
        "/../secret",
        "/page.css/../../secret",
        "/%2e%2e/secret",
        "/..%2fsecret",
        "/%2Fetc%2Fpasswd",
        "//etc/passwd",
        "/etc/passwd",
        "/page.css/",
        "/page.css%00",
        "/state.json?x=1",
        "/./",
        "/?",
        "/favicon.ico",
        "/page.js#x",
        "http://127.0.0.1/",
        "*",
        "secret",
    ] {
        let answer = serving.get(target);
        assert_eq!(answer.status, 404, "{target}");
        assert_eq!(answer.body, "there is nothing here\n");
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"] {
        let answer = serving.ask(method, "/state.json", "");
        assert_eq!(answer.status, 405, "{method}");
        assert!(answer.head.contains("Allow: GET, HEAD"), "{}", answer.head);
    }
    let body = serving.ask("POST", "/", "Content-Length: 5\r\n\r\nhello");
    assert_eq!(body.status, 405);
    assert_eq!(serving.ask("GET", "/", "Content-Length: 5\r\n").status, 400);
}

#[test]
fn only_loopback_addresses_are_bound() {
    let space = TestSpace::new();
    let serving = Serving::new(&space);
    let listening = |table: &str| -> Vec<String> {
        let suffix = format!(":{:04X}", serving.port);
        let text = std::fs::read_to_string(table).unwrap_or_default();
        text.lines()
            .filter_map(|line| {
                let mut cells = line.split_whitespace().skip(1);
                let (local, _, state) = (cells.next()?, cells.next()?, cells.next()?);
                (state == "0A").then(|| local.strip_suffix(&suffix).map(str::to_owned))?
            })
            .collect()
    };
    assert_eq!(listening("/proc/net/tcp"), ["0100007F"]);
    let six = listening("/proc/net/tcp6");
    assert!(six.is_empty() || six == ["00000000000000000000000001000000"], "{six:?}");
    // The address by which this machine goes out, if it has one: nothing is sent.
    let udp = UdpSocket::bind("0.0.0.0:0").unwrap();
    if udp.connect("192.0.2.1:9").is_ok() {
        let address = udp.local_addr().unwrap().ip();
        assert!(!address.is_loopback());
        let refused =
            TcpStream::connect_timeout(&(address, serving.port).into(), Duration::from_secs(2));
        assert!(refused.is_err(), "{address}");
    }
}

#[test]
fn large_slow_and_many_requests_do_not_hang_it() {
    let space = TestSpace::new();
    let serving = Serving::new(&space);
    let host = format!("Host: 127.0.0.1:{}\r\n", serving.port);
    let long = format!("GET / HTTP/1.1\r\n{host}X: {}\r\n\r\n", "x".repeat(1 << 20));
    assert_eq!(serving.send(long.as_bytes()).status, 431);
    let long = format!("GET /{} HTTP/1.1\r\n{host}\r\n", "x".repeat(1 << 16));
    assert_eq!(serving.send(long.as_bytes()).status, 431);
    let many = format!("GET / HTTP/1.1\r\n{host}{}\r\n", "X: 1\r\n".repeat(200));
    assert_eq!(serving.send(many.as_bytes()).status, 431);
    for noise in [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03"[..], b"hello\r\n\r\n", b"\0\0\0\0"] {
        assert_eq!(serving.send(noise).status, 400, "{}", noise.escape_ascii());
    }
    // Leaves without asking.
    serving.connect().shutdown(Shutdown::Both).unwrap();

    // Some who never end their request, and one who dribbles: others are answered at once.
    let start = Instant::now();
    let slow: Vec<TcpStream> = (0..10)
        .map(|_| {
            let mut stream = serving.connect();
            stream.write_all(b"GET / HTTP/1.1\r\nHost: ").unwrap();
            stream
        })
        .collect();
    assert_eq!(serving.get("/").status, 200);
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    let mut dribbling = serving.connect();
    let closed = loop {
        if dribbling.write_all(b"x").is_err() || start.elapsed() > Duration::from_secs(30) {
            break start.elapsed();
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    assert!(closed < Duration::from_secs(15), "{closed:?}");
    for stream in slow {
        assert_eq!(answer(stream).status, 408);
    }

    // More than it takes at a time: some are told so, and afterwards all is as before.
    let crowd: Vec<TcpStream> = (0..60).map(|_| serving.connect()).collect();
    let busy = crowd.into_iter().map(answer).filter(|answer| answer.status == 503).count();
    assert!((20..=40).contains(&busy), "{busy}");
    assert_eq!(serving.get("/").status, 200);
}

#[test]
fn the_state_shows_a_build_live_to_two_clients() {
    let space = TestSpace::new();
    let serving = Serving::new(&space);
    let empty = serving.state();
    assert_eq!(
        (&empty["schema"], &empty["running"], &empty["past"]),
        (&json!(1), &json!([]), &json!([]))
    );
    assert_eq!(empty["project"], space.root().canonicalize().unwrap().to_str().unwrap());
    let build = waiting_build(&space);
    until("the build is shown", &mut || serving.state()["running"][0]["state"] == "running");
    let (one, two) = std::thread::scope(|scope| {
        let one = scope.spawn(|| serving.state());
        (serving.state(), one.join().unwrap())
    });
    for state in [one, two] {
        let running = &state["running"][0];
        assert_eq!(running["experiment"], "experiments/x.yaml");
        assert!(count(&running["made"]) < count(&running["to_make"]));
        for name in ["elapsed_s", "share", "gflop", "busy_s"] {
            assert!(running[name].is_number(), "{name}: {running}");
        }
        for name in ["kinds", "workers", "failures", "warnings", "timeline"] {
            assert!(running[name].is_array(), "{name}: {running}");
        }
        assert!(running.get("left_s").is_some() && running["stage"]["name"].is_string());
    }
    until("outputs are planned", &mut || serving.state()["outputs"][0]["state"] == "missing");
    space.write("go", "");
    build.end().ok();
    until("the build is past", &mut || serving.state()["past"][0]["state"] == "done");
    until("its output is current", &mut || serving.state()["outputs"][0]["state"] == "current");
}

#[test]
fn a_taken_port_is_said_and_ctrl_c_ends_it() {
    let space = TestSpace::new();
    let serving = Serving::new(&space);
    let port = serving.port.to_string();
    space.run(&["serve", "--port", &port]).fails(3, &["cannot serve on port", "--port"]);
    serving.program.signal(Signal::INT);
    let ran = serving.program.end().ok();
    assert!(ran.stderr.contains("Ctrl-C ends"), "{}", ran.stderr);
    assert!(!space.path("cache").exists(), "it only reads");
}
