use axum::http::StatusCode;
use axum::response::IntoResponse;

use super::*;

fn answer() -> Response {
    (StatusCode::FOUND, [("location", "http://enter.example/")], "Go on.\n").into_response()
}

#[tokio::test]
async fn an_answer_is_hypers_with_the_date_of_today() {
    let prepared = Prepared::new(answer).await;
    for (afterwards, option) in
        [(Afterwards::Stays, ""), (Afterwards::Closes, "connection: close\r\n")]
    {
        let mut octets = Vec::new();
        prepared.write("", afterwards, &mut octets);
        let text = String::from_utf8(octets).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 302 Found\r\n"), "{head}");
        assert_eq!(body, "Go on.\n");
        let option = option.trim_end();
        assert_eq!(head.lines().any(|line| line == option), !option.is_empty(), "{head}");
        let date = head.lines().find_map(|line| line.strip_prefix("date: ")).unwrap();
        let age = SystemTime::now().duration_since(httpdate::parse_http_date(date).unwrap());
        assert!(age.unwrap().as_secs() < 5, "{date}");
    }
}
