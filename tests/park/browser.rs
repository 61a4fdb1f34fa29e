//! A phone's browser: Chromium, steered over WebDriver (W3C) from within the phone.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use serde_json::{Value, json};

use crate::scene::{Scene, eventually};

/// The key under which WebDriver names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser on a phone.
pub struct Browser<'a> {
    scene: &'a Scene,
    phone: u8,
    driver: Child,
    address: String,
    session: String,
}

impl<'a> Browser<'a> {
    /// Starts it with a fresh profile, as wide as a phone.
    pub fn start(scene: &'a Scene, phone: u8) -> Self {
        let mut driver = scene
            .phone(phone, &["chromedriver", "--port=0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = lines.by_ref().find_map(|line| {
            let line = line.unwrap();
            let (_, port) = line.split_once("started successfully on port ")?;
            Some(port.trim_end_matches('.').to_owned())
        });
        let port = port.expect("chromedriver starts");
        // What else it says must be taken, or it waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        let profile = scene.dir().join("profile");
        let profile = format!("--user-data-dir={}", profile.display());
        let flags = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--window-size=390,844",
            &profile,
        ];
        let prefs = json!({ "intl.accept_languages": "ar-SA,ar" });
        let options = json!({ "args": flags, "binary": "/usr/bin/chromium", "prefs": prefs });
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": options,
        } } });
        let address = format!("http://127.0.0.1:{port}");
        let mut browser = Self { scene, phone, driver, address, session: String::new() };
        let session = browser.post("/session", &wanted);
        browser.session = format!("/session/{}", session["sessionId"].as_str().unwrap());
        browser
    }

    /// Opens a page.
    pub fn open(&self, url: &str) {
        self.post(&format!("{}/url", self.session), &json!({ "url": url }));
    }

    /// What a person reads on the page.
    pub fn text(&self) -> String {
        // In one step, since the page may renew itself.
        let text = self.compute("return document.body ? document.body.innerText : ''");
        text.as_str().unwrap().to_owned()
    }

    /// Waits until the page has an element.
    pub fn wait_for(&self, selector: &str) {
        eventually(&format!("{selector} on the page"), || self.find(selector));
    }

    /// Waits until the page says something.
    pub fn wait_for_text(&self, words: &str) {
        eventually(&format!("`{words}` on the page"), || self.text().contains(words).then_some(()));
    }

    /// Types into a field.
    pub fn fill(&self, selector: &str, text: &str) {
        let field = self.element(selector);
        let path = format!("{}/element/{field}/value", self.session);
        self.post(&path, &json!({ "text": text }));
    }

    /// Taps something.
    pub fn tap(&self, selector: &str) {
        let element = self.element(selector);
        self.post(&format!("{}/element/{element}/click", self.session), &json!({}));
    }

    /// Computes something on the page, for what only the browser knows.
    pub fn compute(&self, script: &str) -> Value {
        let path = format!("{}/execute/sync", self.session);
        self.post(&path, &json!({ "script": script, "args": [] }))
    }

    /// Keeps a picture of the page among the build's artefacts.
    pub fn keep_picture(&self, name: &str) {
        let picture = self.get("screenshot");
        let picture = data_encoding::BASE64.decode(picture.as_str().unwrap().as_bytes()).unwrap();
        assert!(picture.len() > 1_000, "an empty picture");
        let folder = pictures();
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}.png")), picture).unwrap();
    }

    fn element(&self, selector: &str) -> String {
        self.find(selector).unwrap_or_else(|| panic!("no {selector} on {}", self.text()))
    }

    fn find(&self, selector: &str) -> Option<String> {
        let path = format!("{}/elements", self.session);
        let found = self.post(&path, &json!({ "using": "css selector", "value": selector }));
        Some(found.get(0)?.get(ELEMENT)?.as_str()?.to_owned())
    }

    fn get(&self, what: &str) -> Value {
        self.call(&["--request", "GET", &format!("{}{}/{what}", self.address, self.session)])
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let (url, body) = (format!("{}{path}", self.address), body.to_string());
        self.call(&["--header", "content-type: application/json", "--data-binary", &body, &url])
    }

    fn call(&self, words: &[&str]) -> Value {
        let output = self.scene.curl(self.phone, words);
        let answer: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        assert!(answer["value"].get("error").is_none(), "{words:?}: {answer}");
        answer["value"].clone()
    }
}

impl Drop for Browser<'_> {
    fn drop(&mut self) {
        let session = format!("{}{}", self.address, self.session);
        self.scene.curl(self.phone, &["--request", "DELETE", &session]);
        self.scene.curl(self.phone, &[&format!("{}/shutdown", self.address)]);
        self.driver.wait().ok();
    }
}

/// Where pictures are kept, outside the repository.
fn pictures() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("pictures")
}
