//! What can be typed after `sabeel request`.

use clap::Subcommand;
use domain::Reference;

/// Works on requests of persons.
#[derive(Debug, Subcommand)]
pub enum RequestCommand {
    /// List requests with their due dates, those that are due first come first.
    List {
        /// Also those that are done.
        #[arg(long)]
        all: bool,
    },
    /// Do what is asked: destroy everything kept about the person.
    Done {
        /// The request's reference, such as K7M2QX.
        reference: Reference,
    },
}
