//! Any HTTP server of a test: a closure answers, every request is kept.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, Method, Uri},
    response::Response,
};

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

type Answer = Pin<Box<dyn Future<Output = Response> + Send>>;

/// A running server; it ends with the test's runtime.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) url: String,
    received: Arc<Mutex<Vec<Request>>>,
}

impl Host {
    /// Starts it on the runtime of the test.
    pub(crate) async fn start<F>(answer: impl Fn(Request) -> F + Clone + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Response> + Send + 'static,
    {
        let received: Arc<Mutex<Vec<Request>>> = Arc::default();
        let kept = Arc::clone(&received);
        let handler = move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| -> Answer {
            let request = Request { method, uri, headers, body };
            kept.lock().unwrap().push(request.clone());
            Box::pin(answer(request))
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        drop(tokio::spawn(async move { axum::serve(listener, Router::new().fallback(handler)).await }));
        Self { url, received }
    }

    pub(crate) fn received(&self) -> Vec<Request> {
        self.received.lock().unwrap().clone()
    }
}
