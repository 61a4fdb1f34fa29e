//! `sabeel site`.

use controller::admin::api::{List, Removed, SiteView};
use domain::{Language, Localised};

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
        SiteCommand::Show { name } => show(format, &admin.get(&format!("/v1/sites/{name}")).await?),
        SiteCommand::Add(site) => {
            let added: SiteView = admin.post("/v1/sites", &view(site)).await?;
            output::done(format, &added, &format!("site {} added", added.name))
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
    SiteView { name: site.name, title, zone: site.zone, plan: site.plan, countries: site.countries }
}

fn show(format: Format, site: &SiteView) -> anyhow::Result<()> {
    let countries: Vec<_> = site.countries.iter().map(|country| country.as_str()).collect();
    let mut fields = vec![("name", site.name.to_string())];
    fields.extend(
        site.title.iter().map(|(language, text)| ("title", format!("{text} ({language})"))),
    );
    fields.push(("plan", site.plan.to_string()));
    fields.push(("zone", site.zone.to_string()));
    fields.push(("countries", countries.join(", ")));
    output::show(format, site, &fields)
}
