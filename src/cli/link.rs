//! `sabeel link`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use link::report::Name;

/// Looks at the links of offices: at all of them on the centre's machine, at those of one on its router,
/// where they can be commanded, too.
#[derive(Debug, Subcommand)]
pub enum LinkCommand {
    /// Tell how the office is connected and how each path is.
    List,
    /// Tell how what runs no agent is: routers of others, access points, services.
    Targets,
    /// Tell whether visitors are kept out of the office.
    Isolation {
        /// Test it now, which takes some seconds.
        #[arg(long)]
        now: bool,
    },
    /// Look on, second by second, with the round trips of the last minute.
    Watch,
    /// Tell what happened lately.
    Events {
        /// Only those after the event of this number.
        #[arg(long, value_name = "NUMBER", default_value_t = 0)]
        after: u64,
    },
    /// Try now whether a path would carry the office; fails if it would not.
    Test {
        /// What the path is called [default: each path that is tried at all].
        path: Option<String>,
        /// Fill it for some seconds in each direction, while visitors make room, and tell what it carries
        /// to the end. Not the path by which the office goes.
        #[arg(long, requires = "path")]
        bulk: bool,
    },
    /// Tell why the office is connected as it is, and what comes next.
    Why,
    /// Have the office use its backup for a while, as if the primary path had failed, and tell how it was.
    /// It goes back at once when the backup is not good enough.
    Drill(Drill),
    /// Pin the office to a path, whatever becomes of it.
    Switch(PathFor),
    /// Take the pin away: the office goes by the path that is best.
    Auto,
    /// Take a path out for work on it; the other end is told, and nothing counts as a failure. On the
    /// centre: plan work.
    Maint(Maint),
    /// Give a path back that was taken out.
    Resume {
        /// What the path is called.
        path: String,
    },
    /// What the centre knows of all offices.
    #[command(flatten)]
    Centre(LinkCentreCommand),
}

/// Looks at the links of all offices, on the machine of the centre.
#[derive(Debug, Subcommand)]
pub enum LinkCentreCommand {
    /// On the centre: tell how all offices are connected.
    Sites,
    /// On the centre: tell how one office is connected, and what happened to it lately.
    Show {
        /// What the office is called.
        site: Name,
    },
    /// On the centre: tell what is the matter, one incident for each cause.
    Incidents {
        /// Those that are over, too.
        #[arg(long)]
        all: bool,
    },
    /// On the centre: say that you take care of an incident.
    Ack {
        /// Its number.
        number: u64,

        /// What you want to be written down with it.
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// What agents run by, signed away from the centre.
    #[command(subcommand)]
    Policy(LinkPolicyCommand),
    /// On the centre: write what a month was, as a page to be read and printed.
    Report(ReportOf),
    /// On the centre: draw all offices and lines, and how they are.
    Map {
        /// Draw a picture (SVG) into this file instead.
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,

        /// Its language.
        #[arg(long, value_enum, default_value = "ar")]
        language: Tongue,
    },
    /// On the centre: draw how the paths of an office were.
    History {
        /// What the office is called.
        site: Name,

        /// What the path is called [default: all of them].
        path: Option<Name>,

        /// How far back, such as 4h or 30d.
        #[arg(long, value_name = "SPAN", default_value = "24h", value_parser = super::voucher::span)]
        since: Duration,

        /// In spans of 1, 10, 60 or 900 seconds [default: what fits, from 10 on].
        #[arg(long, value_name = "SECONDS")]
        span: Option<u32>,

        /// Draw a picture (SVG) into this file instead.
        #[arg(long, value_name = "FILE")]
        svg: Option<PathBuf>,
    },
}

/// A path that is taken out, or work that is planned.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Maint {
    /// What is planned.
    #[command(subcommand)]
    pub planned: Option<MaintCommand>,

    /// The path that is taken out.
    #[command(flatten)]
    pub out: Option<PathFor>,
}

/// Plans work on links, on the machine of the centre.
#[derive(Debug, Subcommand)]
pub enum MaintCommand {
    /// On the centre: plan work, in which nothing is an incident and no time counts.
    Plan(PlanMaint),
    /// On the centre: tell what work is planned.
    List {
        /// What is over, too.
        #[arg(long)]
        all: bool,
    },
    /// On the centre: say that work does not take place, or ends now.
    Cancel {
        /// Its number.
        number: u64,

        /// On this day only, of work that comes again.
        #[arg(long, value_name = "DAY")]
        on: Option<String>,
    },
}

/// Work on an office or one of its paths.
#[derive(Debug, Args)]
pub struct PlanMaint {
    /// What the office is called.
    pub site: Name,

    /// What its path is called [default: all of the office].
    pub path: Option<Name>,

    /// When it begins, such as "2026-11-28 01:00" by the clock of the centre's zone [default: now].
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,

    /// When it ends.
    #[arg(
        long,
        value_name = "TIME",
        required_unless_present = "lasting",
        conflicts_with = "lasting"
    )]
    pub until: Option<String>,

    /// Instead of when it ends: how long it takes, such as 90m or 4h.
    #[arg(long = "for", value_name = "SPAN", value_parser = super::voucher::span)]
    pub lasting: Option<Duration>,

    /// Again every day, or every week or month on the day on which it begins.
    #[arg(long, value_enum)]
    pub every: Option<Often>,

    /// The day from which on it does not come again.
    #[arg(long, value_name = "DAY", requires = "every")]
    pub last: Option<String>,

    /// What it is.
    #[arg(long, value_name = "TEXT")]
    pub why: String,
}

/// How often work is.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Often {
    /// Every day.
    Day,
    /// Every week.
    Week,
    /// Every month.
    Month,
}

/// Makes policies of offices, and hands them to the centre for their agents.
#[derive(Debug, Subcommand)]
pub enum LinkPolicyCommand {
    /// Make a key that signs policies, and print the one by which agents know them. Needs no centre: keep
    /// the file away from it.
    Keygen {
        /// The new file.
        file: PathBuf,
    },
    /// Sign a policy of an office: keys of its section `[links]`, TOML. Needs no centre.
    Sign(SignPolicy),
    /// On the centre: hand a signed policy out to the agent of its office.
    Publish {
        /// What `sign` printed.
        file: PathBuf,
    },
    /// On the centre: tell which policy of each office was published last, and by which its agent runs.
    Show {
        /// The text of this office's instead.
        site: Option<Name>,
    },
}

/// A policy that is to be signed.
#[derive(Debug, Args)]
pub struct SignPolicy {
    /// The text of the policy.
    pub file: PathBuf,

    /// What the office is called.
    #[arg(long)]
    pub site: Name,

    /// Its number, one more than that of the last.
    #[arg(long, value_name = "NUMBER")]
    pub generation: u64,

    /// The file that `keygen` made.
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
}

/// A month, and where its report goes.
#[derive(Debug, Args)]
pub struct ReportOf {
    /// Which month, such as 2026-10 [default: the last one that is over].
    #[arg(long)]
    pub month: Option<String>,

    /// Its language.
    #[arg(long, value_enum, default_value = "ar")]
    pub language: Tongue,

    /// Into which file [default: links-MONTH-LANGUAGE.html in this folder].
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Print it to a PDF beside it, too, which needs Chromium on this machine.
    #[arg(long)]
    pub pdf: bool,
}

/// A language of reports.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Tongue {
    /// Arabic.
    Ar,
    /// English.
    En,
}

/// A path, and for how long.
#[derive(Debug, Args)]
pub struct PathFor {
    /// What the path is called.
    pub path: String,

    /// For how long, such as 30m, 4h or 3d [default: until you say otherwise].
    #[arg(long = "for", value_name = "SPAN", value_parser = super::voucher::span)]
    pub lasting: Option<Duration>,
}

/// An exercise.
#[derive(Debug, Args)]
pub struct Drill {
    /// For how long, such as 2m or 1h; up to a day.
    #[arg(long = "for", value_name = "SPAN", value_parser = super::voucher::span, default_value = "2m")]
    pub lasting: Duration,

    /// Write the report, JSON, to this file, too.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}
