//! Chromium, steered through its own pipe (Chrome DevTools Protocol): no port, and no driver
//! beside it.
//!
//! A sheet is what a phone opens for a captive network: a window with a profile of its own, of
//! which nothing is left when it is closed.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use serde_json::{Value, json};

/// How long a browser may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(120);
/// A phone of today.
const MODERN: &str = "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 \
                      (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36";
/// Chromium takes commands from descriptor 3, and answers on 4.
const PIPED: &str = "exec 3<&0 4>&1 </dev/null >/dev/null; exec chromium \"$@\"";
const FLAGS: [&str; 12] = [
    "--headless",
    "--remote-debugging-pipe",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "about:blank",
];

/// A running browser. Dropping it ends it.
pub struct Chromium {
    pipe: Arc<Pipe>,
    child: Child,
}

/// How a phone shows pages.
#[derive(Debug, Clone, Copy)]
pub struct Phone {
    pub width: u32,
    pub height: u32,
    /// What it asks for, as in Accept-Language.
    pub language: &'static str,
    pub user_agent: &'static str,
    pub scripts: Scripts,
}

/// Whether pages may run scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scripts {
    Run,
    #[allow(dead_code, reason = "for the stories of tests/pages")]
    Blocked,
}

impl Phone {
    /// A phone of today.
    pub fn new(language: &'static str) -> Self {
        let (user_agent, scripts) = (MODERN, Scripts::Run);
        Self { width: 390, height: 844, language, user_agent, scripts }
    }
}

/// Commands on their way, and who waits for what.
struct Pipe {
    commands: Mutex<ChildStdin>,
    last: AtomicU64,
    answers: Mutex<HashMap<u64, Sender<Value>>>,
    /// Who listens to a window.
    loads: Mutex<HashMap<String, Sender<()>>>,
}

impl Chromium {
    /// Starts it on this machine.
    #[allow(dead_code, reason = "for the stories of tests/pages")]
    pub fn start(profile: &Path) -> Self {
        let words = Self::words(profile);
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        Self::start_as(command)
    }

    /// The words of a command that starts it with its files in that folder.
    pub fn words(profile: &Path) -> Vec<String> {
        let profile = format!("--user-data-dir={}", profile.display());
        let shell = ["sh", "-c", PIPED, "chromium", &profile].map(str::to_owned);
        shell.into_iter().chain(FLAGS.map(str::to_owned)).collect()
    }

    /// Starts it by a command that runs these words.
    pub fn start_as(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let pipe = Arc::new(Pipe {
            commands: Mutex::new(child.stdin.take().unwrap()),
            last: AtomicU64::new(0),
            answers: Mutex::default(),
            loads: Mutex::default(),
        });
        let (reader, said) = (Arc::clone(&pipe), child.stdout.take().unwrap());
        std::thread::spawn(move || reader.listen(said));
        Self { pipe, child }
    }

    /// Opens a sheet with a fresh profile.
    pub fn sheet(&self, phone: &Phone) -> Sheet {
        let ask = |method, words| self.pipe.ask(None, method, words).unwrap();
        let named = |answer: Value, key: &str| answer[key].as_str().unwrap().to_owned();
        let profile = named(ask("Target.createBrowserContext", json!({})), "browserContextId");
        let target = json!({ "url": "about:blank", "browserContextId": profile });
        let target = named(ask("Target.createTarget", target), "targetId");
        let target = json!({ "targetId": target, "flatten": true });
        let window = named(ask("Target.attachToTarget", target), "sessionId");
        let (loaded, loads) = channel();
        self.pipe.loads.lock().unwrap().insert(window.clone(), loaded);
        let sheet = Sheet { pipe: Arc::clone(&self.pipe), profile, window, loads };
        sheet.ask("Page.enable", json!({}));
        sheet.ask("Emulation.setFocusEmulationEnabled", json!({ "enabled": true }));
        let agent = json!({ "userAgent": phone.user_agent, "acceptLanguage": phone.language });
        sheet.ask("Emulation.setUserAgentOverride", agent);
        let blocked = json!({ "value": phone.scripts == Scripts::Blocked });
        sheet.ask("Emulation.setScriptExecutionDisabled", blocked);
        sheet.resize(phone.width, phone.height);
        sheet
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        self.pipe.send(None, "Browser.close", &json!({}));
        self.child.wait().ok();
    }
}

impl Pipe {
    fn listen(&self, said: ChildStdout) {
        let mut said = BufReader::new(said);
        let mut message = Vec::new();
        while said.read_until(0, &mut message).unwrap() > 0 {
            message.pop();
            let heard: Value = serde_json::from_slice(&message).unwrap();
            message.clear();
            if let Some(id) = heard["id"].as_u64() {
                if let Some(waiting) = self.answers.lock().unwrap().remove(&id) {
                    waiting.send(heard).ok();
                }
            } else if heard["method"] == "Page.loadEventFired" {
                let window = heard["sessionId"].as_str().unwrap();
                if let Some(listener) = self.loads.lock().unwrap().get(window) {
                    listener.send(()).ok();
                }
            }
        }
        // Whoever still waits must not wait for ever.
        self.answers.lock().unwrap().clear();
        self.loads.lock().unwrap().clear();
    }

    /// Says something; the answer comes by itself.
    fn send(&self, window: Option<&str>, method: &str, words: &Value) -> Receiver<Value> {
        let id = self.last.fetch_add(1, Ordering::SeqCst) + 1;
        let mut command = json!({ "id": id, "method": method, "params": words });
        if let Some(window) = window {
            command["sessionId"] = window.into();
        }
        let (waiting, answer) = channel();
        self.answers.lock().unwrap().insert(id, waiting);
        let mut octets = command.to_string().into_bytes();
        octets.push(0);
        self.commands.lock().unwrap().write_all(&octets).ok();
        answer
    }

    /// Says something, and waits for the answer, or for what is wrong.
    fn ask(&self, window: Option<&str>, method: &str, words: Value) -> Result<Value, String> {
        let answer = self.send(window, method, &words).recv_timeout(PATIENCE);
        let mut answer = answer.unwrap_or_else(|error| panic!("{method}: {error}"));
        match answer.get("error") {
            Some(error) => Err(format!("{method}: {error}")),
            None => Ok(answer["result"].take()),
        }
    }
}

/// A window with a profile of its own. Dropping it closes it, whatever it is at.
pub struct Sheet {
    pipe: Arc<Pipe>,
    profile: String,
    window: String,
    loads: Receiver<()>,
}

impl Sheet {
    /// Lets pages run scripts from now on; those of the page that is there were passed over.
    #[allow(dead_code, reason = "for the stories of tests/pages")]
    pub fn allow_scripts(&self) {
        self.ask("Emulation.setScriptExecutionDisabled", json!({ "value": false }));
    }

    /// Opens a page, and waits until it is there.
    pub fn open(&self, url: &str) {
        self.go(url);
        self.wait_for_load();
    }

    /// Begins to open a page.
    pub fn go(&self, url: &str) {
        self.forget_loads();
        drop(self.pipe.send(Some(&self.window), "Page.navigate", &json!({ "url": url })));
    }

    /// Taps something that leads to another page, and waits until that is there.
    pub fn follow(&self, selector: &str) {
        self.begin_to_follow(selector);
        self.wait_for_load();
    }

    /// Taps something that leads to another page.
    pub fn begin_to_follow(&self, selector: &str) {
        self.forget_loads();
        self.tap(selector);
    }

    /// Waits until the next page is there.
    pub fn wait_for_load(&self) {
        let is_there = self.is_loaded_by(Instant::now() + PATIENCE);
        assert!(is_there, "no page came after {}", self.text());
    }

    /// Waits until the next page is there, but no longer than until then.
    pub fn is_loaded_by(&self, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        match self.loads.recv_timeout(left) {
            Ok(()) => true,
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => panic!("the browser is gone"),
        }
    }

    fn forget_loads(&self) {
        self.loads.try_iter().for_each(drop);
    }

    /// What a person reads on the page.
    pub fn text(&self) -> String {
        let text = self.compute("document.body ? document.body.innerText : ''");
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Whether the page has such an element.
    pub fn has(&self, selector: &str) -> bool {
        self.compute(&format!("!!document.querySelector('{selector}')")) == true
    }

    /// Types into a field.
    pub fn fill(&self, selector: &str, text: &str) {
        self.tap(selector);
        self.ask("Input.insertText", json!({ "text": text }));
    }

    /// Taps something where it stands, as a finger does.
    pub fn tap(&self, selector: &str) {
        let place = format!(
            "(() => {{ const element = document.querySelector('{selector}');
               if (!element) return null;
               element.scrollIntoView({{ block: 'center' }});
               const box = element.getBoundingClientRect();
               return [box.x + box.width / 2, box.y + box.height / 2]; }})()"
        );
        let place = self.compute(&place);
        assert!(place.is_array(), "no {selector} on {}", self.text());
        for kind in ["mousePressed", "mouseReleased"] {
            let press = json!({
                "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1,
            });
            self.ask("Input.dispatchMouseEvent", press);
        }
    }

    /// Computes something on the page, for what only the browser knows; null while there is none.
    pub fn compute(&self, expression: &str) -> Value {
        let words = json!({
            "expression": expression, "returnByValue": true, "awaitPromise": true,
        });
        let Ok(mut answer) = self.pipe.ask(Some(&self.window), "Runtime.evaluate", words) else {
            // One page has gone and the next has not come.
            return Value::Null;
        };
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].take()
    }

    /// Makes the window as large as a phone's.
    pub fn resize(&self, width: u32, height: u32) {
        let size = json!({
            "width": width, "height": height, "deviceScaleFactor": 2, "mobile": true,
        });
        self.ask("Emulation.setDeviceMetricsOverride", size);
    }

    /// Shows pages in the dark, or not any more.
    #[allow(dead_code, reason = "for the stories of tests/pages")]
    pub fn prefer(&self, scheme: &str) {
        let feature = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.ask("Emulation.setEmulatedMedia", json!({ "features": feature }));
    }

    /// Keeps a picture of the whole page.
    pub fn keep_picture(&self, path: &Path) {
        let size = self.ask("Page.getLayoutMetrics", json!({}));
        let size = &size["cssContentSize"];
        let whole = json!({
            "x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1,
        });
        let words = json!({ "format": "png", "captureBeyondViewport": true, "clip": whole });
        let picture = self.ask("Page.captureScreenshot", words);
        let picture = BASE64.decode(picture["data"].as_str().unwrap().as_bytes()).unwrap();
        assert!(picture.len() > 1_000, "an empty picture");
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, picture).unwrap();
    }

    fn ask(&self, method: &str, words: Value) -> Value {
        self.pipe.ask(Some(&self.window), method, words).unwrap()
    }
}

impl Drop for Sheet {
    fn drop(&mut self) {
        self.pipe.loads.lock().unwrap().remove(&self.window);
        let profile = json!({ "browserContextId": self.profile });
        drop(self.pipe.send(None, "Target.disposeBrowserContext", &profile));
    }
}
