//! The `sabeel` program: reads the command line, runs the command, sets the exit code.

mod admin_client;
mod alert_channels;
mod cli;
mod command;
mod config;
mod controllers;
mod demo;
mod freeradius;
mod gateway;
mod gateways;
mod nas_activity;
mod nas_control;
mod output;
mod scheduling;
mod serve;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;

/// sysexits(3) EX_CONFIG.
const WRONG_CONFIGURATION: u8 = 78;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_env("SABEEL_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        // A log that cannot be written would be reported on the same stream, and panic.
        .log_internal_errors(false)
        .init();
    let runtime = match &cli.command {
        cli::Command::Serve(_) => scheduling::patient_runtime(),
        _ => tokio::runtime::Runtime::new(),
    };
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("sabeel: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(command::run(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sabeel: {error:#}");
            let is_configuration = error.chain().any(|cause| cause.is::<config::ConfigError>());
            if is_configuration { ExitCode::from(WRONG_CONFIGURATION) } else { ExitCode::FAILURE }
        }
    }
}
