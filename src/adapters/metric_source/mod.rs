//! Where health numbers come from: Prometheus, JSON documents at addresses and in files, programs.
//!
//! `open` makes sources from settings; `tell` has what all of them share; `document` reads the JSON of everything that
//! is not Prometheus.

mod command;
mod document;
mod file;
mod http_json;
mod open;
mod prometheus;
mod prometheus_answer;
mod tell;

pub use open::MetricSourceFactory;
