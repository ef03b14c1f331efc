/// The behaviour cases about regression detection and trends.
mod behaviour;
/// `prompt-cicd detect`: formats, exit codes, bad input.
mod command;
/// `prompt-cicd trend` and `distributions`.
mod shown;
