//! The page whose form carries a login back to an access point that wants one posted.

use crate::browser::{Answer, PORTAL};
use crate::encryption::{ask, issued};
use crate::town::{MAC, PHONE, Town};

const SCRIPT: &str = "document.forms[0].submit()";

/// The redirect of a controller whose login page stands there.
fn redirect(page: &str) -> String {
    format!(
        "/n/path-of-the-plaza/?switch_url={page}&client_mac={MAC}&redirect=http://news.example/"
    )
}

async fn handing_off(language: &'static str) -> Answer {
    let town = Town::open().await;
    let browser = town.browser_in(language);
    town.sign_in(&browser, &redirect("https://192.0.2.9/login.html"), PHONE).await
}

#[tokio::test]
async fn a_form_works_without_its_script_and_no_other_script_runs() {
    for (language, button) in [("ar", "متابعة"), ("en", "Continue"), ("ur", "جاری رکھیں")]
    {
        let page = handing_off(language).await;
        assert_eq!(page.status, 200);
        assert!(page.body.len() <= 6_000, "{language} {}", page.body.len());
        assert!(page.body.contains("action=\"https://192.0.2.9/login.html\""), "{}", page.body);
        assert!(page.body.contains(&format!("<button>{button}</button>")), "{}", page.body);
        assert_eq!(page.body.matches("<script").count(), 1);
        assert!(page.body.contains(&format!("<script>{SCRIPT}</script>")), "{}", page.body);
        // printf 'document.forms[0].submit()' | openssl dgst -sha256 -binary | base64
        let allowed = "script-src 'sha256-ePniVEkSivX/c7XWBGafqh8tSpiRrKiqYeqbG7N1TOE='";
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none';") && policy.contains(allowed), "{policy}");
    }
}

#[tokio::test]
async fn a_form_that_leads_to_a_plain_page_stands_on_a_plain_page() {
    let town = Town::open_with(|settings| {
        settings.tls = Some(issued());
        settings.secure_url = Some(format!("https://{PORTAL}"));
    })
    .await;
    for (page, leaves) in [("https://192.0.2.9/login.html", false), ("http://192.0.2.9/", true)] {
        let browser = town.browser();
        let entered = browser.visit(&redirect(page)).await;
        if town.store.find_grant(MAC.parse().unwrap()).await.unwrap().is_none() {
            town.sign_in(&browser, &redirect(page), PHONE).await;
        }
        let go = format!("{}go", entered.base());
        let answer = ask(&town, PORTAL, &go).await;
        if leaves {
            let location = answer.header("location");
            assert!(location.starts_with(&format!("http://{PORTAL}/v/")), "{location}");
            let plain = browser.visit(location).await;
            assert!(plain.body.contains("action=\"http://192.0.2.9/\""), "{}", plain.body);
        } else {
            assert!(answer.body.contains(&format!("action=\"{page}\"")), "{}", answer.body);
        }
    }
}
