//! A server that breaks: it writes bytes as a test says, or none, and then it is well.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// What becomes of a request.
#[derive(Debug, Clone)]
pub(crate) enum Trouble {
    /// Exactly these bytes, and the connection closes: head and body, whole or not.
    Bytes(String),
    /// A piece of JSON now and then, and never an end.
    Drip,
    /// Nothing, for as long as the other side waits.
    Hang,
    /// The connection closes before a word.
    Drop,
}

impl Trouble {
    /// A whole response with this status, further headers (each ends with a line break) and body.
    pub(crate) fn status(status: &str, headers: &str, body: &str) -> Self {
        Self::Bytes(format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        ))
    }
}

/// A running server; it ends with the test.
#[derive(Debug)]
pub(crate) struct BrokenServer {
    address: std::net::SocketAddr,
    received: Arc<Mutex<Vec<String>>>,
    ended: Arc<AtomicBool>,
}

impl BrokenServer {
    /// The first `broken` requests meet the trouble, all others get the last message back.
    pub(crate) fn start(trouble: &Trouble, broken: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (received, ended) = (Arc::<Mutex<Vec<String>>>::default(), Arc::new(AtomicBool::new(false)));
        let (seen, over, trouble) = (Arc::clone(&received), Arc::clone(&ended), trouble.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    break;
                }
                let (Ok(stream), seen, over, trouble) = (stream, Arc::clone(&seen), Arc::clone(&over), trouble.clone()) else { continue };
                std::thread::spawn(move || {
                    // The other side may be gone already: that is what these tests are about.
                    drop(serve(stream, &seen, &over, &trouble, broken));
                });
            }
        });
        Self { address, received, ended }
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// The requests, head and body.
    pub(crate) fn received(&self) -> Vec<String> {
        self.received.lock().unwrap().clone()
    }
}

impl Drop for BrokenServer {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
    }
}

fn serve(mut stream: TcpStream, seen: &Mutex<Vec<String>>, over: &AtomicBool, trouble: &Trouble, broken: usize) -> std::io::Result<()> {
    let Some(request) = request(&mut stream)? else { return Ok(()) };
    let before = {
        let mut seen = seen.lock().unwrap();
        seen.push(request.clone());
        seen.len() - 1
    };
    if before >= broken {
        return stream.write_all(answer(&request).as_bytes());
    }
    match trouble {
        Trouble::Bytes(bytes) => stream.write_all(bytes.as_bytes())?,
        Trouble::Drop => {}
        Trouble::Hang => {
            stream.read_exact(&mut [0])?;
        }
        Trouble::Drip => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n{\"choices\": [")?;
            while !over.load(Ordering::SeqCst) {
                stream.write_all(b" ")?;
                std::thread::park_timeout(Duration::from_millis(20));
            }
        }
    }
    Ok(())
}

/// Head and body; `None` when the other side went away.
fn request(stream: &mut TcpStream) -> std::io::Result<Option<String>> {
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut piece)?;
        if read == 0 {
            return Ok(None);
        }
        bytes.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok());
        if body.len() >= length.unwrap_or(0) {
            return Ok(Some(text));
        }
    }
}

/// The last message, as a whole answer or as events.
fn answer(request: &str) -> String {
    let body: serde_json::Value = serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap();
    let said = body["messages"].as_array().unwrap().last().unwrap()["content"].clone();
    let usage = serde_json::json!({"prompt_tokens": 4, "completion_tokens": 4});
    let (kind, text) = if body["stream"] == true {
        let piece = serde_json::json!({"choices": [{"index": 0, "delta": {"content": said}, "finish_reason": "stop"}], "usage": usage});
        ("text/event-stream", format!("data: {piece}\n\ndata: [DONE]\n\n"))
    } else {
        let whole = serde_json::json!({"choices": [{"index": 0, "message": {"role": "assistant", "content": said}, "finish_reason": "stop"}], "usage": usage});
        ("application/json", whole.to_string())
    };
    format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}", text.len())
}
