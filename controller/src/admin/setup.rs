//! Plans and sites. The store tells every other part at once.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::{Plan, PlanName, Site, SiteName, TextKey};
use store::{Act, AuditSubject};

use super::AdminApi;
use super::api::{ChangeSite, List, PlanView, Removed, SiteView};
use super::extract::{Body, Named};
use super::record::{By, Note};
use super::refusal::Refusal;

pub(super) async fn list_plans(
    State(api): State<AdminApi>,
) -> Result<Json<List<PlanView>>, Refusal> {
    let plans = api.store.list_plans().await?;
    Ok(Json(List { items: plans.into_iter().map(PlanView::from).collect() }))
}

pub(super) async fn show_plan(
    State(api): State<AdminApi>,
    Named(name): Named<PlanName>,
) -> Result<Json<PlanView>, Refusal> {
    let plan = api.store.find_plan(&name).await?;
    plan.map(|plan| Json(plan.into())).ok_or_else(|| Refusal::not_found("plan", name))
}

pub(super) async fn add_plan(
    State(api): State<AdminApi>,
    by: By,
    Body(view): Body<PlanView>,
) -> Result<(StatusCode, Json<PlanView>), Refusal> {
    let plan = Plan::try_from(view).map_err(Refusal::invalid)?;
    let note = Note::of(Act::PlanAdded).about(AuditSubject::Plan(plan.name.clone()));
    let note = note.with("plan", PlanView::from(plan.clone()));
    api.on_record(&by, note).add_plan(&plan).await?;
    tracing::info!(plan = %plan.name, "plan added");
    Ok((StatusCode::CREATED, Json(plan.into())))
}

pub(super) async fn remove_plan(
    State(api): State<AdminApi>,
    by: By,
    Named(name): Named<PlanName>,
) -> Result<Json<Removed>, Refusal> {
    let note = Note::of(Act::PlanRemoved).about(AuditSubject::Plan(name.clone()));
    if !api.on_record(&by, note).remove_plan(&name).await? {
        return Err(Refusal::not_found("plan", name));
    }
    tracing::info!(plan = %name, "plan removed");
    Ok(Json(Removed { removed: name.to_string() }))
}

pub(super) async fn list_sites(
    State(api): State<AdminApi>,
) -> Result<Json<List<SiteView>>, Refusal> {
    let sites = api.store.list_sites().await?;
    Ok(Json(List { items: sites.into_iter().map(SiteView::from).collect() }))
}

pub(super) async fn show_site(
    State(api): State<AdminApi>,
    Named(name): Named<SiteName>,
) -> Result<Json<SiteView>, Refusal> {
    let site = api.store.find_site(&name).await?;
    site.map(|site| Json(site.into())).ok_or_else(|| Refusal::not_found("site", name))
}

pub(super) async fn add_site(
    State(api): State<AdminApi>,
    by: By,
    Body(view): Body<SiteView>,
) -> Result<(StatusCode, Json<SiteView>), Refusal> {
    let site = Site::try_from(view).map_err(Refusal::invalid)?;
    api.about.site_messages.check(&site.texts).map_err(Refusal::invalid)?;
    let note = Note::of(Act::SiteAdded).about(AuditSubject::Site(site.name.clone()));
    let note = note.with("site", SiteView::from(site.clone()));
    api.on_record(&by, note).add_site(&site).await?;
    tracing::info!(site = %site.name, "site added");
    Ok((StatusCode::CREATED, Json(site.into())))
}

pub(super) async fn change_site(
    State(api): State<AdminApi>,
    by: By,
    Named(name): Named<SiteName>,
    Body(request): Body<ChangeSite>,
) -> Result<Json<SiteView>, Refusal> {
    let before = api.store.find_site(&name).await?;
    let before = before.ok_or_else(|| Refusal::not_found("site", &name))?;
    // What cannot be is found on a copy; it is then applied to what is there at that moment.
    let mut wanted = before;
    request.apply(&mut wanted).map_err(Refusal::invalid)?;
    if request.texts.contains_key(&TextKey::NetworkName) {
        api.about.site_messages.check(&wanted.texts).map_err(Refusal::invalid)?;
    }
    let note = Note::of(Act::SiteChanged).about(AuditSubject::Site(name.clone()));
    let store = api.on_record(&by, note.with("site", SiteView::from(wanted)));
    let mut change = |site: &mut Site| {
        let mut changed = site.clone();
        if request.apply(&mut changed).is_ok() {
            *site = changed;
        }
    };
    let site = store.change_site(&name, &mut change).await?;
    let site = site.ok_or_else(|| Refusal::not_found("site", &name))?;
    tracing::info!(site = %name, "site changed");
    Ok(Json(site.into()))
}

pub(super) async fn remove_site(
    State(api): State<AdminApi>,
    by: By,
    Named(name): Named<SiteName>,
) -> Result<Json<Removed>, Refusal> {
    let note = Note::of(Act::SiteRemoved).about(AuditSubject::Site(name.clone()));
    if !api.on_record(&by, note).remove_site(&name).await? {
        return Err(Refusal::not_found("site", name));
    }
    tracing::info!(site = %name, "site removed");
    Ok(Json(Removed { removed: name.to_string() }))
}
