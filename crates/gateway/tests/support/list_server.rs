//! A server with a list of revoked attestation keys, on loopback, which answers as it is told.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "shared by several test crates")]

use std::{
    collections::VecDeque,
    fmt::Write as _,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// What the server does about one request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// A status, header fields and a body.
    Is(u16, Vec<(&'static str, String)>, String),
    /// A body that is longer by its `Content-Length` than what comes of it.
    Truncated(String),
    /// A chunked body without its end.
    Unended(String),
    /// A good answer, after a while.
    Slow(Duration, String),
    /// The connection ends without an answer.
    Close,
}

impl Reply {
    pub fn list(body: &str) -> Self {
        Self::Is(200, Vec::new(), body.to_owned())
    }

    pub fn status(status: u16) -> Self {
        Self::Is(status, Vec::new(), String::new())
    }
}

/// The server. It goes away with the test's runtime.
pub struct ListServer {
    pub url: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    replies: VecDeque<Reply>,
    /// What it answers when it was told nothing else.
    usual: Option<Reply>,
    requests: Vec<String>,
}

impl ListServer {
    pub async fn start(usual: Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/attestation/status", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State { usual: Some(usual), ..State::default() }));
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { url, state }
    }

    /// What it answers next, before it answers as usual.
    pub fn then(&self, reply: Reply) {
        self.state.lock().unwrap().replies.push_back(reply);
    }

    /// What it answers from now on.
    pub fn usually(&self, reply: Reply) {
        self.state.lock().unwrap().usual = Some(reply);
    }

    /// The heads of the requests so far, in lower case.
    pub fn requests(&self) -> Vec<String> {
        self.state.lock().unwrap().requests.clone()
    }
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(octet) => head.push(octet),
                Err(_) => return,
            }
        }
        let reply = {
            let mut state = state.lock().unwrap();
            state.requests.push(String::from_utf8(head).unwrap().to_ascii_lowercase());
            state.replies.pop_front().or_else(|| state.usual.clone()).unwrap()
        };
        let (text, stays) = match reply {
            Reply::Is(status, fields, body) => (answer(status, &fields, &body), true),
            Reply::Slow(pause, body) => {
                tokio::time::sleep(pause).await;
                (answer(200, &[], &body), true)
            }
            Reply::Truncated(body) => {
                (format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len() + 1), false)
            }
            Reply::Unended(body) => {
                (format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n", body.len()), false)
            }
            Reply::Close => (String::new(), false),
        };
        if stream.write_all(text.as_bytes()).await.is_err() || !stays {
            return;
        }
    }
}

fn answer(status: u16, fields: &[(&str, String)], body: &str) -> String {
    let mut text = format!("HTTP/1.1 {status} X\r\n");
    for (name, value) in fields {
        write!(text, "{name}: {value}\r\n").unwrap();
    }
    // RFC 9110 §15.4.5: there is no body.
    if status != 304 {
        write!(text, "content-length: {}\r\n", body.len()).unwrap();
    }
    text + "\r\n" + body
}
