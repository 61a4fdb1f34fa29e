//! What can be typed after `sabeel`.

mod alert;
mod audit;
mod code;
mod consent;
mod import;
mod link;
mod nas;
mod radius;
mod request;
mod site;
mod sms;
mod voucher;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use domain::{
    BitRate, CLAIMED, Claim, Country, IdError, Identity, MacAddress, NasName, Octets, OrderId,
    PhoneNumber, PlanName, SessionId, SiteName, Timestamp, VoucherId, Zone,
};

pub use alert::{AlertCommand, AlertTest};
pub use audit::{AuditCommand, AuditList};
pub use code::CodeCommand;
pub use consent::ConsentCommand;
pub use import::{ImportClients, ImportCommand, ImportTables, ImportUsers, ImportedPeople};
pub use link::{
    Drill, LinkCentreCommand, LinkCommand, LinkPolicyCommand, Maint, MaintCommand, Often, PathFor,
    PlanMaint, ReportOf, SignPolicy, Tongue,
};
pub use nas::{
    AddNas, AddNasRange, ApiArgs, HandOffArgs, NasCommand, OnboardNas, PendingCommand,
    RangeCommand, RotateNas, SetNas, TestNas,
};
pub use radius::{Decode, DictionaryCommand, RadiusCommand, TailOptions};
pub use request::RequestCommand;
pub use site::{AddSite, Clearable, SetSite, SiteCommand};
pub use sms::{SetBudget, SmsCommand};
pub use voucher::{AddVouchers, VoucherCommand, Which};

/// Visitor internet for a city: portal, RADIUS, quotas, gateway.
///
/// Exit codes: 0 done, 1 failed, 2 wrong usage, 78 wrong configuration.
#[derive(Debug, Parser)]
#[command(name = "sabeel", version, arg_required_else_help = true)]
pub struct Cli {
    /// Configuration file [default: $SABEEL_CONFIG, else /etc/sabeel/sabeel.toml if it is there].
    #[arg(long, short, global = true, value_name = "FILE", env = "SABEEL_CONFIG")]
    pub config: Option<PathBuf>,

    /// Print JSON for scripts instead of tables.
    #[arg(long, global = true)]
    pub json: bool,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run portal, RADIUS and controller together, or one of them.
    Serve(Serve),
    /// Run what this Linux router is set up for: the gateway of a site, the links of an office, or both.
    Edge,
    /// The links of the office whose router this is.
    #[command(subcommand)]
    Link(LinkCommand),
    /// The channels of alerts.
    #[command(subcommand)]
    Alert(AlertCommand),
    /// Look at the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Sites: places with visitors.
    #[command(subcommand)]
    Site(SiteCommand),
    /// Access points, controllers and gateways that ask by RADIUS.
    #[command(subcommand)]
    Nas(Box<NasCommand>),
    /// Plans: what visitors may use.
    #[command(subcommand)]
    Plan(PlanCommand),
    /// Stays of visitors' devices.
    #[command(subcommand)]
    Session(SessionCommand),
    /// Orders to access points, and what became of them.
    #[command(subcommand)]
    Order(OrderCommand),
    /// Tell what happened to a person, a device or a session, and why.
    Why(Why),
    /// Tell how far the sign-in came that a visitor's reference names, and where it stopped.
    Support {
        /// The six characters on the visitor's help page, such as K7M2QX.
        #[arg(value_name = "REFERENCE")]
        reference: domain::Reference,
    },
    /// Persons, by mobile number or voucher.
    #[command(subcommand)]
    Account(AccountCommand),
    /// Vouchers: codes on paper that let devices online without a message.
    #[command(subcommand)]
    Voucher(VoucherCommand),
    /// What persons agreed to.
    #[command(subcommand)]
    Consent(ConsentCommand),
    /// Requests of persons to have everything about them destroyed.
    #[command(subcommand)]
    Request(RequestCommand),
    /// Codes by which the citizen agrees that a report is closed, for the system that keeps reports.
    #[command(subcommand)]
    Code(CodeCommand),
    /// Text messages and their gateways.
    #[command(subcommand)]
    Sms(SmsCommand),
    /// The audit log: who did what to people's data and to the set-up.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Take over what another RADIUS server has.
    #[command(subcommand)]
    Import(ImportCommand),
    /// RADIUS: watch the server, look at packets and dictionaries.
    #[command(subcommand)]
    Radius(RadiusCommand),
    /// The database.
    #[command(subcommand)]
    Db(DbCommand),
    /// The accounting journal of this machine.
    #[command(subcommand)]
    Journal(JournalCommand),
    /// Check that everything Sabeel needs is there and works; changes nothing.
    Doctor(Doctor),
}

/// Which parts to run.
#[derive(Debug, Args)]
pub struct Serve {
    /// Run only this part; parts on their own meet in one PostgreSQL.
    #[arg(value_enum)]
    pub part: Option<Part>,

    /// Try it out: keep everything in DIR, make two sites and a pretend gateway on this
    /// machine, and print codes to the terminal.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["part", "config"])]
    pub demo: Option<PathBuf>,
}

/// A part of the system that can run on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// The captive portal, and the sending of codes.
    Portal,
    /// The RADIUS server.
    Radius,
    /// Quotas, orders to access points, and the admin interface.
    Controller,
}

/// What to check.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Check only what this part needs on this machine [default: all parts on one machine].
    #[arg(value_enum)]
    pub part: Option<Checked>,
}

/// A part whose needs can be checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Checked {
    /// The captive portal.
    Portal,
    /// The RADIUS server.
    Radius,
    /// Quotas, orders to access points, and the admin interface.
    Controller,
    /// The gateway of a site, and the links of an office.
    Edge,
}

/// Looks at the configuration.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Read the configuration file and say whether it is good.
    Check,
}

/// Works on plans.
#[derive(Debug, Subcommand)]
pub enum PlanCommand {
    /// List all plans.
    List,
    /// Show one plan.
    Show {
        /// The plan's name.
        name: PlanName,
    },
    /// Add a plan; limits that are not given do not exist.
    Add(AddPlan),
    /// Remove a plan that nothing uses.
    Remove {
        /// The plan's name.
        name: PlanName,
    },
}

/// A plan to add.
#[derive(Debug, Args)]
pub struct AddPlan {
    /// Short name, such as `visitor`.
    pub name: PlanName,
    /// Time online a day, in minutes.
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(1..=1_440))]
    pub day_minutes: Option<u32>,
    /// Data a day, such as 1GB.
    #[arg(long)]
    pub day_data: Option<Octets>,
    /// Time online from one code to the next, in minutes.
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(1..=525_600))]
    pub session_minutes: Option<u32>,
    /// Data from one code to the next.
    #[arg(long)]
    pub session_data: Option<Octets>,
    /// Speed to the visitor, such as 10Mbit/s.
    #[arg(long)]
    pub down: Option<BitRate>,
    /// Speed from the visitor.
    #[arg(long)]
    pub up: Option<BitRate>,
    /// Go on with this speed to the visitor when the allowance is used up, instead of being cut.
    #[arg(long, value_name = "RATE")]
    pub then_down: Option<BitRate>,
    /// Go on with this speed from the visitor then.
    #[arg(long, value_name = "RATE")]
    pub then_up: Option<BitRate>,
    /// Devices of one person.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=50))]
    pub devices: u32,
    /// Minutes of silence after which a device counts as gone.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=1_440))]
    pub idle_minutes: u32,
    /// Seconds between two usage reports.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(60..=3_600))]
    pub interim_seconds: u32,
    /// Days for which a device is let in again without a code.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=365))]
    pub remember_days: u32,
}

/// Works on sessions.
#[derive(Debug, Subcommand)]
pub enum SessionCommand {
    /// List sessions, newest first.
    List {
        /// Also those that are over.
        #[arg(long)]
        all: bool,
        /// Only those of this access point.
        #[arg(long)]
        nas: Option<NasName>,
        /// At most this many.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
    },
    /// Show one session.
    Show {
        /// The session's id.
        id: SessionId,
    },
    /// Tell the access point the present limits of a session again.
    Change {
        /// The session's id.
        id: SessionId,
    },
    /// Print all sessions, also open ones, as rows of FreeRADIUS' table `radacct`.
    Export(SessionExport),
    /// Disconnect one session.
    Disconnect {
        /// The session's id.
        id: SessionId,
        /// Also end the permission, so that a new code is needed.
        #[arg(long)]
        revoke: bool,
    },
}

/// Which sessions to print, and how.
#[derive(Debug, Args)]
pub struct SessionExport {
    /// Only those that began at that time or later, such as 2026-11-24T04:10:10Z.
    #[arg(long, value_name = "TIME")]
    pub since: Option<Timestamp>,
    /// Only those that began before that time.
    #[arg(long, value_name = "TIME")]
    pub until: Option<Timestamp>,
    /// Only those of access points that stand there now.
    #[arg(long)]
    pub site: Option<SiteName>,
    /// How rows are written.
    #[arg(long, value_enum, default_value_t = TableFormat::Csv)]
    pub format: TableFormat,
    /// The zone of dates; MySQL keeps no other trace of it.
    #[arg(long, default_value = "UTC")]
    pub zone: Zone,
}

/// How rows of a table are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TableFormat {
    /// Comma-separated values under a heading.
    Csv,
    /// INSERT statements of PostgreSQL, which skip what is there.
    Postgres,
    /// INSERT statements of MySQL and MariaDB, which skip what is there.
    Mysql,
}

/// Works on orders to access points.
#[derive(Debug, Subcommand)]
pub enum OrderCommand {
    /// List orders, newest first.
    List {
        /// Only those that are not over.
        #[arg(long)]
        waiting: bool,
        /// Only those to this access point.
        #[arg(long)]
        nas: Option<NasName>,
        /// Only those about this session.
        #[arg(long)]
        session: Option<SessionId>,
        /// At most this many.
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// Show one order.
    Show {
        /// The order's id.
        id: OrderId,
    },
}

/// Whose story to tell.
#[derive(Debug, Args)]
pub struct Why {
    /// A mobile number, a voucher such as fair/17, a device's hardware address, a session's id, or
    /// its Acct-Session-Id.
    #[arg(value_name = "WHO")]
    pub who: String,

    /// What WHO is, should it look like something else.
    #[arg(long = "as", value_enum, value_name = "KIND")]
    pub kind: Option<WhoKind>,

    /// Nothing earlier, such as 2026-11-24T04:10:10Z, or 2h, 3d [default: 7d, or the session].
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub since: Option<Since>,

    /// At most this many steps, the latest.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub limit: u32,

    /// Read the database and the files of this machine without asking a server.
    #[arg(long)]
    pub local: bool,
}

/// What somebody is asked about by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum WhoKind {
    /// A person, by mobile number.
    Phone,
    /// A person, by voucher.
    Voucher,
    /// A device, by hardware address.
    Mac,
    /// A session, by our id or by Acct-Session-Id.
    Session,
}

/// A time, or how long ago it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// That time.
    At(Timestamp),
    /// So long ago.
    Ago(Duration),
}

/// Works on accounts.
#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Show everything kept about a person.
    Show {
        /// The mobile number, such as +966551234567 (claimed:+966551234567@GRANT if nothing proved it), or
        /// the voucher, such as fair/17.
        #[arg(value_name = "WHO", value_parser = person)]
        person: Identity,
    },
    /// Keep everything about a person, whatever retention says and whoever wants it destroyed.
    Hold {
        /// The mobile number, such as +966551234567 (claimed:+966551234567@GRANT if nothing proved it), or
        /// the voucher, such as fair/17.
        #[arg(value_name = "WHO", value_parser = person)]
        person: Identity,
        /// Why, such as the reference of the request.
        #[arg(long, value_name = "TEXT")]
        why: String,
    },
    /// End a hold.
    Release {
        /// The mobile number, such as +966551234567 (claimed:+966551234567@GRANT if nothing proved it), or
        /// the voucher, such as fair/17.
        #[arg(value_name = "WHO", value_parser = person)]
        person: Identity,
    },
    /// Destroy everything kept about a person.
    Erase {
        /// The mobile number, such as +966551234567 (claimed:+966551234567@GRANT if nothing proved it), or
        /// the voucher, such as fair/17.
        #[arg(value_name = "WHO", value_parser = person)]
        person: Identity,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

/// Reads the accounting journal.
#[derive(Debug, Subcommand)]
pub enum JournalCommand {
    /// How much there is, and how far the database is behind.
    Status,
    /// Read every file; fails if records are damaged or files are missing.
    Verify {
        /// The folder [default: that of this machine's journal].
        dir: Option<PathBuf>,
    },
    /// Print records, one a line, in the order in which they came.
    Export(JournalExport),
}

/// Which records, and how.
#[derive(Debug, Args)]
pub struct JournalExport {
    /// The folder [default: that of this machine's journal].
    pub dir: Option<PathBuf>,

    /// Only what came at that time or later, such as 2026-11-24T04:10:10Z.
    #[arg(long, value_name = "TIME")]
    pub from: Option<Timestamp>,

    /// Only what came before that time.
    #[arg(long, value_name = "TIME")]
    pub to: Option<Timestamp>,

    /// Only what is about that device.
    #[arg(long, value_name = "MAC")]
    pub device: Option<MacAddress>,

    /// Only what that access point reported.
    #[arg(long, value_name = "NAME")]
    pub nas: Option<NasName>,

    /// How a record is written.
    #[arg(long, value_enum, default_value_t = ExportFormat::Csv)]
    pub format: ExportFormat,
}

/// How a record is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// Comma-separated values under a heading.
    Csv,
    /// A JSON object a line.
    Json,
}

/// Works on the database.
#[derive(Debug, Subcommand)]
pub enum DbCommand {
    /// Bring the schema to this program's version.
    Migrate,
}

fn since(text: &str) -> Result<Since, String> {
    let unit = |suffix, seconds: u64| {
        let count: u64 = text.strip_suffix(suffix)?.parse().ok()?;
        Some(Since::Ago(Duration::from_secs(count.checked_mul(seconds)?)))
    };
    let ago = unit("m", 60).or_else(|| unit("h", 3_600)).or_else(|| unit("d", 86_400));
    match ago {
        Some(ago) => Ok(ago),
        None => text.parse().map(Since::At).map_err(|_| {
            "write a time like 2026-11-24T04:10:10Z, or a span like 30m, 2h or 3d".to_owned()
        }),
    }
}

fn mobile_number(text: &str) -> Result<PhoneNumber, String> {
    PhoneNumber::parse(text, &Country::GULF).map_err(|reason| reason.to_string())
}

/// A number, one that was only claimed, or a voucher, which has a slash.
fn person(text: &str) -> Result<Identity, String> {
    if let Some(claim) = text.strip_prefix(CLAIMED) {
        let (phone, grant) = claim.split_once('@').ok_or("write claimed:NUMBER@GRANT")?;
        let grant = grant.parse().map_err(|reason: IdError| reason.to_string())?;
        return Ok(Identity::Claimed(Claim { phone: mobile_number(phone)?, grant }));
    }
    if !text.contains('/') {
        return mobile_number(text).map(Identity::Phone);
    }
    let voucher: Result<VoucherId, _> = text.parse();
    voucher.map(Identity::Voucher).map_err(|reason| reason.to_string())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_number_out_of_its_range_is_wrong_usage() {
        for line in [
            "sabeel plan add staff --day-minutes 0",
            "sabeel plan add staff --day-minutes 1441",
            "sabeel plan add staff --session-minutes 0",
            "sabeel plan add staff --session-minutes 525601",
            "sabeel session list --limit 0",
        ] {
            let error = Cli::try_parse_from(line.split(' ')).expect_err(line);
            assert_eq!(error.exit_code(), 2, "{line}");
        }
    }
}
