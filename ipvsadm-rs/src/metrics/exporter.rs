// SPDX-License-Identifier: MIT OR GPL-2.0

//! Metrics over HTTP, for a Prometheus that asks the director itself.

use std::io;
use std::io::BufWriter;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::thread;

use tiny_http::Header;
use tiny_http::Method;
use tiny_http::Request;
use tiny_http::Response;
use tiny_http::Server;
use tiny_http::StatusCode;

use crate::client::Client;
use crate::exit::REFUSED;
use crate::exit::USAGE;
use crate::open::open;
use crate::program::OWN_NAME;
use crate::stdio::complain;

use super::exposition;
use super::Scope;
use super::Snapshot;

/// Requests that are answered at once; more of them wait. It bounds the memory.
const WORKERS: usize = 2;
/// Where the metrics are.
const PATH: &str = "/metrics";

/// Serves metrics at an address, `address:port`, until the process is ended. Gives the exit status
/// if that can't be.
pub(crate) fn run(listen: &str, scope: &Scope) -> u8 {
    // Says what is wrong while there is somebody to read it; each request opens its own.
    if let Err(status) = open() {
        return status;
    }
    match Server::http(listen) {
        Ok(server) => {
            serve(&server, scope);
            REFUSED
        }
        Err(error) => {
            complain!("{OWN_NAME}: {listen}: {error}");
            USAGE
        }
    }
}

/// Answers requests until the server is unblocked, or can't go on.
fn serve(server: &Server, scope: &Scope) {
    thread::scope(|threads| {
        for _ in 0..WORKERS {
            threads.spawn(|| {
                while let Ok(request) = server.recv() {
                    // Who asked has gone away: nobody is left to tell.
                    let _ = answer(request, scope);
                }
            });
        }
    });
}

fn answer(request: Request, scope: &Scope) -> io::Result<()> {
    let path = request.url().split('?').next().unwrap_or_default();
    let is_read = matches!(request.method(), Method::Get | Method::Head);
    match path {
        PATH | "/" if !is_read => say(request, 405, "Only GET and HEAD.\n"),
        PATH => metrics(request, scope),
        "/" => say(request, 200, "Metrics of LVS are at /metrics.\n"),
        _ => say(request, 404, "Metrics are at /metrics.\n"),
    }
}

fn say(request: Request, status: u16, text: &str) -> io::Result<()> {
    request.respond(Response::from_string(text).with_status_code(status))
}

/// The text is sent as it is made: of many servers it is far larger than what it is made of.
fn metrics(request: Request, scope: &Scope) -> io::Result<()> {
    let snapshot = Client::open().and_then(|mut client| Snapshot::read(&mut client, scope));
    let snapshot = match snapshot {
        Ok(snapshot) => snapshot,
        Err(error) => return say(request, 503, &format!("{error}\n")),
    };
    let (source, sink) = UnixStream::pair()?;
    thread::scope(|threads| {
        threads.spawn(|| {
            let mut out = BufWriter::with_capacity(1 << 16, sink);
            // It fails when who asked has gone away.
            let _ = exposition::write(&mut out, &snapshot, scope).and_then(|()| out.flush());
        });
        let kind = Header::from_bytes("Content-Type", exposition::CONTENT_TYPE);
        let headers = kind.into_iter().collect();
        request.respond(Response::new(StatusCode(200), headers, source, None, None))
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::SocketAddr;
    use std::net::TcpStream;

    use super::*;

    fn ask(addr: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(addr).expect("a connection");
        let head = format!("{request} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).expect("a request");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("an answer");
        text
    }

    #[test]
    fn what_is_not_metrics_says_where_they_are() {
        let server = Server::http("127.0.0.1:0").expect("a port");
        let addr = server.server_addr().to_ip().expect("an address");
        let scope = Scope::default();
        thread::scope(|threads| {
            threads.spawn(|| serve(&server, &scope));
            for (request, status) in [
                ("GET /", " 200 "),
                ("GET /?x", " 200 "),
                ("GET /other", " 404 "),
                ("GET /metrics/x", " 404 "),
                ("POST /metrics", " 405 "),
            ] {
                let answer = ask(addr, request);
                let line = answer.lines().next().unwrap_or_default();
                assert!(line.contains(status), "{request}: {line}");
            }
            for _ in 0..WORKERS {
                server.unblock();
            }
        });
    }
}
