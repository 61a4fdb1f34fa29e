//! `sabeel site`.

mod change;
mod show;

use controller::admin::api::{List, RatingsView, Removed, SiteView};
use domain::{HelpNumbers, Language, Localised, Look, OpeningHours, SiteLimits, SiteTexts};

use crate::admin_client::AdminClient;
use crate::cli::{AddSite, SiteCommand};
use crate::output::{self, Format};

/// Runs one of the commands.
pub async fn run(admin: &AdminClient, format: Format, command: SiteCommand) -> anyhow::Result<()> {
    match command {
        SiteCommand::List => {
            let sites: List<SiteView> = admin.get("/v1/sites").await?;
            output::list(format, &sites.items, ["name", "title", "plan", "zone"], |site| {
                let title = site.title.in_language(&Language::english()).to_owned();
                [site.name.to_string(), title, site.plan.to_string(), site.zone.to_string()]
            })
        }
        SiteCommand::Show { name } => {
            let site: SiteView = admin.get(&format!("/v1/sites/{name}")).await?;
            output::show(format, &site, &show::fields(&site))
        }
        SiteCommand::Add(site) => {
            let added: SiteView = admin.post("/v1/sites", &view(site)).await?;
            output::done(format, &added, &format!("site {} added", added.name))
        }
        SiteCommand::Set(set) => change::set(admin, format, *set).await,
        SiteCommand::Ratings { name, days } => {
            let path = format!("/v1/sites/{name}/ratings?days={days}");
            let ratings: RatingsView = admin.get(&path).await?;
            output::show(format, &ratings, &show::ratings(&ratings))
        }
        SiteCommand::Remove { name } => {
            let removed: Removed = admin.delete(&format!("/v1/sites/{name}")).await?;
            output::done(format, &removed, &format!("site {name} removed"))
        }
    }
}

fn view(site: AddSite) -> SiteView {
    let title = Localised::default()
        .with(Language::arabic(), site.title_ar)
        .with(Language::english(), site.title_en);
    SiteView {
        name: site.name,
        title,
        zone: site.zone,
        plan: site.plan,
        countries: site.countries,
        venue: None,
        help: HelpNumbers::default(),
        trial: false,
        event: false,
        notice: None,
        look: Look::default(),
        texts: SiteTexts::default(),
        hours: OpeningHours::default(),
        languages: Vec::new(),
        capacity: None,
        garden: Vec::new(),
        limits: SiteLimits::default(),
        office: None,
        office_speed: None,
        office_since: None,
    }
}
