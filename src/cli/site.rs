//! What can be typed after `sabeel site`.

use clap::{Args, Subcommand, ValueEnum};
use domain::{
    BitRate, Colours, Country, DialNumber, GardenHost, Language, Notice, OfficePath, PlanName,
    RatePair, SiteLimit, SiteName, Span, TextKey, WebAddress, Zone,
};

use super::nas::yes_or_no;

/// Works on sites.
#[derive(Debug, Subcommand)]
pub enum SiteCommand {
    /// List all sites.
    List,
    /// Show one site.
    Show {
        /// The site's name.
        name: SiteName,
    },
    /// Add a site.
    Add(AddSite),
    /// Change a site in place; its pages follow at once and without a restart.
    Set(Box<SetSite>),
    /// Tell what visitors think of a site: figures, and the reasons they gave.
    Ratings {
        /// The site's name.
        name: SiteName,
        /// Of how many days, today included.
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3_650))]
        days: u32,
    },
    /// Remove a site without access points.
    Remove {
        /// The site's name.
        name: SiteName,
    },
}

/// A site to add.
#[derive(Debug, Args)]
pub struct AddSite {
    /// Short name, such as `walkway`.
    pub name: SiteName,
    /// The name that visitors read in Arabic.
    #[arg(long, value_name = "TEXT")]
    pub title_ar: String,
    /// The name that visitors read in English.
    #[arg(long, value_name = "TEXT")]
    pub title_en: String,
    /// What visitors may use.
    #[arg(long)]
    pub plan: PlanName,
    /// Where the site's day begins and ends.
    #[arg(long, default_value = "Asia/Riyadh")]
    pub zone: Zone,
    /// Countries whose mobile numbers may sign in: sa, ae, kw, bh, qa, om.
    #[arg(long, value_delimiter = ',', default_value = "sa")]
    pub countries: Vec<Country>,
}

/// What to change about a site; what is not named stays.
#[derive(Debug, Args)]
pub struct SetSite {
    /// The site's name.
    pub name: SiteName,
    /// The name that visitors read in a language, such as `ur=...`; without a text it is taken
    /// away.
    #[arg(long, value_name = "LANGUAGE=TEXT", value_parser = in_a_language)]
    pub title: Vec<(Language, String)>,
    /// What visitors may use who sign in from now on.
    #[arg(long)]
    pub plan: Option<PlanName>,
    /// Where the site's day begins and ends.
    #[arg(long)]
    pub zone: Option<Zone>,
    /// Countries whose mobile numbers may sign in: sa, ae, kw, bh, qa, om.
    #[arg(long, value_delimiter = ',')]
    pub countries: Vec<Country>,
    /// The page about the place that phones offer after sign-in.
    #[arg(long, value_name = "URL")]
    pub venue: Option<WebAddress>,
    /// The unified number on its help page.
    #[arg(long, value_name = "NUMBER")]
    pub unified: Option<DialNumber>,
    /// The WhatsApp number on its help page.
    #[arg(long, value_name = "NUMBER")]
    pub whatsapp: Option<DialNumber>,
    /// The number for reports to the municipality, such as 940.
    #[arg(long, value_name = "NUMBER")]
    pub reports: Option<DialNumber>,
    /// Say on every page that the service is on trial.
    #[arg(long, value_name = "YES|NO", value_parser = yes_or_no)]
    pub trial: Option<bool>,
    /// Expect many at once: ten times as many messages may be sent in a minute, and to any block of
    /// numbers.
    #[arg(long, value_name = "YES|NO", value_parser = yes_or_no)]
    pub event: Option<bool>,
    /// Say on every page that offices use the network (office-backup), or that the internet is cut
    /// off (internet-down).
    #[arg(long)]
    pub notice: Option<Notice>,
    /// Its mark: the path data of an SVG in a square of 40 by 40, or @ and a file with it.
    #[arg(long, value_name = "PATH|@FILE")]
    pub logo: Option<String>,
    /// The colour of the top and of buttons, and the one of what stands on it, such as
    /// `#0a6b4e,#ffffff`.
    #[arg(long, value_name = "COLOUR,COLOUR")]
    pub colours: Option<Colours>,
    /// A text in words of its own, such as `landing-body.en=...`, or @ and a file with it; without
    /// a text the portal's own is said again. `network-name` is what the network is called.
    #[arg(long, value_name = "KEY.LANGUAGE=TEXT|@FILE", value_parser = of_a_key)]
    pub text: Vec<(TextKey, Language, String)>,
    /// When it lets visitors online, such as "sun-thu 16:00-01:00,fri-sat 14:00-02:00"; in place of
    /// all hours before.
    #[arg(long, value_name = "DAYS FROM-TO", value_delimiter = ',')]
    pub hours: Vec<Span>,
    /// Languages of its pages, its own first, such as ar,en.
    #[arg(long, value_delimiter = ',')]
    pub languages: Vec<Language>,
    /// How many devices may be online before the next visitor has to wait.
    #[arg(long, value_name = "DEVICES", value_parser = clap::value_parser!(u32).range(1..))]
    pub capacity: Option<u32>,
    /// Hosts that visitors may reach before they sign in, besides the portal; in place of all
    /// before. `sabeel nas onboard` prints them.
    #[arg(long, value_name = "HOST", value_delimiter = ',')]
    pub garden: Vec<GardenHost>,
    /// A limit on its messages, named as in [portal.limits], such as `sends-per-site=300`; without a
    /// number what holds for all sites holds here again.
    #[arg(long, value_name = "LIMIT=NUMBER", value_parser = a_limit)]
    pub limit: Vec<(SiteLimit, Option<u32>)>,
    /// The office that comes to the path of its visitors when its own fails, by the name of its agent
    /// and of that path; without a path, whichever it comes to.
    #[arg(long, value_name = "OFFICE/PATH")]
    pub office: Option<OfficePath>,
    /// The speed of a device while that office is there, down and up, such as "1 Mbit/s,512 kbit/s":
    /// where access points break out by themselves over the same radio.
    #[arg(long, value_name = "DOWN,UP", value_parser = two_rates)]
    pub office_speed: Option<RatePair>,
    /// Take away what was set.
    #[arg(long, value_enum, value_name = "WHAT", value_delimiter = ',')]
    pub clear: Vec<Clearable>,
}

/// What can be taken away from a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Clearable {
    /// The page about the place; the portal's own is offered then.
    Venue,
    /// The unified number; the portal's own is shown then.
    Unified,
    /// The WhatsApp number; the portal's own is shown then.
    Whatsapp,
    /// The number for reports; the portal's own is shown then.
    Reports,
    /// What every page says at the moment.
    Notice,
    /// Its mark; the portal's own is drawn then.
    Logo,
    /// Its colours.
    Colours,
    /// Its opening hours; it is always open then.
    Hours,
    /// Its languages; every language that there is, is offered then.
    Languages,
    /// How many devices may be online.
    Capacity,
    /// The hosts that visitors may reach before they sign in.
    Garden,
    /// The office that comes to the path of its visitors.
    Office,
    /// The speed of a device while that office is there.
    OfficeSpeed,
}

/// `landing-body.ar=TEXT`
fn of_a_key(text: &str) -> Result<(TextKey, Language, String), String> {
    let parts = text.split_once('=').and_then(|(name, text)| Some((name.split_once('.')?, text)));
    let ((key, language), text) = parts.ok_or("write it like landing-body.en=Welcome")?;
    let key = key.parse::<TextKey>().map_err(|error| error.to_string())?;
    let language = language.parse::<Language>().map_err(|error| error.to_string())?;
    Ok((key, language, text.to_owned()))
}

/// `sends-per-site=300`
fn a_limit(text: &str) -> Result<(SiteLimit, Option<u32>), String> {
    let (limit, number) = text.split_once('=').ok_or("write it like sends-per-site=300")?;
    let limit = limit.parse::<SiteLimit>().map_err(|error| error.to_string())?;
    if number.is_empty() {
        return Ok((limit, None));
    }
    let number = number.parse().map_err(|_| format!("`{number}` is no number"))?;
    Ok((limit, Some(limit.check(number).map_err(|error| error.to_string())?)))
}

/// `1 Mbit/s,512 kbit/s`
fn two_rates(text: &str) -> Result<RatePair, String> {
    let (down, up) = text.split_once(',').ok_or("write it like \"1 Mbit/s,512 kbit/s\"")?;
    let rate = |text: &str| text.trim().parse::<BitRate>().map_err(|error| error.to_string());
    Ok(RatePair { down: Some(rate(down)?), up: Some(rate(up)?) })
}

/// `ar=TEXT`
fn in_a_language(text: &str) -> Result<(Language, String), String> {
    let (language, text) = text.split_once('=').ok_or("write it like en=Walkway")?;
    let language = language.parse::<Language>().map_err(|error| error.to_string())?;
    Ok((language, text.to_owned()))
}
